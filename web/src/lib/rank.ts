/** Those whose text has all words that were typed, the best first: beginnings of words before middles. */
export function rank<T>(items: readonly T[], typed: string, text: (item: T) => string): T[] {
  const parts = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (parts.length === 0) return [...items];
  const scored: { item: T; score: number }[] = [];
  for (const item of items) {
    const words = text(item).toLowerCase();
    let score = 0;
    for (const part of parts) {
      const at = words.indexOf(part);
      if (at === -1) {
        score = -1;
        break;
      }
      const startsWord = at === 0 || !/\w/.test(words[at - 1] ?? " ");
      score += (at === 0 ? 4 : startsWord ? 2 : 1) + part.length / words.length;
    }
    if (0 <= score) scored.push({ item, score });
  }
  return scored.sort((a, b) => b.score - a.score).map(({ item }) => item);
}
