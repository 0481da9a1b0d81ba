/** Reads a list that comes in pages, to its end or until there are enough. */
export async function allPages<Row, Page extends { nextCursor?: string | null }>(
  page: (cursor: string | undefined) => Promise<Page>,
  rows: (page: Page) => Row[],
  max = 1_000,
): Promise<Row[]> {
  const all: Row[] = [];
  let cursor: string | undefined;
  do {
    const next = await page(cursor);
    all.push(...rows(next));
    cursor = next.nextCursor ?? undefined;
  } while (cursor && all.length < max);
  return all;
}

/** Does the same for each, a few at a time: a server serves others as well. */
export async function eachOf<In, Out>(
  inputs: readonly In[],
  act: (input: In) => Promise<Out>,
  atOnce = 4,
): Promise<Out[]> {
  const results = new Array<Out>(inputs.length);
  let next = 0;
  const worker = async () => {
    while (next < inputs.length) {
      const index = next++;
      results[index] = await act(inputs[index] as In);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, inputs.length) }, worker));
  return results;
}
