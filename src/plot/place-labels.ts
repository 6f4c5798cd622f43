/** A box in pixels; x and y are its upper left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

const GAP = 9;
const STEP = 8;
const FARTHEST = 240;
const DIRECTIONS = 24;

/**
 * Finds a place for each point's label, beside the point or farther away.
 * @param sizes the sizes of the labels.
 * @param taken boxes that labels must not cover.
 * @returns for each label its box, or null if there is no place.
 */
export function placeLabels(
  points: readonly Point[],
  sizes: readonly { readonly width: number; readonly height: number }[],
  area: Box,
  taken: readonly Box[],
): (Box | null)[] {
  const full = [...taken];
  return points.map((point, i) => {
    const { width, height } = sizes[i] ?? { width: 0, height: 0 };
    for (const { x, y } of offsets(width, height)) {
      const box = { x: point.x + x, y: point.y + y, width, height };
      if (isWithin(box, area) && !full.some((other) => overlaps(box, other))) {
        full.push(box);
        return box;
      }
    }
    return null;
  });
}

/**
 * Yields offsets from a point to its label's corner, the best first: beside the point, then around it and farther away.
 */
function* offsets(width: number, height: number): Generator<Point> {
  const [right, left, above, below] = [GAP, -GAP - width, -GAP - height, GAP];
  yield* [
    { x: right, y: -height },
    { x: right, y: -height / 2 },
    { x: left, y: -height / 2 },
    { x: right, y: 0 },
    { x: left, y: 0 },
    { x: -width / 2, y: above },
    { x: -width / 2, y: below },
  ];
  for (let distance = GAP + STEP; distance <= FARTHEST; distance += STEP) {
    for (let i = 0; i < DIRECTIONS; i++) {
      const angle = -Math.PI / 4 + (i * 2 * Math.PI) / DIRECTIONS;
      const [across, down] = [Math.cos(angle), Math.sin(angle)];
      yield {
        x: distance * across + (width * (across - 1)) / 2,
        y: distance * down + (height * (down - 1)) / 2,
      };
    }
  }
}

/** Whether two boxes have a common area. */
export function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function isWithin(inner: Box, outer: Box): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}
