import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { PLACES } from "./places";

/** How long `g` waits for the key that says where. */
const CHORD_MS = 1_200;

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest("input, textarea, select, [contenteditable]") !== null
  );
}

/** The keys that work everywhere. */
export function useKeys(act: { palette: () => void; help: () => void }): void {
  const navigate = useNavigate();
  const { palette, help } = act;
  useEffect(() => {
    let going = 0;
    const key = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        palette();
        return;
      }
      const isFree =
        !isTyping(event.target) && !document.querySelector('[role="dialog"], [role="menu"]');
      if (!isFree || event.ctrlKey || event.metaKey || event.altKey) return;
      if (Date.now() < going) {
        going = 0;
        const place = PLACES.find((each) => each.key === event.key);
        if (place) {
          event.preventDefault();
          void navigate({ to: place.to });
        }
        return;
      }
      if (event.key === "g") going = Date.now() + CHORD_MS;
      else if (event.key === "?") help();
      else if (event.key === "n") void navigate({ to: "/tasks", search: { create: "task" } });
      else if (event.key === "/") {
        const field = document.querySelector<HTMLInputElement>("[data-search]");
        if (!field) return;
        event.preventDefault();
        field.focus();
      }
    };
    document.addEventListener("keydown", key);
    return () => document.removeEventListener("keydown", key);
  }, [navigate, palette, help]);
}
