import type { Markish, PlotOptions, TextOptions } from '@observablehq/plot';

export type PlotLibrary = typeof import('@observablehq/plot');

/** The parts that all plots have. */
export interface Frame {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly subtitle: readonly string[];
  /** Pixels between the picture's left edge and the area. */
  readonly marginLeft: number;
  readonly marginTop: number;
}

/** Styles that are readable on a light and on a dark page, because a picture does not know on which it is. */
const STYLE = `
.paper{fill:#fff}.edge,.halo{stroke:#fff}.chart{color:#1f2328}
.halo{stroke-width:4px;stroke-linejoin:round;paint-order:stroke}
@media (prefers-color-scheme:dark){.paper{fill:#0d1117}.edge,.halo{stroke:#0d1117}.chart{color:#e6edf3}}
`;
const TITLE_SIZE = 17;
export const TEXT_SIZE = 12;
const LINE_HEIGHT = 17;
export const PADDING = 20;
/** The opacity of secondary text. */
const SOFT = 0.75;
const SVG = 'http://www.w3.org/2000/svg';
const ROOT = { xmlns: SVG, class: 'chart', role: 'img', color: '#1f2328', 'font-size': `${TEXT_SIZE}` };

const PLACES = ['cx', 'cy', 'x1', 'x2', 'y1', 'y2', 'transform'];

/**
 * Draws a chart as an SVG document without references to other files. The options can use these classes for the theme's
 * colours: `paper` and `edge` fill or stroke with the background, `halo` puts the background around text, and
 * `currentColor` is the colour of text.
 */
export async function draw(frame: Frame, options: (plot: PlotLibrary) => PlotOptions): Promise<string> {
  // The drawing libraries are loaded only if a plot is asked for.
  const [plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')]);
  const { document } = parseHTML('<html><body></body></html>');
  const { marks = [], ...others } = options(plot);
  const { width, height, marginLeft, marginTop } = frame;
  const svg = plot.plot({
    document,
    width,
    height,
    marginLeft,
    marginTop,
    ...others,
    marks: [...heading(plot, frame), ...marks],
  });
  svg.querySelector('style')?.remove();
  svg.removeAttribute('style');
  const element = (name: string, attributes: Readonly<Record<string, string | number>>, text = '') => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) {
      made.setAttribute(key, String(value));
    }
    made.textContent = text;
    return made;
  };
  svg.prepend(
    element('title', {}, frame.title),
    element('style', {}, STYLE),
    element('rect', { class: 'paper', width, height, rx: 6, fill: '#fff' }),
  );
  for (const [key, value] of Object.entries(ROOT)) {
    svg.setAttribute(key, value);
  }
  // Coordinates are rounded to hundredths of a pixel.
  for (const drawn of svg.querySelectorAll('circle,line,text')) {
    for (const name of PLACES.filter((place) => drawn.hasAttribute(place))) {
      drawn.setAttribute(name, drawn.getAttribute(name).replace(/\d+\.\d{3,}/g, rounded));
    }
  }
  return `${svg.outerHTML}\n`;
}

function rounded(number: string): string {
  return String(Number(Number(number).toFixed(2)));
}

function heading({ text }: PlotLibrary, { title, subtitle, marginLeft, marginTop }: Frame): Markish[] {
  const line = (content: string, y: number, options: TextOptions) =>
    text([content], {
      frameAnchor: 'top-left',
      lineAnchor: 'top',
      dx: PADDING - marginLeft,
      dy: y - marginTop,
      facet: 'super',
      ...options,
    });
  return [
    line(title, PADDING, { fontSize: TITLE_SIZE, fontWeight: 600 }),
    ...subtitle.map((content, i) =>
      line(content, PADDING + TITLE_SIZE + 8 + i * LINE_HEIGHT, { fillOpacity: SOFT, fontSize: TEXT_SIZE }),
    ),
  ];
}
