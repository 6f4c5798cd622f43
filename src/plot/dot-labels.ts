import type { Dot } from './check-dots.js';
import { TEXT_SIZE } from './draw.js';
import { type Box, placeLabels } from './place-labels.js';
import { estimateWidth } from './text.js';

/** The position of a dot in the picture, in pixels. */
export interface DotPosition {
  readonly x: number;
  readonly y: number;
  /** The ends of the error bar. */
  readonly high: number;
  readonly low: number;
}

/** The radius of a dot, in pixels. */
export const RADIUS = 5.5;
const LINE = TEXT_SIZE + 3;
/** Pixels between a dot and its label beyond which a line connects them. */
const NEAR = 16;

/** Places the labels. A label that found a place also gets the end of a line from its dot. */
export function placeDotLabels(dots: readonly Dot[], places: readonly DotPosition[], area: Box) {
  const taken = places.flatMap(({ x, y, high, low }) => [
    { x: x - RADIUS, y: y - RADIUS, width: 2 * RADIUS, height: 2 * RADIUS },
    { x: x - 1, y: high, width: 2, height: low - high },
  ]);
  const sizes = dots.map(({ label }) => ({ width: estimateWidth(label, TEXT_SIZE), height: LINE }));
  return placeLabels(places, sizes, area, taken).flatMap((box, i) => {
    const [dot, place] = [dots[i], places[i]];
    if (!box || !dot || !place) {
      return [];
    }
    const toX = Math.min(Math.max(place.x, box.x), box.x + box.width);
    const toY = Math.min(Math.max(place.y, box.y), box.y + box.height);
    const far = Math.hypot(toX - place.x, toY - place.y) > NEAR;
    // The width of a text is an estimate, so the text is anchored on the side of the dot.
    const isLeft = box.x + box.width < place.x;
    const text = isLeft
      ? { textAnchor: 'end' as const, edge: box.x + box.width }
      : { textAnchor: 'start' as const, edge: box.x };
    return [{ label: dot.label, x: place.x, y: place.y, ...text, middle: box.y + box.height / 2, toX, toY, far }];
  });
}
