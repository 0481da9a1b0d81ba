import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { pagesOf } from "./pages";

const PAGES = pagesOf("ada");

/** A page is there once its heading is and nothing is on its way any more. */
async function open(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await expect(page.getByRole("heading").first()).toBeVisible();
  await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`every page can be used by everybody, ${colorScheme}`, async ({ page, plain }) => {
    test.setTimeout(300_000);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const [name, path] of PAGES) {
      await open(page, plain.url + path);
      const { violations } = await new AxeBuilder({ page }).analyze();
      const found = violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join("\n  ")}`,
      );
      expect.soft(found, name).toEqual([]);
    }
  });
}

test("no page is wider than a phone", async ({ page, plain }) => {
  test.setTimeout(180_000);
  await page.setViewportSize({ width: 360, height: 740 });
  for (const [name, path] of PAGES) {
    await open(page, plain.url + path);
    const wider = await page.evaluate(() => {
      const main = document.querySelector("main");
      return Math.max(
        document.documentElement.scrollWidth - innerWidth,
        main ? main.scrollWidth - main.clientWidth : 0,
      );
    });
    expect.soft(wider, name).toBeLessThanOrEqual(0);
  }
});

test("a phone has the pages in a drawer", async ({ page, plain }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await open(page, plain.url);
  await page.getByRole("button", { name: "Pages" }).click();
  await page.getByRole("dialog").getByRole("link", { name: "Agents" }).click();
  await expect(page.getByRole("heading", { name: "Agents", level: 1 })).toBeVisible();
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("everything is reached by keyboard", async ({ page, plain }) => {
  await open(page, plain.url);
  await page.keyboard.press("g");
  await page.keyboard.press("j");
  await expect(page.getByRole("heading", { name: "Jobs", level: 1 })).toBeVisible();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Find or do" }).fill("ada");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: /Ada/ })).toBeVisible();
});
