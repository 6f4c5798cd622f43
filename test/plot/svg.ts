import { DOMParser } from 'linkedom';
import type { Checked, CheckResult } from '#src/runner/check-result.js';

/** What tests ask of an element; the types of a browser are not there. */
export interface SvgElement {
  readonly textContent: string;
  readonly tagName: string;
  readonly parentElement: SvgElement | null;
  getAttribute(name: string): string | null;
  querySelector(selector: string): SvgElement | null;
  querySelectorAll(selector: string): Iterable<SvgElement>;
}

export function parseSvg(svg: string): SvgElement {
  return new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement;
}

export function all(within: SvgElement | null, selector: string): SvgElement[] {
  return [...(within?.querySelectorAll(selector) ?? [])];
}

export function texts(within: SvgElement | null, selector = 'text'): string[] {
  return all(within, selector).map(({ textContent }) => textContent);
}

/** Where it is put: of `translate(x,y)`. */
export function placeOf(element: SvgElement): [number, number] {
  const [, x, y] = /translate\(([-\d.]+),([-\d.]+)\)/.exec(element.getAttribute('transform') ?? '') ?? [];
  return [Number(x), Number(y)];
}

const estimate = { value: 0, error: 0 };
const spread = { minimum: 0, p10: 0, median: 0, p90: 0, p95: 0, p99: 0, p999: 0, maximum: 0 };

export function checked(source: string, type: string | null, size: number, value: number, error: number): Checked {
  const divergence = {
    perplexityRatio: estimate,
    kld: { value, error, ...spread },
    sameTop: estimate,
    probabilityDifference: { rms: estimate, mean: estimate },
  };
  return { source, type, size, bitsPerWeight: 4, perplexity: estimate, divergence };
}

export function checkOf(models: readonly Checked[], more: Partial<CheckResult> = {}): CheckResult {
  const base = { ...checked('org/Model', null, 2 ** 30, 0, 0), divergence: null };
  return { text: null, ctx: 512, chunks: 8, tokens: 2040, base, models, ...more };
}
