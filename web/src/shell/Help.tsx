import { Dialog } from "@/ui/Dialog";
import { PLACES } from "./places";

const KEYS: [string, string][] = [
  ["Ctrl K", "find or do anything"],
  ["?", "this help"],
  ["/", "search on the page"],
  ["n", "new task"],
  ["Esc", "close"],
  ["Ctrl Enter", "send what you are writing"],
];

export function Help({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} title="Keys" wide>
      <div className="grid gap-6 sm:grid-cols-2">
        <KeyList title="Everywhere" keys={KEYS} />
        <KeyList title="Go to" keys={PLACES.map((place) => [`g ${place.key}`, place.name])} />
      </div>
      <p className="mt-4 text-sm text-muted">
        Everything here can also be done on the command line:{" "}
        <code className="font-mono text-xs">optio --help</code>. The API is described at{" "}
        <a className="text-accent underline" href="/docs" target="_blank" rel="noreferrer">
          /docs
        </a>
        .
      </p>
    </Dialog>
  );
}

function KeyList({ title, keys }: { title: string; keys: [string, string][] }) {
  return (
    <section>
      <h3 className="mb-2 text-sm font-semibold">{title}</h3>
      <dl className="grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-1.5 text-sm">
        {keys.map(([key, what]) => (
          <div key={key} className="contents">
            <dt className="flex gap-1">
              {key.split(" ").map((part) => (
                <kbd
                  key={part}
                  className="rounded-sm border border-line bg-raised px-1.5 font-mono text-xs"
                >
                  {part}
                </kbd>
              ))}
            </dt>
            <dd className="text-muted">{what}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
