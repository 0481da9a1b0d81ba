import { Download } from "lucide-react";
import { download } from "@/api/client";
import type { components } from "@/api/types";
import { bytes } from "@/lib/text";
import { Button } from "./Button";
import { Empty } from "./feedback";
import { Panel } from "./Page";
import { Tag } from "./Status";
import { complained } from "./toast";

type Files = components["schemas"]["ManyRunFiles"];

/** The files that runs have left; `base` is where they are handed out. */
export function FileList({ files, base }: { files: Files; base: string }) {
  if (files.files.length === 0 && files.left.length === 0) {
    return (
      <Panel>
        <Empty title="No files">
          What a run puts into <code className="font-mono text-xs">OPTIO_OUTPUTS_DIR</code> is kept
          here.
        </Empty>
      </Panel>
    );
  }
  const save = (path: string, name: string) => void download(path, name).catch(complained);
  return (
    <Panel
      title="Files"
      aside={
        <Button size="sm" onClick={() => save(`${base}/files.tar`, "files.tar")}>
          <Download size={13} aria-hidden /> All as a tar
        </Button>
      }
    >
      <ul>
        {files.files.map((file) => (
          <li
            key={`${file.attempt}/${file.path}`}
            className="flex items-center gap-3 border-b border-line px-4 py-2 text-sm last:border-b-0"
          >
            <button
              type="button"
              className="min-w-0 flex-1 truncate text-left font-mono text-xs hover:text-accent hover:underline"
              onClick={() =>
                save(
                  `${base}/files/${file.path.split("/").map(encodeURIComponent).join("/")}?attempt=${file.attempt}`,
                  file.path.split("/").at(-1) ?? "file",
                )
              }
            >
              {file.path}
            </button>
            <Tag>attempt {file.attempt}</Tag>
            <span className="w-20 text-right text-xs text-muted">{bytes(file.size)}</span>
          </li>
        ))}
        {files.left.map((file) => (
          <li
            key={`left-${file.attempt}/${file.path}`}
            className="border-b border-line px-4 py-2 text-sm last:border-b-0"
          >
            <span className="font-mono text-xs">{file.path}</span>{" "}
            <span className="text-xs text-wait">not kept: {file.reason}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
