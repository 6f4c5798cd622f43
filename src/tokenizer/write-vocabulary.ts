import type { Config } from '../config/config.js';
import { readTokenizerFiles, type TokenizerFiles } from '../hf-tokenizer/tokenizer-files.js';
import type { TokenizerContext } from './context.js';
import { NoTokenizerError } from './errors.js';
import type { TokenizerKind } from './kinds/kind.js';
import { placeholder } from './kinds/placeholder.js';
import { KINDS } from './kinds.js';
import { noTokenizer } from './no-tokenizer.js';
import type { TokenizerPlan } from './plan.js';
import { STEPS } from './steps.js';
import { vocabularySize } from './vocabulary-size.js';

/**
 * Writes the `tokenizer.*` key-values of a model, with the first kind of tokenizer in its family's plan that applies.
 * ref-quirk: `set_vocab` in conversion/llama.py, conversion/qwen.py and conversion/base.py.
 * @returns the files that describe the tokenizer, with a tokenizer.json that was made of others if there is none.
 * @throws NoTokenizerError, UnsupportedTokenizerError, MalformedTokenizerError, InvalidTokenIdError,
 * InvalidVocabularySizeError, MalformedJsonError
 */
export async function writeVocabulary(context: TokenizerContext, plan: TokenizerPlan): Promise<TokenizerFiles> {
  const files = await readTokenizerFiles(context.files);
  const kind = await firstThatApplies(plan, context, files);
  for (const step of plan.before ?? []) {
    await STEPS[step](context, files);
  }
  const between = async () => {
    for (const step of plan.between ?? []) {
      await STEPS[step](context, files);
    }
  };
  await kind.write({ ...context, ...plan, config: roundedUp(context.config, plan.multiple), between }, files);
  for (const step of plan.after ?? []) {
    await STEPS[step](context, files);
  }
  return { ...files, tokenizer: files.tokenizer ?? (await kind.convert?.(context, files)) ?? null };
}

/** The configuration with its vocabulary's size rounded up. */
function roundedUp(config: Config, rounding: TokenizerPlan['multiple'] = 1): Config {
  const size = vocabularySize(config);
  const multiple = typeof rounding === 'number' ? rounding : vocabularySize(config, [rounding[0]]) || rounding[1];
  return size === undefined
    ? config
    : { ...config, hparams: { ...config.hparams, vocab_size: Math.ceil(size / multiple) * multiple } };
}

async function firstThatApplies(
  { kinds }: TokenizerPlan,
  context: TokenizerContext,
  files: TokenizerFiles,
): Promise<TokenizerKind> {
  for (const name of kinds) {
    if (await KINDS[name].applies(context, files)) {
      return KINDS[name];
    }
  }
  const error = await noTokenizer(context, files);
  if (error instanceof NoTokenizerError && kinds.includes('bpe') && (await placeholder.applies(context, files))) {
    return placeholder;
  }
  throw error;
}
