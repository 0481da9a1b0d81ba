import { Play } from "lucide-react";
import { useMemo, useState } from "react";
import { isRecord } from "@/lib/text";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Form } from "@/ui/Form";
import type { FieldSpec } from "@/ui/formSpec";

type Params = Record<string, unknown>;

/** Asks for the parameters where there are any, and starts. */
export function StartRun({
  schema,
  enabled,
  start,
}: {
  schema: unknown;
  enabled: boolean;
  start: (params: Params) => Promise<unknown>;
}) {
  const [asks, setAsks] = useState(false);
  const [busy, setBusy] = useState(false);
  const { fields, from } = useMemo(() => paramFields(schema), [schema]);
  const begin = async () => {
    if (fields.length !== 0) return setAsks(true);
    setBusy(true);
    await start({}).finally(() => setBusy(false));
  };
  return (
    <>
      <Button
        look="primary"
        disabled={!enabled}
        title={enabled ? undefined : "It is disabled: enable it in its settings."}
        busy={busy}
        onClick={() => void begin()}
      >
        <Play size={14} aria-hidden /> Run
      </Button>
      <Dialog open={asks} onClose={() => setAsks(false)} title="Run with">
        <Form
          fields={fields}
          from={from}
          verb="Run"
          submit={async (params) => {
            await start({ ...from, ...params });
            setAsks(false);
          }}
          onCancel={() => setAsks(false)}
        />
      </Dialog>
    </>
  );
}

/** A control for each property of a JSON Schema. */
function paramFields(schema: unknown): { fields: FieldSpec<Params>[]; from: Params } {
  const properties = isRecord(schema) && isRecord(schema["properties"]) ? schema["properties"] : {};
  const required = isRecord(schema) && Array.isArray(schema["required"]) ? schema["required"] : [];
  const fields: FieldSpec<Params>[] = [];
  const from: Params = {};
  for (const [name, about] of Object.entries(properties)) {
    const part = isRecord(about) ? about : {};
    if (part["default"] !== undefined) from[name] = part["default"];
    const hint = typeof part["description"] === "string" ? { hint: part["description"] } : {};
    fields.push({
      name,
      label: name,
      kind: kindOf(part),
      required: required.includes(name),
      ...options(part),
      ...hint,
    });
  }
  return { fields, from };
}

function kindOf(part: Record<string, unknown>): NonNullable<FieldSpec<Params>["kind"]> {
  if (Array.isArray(part["enum"])) return "select";
  const kinds: Record<string, NonNullable<FieldSpec<Params>["kind"]>> = {
    number: "number",
    integer: "number",
    boolean: "toggle",
    object: "json",
    array: "list",
  };
  return kinds[String(part["type"])] ?? "text";
}

function options(part: Record<string, unknown>): Pick<FieldSpec<Params>, "options"> {
  const values = part["enum"];
  return Array.isArray(values)
    ? { options: values.map((value) => [String(value), String(value)] as const) }
    : {};
}
