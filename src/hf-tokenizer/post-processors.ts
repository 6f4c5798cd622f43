import { isObject, type Json, type JsonObject } from '../json.js';
import {
  arrayField,
  checkLength,
  component,
  isId,
  MAX_SEQUENCE,
  malformed,
  objectField,
  sequence,
  unsupported,
} from './fields.js';

/** Puts special tokens around the ids of a text. */
export type PostProcessor = (ids: number[]) => number[];

type Build = (fields: JsonObject, where: string, depth: number) => PostProcessor;

const BUILDERS: Readonly<Record<string, Build>> = {
  Sequence: (fields, where, depth) => {
    const members = sequence(fields, 'processors', where, depth).map((m) => buildPostProcessor(m, depth + 1));
    return (ids) => members.reduce((result, member) => member(result), ids);
  },
  ByteLevel: () => (ids) => ids,
  TemplateProcessing: template,
  BertProcessing: clsAndSep,
  RobertaProcessing: clsAndSep,
};

/** Builds the `post_processor` of tokenizer.json for a single text. */
export function buildPostProcessor(value: Json | undefined, depth = 0): PostProcessor {
  if (value === undefined || value === null) {
    return (ids) => ids;
  }
  const { type, fields } = component(value, 'post_processor');
  const build = Object.hasOwn(BUILDERS, type) ? BUILDERS[type] : undefined;
  if (!build) {
    throw unsupported(`the post-processor ${type}`);
  }
  return build(fields, `post_processor ${type}`, depth);
}

function template(fields: JsonObject, where: string): PostProcessor {
  const tokens = objectField(fields, 'special_tokens', where);
  const single = arrayField(fields, 'single', where);
  if (single.length > MAX_SEQUENCE) {
    throw malformed(`${where}.single has ${single.length} parts, more than ${MAX_SEQUENCE}`);
  }
  const parts = single.map((part): readonly number[] | null => {
    if (isObject(part) && isObject(part.Sequence)) {
      return null;
    }
    const name = isObject(part) && isObject(part.SpecialToken) ? part.SpecialToken.id : undefined;
    const token = typeof name === 'string' && Object.hasOwn(tokens, name) ? tokens[name] : undefined;
    const ids = isObject(token) ? token.ids : undefined;
    if (!Array.isArray(ids) || !ids.every(isId)) {
      throw malformed(`${where}.single names a special token without ids`);
    }
    return ids;
  });
  return (ids) => {
    checkLength(
      parts.reduce((length, part) => length + (part ?? ids).length, 0),
      where,
    );
    return parts.flatMap((part) => part ?? ids);
  };
}

function clsAndSep(fields: JsonObject, where: string): PostProcessor {
  const [cls, sep] = ['cls', 'sep'].map((key) => {
    const id = arrayField(fields, key, where)[1];
    if (!isId(id)) {
      throw malformed(`${where}.${key} has no id`);
    }
    return id;
  });
  return (ids) => [cls ?? 0, ...ids, sep ?? 0];
}
