import { expect, test } from "./fixtures";

const LINES = 100_000;
const PAGE = 1_000;

test("a transcript of 100,000 lines is scrolled without a stutter", async ({ page, plain }) => {
  const turnOf = async () => {
    const page = (await plain.get("/api/persistent-agents/ada/turns")) as {
      turns: { id: string }[];
    };
    return page.turns[0];
  };
  await plain.until(async () => (await turnOf()) !== undefined, "Ada took a turn");
  const turn = await turnOf();
  if (!turn) throw new Error("Ada has taken no turn");
  // The server is real; so many lines would take it an hour of turns to make.
  await page.route(`**/turns/${turn.id}?*`, async (route) => {
    const answer = (await (await route.fetch()).json()) as { turn: unknown };
    const from = Number(new URL(route.request().url()).searchParams.get("cursor") ?? "0");
    const logs = Array.from({ length: PAGE }, (_, index) => ({
      id: from + index + 1,
      turnId: turn.id,
      content: `line ${from + index + 1} of a long story`,
      logType: "text",
      metadata: null,
      stream: "stdout",
      timestamp: "2030-01-31T09:30:00Z",
    }));
    const nextCursor = from + PAGE < LINES ? String(from + PAGE) : undefined;
    await route.fulfill({ json: { turn: answer.turn, logs, nextCursor } });
  });
  await page.goto(`${plain.url}/agents/ada?tab=turns&turn=${turn.id}`);
  const log = page.getByRole("log", { name: "Transcript" });
  await expect(log).toHaveAttribute("data-lines", String(LINES), { timeout: 90_000 });
  const frames = await log.evaluate(async (element) => {
    const times: number[] = [];
    let last = performance.now();
    for (let frame = 0; frame < 180; frame += 1) {
      element.scrollTop -= 400;
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      times.push(now - last);
      last = now;
    }
    return times.sort((a, b) => a - b);
  });
  const at = (part: number) => frames[Math.floor(frames.length * part)] ?? 0;
  console.log(`frames: median ${at(0.5).toFixed(1)} ms, 95 % ${at(0.95).toFixed(1)} ms`);
  expect(at(0.5)).toBeLessThan(17.5);
  expect(await log.locator("[data-index]").count()).toBeLessThan(150);
});
