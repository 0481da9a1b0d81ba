import { expect, test } from "./fixtures";
import { World } from "./world";

const MANY = 10_000;
const SCROLLED = 1_000;

/** Many tasks that are over, as copies of one: a server that ran so many would take a day. */
async function manyTasks(world: World): Promise<void> {
  const repoUrl = "https://github.com/acme/shop";
  await world.post("/api/repos", { repoUrl });
  const made = (await world.post("/api/tasks", {
    title: "The first",
    prompt: "Nothing.",
    repoUrl,
  })) as { task: { id: string } };
  await world.post(`/api/tasks/${made.task.id}/cancel`, {});
  const state = async () => {
    const shown = (await world.get(`/api/tasks/${made.task.id}`)) as { task: { state: string } };
    return shown.task.state;
  };
  await world.until(async () => (await state()) === "cancelled", "the first is cancelled");
  await world.sql(`
    INSERT INTO tasks SELECT (jsonb_populate_record(task, jsonb_build_object(
      'id', gen_random_uuid(), 'title', 'Chore ' || n,
      'state', (ARRAY['completed', 'failed', 'cancelled'])[1 + n % 3],
      'created_at', task.created_at - n * interval '1 minute'))).*
    FROM tasks task, generate_series(1, ${MANY}) n WHERE task.id = '${made.task.id}'`);
}

test("10,000 tasks are looked through without waiting", async ({ page }) => {
  const world = await World.start("plain");
  try {
    await manyTasks(world);
    const rows = page.getByRole("table", { name: "Tasks" }).getByRole("row");
    const within = { timeout: 5_000 };

    await page.goto(world.url + "/tasks");
    const over = page.getByRole("region", { name: "Over" });
    await expect(over.getByText(String(MANY + 1))).toBeVisible(within);

    await page.goto(world.url + "/tasks?view=table");
    await expect(rows.filter({ hasText: "Chore" }).first()).toBeVisible(within);

    await page.getByRole("textbox", { name: "Search tasks" }).fill("Chore 7777");
    await expect(rows.filter({ hasText: "Chore" })).toHaveCount(1, within);
    await page.getByRole("textbox", { name: "Search tasks" }).fill("");

    await page.getByLabel("State").selectOption("failed");
    await expect(rows.filter({ hasText: "failed" }).first()).toBeVisible(within);
    await expect(rows.filter({ hasText: "completed" })).toHaveCount(0, within);

    const frames = await page.evaluate(async (wanted) => {
      const main = document.querySelector("main");
      if (!main) throw new Error("there is no main");
      const times: number[] = [];
      const end = performance.now() + 25_000;
      let last = performance.now();
      while (main.querySelectorAll("[role=row]").length < wanted && last < end) {
        main.scrollTop += 300;
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        times.push(now - last);
        last = now;
      }
      return times.sort((a, b) => a - b);
    }, SCROLLED);
    const at = (part: number) => frames[Math.floor(frames.length * part)] ?? 0;
    console.log(`frames: median ${at(0.5).toFixed(1)} ms, 95 % ${at(0.95).toFixed(1)} ms`);
    expect(await rows.count()).toBeGreaterThanOrEqual(SCROLLED);
    expect(at(0.5)).toBeLessThan(50);
  } finally {
    await world.end();
  }
});
