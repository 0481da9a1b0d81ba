import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, test } from "../e2e/fixtures";
import { pagesOf } from "../e2e/pages";
import type { World } from "../e2e/world";

const TARGET = join(import.meta.dirname, "../../docs/screenshots");
const LOOKS = [
  ["light", { width: 1280, height: 800 }, "light"],
  ["dark", { width: 1280, height: 800 }, "dark"],
  ["phone", { width: 390, height: 780 }, "light"],
] as const;
/** Pages that show more where a task was done. */
const OF_TASKS = /^(task|issues|repos)/;

async function shoot(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url);
  await expect(page.getByRole("heading").first()).toBeVisible();
  await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
  // Behind an open dialog everything else is hidden from whoever asks for roles.
  await expect(page.getByText("Live", { exact: true }).first()).toBeAttached();
  await page.waitForTimeout(400);
  await page.screenshot({ path: join(TARGET, `${name}.png`), animations: "disabled" });
}

/** Waits until the demonstration has been played. */
async function played(team: World, task: World): Promise<string> {
  const text = async (world: World, path: string) => JSON.stringify(await world.get(path));
  await team.until(
    async () => (await text(team, "/api/persistent-agents/vesper/turns")).includes("Shipped:"),
    "the team answered",
  );
  await task.until(
    async () => (await text(task, "/api/tasks/stats")).includes('"completed":1'),
    "the task was done",
  );
  const found = (await task.get("/api/tasks/search")) as { tasks: { id: string }[] };
  return found.tasks.at(-1)?.id ?? "";
}

test("pictures of every page", async ({ page, team, task }) => {
  const id = await played(team, task);
  await team.post("/api/jobs", {
    name: "daily-digest",
    description: "Writes what was done since yesterday",
    promptTemplate: "Write the digest.",
  });
  await team.post("/api/persistent-agents/chronicler/triggers", {
    type: "schedule",
    config: { cronExpression: "0 9 * * 1-5", timezone: "UTC", prompt: "Show the journal." },
  });
  await team.post("/api/secrets", { name: "GITHUB_TOKEN", value: "only an example" });
  const pages = pagesOf("vesper");
  for (const [look, size, colorScheme] of LOOKS) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const [name, path] of pages) {
      const world = OF_TASKS.test(name) ? task : team;
      await shoot(page, world.url + path, `${name}-${look}`);
    }
    for (const tab of ["transcript", "activity", "runs"]) {
      await shoot(page, `${task.url}/tasks/${id}?tab=${tab}`, `task-${tab}-${look}`);
    }
  }
});
