import { test as base } from "@playwright/test";
import { World } from "./world";

/** What is created in the plain world, so that its pages have something to show. */
async function furnish(world: World): Promise<void> {
  const agent = (slug: string, name: string) => ({
    slug,
    name,
    description: `${name} answers what it is told`,
    initialPrompt: `Be ${name}.`,
    podLifecycle: "sticky",
  });
  await world.post("/api/persistent-agents", agent("ada", "Ada"));
  await world.post("/api/persistent-agents", agent("bob", "Bob"));
  await world.post("/api/jobs", {
    name: "report",
    description: "Writes a report",
    promptTemplate: "Job: write the report of {{day}}",
    paramsSchema: { type: "object", properties: { day: { type: "string", default: "today" } } },
  });
}

type Worlds = { plain: World; team: World; task: World };

/** Each kind of world is started once, when a test first asks for it. */
export const test = base.extend<object, Worlds>({
  plain: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const world = await World.start("plain");
      await furnish(world);
      await use(world);
      await world.end();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  team: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const world = await World.start("team");
      await use(world);
      await world.end();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  task: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const world = await World.start("task");
      await use(world);
      await world.end();
    },
    { scope: "worker", timeout: 120_000 },
  ],
});

export { expect } from "@playwright/test";
