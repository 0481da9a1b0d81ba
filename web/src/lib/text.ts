/** `needs_attention` as people read it: needs attention. */
export function words(name: string): string {
  return name.replaceAll("_", " ").replaceAll("-", " ");
}

/** The same at the beginning of a line. */
export function title(name: string): string {
  const plain = words(name);
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}

/** The first digits of an id, enough to tell it from others. */
export function shortId(id: string): string {
  return id.slice(0, 13);
}

/** `owner/name` of a repository's address. */
export function repoName(url: string | null | undefined): string {
  if (!url) return "";
  return url.replace(/^https?:\/\/[^/]+\//, "").replace(/\.git$/, "");
}

/** What is known only at run time, as text. */
export function asText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A size in bytes for people. */
export function bytes(size: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  let value = size;
  let unit = 0;
  while (1024 <= value && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** An identity that nobody else makes. `crypto.randomUUID` exists only where the page came over TLS. */
export function freshId(): string {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
