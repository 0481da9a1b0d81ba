import { expect, test } from "./fixtures";

test("the team answers a request, and the graph shows who wrote to whom", async ({
  page,
  team,
}) => {
  await page.goto(`${team.url}/agents`);
  const graph = page.getByTestId("team-graph");
  for (const name of ["Vesper", "Forge", "Sentinel", "Chronicler"]) {
    await expect(graph.getByRole("link", { name: new RegExp(name) })).toBeVisible({
      timeout: 60_000,
    });
  }
  await graph.getByRole("link", { name: /Vesper/ }).click();
  const said = page.getByRole("log");
  await expect(said.getByText(/^Shipped:/).first()).toBeVisible({ timeout: 90_000 });
  await page.goto(`${team.url}/agents`);
  await expect(graph.locator(".react-flow__edge")).not.toHaveCount(0);
  expect(await graph.locator(".react-flow__edge").count()).toBeGreaterThan(4);
});

test("a task goes from an issue to a merged pull request, while one watches", async ({
  page,
  task,
}) => {
  await page.goto(`${task.url}/tasks`);
  await page
    .getByRole("link", { name: /Say hello to somebody/ })
    .first()
    .click({ timeout: 60_000 });
  await expect(
    page.getByRole("log", { name: "Transcript" }).getByText("The change is pushed"),
  ).toBeVisible({ timeout: 90_000 });
  await expect(page.getByRole("heading", { name: /completed/ })).toBeVisible({ timeout: 90_000 });
  await expect(page.getByRole("list", { name: "Pipeline" }).getByText("done")).toHaveCount(7);
  await page
    .getByRole("navigation", { name: "Views of the task" })
    .getByRole("link", { name: "Runs" })
    .click();
  await expect(page.getByRole("heading", { name: /Run 2/ })).toBeVisible();
  await page
    .getByRole("navigation", { name: "Views of the task" })
    .getByRole("link", { name: "Activity" })
    .click();
  await expect(page.getByText("its pull request was merged").first()).toBeVisible();
  await page.goto(`${task.url}/issues`);
  await expect(page.getByRole("heading", { name: "Issues", level: 1 })).toBeVisible();
});
