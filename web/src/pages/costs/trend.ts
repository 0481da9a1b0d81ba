import { parseMoney } from "@/lib/money";

/** How a sum stands to that of the days before: `+12 %`; null where there was nothing to compare with. */
export function trend(now: string, before: string): string | null {
  const was = parseMoney(before);
  if (was === 0n) return null;
  const percent = ((parseMoney(now) - was) * 100n) / was;
  return `${0n < percent ? "+" : ""}${percent.toLocaleString("en-US")} %`;
}
