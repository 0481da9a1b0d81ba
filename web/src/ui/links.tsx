import { Link, type LinkProps } from "@tanstack/react-router";
import clsx from "clsx";
import { ExternalLink } from "lucide-react";
import type { ReactNode } from "react";

/** A link in a table or a text. */
export function To({ className, ...rest }: LinkProps & { className?: string }) {
  return (
    <Link
      className={clsx("font-medium text-ink hover:text-accent hover:underline", className)}
      {...rest}
    />
  );
}

/** A link that leaves Optio. Only addresses of the web are links. */
export function Out({ href, children }: { href: string; children: ReactNode }) {
  if (!/^https?:\/\//.test(href)) return <span className="break-all">{children}</span>;
  return (
    <a
      href={href}
      target="_blank"
      rel="noreferrer"
      className="inline-flex max-w-full items-center gap-1 text-accent hover:underline"
    >
      <span className="min-w-0 truncate">{children}</span>
      <ExternalLink size={12} className="shrink-0" aria-hidden />
      <span className="sr-only">(opens in a new tab)</span>
    </a>
  );
}

export type TabItem = {
  to: LinkProps;
  label: string;
  count?: number | undefined;
  bad?: boolean;
  current: boolean;
};

/** Views of one thing, each with its own address. */
export function TabLinks({ label, tabs }: { label: string; tabs: TabItem[] }) {
  return (
    <nav aria-label={label} className="-mb-2 flex gap-1 overflow-x-auto border-b border-line">
      {tabs.map((tab) => (
        <Link
          key={tab.label}
          {...tab.to}
          replace
          aria-current={tab.current ? "page" : undefined}
          className={clsx(
            "-mb-px flex items-center gap-1.5 border-b-2 px-3 py-1.5 text-sm whitespace-nowrap",
            tab.current
              ? "border-accent font-medium text-ink"
              : "border-transparent text-muted hover:text-ink",
          )}
        >
          {tab.label}
          {tab.count !== undefined && tab.count !== 0 && (
            <span
              className={clsx(
                "rounded-full px-1.5 text-2xs font-semibold",
                tab.bad ? "bg-bad-soft text-bad" : "bg-raised text-muted",
              )}
            >
              {tab.count}
            </span>
          )}
        </Link>
      ))}
    </nav>
  );
}
