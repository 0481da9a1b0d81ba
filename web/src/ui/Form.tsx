import clsx from "clsx";
import { type FormEvent, useState } from "react";
import { asProblem } from "@/api/problem";
import { Button } from "./Button";
import { ErrorNote } from "./feedback";
import { Area, Field, Input, Select, Toggle } from "./fields";
import { collect, type FieldSpec, initialValues, type Values } from "./formSpec";

type Props<T> = {
  fields: readonly FieldSpec<T>[];
  /** What is there, for a change; what it begins with, for something new. */
  from?: Partial<T>;
  /** Begins with `from`, but sends all of it. */
  isNew?: boolean;
  verb: string;
  /** Rejects with the problem that is shown. */
  submit: (body: Partial<T>) => Promise<unknown>;
  onCancel?: () => void;
};

/** A form out of a description of its fields, with the server's word on each. */
export function Form<T>({ fields, from, isNew, verb, submit, onCancel }: Props<T>) {
  const [before] = useState(() => initialValues(fields, isNew ? {} : (from ?? {})));
  const [values, setValues] = useState<Values>(() => initialValues(fields, from ?? {}));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [failure, setFailure] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  const send = async (event: FormEvent) => {
    event.preventDefault();
    const found = collect(fields, before, values);
    setErrors(found.errors);
    setFailure(null);
    if (Object.keys(found.errors).length !== 0) return;
    setBusy(true);
    try {
      await submit(found.body);
    } catch (error) {
      const known = new Set<string>(fields.map((field) => field.name));
      const problem = asProblem(error);
      const named = problem.fields.filter((field) => known.has(field.field));
      setErrors(Object.fromEntries(named.map((field) => [field.field, field.rule])));
      if (named.length === 0 || named.length < problem.fields.length) setFailure(error);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      onSubmit={(event) => void send(event)}
      className="grid grid-cols-2 gap-x-4 gap-y-4"
      noValidate
    >
      {fields.map((field) => (
        <div
          key={field.name}
          className={clsx("min-w-0", field.half ? "col-span-2 sm:col-span-1" : "col-span-2")}
        >
          <Control
            field={field}
            disabled={Boolean(field.fixed && from && !isNew)}
            value={values[field.name] ?? ""}
            error={errors[field.name]}
            set={(value) => setValues((all) => ({ ...all, [field.name]: value }))}
          />
        </div>
      ))}
      {failure !== null && (
        <div className="col-span-2">
          <ErrorNote error={failure} />
        </div>
      )}
      <div className="col-span-2 flex justify-end gap-2">
        {onCancel && <Button onClick={onCancel}>Cancel</Button>}
        <Button type="submit" look="primary" busy={busy}>
          {busy ? "Working…" : verb}
        </Button>
      </div>
    </form>
  );
}

type ControlProps<T> = {
  field: FieldSpec<T>;
  value: string | boolean;
  error: string | undefined;
  disabled: boolean;
  set: (value: string | boolean) => void;
};

function Control<T>({ field, value, error, disabled, set }: ControlProps<T>) {
  if (field.kind === "toggle") {
    return (
      <Toggle
        label={field.label}
        hint={error ?? field.hint}
        checked={value === true}
        disabled={disabled}
        onChange={(event) => set(event.target.checked)}
      />
    );
  }
  const text = String(value);
  const isLong =
    field.kind === "area" ||
    field.kind === "code" ||
    field.kind === "json" ||
    field.kind === "list";
  return (
    <Field label={field.label} hint={field.hint} error={error} required={field.required}>
      {(control) => {
        const shared = {
          ...control,
          value: text,
          disabled,
          placeholder: field.placeholder,
          required: field.required,
        };
        if (field.kind === "select") {
          return (
            <Select
              {...control}
              value={text}
              disabled={disabled}
              options={field.options ?? []}
              onChange={(event) => set(event.target.value)}
            />
          );
        }
        if (isLong) {
          const isCode = field.kind === "code" || field.kind === "json";
          return (
            <Area
              {...shared}
              rows={field.rows ?? 4}
              spellCheck={!isCode}
              className={clsx(isCode && "font-mono text-xs")}
              onChange={(event) => set(event.target.value)}
            />
          );
        }
        return (
          <Input
            {...shared}
            type={field.kind === "secret" ? "password" : "text"}
            inputMode={field.kind === "number" ? "decimal" : undefined}
            autoComplete="off"
            onChange={(event) => set(event.target.value)}
          />
        );
      }}
    </Field>
  );
}
