import { useState } from "react";
import { post } from "@/api/client";
import type { Template } from "@/api/types";
import { asText, isRecord } from "@/lib/text";
import { Button } from "@/ui/Button";
import { ErrorNote } from "@/ui/feedback";
import { Area, Field } from "@/ui/fields";

type Rendered = { rendered: string; warnings: string[] };

/** What a template comes to with parameters, before anything is told it. */
export function Preview({ template }: { template: Template }) {
  const [params, setParams] = useState("{}");
  const [result, setResult] = useState<Rendered | null>(null);
  const [error, setError] = useState<unknown>(null);
  const render = async () => {
    setError(null);
    try {
      const given: unknown = JSON.parse(params);
      if (!isRecord(given)) throw new Error("The parameters must be a JSON object.");
      setResult(
        await post("/api/prompt-templates/{template}/preview", {
          params: { path: { template: template.id } },
          body: { params: given },
        }),
      );
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <section className="flex flex-col gap-3 border-t border-line pt-4">
      <h3 className="text-sm font-semibold">Preview of what is saved</h3>
      <Field label="Parameters">
        {(control) => (
          <Area
            {...control}
            rows={3}
            className="font-mono text-xs"
            value={params}
            onChange={(event) => setParams(event.target.value)}
          />
        )}
      </Field>
      <Button className="self-end" onClick={() => void render()}>
        Render
      </Button>
      {error !== null && <ErrorNote error={error} />}
      {result && (
        <>
          {result.warnings.map((warning) => (
            <p key={warning} className="text-xs text-wait">
              {warning}
            </p>
          ))}
          <pre
            className="max-h-80 overflow-auto rounded-md bg-raised p-3 font-mono text-xs whitespace-pre-wrap"
            tabIndex={0}
          >
            {asText(result.rendered)}
          </pre>
        </>
      )}
    </section>
  );
}
