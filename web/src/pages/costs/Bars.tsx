import type { Cost } from "@/api/types";
import { approximately, compact, money, parseMoney } from "@/lib/money";

const HIGH = 140;
/** With more days there is no room for their names. */
const NAMED_MAX = 31;

/** What each day cost: bars for the eye, and the same as a table. */
export function Bars({ days }: { days: readonly Cost[] }) {
  const most = Math.max(...days.map((day) => approximately(parseMoney(day.costUsd))), 1e-9);
  const few = days.length <= 7;
  return (
    <>
      <div className="flex items-end gap-1" style={{ height: HIGH + 24 }} aria-hidden>
        {days.map((day) => {
          const share = approximately(parseMoney(day.costUsd)) / most;
          return (
            <div
              key={day.key}
              className="flex min-w-0 flex-1 flex-col items-center justify-end gap-1"
              title={`${day.key}: ${money(day.costUsd)}`}
            >
              {few && <span className="text-2xs text-muted">{money(day.costUsd)}</span>}
              <span
                className="w-full max-w-10 rounded-t-sm bg-accent"
                style={{ height: Math.max(share === 0 ? 1 : 3, share * (HIGH - 20)) }}
              />
              {days.length <= NAMED_MAX && (
                <span className="w-full truncate text-center text-2xs text-muted">
                  {few ? day.key?.slice(5) : day.key?.slice(8)}
                </span>
              )}
            </div>
          );
        })}
      </div>
      <details className="mt-3 text-sm">
        <summary className="text-xs text-muted">As a table</summary>
        <DayTable days={days} />
      </details>
    </>
  );
}

function DayTable({ days }: { days: readonly Cost[] }) {
  return (
    <table className="mt-2 w-full text-right">
      <caption className="sr-only">What each day cost</caption>
      <thead className="text-xs text-muted">
        <tr>
          {["Day (UTC)", "Cost", "Runs", "Tokens"].map((head) => (
            <th key={head} scope="col" className="py-1 font-medium first:text-left">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {days.toReversed().map((day) => (
          <tr key={day.key} className="border-t border-line">
            <th scope="row" className="py-1 text-left font-normal">
              {day.key}
            </th>
            <td>{money(day.costUsd)}</td>
            <td>{day.runs}</td>
            <td>{compact(Number(day.inputTokens) + Number(day.outputTokens))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
