/** The part of Markdown that agents write in answers, as blocks that are easy to show. */

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "strong"; text: string }
  | { kind: "em"; text: string }
  | { kind: "link"; text: string; href: string };

export type Block =
  | { kind: "heading"; level: number; text: string }
  | { kind: "code"; language: string; text: string }
  | { kind: "list"; ordered: boolean; items: string[] }
  | { kind: "quote"; text: string }
  | { kind: "rule" }
  | { kind: "paragraph"; text: string };

const FENCE = /^\s*(```|~~~)\s*([\w+-]*)/;
const ITEM = /^\s*(?:([-*+])|(\d+)[.)])\s+(.*)$/;

export function blocks(source: string): Block[] {
  const lines = source.replaceAll("\r\n", "\n").split("\n");
  const found: Block[] = [];
  let at = 0;
  const take = (match: (line: string) => boolean): string[] => {
    const start = at;
    while (at < lines.length && match(lines[at] ?? "")) at += 1;
    return lines.slice(start, at);
  };
  while (at < lines.length) {
    const line = lines[at] ?? "";
    const fence = FENCE.exec(line);
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (line.trim() === "") at += 1;
    else if (fence) {
      at += 1;
      const text = take((inner) => !inner.trim().startsWith(fence[1] ?? "```")).join("\n");
      at += 1;
      found.push({ kind: "code", language: fence[2] ?? "", text });
    } else if (heading) {
      at += 1;
      found.push({ kind: "heading", level: heading[1]?.length ?? 1, text: heading[2] ?? "" });
    } else if (/^\s*(---+|\*\*\*+)\s*$/.test(line)) {
      at += 1;
      found.push({ kind: "rule" });
    } else if (line.startsWith(">")) {
      const text = take((inner) => inner.startsWith(">")).map((inner) =>
        inner.replace(/^>\s?/, ""),
      );
      found.push({ kind: "quote", text: text.join("\n") });
    } else if (ITEM.test(line)) {
      const ordered = ITEM.exec(line)?.[2] !== undefined;
      const items: string[] = [];
      for (const inner of take((each) => ITEM.test(each) || /^\s{2,}\S/.test(each))) {
        const item = ITEM.exec(inner);
        if (item) items.push(item[3] ?? "");
        else items.push(`${items.pop() ?? ""} ${inner.trim()}`);
      }
      found.push({ kind: "list", ordered, items });
    } else {
      const text = take((inner) => inner.trim() !== "" && !FENCE.test(inner) && !ITEM.test(inner));
      found.push({ kind: "paragraph", text: text.join("\n") });
    }
  }
  return found;
}

const INLINE =
  /`([^`]+)`|\*\*([^*]+)\*\*|(?<![\w*])\*([^*\s][^*]*)\*(?!\w)|\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)|(https?:\/\/[^\s<>()]+[^\s<>().,;:!?])/g;

/** The parts of a line. Only addresses of the web become links. */
export function inline(text: string): Inline[] {
  const parts: Inline[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    if (from < match.index) parts.push({ kind: "text", text: text.slice(from, match.index) });
    const [, code, strong, em, label, href, bare] = match;
    if (code !== undefined) parts.push({ kind: "code", text: code });
    else if (strong !== undefined) parts.push({ kind: "strong", text: strong });
    else if (em !== undefined) parts.push({ kind: "em", text: em });
    else if (label !== undefined && href !== undefined)
      parts.push({ kind: "link", text: label, href });
    else if (bare !== undefined) parts.push({ kind: "link", text: bare, href: bare });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ kind: "text", text: text.slice(from) });
  return parts;
}
