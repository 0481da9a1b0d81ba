import clsx from "clsx";
import type { ComponentProps, ReactNode } from "react";

type Look = "primary" | "plain" | "quiet" | "danger";

const LOOKS: Record<Look, string> = {
  primary: "bg-accent text-accent-ink hover:opacity-90 border-transparent",
  plain: "bg-surface text-ink border-line hover:bg-raised hover:border-line-strong",
  quiet: "bg-transparent text-muted border-transparent hover:bg-raised hover:text-ink",
  danger: "bg-surface text-bad border-line hover:bg-bad-soft hover:border-bad",
};

const SHAPE =
  "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap transition-colors disabled:opacity-50 disabled:pointer-events-none";
const SIZES = { sm: "h-7 px-2 text-xs", md: "h-8 px-3 text-sm" };

/** How a link looks that stands among buttons. */
export function buttonClass(look: Look = "plain", size: "sm" | "md" = "md"): string {
  return clsx(SHAPE, SIZES[size], LOOKS[look]);
}

type Props = ComponentProps<"button"> & { look?: Look; size?: "sm" | "md"; busy?: boolean };

export function Button({ look, size, busy, className, disabled, children, ...rest }: Props) {
  return (
    <button
      type="button"
      className={clsx(buttonClass(look, size), className)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {children}
    </button>
  );
}

/** A button that is a picture: its words are for whoever cannot see it. */
export function IconButton({
  label,
  children,
  className,
  ...rest
}: ComponentProps<"button"> & { label: string; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={clsx(
        "inline-flex size-8 shrink-0 items-center justify-center rounded-md text-muted transition-colors hover:bg-raised hover:text-ink disabled:opacity-50",
        className,
      )}
      {...rest}
    >
      {children}
    </button>
  );
}
