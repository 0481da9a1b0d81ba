import { useEffect, useRef } from "react";
import { Button } from "./Button";

/** The end of a list that goes on: it is asked for when it comes into sight. */
export function More({ fetch, busy }: { fetch: () => void; busy: boolean }) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = end.current;
    if (!element) return;
    const watch = new IntersectionObserver(
      (seen) => {
        if (seen.some((entry) => entry.isIntersecting) && !busy) fetch();
      },
      { rootMargin: "400px" },
    );
    watch.observe(element);
    return () => watch.disconnect();
  }, [fetch, busy]);
  return (
    <div ref={end} className="flex justify-center p-3">
      <Button size="sm" look="quiet" busy={busy} onClick={fetch}>
        {busy ? "Loading…" : "Show more"}
      </Button>
    </div>
  );
}
