import type { QueryClient } from "@tanstack/react-query";
import type { Affected } from "./affected";

/** Gathers what became out of date, so that many events are one reading. */
export class Gatherer {
  private readonly stale = new Map<string, Affected>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private last = 0;

  /** `apartMs` lies between two readings at least: a busy installation changes all the time. */
  constructor(
    private readonly queries: Pick<QueryClient, "invalidateQueries">,
    private readonly waitMs: number,
    private readonly apartMs: number,
  ) {}

  add(key: Affected): void {
    this.stale.set(key.join("/"), key);
    this.timer ??= setTimeout(
      () => this.read(),
      Math.max(this.waitMs, this.last + this.apartMs - Date.now()),
    );
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  private read(): void {
    this.timer = null;
    this.last = Date.now();
    const keys = [...this.stale.values()];
    this.stale.clear();
    for (const queryKey of keys) void this.queries.invalidateQueries({ queryKey });
  }
}
