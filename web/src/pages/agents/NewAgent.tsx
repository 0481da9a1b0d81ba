import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { FileUp } from "lucide-react";
import { useRef, useState } from "react";
import { post } from "@/api/client";
import type { NewAgent as Body } from "@/api/types";
import { isRecord } from "@/lib/text";
import { Button } from "@/ui/Button";
import { ErrorNote } from "@/ui/feedback";
import { Form } from "@/ui/Form";
import { said } from "@/ui/toast";
import { AGENT_FIELDS } from "./agentFields";

/** Creates an agent, from what is typed or from a file such as those of `optio apply`. */
export function NewAgent() {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [from, setFrom] = useState<{ name: string; body: Partial<Body> } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const file = useRef<HTMLInputElement>(null);

  const create = async (body: Partial<Body>) => {
    // What is in the file and has no control here is sent as it is.
    const whole = { ...from?.body, ...body } as Body;
    const { agent } = await post("/api/persistent-agents", { body: whole });
    said(`${agent.name} is there.`);
    await queries.invalidateQueries({ queryKey: ["agents"] });
    await navigate({ to: "/agents/$slug", params: { slug: agent.slug } });
  };

  const read = async (chosen: File | undefined) => {
    if (!chosen) return;
    setError(null);
    try {
      setFrom({ name: chosen.name, body: agentOf(JSON.parse(await chosen.text())) });
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause);
      setError(new Error(`${chosen.name} is not an agent file: ${words}`));
    }
  };

  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center gap-3 rounded-md bg-raised px-3 py-2 text-sm">
        <span className="flex-1 text-muted">
          {from
            ? `Filled in from ${from.name}.`
            : "Have a file as for `optio apply`? Begin with it."}
        </span>
        <input
          ref={file}
          type="file"
          accept=".json,application/json"
          className="hidden"
          aria-label="Agent file"
          onChange={(event) => void read(event.target.files?.[0])}
        />
        <Button size="sm" onClick={() => file.current?.click()}>
          <FileUp size={13} aria-hidden /> From a file
        </Button>
      </div>
      {error !== null && <ErrorNote error={error} />}
      <Form
        key={from?.name ?? ""}
        fields={AGENT_FIELDS}
        from={from?.body ?? {}}
        isNew
        verb="Create agent"
        submit={create}
      />
    </div>
  );
}

function agentOf(content: unknown): Partial<Body> {
  if (!isRecord(content)) throw new Error("it is no JSON object");
  if (typeof content["slug"] !== "string") throw new Error("it has no `slug`");
  return content as Partial<Body>;
}
