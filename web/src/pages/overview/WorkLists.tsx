import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Busy } from "@/api/types";
import { kindName, pageOf } from "@/lib/subjects";
import { Panel } from "@/ui/Page";
import { Status, Tag } from "@/ui/Status";
import { Lasts, Until, When } from "@/ui/Time";

/** Rows of a list here; the pages have the rest. */
const ROWS = 8;

type ListProps = {
  title: string;
  busy: readonly Busy[];
  nothing: string;
  about: (each: Busy) => ReactNode;
  end: (each: Busy) => ReactNode;
  aside?: ReactNode;
};

export function Running({ busy }: { busy: readonly Busy[] }) {
  return (
    <List
      title="Running"
      busy={busy}
      nothing="Nothing works right now."
      about={(each) => each.reason ?? " "}
      end={(each) => <Lasts from={each.since} />}
    />
  );
}

export function WaitingList({ busy }: { busy: readonly Busy[] }) {
  return (
    <List
      title="Waiting"
      busy={busy}
      nothing="Nothing waits."
      about={(each) => <Wait busy={each} />}
      end={(each) => <Lasts from={each.since} />}
    />
  );
}

export function Failed({ busy }: { busy: readonly Busy[] }) {
  if (busy.length === 0) return null;
  return (
    <List
      title="Failed in the last seven days"
      busy={busy}
      nothing=""
      about={(each) => [each.reason, each.remedy].filter(Boolean).join(" · ")}
      end={(each) => <When at={each.since} />}
      aside={
        <Link
          to="/tasks"
          search={{ state: "failed", view: "table" }}
          className="hover:text-ink hover:underline"
        >
          All failed tasks
        </Link>
      }
    />
  );
}

/** What something waits for, who can end that, and until when. */
function Wait({ busy }: { busy: Busy }) {
  return (
    <>
      for {busy.waitsFor} · held by {busy.holder}
      {busy.until && (
        <>
          {" · looks again "}
          <Until at={busy.until} />
        </>
      )}
    </>
  );
}

function List({ title, busy, nothing, about, end, aside }: ListProps) {
  return (
    <Panel title={title} aside={aside ?? (busy.length || undefined)}>
      {busy.length === 0 && <p className="px-4 py-3 text-sm text-muted">{nothing}</p>}
      <ul aria-label={title}>
        {busy.slice(0, ROWS).map((each) => (
          <li key={each.id} className="border-b border-line last:border-b-0">
            <Link
              {...(pageOf(each.kind, each.id, each.name) ?? { to: "/" })}
              className="flex items-center gap-3 px-4 py-2 hover:bg-raised/60"
            >
              <div className="min-w-0 flex-1">
                <p className="flex items-center gap-2 text-sm">
                  <span className="min-w-0 truncate font-medium">{each.name}</span>
                  <Tag>{kindName(each.kind)}</Tag>
                </p>
                <p className="line-clamp-2 text-xs break-words text-muted">{about(each)}</p>
              </div>
              <Status state={each.state} />
              <span className="w-16 shrink-0 text-right text-xs text-muted">{end(each)}</span>
            </Link>
          </li>
        ))}
      </ul>
      {ROWS < busy.length && (
        <p className="border-t border-line px-4 py-2 text-xs text-muted">
          and {busy.length - ROWS} more
        </p>
      )}
    </Panel>
  );
}
