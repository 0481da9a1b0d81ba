import { isRecord } from "@/lib/text";

/** How a member of a body is asked for. */
export type Kind =
  "text" | "secret" | "area" | "code" | "number" | "toggle" | "select" | "list" | "json";

export type FieldSpec<T> = {
  name: keyof T & string;
  label: string;
  kind?: Kind;
  hint?: string;
  options?: readonly (readonly [value: string, label: string])[];
  required?: boolean;
  placeholder?: string;
  rows?: number;
  /** Takes half of a row. */
  half?: boolean;
  /** Cannot be changed once it is there. */
  fixed?: boolean;
};

/** What is in the controls: texts, and whether toggles are on. */
export type Values = Record<string, string | boolean>;

/** What the controls show first. */
export function initialValues<T>(fields: readonly FieldSpec<T>[], from: Partial<T>): Values {
  const values: Values = {};
  for (const field of fields) {
    const value: unknown = from[field.name];
    if (field.kind === "toggle") values[field.name] = value === true;
    else if (field.kind === "list")
      values[field.name] = Array.isArray(value) ? value.join("\n") : "";
    else if (field.kind === "json") {
      values[field.name] =
        value === undefined || value === null ? "" : JSON.stringify(value, null, 2);
    } else values[field.name] = value === undefined || value === null ? "" : String(value);
  }
  return values;
}

export type Collected<T> = { body: Partial<T>; errors: Record<string, string> };

/**
 * The members that differ from what was there. An emptied control is `null`, which clears the member; one
 * that was empty before is left out, so that the server's default counts.
 */
export function collect<T>(
  fields: readonly FieldSpec<T>[],
  before: Values,
  after: Values,
): Collected<T> {
  const body: Record<string, unknown> = {};
  const errors: Record<string, string> = {};
  for (const field of fields) {
    const value = after[field.name];
    if (field.required && value === "") errors[field.name] = "is needed";
    if (value === before[field.name] || value === undefined) continue;
    const read = readValue(field.kind ?? "text", value);
    if (read.error) errors[field.name] = read.error;
    else body[field.name] = read.value;
  }
  return { body: body as Partial<T>, errors };
}

function readValue(kind: Kind, value: string | boolean): { value?: unknown; error?: string } {
  if (typeof value === "boolean") return { value };
  if (kind === "list")
    return {
      value: value
        .split(/[\n,]/)
        .map((item) => item.trim())
        .filter(Boolean),
    };
  if (value.trim() === "") return { value: null };
  if (kind === "number") {
    const number = Number(value);
    return Number.isFinite(number) ? { value: number } : { error: "must be a number" };
  }
  if (kind === "json") {
    try {
      const parsed: unknown = JSON.parse(value);
      return isRecord(parsed) ? { value: parsed } : { error: "must be a JSON object, such as {}" };
    } catch (error) {
      return { error: `is not JSON: ${error instanceof Error ? error.message : String(error)}` };
    }
  }
  return { value };
}
