import clsx from "clsx";
import { Check, TriangleAlert, X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { asProblem } from "@/api/problem";
import { IconButton } from "./Button";

type Toast = { id: number; bad: boolean; text: string };

const STAYS_MS = { good: 4_000, bad: 12_000 };

let toasts: readonly Toast[] = [];
let next = 1;
const listeners = new Set<() => void>();

function set(value: readonly Toast[]): void {
  toasts = value;
  for (const listener of listeners) listener();
}

function add(text: string, bad: boolean): void {
  const id = next++;
  set([...toasts, { id, bad, text }].slice(-4));
  setTimeout(() => dismiss(id), bad ? STAYS_MS.bad : STAYS_MS.good);
}

function dismiss(id: number): void {
  set(toasts.filter((toast) => toast.id !== id));
}

/** Says that something is done. */
export function said(text: string): void {
  add(text, false);
}

/** Says why something was not. */
export function complained(error: unknown): void {
  add(asProblem(error).detail, true);
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div
      aria-live="polite"
      className="pointer-events-none fixed right-4 bottom-4 left-4 z-50 flex flex-col items-end gap-2"
    >
      {shown.map((toast) => (
        <div
          key={toast.id}
          className="pointer-events-auto flex max-w-md items-start gap-2 rounded-md border border-line bg-surface py-1.5 pr-1 pl-3 text-sm shadow-pop"
        >
          {toast.bad ? (
            <TriangleAlert size={15} className="mt-1.5 shrink-0 text-bad" aria-hidden />
          ) : (
            <Check size={15} className="mt-1.5 shrink-0 text-ok" aria-hidden />
          )}
          <p className={clsx("py-1 break-words", toast.bad && "text-bad")}>{toast.text}</p>
          <IconButton label="Dismiss" className="size-7" onClick={() => dismiss(toast.id)}>
            <X size={14} aria-hidden />
          </IconButton>
        </div>
      ))}
    </div>
  );
}
