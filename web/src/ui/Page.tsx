import clsx from "clsx";
import { type ReactNode, useEffect } from "react";

type Props = {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  wide?: boolean;
  /** Takes the height of the window and no more: `wide` only where there is room for columns. */
  fill?: "always" | "wide" | undefined;
  heading?: ReactNode;
};

/** A page: its name, what can be done there, and what it shows. */
export function Page({ title, lead, actions, children, fill, heading }: Props) {
  useEffect(() => {
    document.title = `${title} · Optio`;
  }, [title]);
  return (
    <div
      className={clsx(
        "mx-auto flex w-full max-w-[1400px] flex-col gap-4 px-4 py-4 md:px-6 md:py-5",
        fill === "always" && "h-full min-h-0",
        fill === "wide" && "xl:h-full xl:min-h-0",
      )}
    >
      <header className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          <h1 className="text-xl font-semibold tracking-tight text-balance break-words">
            {heading ?? title}
          </h1>
          {lead && <div className="mt-0.5 text-sm text-muted">{lead}</div>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A framed part of a page with a name. */
export function Panel({
  title,
  aside,
  children,
  className,
  pad,
}: {
  title?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
  pad?: boolean;
}) {
  return (
    <section className={clsx("min-w-0 rounded-lg border border-line bg-surface", className)}>
      {title && (
        <div className="flex min-h-10 items-center justify-between gap-3 border-b border-line px-4 py-1.5">
          <h2 className="text-sm font-semibold">{title}</h2>
          {aside && <div className="flex items-center gap-2 text-xs text-muted">{aside}</div>}
        </div>
      )}
      <div className={clsx(pad && "p-4")}>{children}</div>
    </section>
  );
}

/** Names and values below each other. */
export function Facts({ facts }: { facts: [string, ReactNode][] }) {
  return (
    <dl className="grid grid-cols-[minmax(6.5rem,auto)_1fr] gap-x-4 gap-y-1.5 text-sm">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="min-w-0 break-words">{value ?? <span className="text-faint">–</span>}</dd>
        </div>
      ))}
    </dl>
  );
}
