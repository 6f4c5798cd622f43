import type { Manifest, PublishedFile } from './manifest.js';

/** The figures of a check as cards and pages show them. */

type Measured = NonNullable<PublishedFile['measured']>;
type Measurement = Pick<NonNullable<Manifest['check']>, 'chunks' | 'ctx' | 'perplexity'>;

export interface Figure {
  readonly head: string;
  /** What it means, after its name; null where that is well known. */
  readonly meaning: string | null;
  text(measured: Measured): string;
}

export const FIGURES: readonly Figure[] = [
  { head: 'Perplexity', meaning: null, text: ({ perplexity }) => plusMinus(perplexity, 3) },
  {
    head: 'KL divergence',
    meaning: "how far a file's predictions are from the original's, in nats; 0 is no difference",
    text: ({ kld }) => plusMinus(kld, 5),
  },
  {
    head: 'Same top token',
    meaning: 'how often both find the same token the likeliest',
    text: ({ sameTop }) => `${(100 * sameTop.value).toFixed(1)} %`,
  },
];

/** What was measured. @param text what it was measured on. */
export function measuredOn(text: string, { chunks, ctx, perplexity }: Measurement): string {
  const original = `where the original has a perplexity of ${perplexity.value.toFixed(3)}`;
  return `Measured on ${text}, ${chunks} chunks of ${ctx} tokens, ${original}.`;
}

/** What the plot shows, for those who do not see it. */
export const PLOT_TEXT = 'Size against KL divergence';
/** What is measured on by default. */
export const BUNDLED_TEXT = "hf2gguf's bundled text";

function plusMinus({ value, error }: { value: number; error: number }, digits: number): string {
  return `${value.toFixed(digits)} ± ${error.toFixed(digits)}`;
}
