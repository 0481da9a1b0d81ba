// What a first visit loads, compressed: the entry and everything it imports. Fails where that is too much.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BYTES_MAX = 300_000;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

/** The files of a part of the manifest and of what it imports at once. */
function files(key, seen = new Set()) {
  const chunk = manifest[key];
  if (!chunk || seen.has(key)) return [];
  seen.add(key);
  return [
    chunk.file,
    ...(chunk.css ?? []),
    ...(chunk.imports ?? []).flatMap((each) => files(each, seen)),
  ];
}

const size = (names) =>
  [...new Set(names)].reduce(
    (sum, name) => sum + gzipSync(readFileSync(new URL(name, dist))).length,
    0,
  );

const entry = files("index.html");
const pages = Object.keys(manifest).filter((key) => manifest[key].isDynamicEntry);
const rows = pages.map((key) => [key, size([...entry, ...files(key)])]).sort((a, b) => b[1] - a[1]);
console.log(`${String(size(entry)).padStart(7)} B  the shell alone`);
for (const [key, bytes] of rows) console.log(`${String(bytes).padStart(7)} B  with ${key}`);
const worst = rows[0]?.[1] ?? 0;
if (BYTES_MAX < worst) {
  console.error(`A first visit may load ${BYTES_MAX} bytes; the largest loads ${worst}.`);
  process.exitCode = 1;
}
