import clsx from "clsx";
import { ChevronRight, TriangleAlert } from "lucide-react";
import { memo } from "react";
import { isRecord } from "@/lib/text";
import { clock, exact } from "@/lib/time";
import { Markdown } from "@/ui/Markdown";
import { type Entry, toolTitle } from "./group";
import type { Line } from "./lines";

type Props = { entry: Entry; open: boolean; toggle: (id: number) => void };

export const EntryRow = memo(function EntryRow({ entry, open, toggle }: Props) {
  const at =
    entry.kind === "line"
      ? entry.line.at
      : entry.kind === "tool"
        ? entry.call.at
        : (entry.lines[0]?.at ?? "");
  return (
    <div className="flex gap-3 px-3 py-1 hover:bg-raised/50">
      <time
        dateTime={at}
        title={exact(at)}
        className="w-14 shrink-0 font-mono text-2xs leading-5 text-faint select-none"
      >
        {clock(at)}
      </time>
      <div className="min-w-0 flex-1">
        {entry.kind === "line" && <LineBody line={entry.line} />}
        {entry.kind === "tool" && (
          <ToolBody entry={entry} open={open} toggle={() => toggle(entry.id)} />
        )}
        {entry.kind === "quiet" && <Notes lines={entry.lines} />}
      </div>
    </div>
  );
});

function LineBody({ line }: { line: Line }) {
  if (line.kind === "text") {
    return (
      <div className="max-w-[80ch] text-sm">
        <Markdown text={line.text} />
      </div>
    );
  }
  if (line.kind === "error") {
    return (
      <p className="flex gap-1.5 font-mono text-xs leading-5 break-words whitespace-pre-wrap text-bad">
        <TriangleAlert size={13} className="mt-1 shrink-0" aria-hidden />
        <span className="min-w-0">
          <span className="sr-only">Error: </span>
          {line.text}
        </span>
      </p>
    );
  }
  return (
    <p
      className={clsx(
        "max-w-[90ch] text-xs leading-5 break-words whitespace-pre-wrap text-muted",
        line.kind === "thinking" ? "italic" : "font-mono",
      )}
    >
      {line.text}
    </p>
  );
}

function ToolBody({
  entry,
  open,
  toggle,
}: {
  entry: Extract<Entry, { kind: "tool" }>;
  open: boolean;
  toggle: () => void;
}) {
  const { name, input } = toolTitle(entry.call);
  const given = isRecord(entry.call.meta) ? entry.call.meta["input"] : undefined;
  return (
    <div>
      <button
        type="button"
        onClick={toggle}
        aria-expanded={open}
        className="flex w-full min-w-0 items-center gap-1.5 text-left text-xs leading-5"
      >
        <ChevronRight
          size={13}
          className={clsx("shrink-0 text-muted transition-transform", open && "rotate-90")}
          aria-hidden
        />
        <span className="font-semibold">{name}</span>
        <span className="min-w-0 truncate font-mono text-muted">{input}</span>
        {entry.failed && <span className="shrink-0 font-medium text-bad">failed</span>}
        {entry.results.length === 0 && <span className="shrink-0 text-faint">no answer yet</span>}
      </button>
      {open && (
        <div className="mt-1 mb-1 ml-1.5 border-l border-line pl-3">
          {given !== undefined && <Output text={inputText(given)} />}
          {entry.results.map((result) => (
            <Output key={result.id} text={result.text} bad={entry.failed} />
          ))}
        </div>
      )}
    </div>
  );
}

/** The input of a tool: a lone command as it is, anything else as JSON. */
function inputText(given: unknown): string {
  const command = isRecord(given) ? given["command"] : undefined;
  return typeof command === "string" ? `$ ${command}` : JSON.stringify(given, null, 2);
}

function Output({ text, bad }: { text: string; bad?: boolean }) {
  return (
    <pre
      tabIndex={0}
      className={clsx(
        "my-1 max-h-96 overflow-auto rounded-sm bg-raised px-2 py-1.5 font-mono text-xs leading-5 break-words whitespace-pre-wrap",
        bad ? "text-bad" : "text-ink",
      )}
    >
      {text === "" ? "(nothing)" : text}
    </pre>
  );
}

function Notes({ lines }: { lines: Line[] }) {
  return (
    <div className="font-mono text-2xs leading-5 text-muted">
      {lines.map((line) => (
        <p key={line.id} className="break-words whitespace-pre-wrap">
          {line.text}
        </p>
      ))}
    </div>
  );
}
