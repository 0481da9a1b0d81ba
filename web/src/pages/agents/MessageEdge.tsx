import { BaseEdge, type Edge, type EdgeProps, useInternalNode } from "@xyflow/react";
import { type Box, pathBetween } from "./edgePath";

type Data = { count: number; moving: boolean };

/** Messages from one to another: the thicker, the more; a dot travels where one is on its way. */
export function MessageEdge({ id, source, target, data, markerEnd }: EdgeProps<Edge<Data>>) {
  const from = useInternalNode(source);
  const to = useInternalNode(target);
  if (!from || !to) return null;
  const box = (node: NonNullable<typeof from>): Box => ({
    x: node.internals.positionAbsolute.x,
    y: node.internals.positionAbsolute.y,
    width: node.measured.width ?? 0,
    height: node.measured.height ?? 0,
  });
  const path = pathBetween(box(from), box(to));
  const moving = data?.moving ?? false;
  return (
    <>
      <BaseEdge
        id={id}
        path={path}
        {...(markerEnd ? { markerEnd } : {})}
        style={{
          stroke: moving ? "var(--accent)" : "var(--line-strong)",
          strokeOpacity: moving ? 1 : 0.55,
          strokeWidth: Math.min(1 + Math.log2(data?.count ?? 1) * 0.6, 4),
        }}
      />
      {moving && (
        <circle r="5" fill="var(--accent)" className="motion-reduce:hidden">
          <animateMotion dur="1.2s" repeatCount="indefinite" path={path} />
        </circle>
      )}
    </>
  );
}
