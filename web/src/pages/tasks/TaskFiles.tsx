import { useQuery } from "@tanstack/react-query";
import { taskFilesQuery } from "@/api/queries/tasks";
import type { Task } from "@/api/types";
import { FileList } from "@/ui/FileList";
import { Waiting } from "@/ui/feedback";

export function TaskFiles({ task }: { task: Task }) {
  const { data } = useQuery(taskFilesQuery(task.id));
  if (!data) return <Waiting />;
  return <FileList files={data} base={`/api/tasks/${task.id}`} />;
}
