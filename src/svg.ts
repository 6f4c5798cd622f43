/** Pieces of charts as SVG text. */

export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const COLORS = [
  '#1f77b4',
  '#ff7f0e',
  '#2ca02c',
  '#d62728',
  '#9467bd',
  '#8c564b',
  '#e377c2',
  '#7f7f7f',
  '#bcbd22',
  '#17becf',
];

/** A document of charts of the same size below each other; each a list of elements from its own origin. */
export function svgDocument(width: number, height: number, charts: readonly (readonly string[])[]): string {
  const whole = Math.max(1, charts.length) * height;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${whole}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${whole}" fill="white"/>`,
    ...charts.map((chart, i) => `<g transform="translate(0 ${i * height})">${chart.join('\n')}</g>`),
    '</svg>\n',
  ].join('\n');
}

export function color(index: number): string {
  return COLORS[index % COLORS.length] as string;
}

/** `value` between `from` and `to`, as a place between `start` and `end`. */
export function scale(value: number, from: number, to: number, start: number, end: number): number {
  return to === from ? start : start + ((value - from) / (to - from)) * (end - start);
}

/** @param label from a file or not: nothing of it becomes markup. */
export function text(x: number, y: number, label: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(label)}</text>`;
}

/** @param title what is shown when it is pointed at. */
export function dot(x: number, y: number, fill: string, title?: string): string {
  const shown = title === undefined ? '' : `<title>${escaped(title)}</title>`;
  return `<circle cx="${round(x)}" cy="${round(y)}" r="4" fill="${fill}" fill-opacity="0.7">${shown}</circle>`;
}

/** A horizontal line across the area, with its value at the left. */
export function gridLine({ left, right }: Area, y: number, label: string): string[] {
  const at = round(y);
  return [
    `<line x1="${left}" x2="${right}" y1="${at}" y2="${at}" stroke="#ddd"/>`,
    text(left - 8, at + 4, label, 'end'),
  ];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Names come from files: nothing of them may become markup, and XML has no place for control characters. */
function escaped(name: string): string {
  return name.replace(/[\p{Cc}\p{Cs}]/gu, '?').replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
