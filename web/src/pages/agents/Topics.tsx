import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { post, remove } from "@/api/client";
import { useAct } from "@/api/act";
import { subscribersQuery, topicsQuery } from "@/api/queries/agents";
import type { Agent } from "@/api/types";
import { plural } from "@/lib/text";
import { Button } from "@/ui/Button";
import { Empty, Waiting } from "@/ui/feedback";
import { Area, Field, Input, Select } from "@/ui/fields";
import { Panel } from "@/ui/Page";

/** Topics reach whoever has subscribed; `all` is heard by everybody. */
export function Topics({ agents }: { agents: readonly Agent[] }) {
  const { data } = useQuery(topicsQuery);
  const [topic, setTopic] = useState("all");
  if (!data) return <Waiting />;
  const names = ["all", ...data.topics.map((each) => each.topic).filter((name) => name !== "all")];
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[16rem_1fr]">
      <Panel title="Topics">
        <ul className="p-1.5">
          {names.map((name) => (
            <li key={name}>
              <button
                type="button"
                aria-pressed={name === topic}
                onClick={() => setTopic(name)}
                className="flex w-full items-center justify-between rounded-md px-2.5 py-1.5 text-left text-sm hover:bg-raised aria-pressed:bg-accent-soft aria-pressed:font-medium"
              >
                <span className="min-w-0 truncate font-mono text-xs">{name}</span>
                <span className="text-xs text-muted">
                  {name === "all"
                    ? "everybody"
                    : data.topics.find((each) => each.topic === name)?.subscribers}
                </span>
              </button>
            </li>
          ))}
        </ul>
      </Panel>
      <div className="flex flex-col gap-4">
        <Publish topic={topic} />
        {topic !== "all" && <Subscribers topic={topic} />}
        <Subscribe agents={agents} topic={topic === "all" ? "" : topic} key={topic} />
      </div>
    </div>
  );
}

function Publish({ topic }: { topic: string }) {
  const [body, setBody] = useState("");
  const publish = useAct(
    () => post("/api/topics/{topic}/publish", { params: { path: { topic } }, body: { body } }),
    {
      done: `Published to ${topic}.`,
      then: () => setBody(""),
    },
  );
  return (
    <Panel title={`Publish to ${topic}`} pad>
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          publish.mutate();
        }}
      >
        <Field
          label="Message"
          hint="It wakes everybody who hears the topic, or, where one inbox is full, nobody."
        >
          {(control) => (
            <Area
              {...control}
              rows={3}
              value={body}
              onChange={(event) => setBody(event.target.value)}
            />
          )}
        </Field>
        <Button
          type="submit"
          look="primary"
          className="self-end"
          disabled={body.trim() === ""}
          busy={publish.isPending}
        >
          Publish
        </Button>
      </form>
    </Panel>
  );
}

function Subscribers({ topic }: { topic: string }) {
  const { data } = useQuery(subscribersQuery(topic));
  const leave = useAct(
    (agent: string) =>
      remove("/api/topics/{topic}/subscribers/{agent}", { params: { path: { topic, agent } } }),
    { done: (agent) => `${agent} hears ${topic} no more.`, changes: [["topics"]] },
  );
  return (
    <Panel title="Heard by" aside={data && plural(data.subscribers.length, "agent")}>
      {data?.subscribers.length === 0 && (
        <Empty title="Nobody hears it">Subscribe an agent below.</Empty>
      )}
      <ul>
        {data?.subscribers.map((each) => (
          <li
            key={each.agentId}
            className="flex items-center justify-between border-b border-line px-4 py-1.5 text-sm last:border-b-0"
          >
            {each.slug}
            <Button size="sm" look="quiet" onClick={() => leave.mutate(each.slug)}>
              Unsubscribe
            </Button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Subscribe({ agents, topic: known }: { agents: readonly Agent[]; topic: string }) {
  const [topic, setTopic] = useState(known);
  const [agent, setAgent] = useState(agents[0]?.slug ?? "");
  const join = useAct(
    () => post("/api/topics/{topic}/subscribers", { params: { path: { topic } }, body: { agent } }),
    { done: `${agent} hears ${topic} from now on.`, changes: [["topics"]] },
  );
  return (
    <Panel title="Subscribe an agent" pad>
      <form
        className="flex flex-wrap items-end gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          join.mutate();
        }}
      >
        <Field label="Agent">
          {(control) => (
            <Select
              {...control}
              value={agent}
              onChange={(event) => setAgent(event.target.value)}
              options={agents.map((each) => [each.slug, each.name] as const)}
            />
          )}
        </Field>
        <Field label="Topic">
          {(control) => (
            <Input
              {...control}
              value={topic}
              placeholder="releases"
              onChange={(event) => setTopic(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" disabled={topic.trim() === ""} busy={join.isPending}>
          Subscribe
        </Button>
      </form>
    </Panel>
  );
}
