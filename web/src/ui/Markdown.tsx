import { Fragment } from "react";
import { type Block, blocks, inline } from "@/lib/markdown";

/** What an agent or a person wrote. No HTML in it is ever carried out. */
export function Markdown({ text }: { text: string }) {
  return (
    <div className="flex min-w-0 flex-col gap-2 break-words">
      {blocks(text).map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
    </div>
  );
}

function BlockView({ block }: { block: Block }) {
  switch (block.kind) {
    case "heading":
      return (
        <p className="mt-1 font-semibold">
          <Words text={block.text} />
        </p>
      );
    case "code":
      return (
        <pre
          className="overflow-x-auto rounded-md bg-raised px-3 py-2 font-mono text-xs leading-5"
          tabIndex={0}
        >
          {block.text}
        </pre>
      );
    case "quote":
      return (
        <blockquote className="border-l-2 border-line-strong pl-3 whitespace-pre-wrap text-muted">
          <Words text={block.text} />
        </blockquote>
      );
    case "rule":
      return <hr />;
    case "list": {
      const items = block.items.map((item, index) => (
        <li key={index}>
          <Words text={item} />
        </li>
      ));
      return block.ordered ? (
        <ol className="list-decimal pl-5">{items}</ol>
      ) : (
        <ul className="list-disc pl-5">{items}</ul>
      );
    }
    case "paragraph":
      return (
        <p className="whitespace-pre-wrap">
          <Words text={block.text} />
        </p>
      );
  }
}

function Words({ text }: { text: string }) {
  return inline(text).map((part, index) => {
    switch (part.kind) {
      case "code":
        return (
          <code key={index} className="rounded-sm bg-raised px-1 font-mono text-[0.92em]">
            {part.text}
          </code>
        );
      case "strong":
        return <strong key={index}>{part.text}</strong>;
      case "em":
        return <em key={index}>{part.text}</em>;
      case "link":
        return (
          <a
            key={index}
            href={part.href}
            target="_blank"
            rel="noreferrer"
            className="text-accent underline"
          >
            {part.text}
          </a>
        );
      case "text":
        return <Fragment key={index}>{part.text}</Fragment>;
    }
  });
}
