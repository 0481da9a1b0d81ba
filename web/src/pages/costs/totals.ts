import type { Cost } from "@/api/queries/costs";
import { groupBy } from "@/lib/groupBy";

export type Total = {
  name: string;
  amount: bigint;
  count: number;
  tokens: number;
  failed: number;
  link: string;
};

/** What was spent on each, the most first. */
export function totalsBy(costs: readonly Cost[], name: (cost: Cost) => string): Total[] {
  const totals = [...groupBy(costs, name)].map(([key, each]) => ({
    name: key,
    amount: each.reduce((sum, cost) => sum + cost.amount, 0n),
    count: each.length,
    tokens: each.reduce((sum, cost) => sum + cost.tokens, 0),
    failed: each.filter((cost) => cost.failed).length,
    link: each[0]?.link ?? "/",
  }));
  return totals.sort((a, b) => (a.amount < b.amount ? 1 : a.amount > b.amount ? -1 : 0));
}

/** What a month comes to if it goes on like this. */
export function forecast(total: bigint, days: number): bigint {
  return (total * 30n) / BigInt(Math.max(days, 1));
}
