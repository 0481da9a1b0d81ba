import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { post } from "@/api/client";
import { exact } from "@/lib/time";
import { Field, Input, Select } from "@/ui/fields";
import { Form } from "@/ui/Form";
import type { FieldSpec } from "@/ui/formSpec";
import { said } from "@/ui/toast";
import { addTrigger, type Target } from "./api";

type Kind = "schedule" | "webhook" | "ticket" | "manual";
type Config = Record<string, unknown> & { paramMapping?: Record<string, unknown> };

const KINDS: readonly (readonly [Kind, string])[] = [
  ["schedule", "at times of a schedule"],
  ["webhook", "when somebody calls a webhook"],
  ["ticket", "when a ticket matches"],
  ["manual", "when a person says so"],
];

const OVERLAP: FieldSpec<Config> = {
  name: "overlap",
  label: "While the one before runs",
  kind: "select",
  half: true,
  options: [
    ["", "the default"],
    ["skip", "skip this one"],
    ["queue", "queue it"],
    ["allow", "run both"],
    ["replace", "end that one"],
  ],
};

const FOR_AGENTS: FieldSpec<Config>[] = [
  {
    name: "prompt",
    label: "What the agent is told",
    kind: "area",
    rows: 3,
    hint: "A template over the parameters: {{service}}",
  },
  {
    name: "class",
    label: "How loudly",
    kind: "select",
    half: true,
    options: [
      ["", "work: wakes it"],
      ["notify", "notify: waits for its next turn"],
      ["interrupt", "interrupt: reaches a running turn"],
    ],
  },
];

function fieldsOf(kind: Kind, target: Target): FieldSpec<Config>[] {
  const words = target.kind === "agent" ? FOR_AGENTS : [];
  const mapping = (hint: string): FieldSpec<Config>[] => [
    { name: "paramMapping", label: "Parameters", kind: "json", hint, rows: 3 },
  ];
  switch (kind) {
    case "schedule":
      return [
        {
          name: "missed",
          label: "Fires that were missed",
          kind: "select",
          half: true,
          options: [
            ["", "the default"],
            ["once", "made up for once"],
            ["all", "made up for one by one"],
            ["skip", "skipped"],
          ],
        },
        OVERLAP,
        ...mapping('The parameters of each fire, such as {"hours": 24}.'),
        ...words,
      ];
    case "webhook":
      return [
        {
          name: "path",
          label: "Path",
          required: true,
          half: true,
          hint: "The last part of its address: /api/hooks/PATH",
        },
        {
          name: "secret",
          label: "Secret",
          kind: "secret",
          half: true,
          hint: "Calls are signed with it. Never shown again.",
        },
        {
          name: "signature",
          label: "Signatures",
          kind: "select",
          half: true,
          options: [
            ["", "the default"],
            ["any", "any known scheme"],
            ["optio", "Optio"],
            ["standard", "Standard Webhooks"],
            ["github", "GitHub"],
            ["gitlab", "GitLab"],
          ],
        },
        {
          name: "dedup",
          label: "The same call twice is known by",
          kind: "select",
          half: true,
          options: [
            ["", "the default"],
            ["delivery", "its delivery id"],
            ["body", "its body"],
          ],
        },
        { name: "rateLimitPerMinute", label: "Calls a minute at most", kind: "number", half: true },
        OVERLAP,
        {
          name: "when",
          label: "Only calls with",
          kind: "json",
          rows: 3,
          hint: 'Paths in the body with their values, such as {"action": "opened"}.',
        },
        ...mapping('Where each is found in the call, such as {"number": "issue.number"}.'),
        ...words,
      ];
    case "ticket":
      return [
        {
          name: "source",
          label: "Tracker",
          kind: "select",
          required: true,
          half: true,
          options: [
            ["", "choose…"],
            ["github", "GitHub"],
            ["gitlab", "GitLab"],
            ["jira", "Jira"],
            ["linear", "Linear"],
            ["notion", "Notion"],
          ],
        },
        {
          name: "labels",
          label: "With all of these labels",
          kind: "list",
          rows: 2,
          hint: "One per line. Any ticket where there are none.",
        },
        OVERLAP,
        ...mapping("Where each is found in the ticket."),
        ...words,
      ];
    case "manual":
      return [];
  }
}

export function NewTrigger({ target, onDone }: { target: Target; onDone: () => void }) {
  const queries = useQueryClient();
  const [kind, setKind] = useState<Kind>("schedule");
  const [cron, setCron] = useState("0 9 * * 1-5");
  const [zone, setZone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone);

  const submit = async ({ paramMapping, ...config }: Partial<Config>) => {
    const schedule = kind === "schedule" ? { cronExpression: cron, timezone: zone } : {};
    await addTrigger(target, {
      type: kind,
      config: { ...config, ...schedule },
      ...(paramMapping ? { paramMapping } : {}),
    });
    said("The trigger is there.");
    await queries.invalidateQueries({ queryKey: ["triggers"] });
    onDone();
  };
  return (
    <div className="flex flex-col gap-4">
      <Field label="Fires">
        {(control) => (
          <Select
            {...control}
            value={kind}
            onChange={(event) => setKind(event.target.value as Kind)}
            options={KINDS}
          />
        )}
      </Field>
      {kind === "schedule" && (
        <>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field
              label="Cron expression"
              hint="Minute, hour, day of the month, month, day of the week."
            >
              {(control) => (
                <Input
                  {...control}
                  className="font-mono text-xs"
                  value={cron}
                  onChange={(event) => setCron(event.target.value)}
                />
              )}
            </Field>
            <Field label="Time zone">
              {(control) => (
                <Input
                  {...control}
                  value={zone}
                  onChange={(event) => setZone(event.target.value)}
                />
              )}
            </Field>
          </div>
          <Foretold cron={cron} zone={zone} />
        </>
      )}
      <Form
        key={kind}
        fields={fieldsOf(kind, target)}
        verb="Add trigger"
        submit={submit}
        onCancel={onDone}
      />
    </div>
  );
}

/** When a schedule would fire, from the server: it alone knows all the rules. */
function Foretold({ cron, zone }: { cron: string; zone: string }) {
  const { data, error } = useQuery({
    queryKey: ["foretold", cron, zone],
    queryFn: () =>
      post("/api/triggers/preview", { body: { cronExpression: cron, timezone: zone } }),
    retry: false,
    enabled: cron.trim() !== "",
  });
  return (
    <div className="min-h-16 rounded-md bg-raised px-3 py-2 text-xs" role="status">
      {error ? (
        <p className="text-bad">{error.message}</p>
      ) : (
        <p className="text-muted">Would fire, in your time:</p>
      )}
      <ol>
        {data?.nextFires.slice(0, 3).map((at) => (
          <li key={at}>{exact(at)}</li>
        ))}
      </ol>
    </div>
  );
}
