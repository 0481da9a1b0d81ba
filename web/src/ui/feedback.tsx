import { Inbox, RotateCcw, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { asProblem } from "@/api/problem";
import { Button } from "./Button";

/** What went wrong, in the server's words, and what can be done. */
export function ErrorNote({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = asProblem(error);
  return (
    <div role="alert" className="flex items-start gap-3 rounded-md bg-bad-soft px-3 py-2.5 text-sm">
      <TriangleAlert size={16} className="mt-0.5 shrink-0 text-bad" aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="font-medium text-bad">{problem.title}</p>
        <p className="break-words text-ink">{problem.detail}</p>
        {problem.fields.length !== 0 && (
          <ul className="mt-1 list-disc pl-4">
            {problem.fields.map((field) => (
              <li key={field.field}>
                <code className="font-mono text-xs">{field.field}</code> {field.rule}
              </li>
            ))}
          </ul>
        )}
      </div>
      {retry && (
        <Button size="sm" onClick={retry}>
          <RotateCcw size={13} aria-hidden /> Try again
        </Button>
      )}
    </div>
  );
}

/** Where nothing is: what would be here, and how it comes to be. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-10 text-center">
      <Inbox size={20} className="text-faint" aria-hidden />
      <p className="font-medium">{title}</p>
      {children && <div className="max-w-prose text-sm text-muted">{children}</div>}
      {action && <div className="mt-1 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}

/** Lines in the place of what is on its way, as high as it will be. */
export function Waiting({ rows = 4 }: { rows?: number }) {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col gap-3 p-4">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="skeleton h-5" style={{ width: `${92 - ((row * 17) % 40)}%` }} />
      ))}
    </div>
  );
}

/** A command to be typed, in empty states. */
export function Command({ children }: { children: string }) {
  return (
    <code className="inline-block max-w-full rounded-sm bg-raised px-1.5 py-0.5 text-left font-mono text-xs break-all text-ink">
      {children}
    </code>
  );
}
