import { useQuery } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useAct } from "@/api/act";
import { patch, post, remove } from "@/api/client";
import { builtInQuery, templatesQuery } from "@/api/queries/admin";
import type { components, Template } from "@/api/types";
import { Button, IconButton } from "@/ui/Button";
import { Confirm, Dialog } from "@/ui/Dialog";
import { Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Form } from "@/ui/Form";
import type { FieldSpec } from "@/ui/formSpec";
import { Page, Panel } from "@/ui/Page";
import { Tag } from "@/ui/Status";
import { When } from "@/ui/Time";
import { useEdit } from "@/ui/useEdit";
import { Preview } from "./Preview";

type Body = components["schemas"]["NewTemplate"];
type Changed = components["schemas"]["ChangedTemplate"];

const FIELDS: readonly FieldSpec<Body>[] = [
  { name: "name", label: "Name", required: true, half: true },
  {
    name: "kind",
    label: "For",
    kind: "select",
    half: true,
    options: [
      ["prompt", "tasks"],
      ["review", "reviews"],
      ["job", "jobs"],
      ["task", "blueprints"],
    ],
  },
  { name: "description", label: "Description" },
  {
    name: "template",
    label: "Text",
    kind: "code",
    rows: 14,
    required: true,
    hint: '{{name}}, {{#if name}}…{{/if}}, {{default name "text"}}. A name that nobody gives is refused when it is saved.',
  },
  {
    name: "paramsSchema",
    label: "Parameters",
    kind: "json",
    rows: 3,
    hint: "Of jobs and blueprints: a JSON Schema of what the text may ask for.",
  },
  {
    name: "isDefault",
    label: "The workspace's default",
    kind: "toggle",
    hint: "What tasks or reviews begin with where their repository has no words of its own.",
  },
];

export default function PromptsPage() {
  const { data, error, refetch } = useQuery(templatesQuery);
  const builtIn = useQuery(builtInQuery).data;
  const [open, setOpen] = useState<Template | "new" | null>(null);
  const save = useEdit([["templates"]]);
  const close = () => setOpen(null);
  const submit = async (body: Partial<Body>) => {
    if (open === "new")
      await save(
        "The template is kept.",
        post("/api/prompt-templates/named", { body: body as Body }),
      );
    else if (open)
      await save(
        "Saved, for what begins from now on.",
        patch("/api/prompt-templates/{template}", {
          params: { path: { template: open.id } },
          body: body as Changed,
        }),
      );
    close();
  };
  return (
    <Page
      title="Prompts"
      lead="The words that tasks, reviews, jobs and blueprints begin with."
      actions={
        <Button look="primary" onClick={() => setOpen("new")}>
          <Plus size={14} aria-hidden /> New template
        </Button>
      }
    >
      {error && <ErrorNote error={error} retry={() => void refetch()} />}
      <Panel title="Library">
        {!data && !error && <Waiting />}
        {data?.length === 0 && (
          <Empty title="No template of your own">
            Until there is one, the built-in words below count. A repository may have its own in its
            settings.
          </Empty>
        )}
        <ul>
          {data?.map((template) => (
            <TemplateRow key={template.id} template={template} open={() => setOpen(template)} />
          ))}
        </ul>
      </Panel>
      {builtIn && (
        <div className="grid items-start gap-4 lg:grid-cols-2">
          <BuiltIn title="Built in: tasks" text={builtIn.prompt} />
          <BuiltIn title="Built in: reviews" text={builtIn.review} />
        </div>
      )}
      <Dialog
        open={open !== null}
        onClose={close}
        title={open === "new" ? "New template" : (open?.name ?? "")}
        wide
      >
        {open !== null && (
          <div className="flex flex-col gap-6">
            <Form
              fields={FIELDS}
              isNew={open === "new"}
              from={(open === "new" ? { kind: "prompt" } : open) as Partial<Body>}
              verb={open === "new" ? "Keep template" : "Save"}
              submit={(body) => submit(open === "new" ? { kind: "prompt", ...body } : body)}
              onCancel={close}
            />
            {open !== "new" && <Preview template={open} />}
          </div>
        )}
      </Dialog>
    </Page>
  );
}

function TemplateRow({ template, open }: { template: Template; open: () => void }) {
  const [asks, setAsks] = useState(false);
  const drop = useAct(
    () =>
      remove("/api/prompt-templates/{template}", { params: { path: { template: template.id } } }),
    {
      done: `${template.name} is removed.`,
      changes: [["templates"]],
    },
  );
  return (
    <li className="flex items-center gap-3 border-b border-line px-4 py-2 text-sm last:border-b-0">
      <button type="button" onClick={open} className="min-w-0 flex-1 text-left hover:text-accent">
        <span className="flex items-center gap-2 font-medium">
          {template.name} <Tag>{template.kind}</Tag>{" "}
          {template.isDefault && <Tag tone="ok">default</Tag>}
        </span>
        <span className="block truncate text-xs text-muted">
          {template.description ?? template.template.split("\n", 1)[0]}
        </span>
      </button>
      <span className="text-xs text-muted">
        <When at={template.updatedAt} />
      </span>
      <IconButton label={`Remove ${template.name}`} onClick={() => setAsks(true)}>
        <Trash2 size={14} aria-hidden />
      </IconButton>
      <Confirm
        open={asks}
        onClose={() => setAsks(false)}
        title={`Remove ${template.name}?`}
        verb="Remove"
        busy={drop.isPending}
        onConfirm={() => drop.mutate()}
      >
        Where it was the default, the built-in words count again.
      </Confirm>
    </li>
  );
}

function BuiltIn({ title, text }: { title: string; text: string }) {
  return (
    <Panel title={title}>
      <pre
        className="max-h-96 overflow-auto p-4 font-mono text-xs leading-5 whitespace-pre-wrap"
        tabIndex={0}
        aria-label={title}
      >
        {text}
      </pre>
    </Panel>
  );
}
