import type { ReactNode } from "react";
import { ErrorNote, Waiting } from "@/ui/feedback";
import { LogView } from "./LogView";
import { type TranscriptSource, useTranscript } from "./useTranscript";

type Props = {
  source: TranscriptSource;
  live: boolean;
  empty: ReactNode;
  aside?: ReactNode;
  className?: string;
};

/** A transcript from its source. Give it the source's key as `key`. */
export function Transcript({ source, live, empty, aside, className }: Props) {
  const { lines, loading, error } = useTranscript(source);
  if (error && lines.length === 0) return <ErrorNote error={error} />;
  if (loading && lines.length === 0) return <Waiting rows={8} />;
  return (
    <LogView lines={lines} live={live} empty={empty} aside={aside} className={className ?? ""} />
  );
}
