import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useAct } from "@/api/act";
import { patch, post, remove } from "@/api/client";
import { blueprintQuery } from "@/api/queries/work";
import { Triggers } from "@/pages/triggers/Triggers";
import { IconButton } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { ErrorNote, Waiting } from "@/ui/feedback";
import { Form } from "@/ui/Form";
import { TabLinks } from "@/ui/links";
import { Page, Panel } from "@/ui/Page";
import { complained } from "@/ui/toast";
import { useEdit } from "@/ui/useEdit";
import { BLUEPRINT_FIELDS, type BlueprintBody } from "./fields";
import { StartRun } from "./StartRun";

const route = getRouteApi("/blueprints/$blueprint");

export default function BlueprintPage() {
  const { blueprint: id } = route.useParams();
  const { tab = "triggers" } = route.useSearch();
  const navigate = useNavigate();
  const [asks, setAsks] = useState(false);
  const { data: blueprint, error } = useQuery(blueprintQuery(id));
  const save = useEdit([["blueprints"], ["tasks"]]);
  const params = { path: { config: id } };
  const drop = useAct(() => remove("/api/task-configs/{config}", { params }), {
    done: "The blueprint is deleted.",
    changes: [["blueprints"]],
    then: () => void navigate({ to: "/jobs", search: { view: "blueprints" } }),
  });
  if (error && !blueprint) {
    return (
      <Page title="Blueprint">
        <ErrorNote error={error} />
      </Page>
    );
  }
  if (!blueprint) return <Waiting rows={6} />;
  const start = async (given: Record<string, unknown>) => {
    try {
      const { taskId } = await save(
        "The task is made.",
        post("/api/task-configs/{config}/run", {
          params,
          body: { params: given, triggerId: null },
        }),
      );
      await navigate({ to: "/tasks/$task", params: { task: taskId } });
    } catch (cause) {
      complained(cause);
    }
  };
  return (
    <Page
      title={blueprint.name}
      lead={blueprint.description}
      actions={
        <>
          <StartRun schema={blueprint.paramsSchema} enabled={blueprint.enabled} start={start} />
          <IconButton label="Delete the blueprint" onClick={() => setAsks(true)}>
            <Trash2 size={15} aria-hidden />
          </IconButton>
        </>
      }
    >
      <TabLinks
        label="Views of the blueprint"
        tabs={(["triggers", "settings"] as const).map((each) => ({
          to: {
            to: "/blueprints/$blueprint",
            params: { blueprint: id },
            search: { tab: each === "triggers" ? undefined : each },
          },
          label: { triggers: "Triggers", settings: "Settings" }[each],
          current: each === tab,
        }))}
      />
      {tab === "triggers" && <Triggers of={{ kind: "blueprint", id: blueprint.id }} />}
      {tab === "settings" && (
        <Panel pad className="max-w-3xl">
          <Form
            key={blueprint.updatedAt}
            fields={BLUEPRINT_FIELDS}
            from={blueprint as Partial<BlueprintBody>}
            verb="Save"
            submit={(body) =>
              save(
                "Saved. Tasks that were made of it stay as they are.",
                patch("/api/task-configs/{config}", { params, body: body as BlueprintBody }),
              )
            }
          />
        </Panel>
      )}
      <Confirm
        open={asks}
        onClose={() => setAsks(false)}
        title={`Delete ${blueprint.name}?`}
        verb="Delete"
        busy={drop.isPending}
        onConfirm={() => drop.mutate()}
      >
        Its triggers go with it. Tasks that were made of it go on.
      </Confirm>
    </Page>
  );
}
