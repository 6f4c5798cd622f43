import { basename } from 'node:path';
import type { CheckResult, Measures } from '../runner/check-result.js';
import type { Manifest, PublishedFile } from './manifest.js';

/** What was measured, as a manifest keeps it. */
export function checkOf({ base, text, ctx, chunks, tokens }: CheckResult): NonNullable<Manifest['check']> {
  return { text: text && basename(text), ctx, chunks, tokens, perplexity: base?.perplexity ?? { value: 0, error: 0 } };
}

/** A file's figures, as a manifest keeps them; null where it was not compared with its source. */
export function measuredOf({ perplexity, divergence }: Measures): PublishedFile['measured'] {
  if (!divergence) {
    return null;
  }
  const { value, error } = divergence.kld;
  return { perplexity, kld: { value, error }, sameTop: divergence.sameTop };
}
