import type { AnyCase } from '../any-case.js';
import { UsageError } from '../errors.js';
import { GGML_TYPES, type GgmlType } from '../gguf/types.js';
import { didYouMean, sameName } from '../options/near-names.js';
import type { TensorTypeRule } from './recipe/choose.js';

/** `--tensor-type`, `--tensor-type-file`, `--output-tensor-type` and `--token-embedding-type`, as llama-quantize reads them. */

/** No type that a tensor can be written in. */
export class TensorTypeError extends UsageError {}

/** `--tensor-type` that is not NAME=TYPE, or whose name is no regular expression. */
export class TensorTypeRuleError extends UsageError {}

/** A type that a tensor can be written in, as options take it. */
export type TensorTypeName = AnyCase<Exclude<GgmlType, 'F64' | 'I8' | 'I16' | 'I32' | 'I64'>>;

/** `regex=type`, as `tensorType` takes it. */
export type TensorTypeAssignment = `${string}=${TensorTypeName}`;

/** ggml's integers and float64 are in files, but nothing is converted to them. */
const WRITABLE = (Object.keys(GGML_TYPES) as GgmlType[]).filter((type) => !/^(I\d|F64)/.test(type));

/**
 * A ggml type by name; case, hyphens and underscores do not matter.
 * @param option what the user gave it to, for the message.
 * @throws {@link TensorTypeError}
 */
export function parseTensorType(name: string, option: string): GgmlType {
  const type = sameName(name, WRITABLE);
  if (!type) {
    throw new TensorTypeError(
      `${option}: ${JSON.stringify(name)} is no type that a tensor can be written in.`,
      didYouMean(name, WRITABLE, 'hf2gguf types lists them.'),
    );
  }
  return type;
}

/**
 * `NAME=TYPE`: NAME is lower-cased, as tensor names are, and is a regular expression that may match anywhere in one.
 * @throws {@link TensorTypeRuleError}, {@link TensorTypeError}
 */
export function parseTensorTypeRule(text: string, option = '--tensor-type'): TensorTypeRule {
  const at = text.indexOf('=');
  if (at <= 0 || at === text.length - 1) {
    throw new TensorTypeRuleError(
      `${option}: ${JSON.stringify(text)} is not NAME=TYPE.`,
      'Give a tensor name (a regular expression) and a type, such as attn_v=q8_0.',
    );
  }
  const pattern = parsePattern(
    text.slice(0, at).replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
    option,
  );
  return { pattern, type: parseTensorType(text.slice(at + 1), option) };
}

/**
 * The rules of a `--tensor-type-file`, separated by spaces or newlines.
 * @throws {@link TensorTypeRuleError}, {@link TensorTypeError}
 */
export function parseTensorTypeFile(text: string, path: string): TensorTypeRule[] {
  const rules = text.split(/[ \t\n\v\f\r]+/).filter((rule) => rule !== '');
  return rules.map((rule) => parseTensorTypeRule(rule, `--tensor-type-file ${path}`));
}

/** The C++ library's classes would mean something else here without a word. */
const POSIX_CLASS = /\[[^\]]*\[[:.=]/;

function parsePattern(source: string, option: string): RegExp {
  if (POSIX_CLASS.test(source)) {
    throw new TensorTypeRuleError(
      `${option}: the pattern ${source} has a class such as [:digit:], which is not supported.`,
      'Write the characters out, such as [0-9], or \\d.',
    );
  }
  try {
    return new RegExp(source);
  } catch (cause) {
    throw new TensorTypeRuleError(
      `${option}: ${cause instanceof Error ? cause.message : cause}.`,
      'Escape characters that have a meaning in regular expressions, such as \\. for a dot.',
      { cause },
    );
  }
}
