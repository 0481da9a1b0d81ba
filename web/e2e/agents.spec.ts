import { expect, test } from "./fixtures";

test("a message is answered in the conversation, live", async ({ page, plain }) => {
  await page.goto(`${plain.url}/agents/ada`);
  await expect(page.getByRole("status").filter({ hasText: "Live" }).first()).toBeVisible();
  const box = page.getByRole("textbox", { name: "Message to Ada" });
  await box.fill("hello there");
  await box.press("Enter");
  const said = page.getByRole("log");
  await expect(said.getByText("hello there", { exact: true }).first()).toBeVisible();
  await expect(said.getByText("You said:")).toBeVisible();
  await expect(said.locator("strong", { hasText: "hello there" })).toHaveCount(1);
});

test("the transcript of a turn has its tool call folded", async ({ page, plain }) => {
  await plain.post("/api/persistent-agents/ada/messages", { body: "run: echo forty-$((40 + 2))" });
  await page.goto(`${plain.url}/agents/ada?tab=turns`);
  const last = page.getByRole("row").filter({ hasText: "forty-42" });
  await last.getByRole("link").first().click();
  const call = page.getByRole("button", { name: /Bash/ });
  await expect(call).toHaveAttribute("aria-expanded", "false");
  await call.click();
  await expect(page.getByText("$ echo forty-$((40 + 2))")).toBeVisible();
  await expect(page.locator("pre", { hasText: /^forty-42$/ })).toBeVisible();
});

test("an agent is paused, resumed, made and deleted", async ({ page, plain }) => {
  await page.goto(`${plain.url}/agents?create=true`);
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Create agent" }).click();
  await expect(dialog.getByText("is needed").first()).toBeVisible();
  await dialog.getByLabel("Name").fill("Cleo");
  await dialog.getByLabel("Slug").fill("Not A Slug");
  await dialog.getByLabel("First message").fill("Be Cleo.");
  await dialog.getByRole("button", { name: "Create agent" }).click();
  await expect(dialog.getByLabel("Slug")).toHaveAttribute("aria-invalid", "true");
  await dialog.getByLabel("Slug").fill("cleo");
  await dialog.getByRole("button", { name: "Create agent" }).click();
  await expect(page.getByRole("heading", { name: /Cleo/ })).toBeVisible();
  await expect(page.getByText("My mission: Be Cleo.")).toBeVisible();
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByRole("button", { name: "Resume" })).toBeVisible();
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
  await page.getByRole("button", { name: "More that can be done with the agent" }).click();
  await page.getByRole("menuitem", { name: "Delete…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(page).toHaveURL(/\/agents$/);
  await expect(page.getByText("Cleo", { exact: true })).toHaveCount(0);
});

test("a dead letter is shown, and replayed into the inbox", async ({ page, plain }) => {
  test.setTimeout(240_000);
  await plain.post("/api/persistent-agents", {
    slug: "victim",
    name: "Victim",
    initialPrompt: "Be Victim.",
    consecutiveFailureLimit: 20,
  });
  await plain.post("/api/persistent-agents/victim/messages", { body: "poison for Victim" });
  await page.goto(`${plain.url}/dead-letters`);
  const letter = page.locator("[data-dead]", { hasText: "poison for Victim" });
  await expect(letter).toBeVisible({ timeout: 180_000 });
  await letter.getByRole("button", { name: "Replay" }).click();
  await expect(page.getByText("It is back in the inbox")).toBeVisible();
  await expect(letter).toHaveCount(0);
});
