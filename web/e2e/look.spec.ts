import { expect, test } from "./fixtures";

test("the overview says who needs a person, live, and leads there", async ({ page, plain }) => {
  await page.goto(plain.url);
  await expect(page.getByRole("status").filter({ hasText: "Live" }).first()).toBeVisible();
  await plain.post("/api/persistent-agents/bob/control", { intent: "pause" });
  const need = page.getByRole("list", { name: "Needs you" }).getByRole("link", { name: /bob/ });
  await expect(need).toContainText("Agent paused");
  await expect(need).toContainText("resume it");
  await need.click();
  await expect(page.getByRole("heading", { name: /Bob/ })).toBeVisible();
  await plain.post("/api/persistent-agents/bob/control", { intent: "resume" });
  await page.goto(plain.url);
  await expect(page.getByRole("heading", { name: "Running" })).toBeVisible();
  await expect(page.getByRole("list", { name: "Needs you" })).toHaveCount(0);
});

test("activity grows while one looks, and is of one kind if one likes", async ({ page, plain }) => {
  await page.goto(`${plain.url}/activity?kind=persistent_agent`);
  const rows = page.getByRole("main").getByRole("listitem");
  await expect(rows.first()).toBeVisible();
  await plain.post("/api/persistent-agents/ada/messages", { body: "heard in the activity" });
  await expect(rows.filter({ hasText: "heard in the activity" }).first()).toBeVisible();
  await rows.getByRole("link", { name: "ada" }).first().click();
  await expect(page.getByRole("heading", { name: /Ada/ })).toBeVisible();
  await page.goto(`${plain.url}/activity?kind=ticket`);
  await expect(page.getByText("Nothing has happened")).toBeVisible();
});

test("the cluster has the sandbox of an agent", async ({ page, plain }) => {
  await plain.post("/api/persistent-agents/ada/messages", { body: "hello sandbox" });
  await page.goto(`${plain.url}/cluster`);
  const row = page
    .getByRole("table", { name: "Sandboxes" })
    .getByRole("row")
    .filter({ hasText: "ada" });
  await expect(row.getByText("connected")).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText("Kept apart by")).toBeVisible();
  await row.getByRole("link", { name: "ada" }).click();
  await expect(page.getByRole("heading", { name: /Ada/ })).toBeVisible();
});

test("what a sandbox cannot be is refused at its field", async ({ page, plain }) => {
  await page.goto(`${plain.url}/agents/ada?tab=settings`);
  await page.getByLabel("Processors at most").fill("lots");
  await page.getByRole("button", { name: "Save sandbox" }).click();
  await expect(page.getByText(/must be an amount such as 500m/)).toBeVisible();
  await expect(page.getByLabel("Processors at most")).toHaveAttribute("aria-invalid", "true");
});

test("costs have a table of days, and lead to what cost most", async ({ page, task }) => {
  await task.until(
    async () => JSON.stringify(await task.get("/api/tasks/stats")).includes('"completed":1'),
    "the task was done",
  );
  await page.goto(`${task.url}/costs?days=7`);
  await page.getByText("As a table").click();
  const days = page.getByRole("table", { name: "What each day cost" }).getByRole("row");
  await expect(days).toHaveCount(8);
  await expect(days.nth(1)).toContainText(/\$0\.\d*[1-9]/);
  await page
    .getByRole("list", { name: "Cost most" })
    .getByRole("link", { name: /Say hello/ })
    .click();
  await expect(page.getByRole("heading", { name: /Say hello/ })).toBeVisible();
});
