import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useAct } from "@/api/act";
import { post } from "@/api/client";
import { agentsQuery, deadLettersQuery } from "@/api/queries/agents";
import { Button } from "@/ui/Button";
import { Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Page, Panel } from "@/ui/Page";
import { DeadLetters } from "./DeadLetters";

export default function DeadLettersPage() {
  const dead = useInfiniteQuery(deadLettersQuery);
  const agents = useQuery(agentsQuery).data ?? [];
  const messages = dead.data?.pages.flatMap((page) => page.messages) ?? [];
  const settle = useAct(
    (what: "replay" | "discard") =>
      what === "replay" ? post("/api/dead-letters/replay") : post("/api/dead-letters/discard"),
    {
      done: (what) => `All are ${what === "replay" ? "back in their inboxes" : "discarded"}.`,
      changes: [["dead"], ["messages"], ["agent"], ["agents"]],
    },
  );
  return (
    <Page
      title="Dead letters"
      lead="Messages with which turns failed too often. Their record stays; nothing reads them until they are replayed."
      actions={
        messages.length !== 0 && (
          <>
            <Button look="danger" busy={settle.isPending} onClick={() => settle.mutate("discard")}>
              Discard all
            </Button>
            <Button look="primary" busy={settle.isPending} onClick={() => settle.mutate("replay")}>
              Replay all
            </Button>
          </>
        )
      }
    >
      {dead.error && <ErrorNote error={dead.error} retry={() => void dead.refetch()} />}
      <Panel>
        {dead.isPending && !dead.error && <Waiting />}
        {dead.data && messages.length === 0 && (
          <Empty title="No dead letters">
            A message whose turns keep failing is put here, instead of holding up whatever comes
            after it.
          </Empty>
        )}
        <DeadLetters messages={messages} agents={agents} />
        {dead.hasNextPage && (
          <div className="p-3 text-center">
            <Button
              size="sm"
              look="quiet"
              busy={dead.isFetchingNextPage}
              onClick={() => void dead.fetchNextPage()}
            >
              Show more
            </Button>
          </div>
        )}
      </Panel>
    </Page>
  );
}
