import { GGML_TYPES, type GgmlType } from '#src/gguf/types.js';
import type { TensorStats, WrittenFile } from '#src/layout/written-file.js';
import { TYPE_COLORS } from '#src/plot/palette.js';
import { plotErrors } from '#src/plot/plot-errors.js';
import { all, parseSvg, placeOf, type SvgElement, texts } from './svg.js';

function tensor(name: string, type: GgmlType, relativeRmse: number): TensorStats {
  return { name, type, elements: 1, rmse: 1, relativeRmse, maxError: 1 };
}

function file(type: string, tensors: readonly TensorStats[], path = `/m/Model-${type}.gguf`): WrittenFile {
  return { path, type, tensors, size: 1, bitsPerWeight: 4, askedBitsPerWeight: 4, fallbackShare: 0, replaced: false };
}

const LAYERS = [0, 1, 2, 3];
const mixed = (type: GgmlType, error: number) => [
  tensor('token_embd.weight', 'Q6_K', 0.018),
  ...LAYERS.map((layer) => tensor(`blk.${layer}.attn_norm.weight`, 'F32', 0)),
  ...LAYERS.map((layer) =>
    tensor(`blk.${layer}.attn_v.weight`, layer === 2 ? 'Q6_K' : type, layer === 2 ? 0.018 : error),
  ),
  ...LAYERS.map((layer) => tensor(`blk.${layer}.ffn_down.weight`, type, error)),
];
const two = [file('Q8_0', mixed('Q8_0', 0.005)), file('Q4_K_M', mixed('Q4_K', 0.07))];
const draw = async (files: readonly WrittenFile[]) => parseSvg(await plotErrors(files));
/** Circles that are no swatches of the legend. */
const dots = (svg: SvgElement) => all(svg, 'circle').filter((circle) => circle.querySelector('title'));

test('a row a file, a column a kind; what lost nothing is not there', async () => {
  const svg = await draw(two);
  expect(svg.querySelector('title')?.textContent).toBe('Model: what each tensor loses');
  const shown = texts(svg);
  expect(shown).toEqual(expect.arrayContaining(['Q8_0', 'Q4_K_M', 'attn_v', 'ffn_down', 'token_embd', 'layer']));
  expect(shown).not.toContain('attn_norm');
  expect(dots(svg)).toHaveLength(2 * 8);
  expect(dots(svg).map(({ textContent }) => textContent)).toContain('blk.1.attn_v.weight Q4_K: 7.00 %');
});

test('ticks are round, and all panels have one scale', async () => {
  const svg = await draw(two);
  const labels = all(svg, '[aria-label="y-axis tick label"] text');
  const ticks = ['0.5 %', '1 %', '2 %', '5 %', '10 %'];
  expect(labels.map(({ textContent }) => textContent)).toEqual([...ticks, ...ticks]);
  const places = labels.map((label) => placeOf(label)[1]);
  expect(places.slice(0, 5)).toEqual(places.slice(5));
});

test('a type has its colour in every panel, and the legend says which', async () => {
  const svg = await draw(two);
  for (const dot of dots(svg)) {
    const [, type] = / (\w+):/.exec(dot.textContent) ?? [];
    expect(dot.getAttribute('fill')).toBe(TYPE_COLORS[type as GgmlType]);
  }
  const swatches = all(svg, 'circle').filter((circle) => !circle.querySelector('title'));
  const fills = swatches.map((circle) => circle.getAttribute('fill') ?? circle.parentElement?.getAttribute('fill'));
  expect(fills).toEqual([TYPE_COLORS.Q8_0, TYPE_COLORS.Q6_K, TYPE_COLORS.Q4_K]);
});

test('many files, kinds and layers: the picture stays of a size, and says what is left out', async () => {
  const layers = Array.from({ length: 200 }, (_, i) => i);
  const kinds = Array.from({ length: 20 }, (_, i) => `kind_${String(i).padStart(2, '0')}`);
  const tensors = layers.flatMap((layer) => kinds.map((kind) => tensor(`blk.${layer}.${kind}.weight`, 'Q4_K', 0.07)));
  const files = Array.from({ length: 15 }, (_, i) => file('Q4_K_M', tensors, `/m/Model-${i}.gguf`));
  const text = await plotErrors(files);
  const svg = parseSvg(text);
  expect(Number(svg.getAttribute('height'))).toBeLessThan(1400);
  expect(text.length).toBeLessThan(2e6);
  expect(texts(svg).join('\n')).toMatch(/; every \d+ layers; the first 12 of 15 files$/m);
  expect(texts(svg)).toContain('others');
});

test('nothing measured, or nothing lost: a picture all the same', async () => {
  for (const files of [[], [file('F32', [tensor('output.weight', 'F32', 0)])]]) {
    const svg = await draw(files);
    expect(svg.querySelector('title')?.textContent).toMatch(/what each tensor loses$/);
    expect(dots(svg)).toEqual([]);
  }
});

test('names are text, and the same files give the same bytes', async () => {
  const name = 'blk.0.<b>&"\u202e\u0007\nx';
  const files = [file('Q4_0', [tensor(name, 'Q4_0', 0.1)], '/m/<i>\u202e.gguf')];
  const svg = await plotErrors(files);
  expect(svg).not.toMatch(/[^\P{C}\n]|<[bi]>|<script|href/u);
  expect(svg).toContain('\\u{202e}');
  expect(await plotErrors(files)).toBe(svg);
});

/** Contrast as WCAG 2 defines it, which asks for 3 at least of what is no text. */
function contrast(color: string, luminance: number): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  const own = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return (Math.max(own, luminance) + 0.05) / (Math.min(own, luminance) + 0.05);
}

test.each(Object.keys(GGML_TYPES) as GgmlType[])(
  'the colour of %s is its own, and stands out in light and dark',
  (type) => {
    const color = TYPE_COLORS[type];
    expect(Object.values(TYPE_COLORS).filter((other) => other === color)).toHaveLength(1);
    expect(contrast(color, 1)).toBeGreaterThan(3);
    // Of #0d1117.
    expect(contrast(color, 0.0056)).toBeGreaterThan(3);
  },
);
