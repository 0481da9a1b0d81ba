import { expect, test } from "./fixtures";
import { World } from "./world";

test("a job runs with its parameters and leaves a file", async ({ page, plain }) => {
  await page.goto(`${plain.url}/jobs`);
  await page.getByRole("link", { name: "report" }).click();
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.getByLabel("day").fill("Monday");
  await page.getByRole("dialog").getByRole("button", { name: "Run" }).click();
  await expect(page.getByText("The job is done: write the report of Monday").first()).toBeVisible({
    timeout: 60_000,
  });
  await expect(page.getByRole("button", { name: "report.txt", exact: true })).toBeVisible();
  const downloading = page.waitForEvent("download");
  await page.getByRole("button", { name: "report.txt", exact: true }).click();
  expect((await downloading).suggestedFilename()).toBe("report.txt");
});

test("a trigger is tried, added, disabled and removed", async ({ page, plain }) => {
  await page.goto(`${plain.url}/agents/bob?tab=triggers`);
  await page.getByRole("button", { name: "Add trigger" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Cron expression").fill("every day");
  await expect(dialog.getByRole("status").locator(".text-bad")).toBeVisible();
  await dialog.getByLabel("Cron expression").fill("0 9 * * 1-5");
  await expect(dialog.getByRole("status").getByRole("listitem")).toHaveCount(3);
  await dialog.getByRole("button", { name: "Add trigger" }).click();
  const row = page.getByRole("listitem").filter({ hasText: "0 9 * * 1-5" });
  await expect(row).toBeVisible();
  await row.getByRole("button", { name: "Disable" }).click();
  await expect(row.getByRole("button", { name: "Enable" })).toBeVisible();
  await row.getByRole("button", { name: "Remove the trigger" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(row).toHaveCount(0);
});

test("secrets, repositories, templates and webhooks are made and removed", async ({
  page,
  plain,
}) => {
  await page.goto(`${plain.url}/secrets`);
  await page.getByRole("button", { name: "Set a secret" }).click();
  await page.getByLabel("Name").fill("SOME_KEY");
  await page.getByLabel("Value").fill("never shown");
  await page.getByRole("button", { name: "Keep it" }).click();
  await expect(page.getByRole("cell", { name: "SOME_KEY", exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Remove SOME_KEY" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(page.getByRole("cell", { name: "SOME_KEY", exact: true })).toHaveCount(0);

  await page.goto(`${plain.url}/repos`);
  await page.getByRole("button", { name: "Add repository" }).click();
  await page.getByLabel("Address").fill("https://github.com/acme/shop");
  await page.getByRole("dialog").getByRole("button", { name: "Add repository" }).click();
  await expect(page.getByRole("heading", { name: "acme/shop" })).toBeVisible();
  const room = page.locator("section", { has: page.getByRole("heading", { name: "Room" }) });
  await room.getByLabel("Tasks at once").fill("3");
  await room.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved, for what begins")).toBeVisible();

  await page.goto(`${plain.url}/prompts`);
  await page.getByRole("button", { name: "New template" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("ours");
  await dialog.getByLabel("Text").fill("Work on {{NOBODY}}.");
  await dialog.getByRole("button", { name: "Keep template" }).click();
  await expect(dialog.getByText(/NOBODY/).last()).toBeVisible();
  await dialog.getByLabel("Text").fill("Work on {{TASK_TITLE}}.");
  await dialog.getByRole("button", { name: "Keep template" }).click();
  await expect(page.getByRole("button", { name: /ours/ }).first()).toBeVisible();

  await page.goto(`${plain.url}/webhooks`);
  await page.getByRole("button", { name: "Add webhook" }).click();
  await page.getByLabel("Address").fill("http://127.0.0.1:9/in");
  await page.getByLabel("Events").fill("task.failed");
  await page.getByRole("dialog").getByRole("button", { name: "Add webhook" }).click();
  // An address inside the network is refused, in words.
  await expect(page.getByRole("dialog").locator(".text-bad").first()).toBeVisible();
});

test("a task is made, found, and says why it waits", async ({ page, plain }) => {
  await page.goto(`${plain.url}/tasks?create=task`);
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Title").fill("Add a door");
  await dialog.getByLabel("Repository").selectOption({ label: "https://github.com/acme/shop" });
  await dialog.getByLabel("What the agent is to do").fill("A door, please.");
  await dialog.getByRole("button", { name: "Create task" }).click();
  await expect(page.getByRole("heading", { name: /Add a door/ })).toBeVisible();
  await page
    .getByRole("navigation", { name: "Views of the task" })
    .getByRole("link", { name: "Activity" })
    .click();
  await expect(page.getByText("Waits for", { exact: true })).toBeVisible();
  await page.getByRole("textbox", { name: "Comment" }).fill("A red one.");
  await page.getByRole("button", { name: "Comment", exact: true }).click();
  await expect(page.getByText("A red one.")).toBeVisible();
  await page.goto(`${plain.url}/tasks`);
  await page.getByRole("textbox", { name: "Search tasks" }).fill("door");
  await expect(page.getByRole("row").filter({ hasText: "Add a door" })).toBeVisible();
  await page.getByRole("checkbox", { name: "Choose Add a door" }).check();
  await page.getByRole("button", { name: "Cancel 1" }).click();
  await expect(page.getByText("1 task cancelled.")).toBeVisible();
});

test("where a token is asked for, it is asked of the person, and is in no address", async ({
  page,
}) => {
  const world = await World.start("plain", { OPTIO_ADMIN_TOKEN: "correct-horse-battery-staple" });
  try {
    const addresses: string[] = [];
    page.on("request", (request) => addresses.push(request.url()));
    await page.goto(`${world.url}/agents`);
    await page.getByLabel("Admin token").fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByText("That token is not the one.")).toBeVisible();
    await page.getByLabel("Admin token").fill("correct-horse-battery-staple");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("heading", { name: "Agents", level: 1 })).toBeVisible();
    await expect(page.getByRole("status").filter({ hasText: "Live" }).first()).toBeVisible();
    expect(addresses.filter((address) => address.includes("correct"))).toEqual([]);
    await page.goto(`${world.url}/settings`);
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page.getByLabel("Admin token")).toBeVisible();
  } finally {
    await world.end();
  }
});
