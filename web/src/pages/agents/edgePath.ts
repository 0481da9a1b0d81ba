export type Box = { x: number; y: number; width: number; height: number };

type Point = { x: number; y: number };

/** How far an edge bows out: there and back are two lines. */
const BOW = 0.12;
const GAP_PX = 6;

/** A bowed line from the border of one box to that of another. */
export function pathBetween(from: Box, to: Box): string {
  const [a, b] = [center(from), center(to)];
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const bend = { x: (a.x + b.x) / 2 - dy * BOW, y: (a.y + b.y) / 2 + dx * BOW };
  const start = border(from, bend);
  const end = border(to, bend);
  return `M ${start.x} ${start.y} Q ${bend.x} ${bend.y} ${end.x} ${end.y}`;
}

function center(box: Box): Point {
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** Where the line from the middle of a box towards a point leaves the box. */
function border(box: Box, towards: Point): Point {
  const middle = center(box);
  const [dx, dy] = [towards.x - middle.x, towards.y - middle.y];
  if (dx === 0 && dy === 0) return middle;
  const [halfWide, halfHigh] = [box.width / 2 + GAP_PX, box.height / 2 + GAP_PX];
  const scale = Math.min(halfWide / Math.abs(dx || 1e-9), halfHigh / Math.abs(dy || 1e-9));
  return { x: middle.x + dx * scale, y: middle.y + dy * scale };
}
