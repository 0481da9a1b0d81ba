import { expect, test } from "./fixtures";
import { World } from "./world";

test("a restart of the server loses no line and doubles none", async ({ page }) => {
  const world = await World.start("plain");
  try {
    await world.post("/api/persistent-agents", {
      slug: "ada",
      name: "Ada",
      initialPrompt: "Be Ada.",
    });
    await page.goto(`${world.url}/agents/ada`);
    const said = page.getByRole("log");
    await expect(said.getByText("My mission: Be Ada.")).toBeVisible();
    await world.post("/api/persistent-agents/ada/messages", {
      body: "run: for n in $(seq 1 20); do echo tick-$n; sleep 0.5; done",
    });
    await expect(page.getByRole("button", { name: "Stop the turn" })).toBeVisible();
    await world.stopServer("SIGKILL");
    await expect(
      page.getByRole("status").filter({ hasText: "Reconnecting" }).first(),
    ).toBeVisible();
    await world.startServer();
    await expect(page.getByRole("status").filter({ hasText: "Live" }).first()).toBeVisible();
    // The turn ran on while the server was away, and ends in this very page.
    await expect(said.getByText(/tick-1\s[\s\S]*tick-20/)).toBeVisible({ timeout: 60_000 });
    await expect(said.locator("[data-turn]")).toHaveCount(2);
    await expect(said.locator("[data-message]")).toHaveCount(2);

    await page.getByRole("link", { name: "turn 2" }).click();
    const log = page.getByRole("log", { name: "Transcript" });
    await expect(log).toHaveAttribute("data-lines", /^[1-9]/);
    const shown = Number(await log.getAttribute("data-lines"));
    const turns = (await world.get("/api/persistent-agents/ada/turns")) as {
      turns: { id: string }[];
    };
    const stored = (await world.get(`/api/persistent-agents/ada/turns/${turns.turns[0]?.id}`)) as {
      logs: unknown[];
    };
    expect(shown).toBe(stored.logs.length);
  } finally {
    await world.end();
  }
});
