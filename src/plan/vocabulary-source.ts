import type { Architecture } from '../archs/architecture.js';
import { findArchitecture } from '../archs/registry.js';
import { gatherFacts, noTarget } from '../config/facts.js';
import type { SmallFiles } from '../repo/small-files.js';
import { BPE_ALONE, type TokenizerPlan } from '../tokenizer/plan.js';
import { readConfig } from './read-config.js';

/** Where a vocabulary is read from, and how. */
export interface VocabularySource {
  readonly files: SmallFiles;
  readonly plan: TokenizerPlan;
}

/**
 * Where a model's vocabulary is: with its own files, or with those of the model that it drafts for. ref-quirk: `set_vocab`
 * of draft models in conversion/llama.py and conversion/qwen.py.
 * @throws NoTargetModelError, and as `findArchitecture` for that model
 */
export async function vocabularySource(
  { target: from, tokenizer: own = BPE_ALONE }: Architecture,
  files: SmallFiles,
  target: SmallFiles | undefined,
): Promise<VocabularySource> {
  if (from === undefined) {
    return { files, plan: own };
  }
  if (!target) {
    throw noTarget();
  }
  if (from === 'files') {
    return { files: target, plan: own };
  }
  const family = findArchitecture({ config: await readConfig(target), facts: await gatherFacts(target) });
  const { tokenizer = BPE_ALONE } = family;
  const plan = { ...tokenizer, after: [...(tokenizer.after ?? []), ...(own.after ?? [])] };
  return { files: target, plan };
}
