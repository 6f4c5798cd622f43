import { TYPE_COLORS } from '#src/plot/palette.js';
import { overlaps } from '#src/plot/place-labels.js';
import { NothingToPlotError, plotCheck } from '#src/plot/plot-check.js';
import { estimateWidth } from '#src/plot/text.js';
import type { Checked } from '#src/runner/check-result.js';
import { all, checked, checkOf, parseSvg, placeOf, type SvgElement, texts } from './svg.js';

const MIB = 2 ** 20;
const three = [
  checked('/m/Model-Q8_0.gguf', 'Q8_0', 140 * MIB, 0.002, 0.0001),
  checked('/m/Model-Q4_K_M.gguf', 'Q4_K_M', 100 * MIB, 0.05, 0.01),
  checked('/m/Model-Q4_0.gguf', 'Q4_0', 105 * MIB, 0.1, 0.01),
];
const draw = async (models: readonly Checked[], more = {}) => parseSvg(await plotCheck(checkOf(models, more)));
const ticks = (svg: SvgElement, axis: string) => texts(svg, `[aria-label="${axis}-axis tick label"] text`);
const dotOf = (svg: SvgElement, label: string) =>
  all(svg, 'circle').find((circle) => circle.textContent.startsWith(`${label}:`));

test('says which model, over which text, and what the bars are', async () => {
  const svg = await draw(three);
  expect(svg.querySelector('title')?.textContent).toBe('Model: what each size costs');
  const said = texts(svg).join('\n');
  expect(said).toContain('Model: what each size costs');
  expect(said).toContain('the bundled text: 8 chunks of 512 tokens, 2040 scored');
  expect(said).toContain('± 1 standard error');
  const other = await draw(three, { text: '/home/me/wiki.txt', chunks: 1 });
  expect(texts(other).join('\n')).toContain('over wiki.txt: 1 chunk of 512 tokens');
});

test('ticks are round, and sizes have a unit', async () => {
  const svg = await draw(three);
  expect(ticks(svg, 'y')).toEqual(['0.001', '0.002', '0.005', '0.01', '0.02', '0.05', '0.1', '0.2']);
  expect(
    ticks(svg, 'x')
      .map(Number)
      .filter((size) => size % 5 !== 0),
  ).toEqual([]);
  expect(texts(svg)).toContain('size, MiB');
  const close = await draw([checked('a', 'Q4_0', 5 * 2 ** 30, 0.0312, 0.0004)]);
  expect(ticks(close, 'y')).toEqual(['0.03', '0.031', '0.032']);
  expect(texts(close)).toContain('size, GiB');
});

test('smaller is further left, closer is further down, and bars span the estimates', async () => {
  const svg = await draw(three);
  const [q8, q4] = [dotOf(svg, 'Q8_0'), dotOf(svg, 'Q4_K_M')].map((dot) => ({
    x: Number(dot?.getAttribute('cx')),
    y: Number(dot?.getAttribute('cy')),
  }));
  expect(q4?.x).toBeLessThan(q8?.x ?? 0);
  expect(q4?.y).toBeLessThan(q8?.y ?? 0);
  const bars = all(svg, '.error line').map((line) => ({
    x: Number(line.getAttribute('x1')),
    ends: ['y1', 'y2'].map((end) => Number(line.getAttribute(end))),
  }));
  expect(bars).toHaveLength(3);
  // The axis is linear in the logarithm: two ticks give the place of every value.
  const labels = all(svg, '[aria-label="y-axis tick label"] text');
  const place = new Map(labels.map((label) => [label.textContent, placeOf(label)[1]]));
  const [low = 0, high = 0] = [place.get('0.01'), place.get('0.1')];
  const at = (kld: number) => low + (Math.log10(kld) + 2) * (high - low);
  const bar = bars.find(({ x }) => x === q4?.x);
  expect(Math.max(...(bar?.ends ?? []))).toBeCloseTo(at(0.04), 0);
  expect(Math.min(...(bar?.ends ?? []))).toBeCloseTo(at(0.06), 0);
});

test('the line goes through the files that no other beats in both, and only these are full', async () => {
  const svg = await draw(three);
  expect(dotOf(svg, 'Q4_K_M')?.parentElement?.getAttribute('class')).toBe('edge');
  expect(dotOf(svg, 'Q4_0')?.parentElement?.getAttribute('class')).toBe('paper');
  const path = svg.querySelector('[aria-label="line"] path')?.getAttribute('d') ?? '';
  expect(path.match(/[ML]/g)).toHaveLength(2);
  const places = ['Q4_K_M', 'Q8_0'].map((label) => Number(dotOf(svg, label)?.getAttribute('cx')));
  expect([...path.matchAll(/[ML]([\d.]+)/g)].map(([, x]) => Math.round(Number(x)))).toEqual(places.map(Math.round));
});

test("a dot has the colour of its file's type", async () => {
  const svg = await draw(three);
  expect(dotOf(svg, 'Q8_0')?.getAttribute('fill')).toBe(TYPE_COLORS.Q8_0);
  expect(dotOf(svg, 'Q4_K_M')?.getAttribute('fill')).toBe(TYPE_COLORS.Q4_K);
  expect(dotOf(svg, 'Q4_0')?.getAttribute('stroke')).toBe(TYPE_COLORS.Q4_0);
});

/** The boxes of labels, each a little less high than a line. */
function labelBoxes(svg: SvgElement) {
  return all(svg, '.halo text').map((text) => {
    const [x, y] = placeOf(text);
    const width = estimateWidth(text.textContent, 12);
    const left = text.parentElement?.getAttribute('text-anchor') === 'end' ? x - width : x;
    return { x: left, y: y - 6, width, height: 12 };
  });
}

test.each([
  ['apart', three],
  [
    'close together',
    Array.from({ length: 12 }, (_, i) =>
      checked(`/m/Model-v${i}.gguf`, 'Q4_K_M', (4000 + i) * MIB, 0.03 + (i % 5) / 1e4, 1e-4),
    ),
  ],
  ['all the same', Array.from({ length: 30 }, (_, i) => checked(`Model-${i}`, 'Q4_K_M', 4000 * MIB, 0.03, 1e-4))],
  ['long', [1, 2, 3].map((i) => checked(`${'Long-'.repeat(24)}${i}.gguf`, 'Q4_0', (100 + i) * MIB, 0.03, 0.001))],
])('labels of files that are %s do not collide, and stay inside', async (_, models) => {
  const svg = await draw(models);
  const boxes = labelBoxes(svg);
  expect(boxes).toHaveLength(models.length);
  const pairs = boxes.flatMap((box, i) => boxes.slice(i + 1).map((other) => [box, other] as const));
  expect(pairs.filter(([box, other]) => overlaps(box, other))).toEqual([]);
  const width = Number(svg.getAttribute('width'));
  expect(boxes.filter((box) => box.x < 0 || box.x + box.width > width)).toEqual([]);
  expect(new Set(texts(svg, '.halo text')).size).toBe(models.length);
});

test('files of one type are told apart by their names, less what these share', async () => {
  const svg = await draw([
    checked('/m/Model-Q4_K_M-imatrix.gguf', 'Q4_K_M', 100 * MIB, 0.04, 0.001),
    checked('/m/Model-Q4_K_M-plain.gguf', 'Q4_K_M', 101 * MIB, 0.05, 0.001),
  ]);
  expect(texts(svg, '.halo text')).toEqual(['imatrix', 'plain']);
});

test('a file that does not differ stands on the lowest line, and says so', async () => {
  const svg = await draw([...three, checked('/m/Model-F16.gguf', 'F16', 270 * MIB, 0, 0)]);
  const floor = all(svg, '[aria-label="y-axis tick label"] text').map((text) => placeOf(text)[1]);
  expect(Number(dotOf(svg, 'F16')?.getAttribute('cy'))).toBeCloseTo(Math.max(...floor), 0);
  expect(texts(svg, '.halo text')).toContain('F16: 0');
});

test('names are text: no markup, no control or bidirectional characters, nothing from outside', async () => {
  const name = 'a<script>alert(1)</script>&"\'\u0007\u202e\ud800\uffff';
  const svg = await plotCheck(checkOf([checked(name, null, MIB, 0.1, 0.01)], { text: name }));
  expect(svg).not.toMatch(/[^\P{C}\n]/u);
  expect(svg).not.toMatch(/<script|href|url\(|<image|@import|<foreignObject/i);
  expect(svg.match(/https?:[^"]*/g)).toEqual(['http://www.w3.org/2000/svg']);
  const shown = texts(parseSvg(svg)).join('\n');
  expect(shown).toContain('\\u0007');
  expect(shown).toContain('script>');
});

test('the same check gives the same bytes, in light and dark', async () => {
  const [first, second] = [await plotCheck(checkOf(three)), await plotCheck(checkOf(three))];
  expect(second).toBe(first);
  expect(first).toMatch(/^<svg [^>]*>[\s\S]*<\/svg>\n$/);
  expect(first).toContain('@media (prefers-color-scheme:dark)');
});

test('without a base there is nothing to plot', async () => {
  const alone = { ...checked('a', 'Q8_0', MIB, 0, 0), divergence: null };
  await expect(plotCheck(checkOf([alone], { base: null }))).rejects.toThrow(NothingToPlotError);
});
