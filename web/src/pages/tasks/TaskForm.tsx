import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { post } from "@/api/client";
import { reposQuery } from "@/api/queries/work";
import type { components } from "@/api/types";
import { Form } from "@/ui/Form";
import { Waiting } from "@/ui/feedback";
import type { FieldSpec } from "@/ui/formSpec";
import { said } from "@/ui/toast";

type Body = components["schemas"]["NewTaskBody"];

function fieldsOf(repos: readonly string[]): FieldSpec<Body>[] {
  return [
    { name: "title", label: "Title", required: true, hint: "One line for people." },
    repos.length === 0
      ? {
          name: "repoUrl",
          label: "Repository",
          required: true,
          placeholder: "https://github.com/acme/shop",
          hint: "It is added with the default settings.",
        }
      : {
          name: "repoUrl",
          label: "Repository",
          kind: "select",
          required: true,
          options: [["", "choose…"], ...repos.map((url) => [url, url] as const)],
        },
    { name: "prompt", label: "What the agent is to do", kind: "area", rows: 7, required: true },
    {
      name: "repoBranch",
      label: "Branch it starts from",
      half: true,
      hint: "The repository's default where it is empty.",
    },
    {
      name: "priority",
      label: "Priority",
      kind: "number",
      half: true,
      hint: "1 to 1000; the lower, the sooner.",
    },
    { name: "model", label: "Model", half: true, hint: "The repository's where it is empty." },
    {
      name: "maxRetries",
      label: "Tries again by itself",
      kind: "number",
      half: true,
      hint: "0 to 10 times.",
    },
    {
      name: "dependsOn",
      label: "Waits for these tasks",
      kind: "list",
      rows: 2,
      hint: "One id per line.",
    },
  ];
}

export function TaskForm() {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { data: repos } = useQuery(reposQuery);
  if (!repos) return <Waiting rows={6} />;
  const create = async (body: Partial<Body>) => {
    const { task } = await post("/api/tasks", { body: { ...body, type: "repo-task" } as Body });
    said("The task is made.");
    await queries.invalidateQueries({ queryKey: ["tasks"] });
    await navigate({ to: "/tasks/$task", params: { task: task.id } });
  };
  return (
    <Form
      fields={fieldsOf(repos.map((repo) => repo.repoUrl))}
      isNew
      verb="Create task"
      submit={create}
    />
  );
}
