import type { Cost } from "@/api/queries/costs";
import { groupBy } from "@/lib/groupBy";
import { approximately, money } from "@/lib/money";
import { useNow } from "@/ui/Time";
import { dayOf, lastDays } from "@/lib/time";

const HIGH = 140;

/** What each day cost, as bars that also say it in words. */
export function Bars({ costs, days }: { costs: readonly Cost[]; days: number }) {
  const now = useNow(60_000);
  const byDay = groupBy(costs, (cost) => dayOf(cost.at));
  const sums = lastDays(days, now).map((day) => ({
    day,
    amount: (byDay.get(day) ?? []).reduce((sum, cost) => sum + cost.amount, 0n),
  }));
  const most = Math.max(...sums.map((sum) => approximately(sum.amount)), 1e-9);
  return (
    <ol className="flex items-end gap-1" style={{ height: HIGH + 24 }}>
      {sums.map(({ day, amount }) => (
        <li
          key={day}
          className="flex min-w-0 flex-1 flex-col items-center justify-end gap-1"
          title={`${day}: ${money(amount)}`}
        >
          <span className="sr-only">
            {day}: {money(amount)}
          </span>
          {days <= 7 && (
            <span className="text-2xs text-muted" aria-hidden>
              {money(amount)}
            </span>
          )}
          <span
            className="w-full max-w-10 rounded-t-sm bg-accent"
            style={{
              height: Math.max(amount === 0n ? 1 : 3, (approximately(amount) / most) * (HIGH - 20)),
            }}
            aria-hidden
          />
          <span className="w-full truncate text-center text-2xs text-muted" aria-hidden>
            {days <= 7 ? day.slice(5) : day.slice(8)}
          </span>
        </li>
      ))}
    </ol>
  );
}
