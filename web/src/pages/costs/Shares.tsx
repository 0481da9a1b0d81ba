import { Link, type LinkProps } from "@tanstack/react-router";
import { parseMoney, money } from "@/lib/money";
import { Panel } from "@/ui/Page";

/** One row: what it is, what it cost, and how many runs that were. */
export type Share = {
  id: string;
  name: string;
  costUsd: string;
  runs: number;
  badly?: number;
  link?: LinkProps | null;
};

const ROWS = 12;

/** Who or what had which part of a sum, the most first, as the server has them. */
export function Shares({ title, shares }: { title: string; shares: readonly Share[] }) {
  const most = parseMoney(shares[0]?.costUsd);
  const part = (share: Share) =>
    most === 0n ? 0 : Number((parseMoney(share.costUsd) * 100n) / most);
  return (
    <Panel title={title}>
      <ul aria-label={title}>
        {shares.slice(0, ROWS).map((share) => (
          <li
            key={share.id}
            className="relative border-b border-line px-4 py-1.5 text-sm last:border-b-0"
          >
            <span
              className="absolute inset-y-0 left-0 bg-accent-soft"
              style={{ width: `${part(share)}%` }}
              aria-hidden
            />
            <span className="relative flex items-baseline justify-between gap-3">
              {share.link ? (
                <Link {...share.link} className="min-w-0 truncate font-medium hover:underline">
                  {share.name}
                </Link>
              ) : (
                <span className="min-w-0 truncate">{share.name}</span>
              )}
              <span className="shrink-0 text-xs text-ink">
                {share.badly ? (
                  <span className="mr-2 text-bad">{share.badly} ended badly</span>
                ) : null}
                <span className="mr-2">{share.runs}×</span>
                <strong>{money(share.costUsd)}</strong>
              </span>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
