import type { Trigger } from "@/api/types";
import { isRecord } from "@/lib/text";

/** When a trigger fires, in one line. */
export function describe(trigger: Pick<Trigger, "type" | "config">): string {
  const config = isRecord(trigger.config) ? trigger.config : {};
  const part = (name: string) => (typeof config[name] === "string" ? config[name] : "");
  switch (trigger.type) {
    case "schedule":
      return `${part("cronExpression")} · ${part("timezone") || "UTC"}`;
    case "webhook":
      return `POST /api/hooks/${part("path")}`;
    case "ticket": {
      const labels = Array.isArray(config["labels"]) ? config["labels"].join(", ") : "";
      return labels === ""
        ? `tickets of ${part("source")}`
        : `tickets of ${part("source")} with ${labels}`;
    }
    default:
      return "when a person says so";
  }
}
