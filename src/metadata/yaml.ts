import { defineScalarTag, FAILSAFE_SCHEMA, loadAll, mergeTag, NOT_RESOLVED, realMapTag, YAMLException } from 'js-yaml';
import { SourceError } from '../errors.js';

/**
 * YAML as PyYAML's `safe_load` reads it, whose version 1.1 rules for plain scalars (`no` is a boolean, `1e5` a string)
 * reach the output. Patterns and values: resolver.py and constructor.py of PyYAML 6.0.
 */
export type YamlValue = string | null | YamlScalar | readonly YamlValue[] | YamlMap;
export type YamlMap = ReadonlyMap<unknown, YamlValue>;

/** A scalar that is no string, with its text as it stands in the file. */
export class YamlScalar {
  constructor(
    readonly kind: 'bool' | 'int' | 'float' | 'timestamp',
    readonly source: string,
    readonly value: boolean | number,
  ) {}
}

export class MalformedYamlError extends SourceError {}

const PLAIN = {
  bool: /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  int: /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
  float:
    /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  timestamp:
    /^[0-9]{4}-(?:[0-9]{2}-[0-9]{2}|[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$/,
};

const VALUES: Record<keyof typeof PLAIN, (source: string) => boolean | number> = {
  bool: (source) => /^(?:yes|true|on)$/i.test(source),
  int: (source) => numberOf(source),
  float: (source) => numberOf(source),
  timestamp: () => Number.NaN,
};

const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['.inf', Number.POSITIVE_INFINITY],
  ['.nan', Number.NaN],
]);

/** Binary, octal (a leading 0), hexadecimal, base 60 (`1:30`), or decimal. */
function numberOf(source: string): number {
  const [, sign, text = ''] = /^([-+]?)(.*)$/.exec(source.replaceAll('_', '').toLowerCase()) ?? [];
  const octal = /^0([0-7]+)$/.exec(text);
  const magnitude = octal
    ? Number(`0o${octal[1]}`)
    : (SPECIAL.get(text) ?? text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0));
  return sign === '-' ? -magnitude : magnitude;
}

const nullTag = defineScalarTag('tag:yaml.org,2002:null', {
  implicit: true,
  resolve: (source, explicit) => (explicit || /^(?:~|null|Null|NULL|)$/.test(source) ? null : NOT_RESOLVED),
  identify: () => false,
});

const scalarTags = (Object.keys(PLAIN) as (keyof typeof PLAIN)[]).map((kind) =>
  defineScalarTag(`tag:yaml.org,2002:${kind}`, {
    implicit: true,
    resolve: (source, explicit) =>
      explicit || PLAIN[kind].test(source) ? new YamlScalar(kind, source, VALUES[kind](source)) : NOT_RESOLVED,
    identify: () => false,
  }),
);

const schema = FAILSAFE_SCHEMA.withTags(mergeTag, realMapTag, nullTag, scalarTags);

/** Characters that may be parsed in all, over again included: a few seconds at most. */
const PARSE_BUDGET = 64 * 2 ** 20;

/**
 * One document; null for an empty text. Duplicate keys: the last one wins.
 * @param where the file's name, for the message.
 * @throws MalformedYamlError
 */
export function parseYaml(text: string, where: string): YamlValue {
  const lines = text.split('\n');
  for (let spent = 0; ; ) {
    try {
      const documents = loadAll(lines.join('\n'), { schema, json: true }) as YamlValue[];
      if (documents.length > 1) {
        throw new YAMLException('more than one document');
      }
      return documents[0] ?? null;
    } catch (cause) {
      spent += text.length;
      if (spent > PARSE_BUDGET || !indentContinuation(lines, cause)) {
        throw malformed(where, cause);
      }
    }
  }
}

/** PyYAML takes a flow collection or quoted scalar that goes on at the parent's indentation; in there, it means nothing. */
function indentContinuation(lines: string[], cause: unknown): boolean {
  const line =
    cause instanceof YAMLException && cause.reason === 'deficient indentation' ? cause.mark?.line : undefined;
  if (line === undefined || lines[line] === undefined) {
    return false;
  }
  lines[line] = ` ${lines[line]}`;
  return true;
}

function malformed(where: string, cause: unknown): MalformedYamlError {
  const reason = cause instanceof YAMLException ? cause.reason : String(cause);
  const line = cause instanceof YAMLException && cause.mark ? `, line ${cause.mark.line + 1}` : '';
  return new MalformedYamlError(
    `${where} is not valid YAML: ${reason}${line}.`,
    'Correct it, or tell the repository about it.',
    { cause },
  );
}
