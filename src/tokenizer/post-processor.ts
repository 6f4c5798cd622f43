import { objectAt, objectsAt, stringAt } from '../hf-tokenizer/tokenizer-files.js';
import type { Json, JsonObject } from '../json.js';

/**
 * What tokenizer.json's post-processor tells about special tokens: which of them are added to a text (`add_bos_token`
 * and others), and the roles that tokenizer_config.json leaves open or contradicts.
 * ref-quirk: `SpecialVocab._try_load_from_tokenizer_json` in gguf-py/gguf/vocab.py; its guesses become part of the
 * output.
 */
export interface SpecialRoles {
  /** The entries of tokenizer_config.json, with `bos_token` and others corrected; null without that file. */
  readonly config: Record<string, Json | undefined> | null;
  /** The roles (`bos`, `eos`, ...) whose ids are looked up, in this order. */
  readonly types: string[];
  /** Role → whether its token is added, in the order of the keys in the file. */
  readonly add: Map<string, boolean>;
}

/** Reads the post-processor and changes `roles`. */
export function applyPostProcessor(tokenizer: JsonObject, roles: SpecialRoles): void {
  const { config, add } = roles;
  const special: Special = {
    bos: config?.bos_token,
    eos: config?.eos_token,
    cls: config?.cls_token,
    sep: config?.sep_token,
  };
  // CLS and SEP replace a missing BOS and EOS.
  if (!special.bos && special.cls && config) {
    config.bos_token = special.bos = special.cls;
  }
  if (!special.eos && special.sep && config) {
    config.eos_token = special.eos = special.sep;
  }
  const postProcessor = objectAt(tokenizer, 'post_processor');
  const processors = 'processors' in postProcessor ? objectsAt(postProcessor, 'processors') : [postProcessor];
  for (const processor of processors) {
    if (processor.type === 'RobertaProcessing') {
      for (const type of ['bos', 'eos', 'sep']) {
        add.set(type, true);
      }
      if (!special.cls && config) {
        config.cls_token = special.cls = first(processor.cls, special.bos);
      }
      if (!special.sep && config) {
        config.sep_token = special.sep = first(processor.sep, special.eos);
      }
    } else if (processor.type === 'TemplateProcessing') {
      const single = objectsAt(processor, 'single');
      const start = single.length > 1 ? specialAt(single[0]) : undefined;
      const end = single.length > 1 ? specialAt(single.at(-1)) : undefined;
      if (start) {
        applyStart(start, special, roles);
      }
      if (end) {
        applyEnd(end, special, roles);
      }
      applyPair(objectsAt(processor, 'pair'), start, end, special, roles);
    }
  }
}

/** Special tokens as tokenizer_config.json gives them: a text, an object with the text as `content`, or nothing. */
interface Special {
  bos: Json | undefined;
  eos: Json | undefined;
  cls: Json | undefined;
  sep: Json | undefined;
}

function applyStart(start: string, special: Special, { config, add }: SpecialRoles): void {
  if (!config) {
    special.bos = start;
  } else if (start !== special.bos && start !== special.cls) {
    if (!special.bos) {
      config.bos_token = special.bos = start;
    }
    if (!special.cls) {
      config.cls_token = special.cls = start;
    }
  }
  add.set('bos', start === special.bos || start === special.cls);
}

/**
 * Applies the last token of the template. If it is not the configured EOS, it becomes the EOS, and the old EOS becomes
 * EOT or else EOM.
 */
function applyEnd(end: string, special: Special, { config, types, add }: SpecialRoles): void {
  if (!config) {
    special.eos = end;
  } else if (end !== special.eos) {
    const free = ['eot', 'eom'].find((type) => !types.includes(type));
    if (free) {
      types.push(free);
      config[`${free}_token`] = special.eos;
    }
    config.eos_token = special.eos = end;
  }
  add.set('eos', true);
}

/** Decides from a template `A [sep] [eos] B` whether a separator is added: by the tokens between the two sequences. */
function applyPair(
  pair: readonly JsonObject[],
  start: string | undefined,
  end: string | undefined,
  special: Special,
  { config, add }: SpecialRoles,
): void {
  const from = start && specialAt(pair[0]) === start ? 1 : 0;
  const to = end && specialAt(pair.at(-1)) === end ? -1 : undefined;
  const inner = pair.slice(from, to);
  if (
    stringAt(objectAt(inner[0], 'Sequence'), 'id') !== 'A' ||
    stringAt(objectAt(inner.at(-1), 'Sequence'), 'id') !== 'B'
  ) {
    return;
  }
  const between = inner.slice(1, -1);
  if (between.length === 0) {
    return;
  }
  const separates = (item: JsonObject | undefined) => {
    const token = specialAt(item);
    return token !== undefined && token !== '' && (token === special.sep || token === special.eos);
  };
  const addSep = (separates(between[0]) && !end) || (between.length === 2 && separates(between[1]));
  add.set('sep', addSep);
  if (addSep && !special.sep && config) {
    config.sep_token = special.eos;
  }
}

function specialAt(item: JsonObject | undefined): string | undefined {
  return stringAt(objectAt(item, 'SpecialToken'), 'id');
}

/** The text of a token of RobertaProcessing, which has the form [text, id]. */
function first(token: Json | undefined, otherwise: Json | undefined): Json | undefined {
  return Array.isArray(token) ? token[0] : otherwise;
}
