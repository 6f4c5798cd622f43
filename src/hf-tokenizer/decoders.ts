import type { Json, JsonObject } from '../json.js';
import { fromByteChars } from '../text/byte-level.js';
import { byteOfToken } from '../text/byte-tokens.js';
import { booleanField, component, isId, malformed, sequence, stringField, unsupported } from './fields.js';
import { replacer } from './normalizers.js';

/** Turns tokens into parts of a text. */
export type Decoder = (tokens: string[]) => string[];

type Build = (fields: JsonObject, where: string, depth: number) => Decoder;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

const BUILDERS: Readonly<Record<string, Build>> = {
  Sequence: (fields, where, depth) => {
    const members = sequence(fields, 'decoders', where, depth).map((m) => buildDecoder(m, depth + 1));
    return (tokens) => members.reduce((result, member) => member(result), tokens);
  },
  ByteLevel: () => (tokens) => [utf8.decode(Buffer.concat(tokens.map(fromByteChars)))],
  ByteFallback: () => byteFallback,
  Fuse: () => (tokens) => [tokens.join('')],
  Replace: (fields, where) => {
    const replace = replacer(fields, where);
    return (tokens) => tokens.map(replace);
  },
  Strip: (fields, where) => {
    const content = stringField(fields, 'content', where);
    const [start, stop] = [fields.start, fields.stop];
    if (!isId(start) || !isId(stop) || content === '') {
      throw malformed(`${where} lacks its content, start or stop`);
    }
    return (tokens) => tokens.map((token) => strip(token, content, start, stop));
  },
  Metaspace: (fields, where) => {
    const mark = stringField(fields, 'replacement', where, '▁');
    const older = booleanField(fields, 'add_prefix_space', where, true) ? 'always' : 'never';
    const prefixed = stringField(fields, 'prepend_scheme', where, older) !== 'never';
    return (tokens) =>
      tokens.map((token, i) => {
        const text = token.replaceAll(mark, ' ');
        return i === 0 && prefixed && text.startsWith(' ') ? text.slice(1) : text;
      });
  },
  WordPiece: (fields, where) => {
    const prefix = stringField(fields, 'prefix', where, '##');
    const cleans = booleanField(fields, 'cleanup', where, true);
    return (tokens) =>
      tokens.map((token, i) => {
        const joined = token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
        const text = i === 0 ? token : joined;
        return cleans ? cleanUp(text).replaceAll(' do not', " don't") : text;
      });
  },
};

/** Builds the `decoder` of tokenizer.json. Null makes one that joins tokens with spaces. */
export function buildDecoder(value: Json | undefined, depth = 0): Decoder {
  if (value === undefined || value === null) {
    return (tokens) => [tokens.join(' ')];
  }
  const { type, fields } = component(value, 'decoder');
  const build = Object.hasOwn(BUILDERS, type) ? BUILDERS[type] : undefined;
  if (!build) {
    throw unsupported(`the decoder ${type}`);
  }
  return build(fields, `decoder ${type}`, depth);
}

/** Cleans up a decoded text as transformers does for `clean_up_tokenization_spaces`. */
export function cleanUp(text: string): string {
  const rules = [
    [' .', '.'],
    [' ?', '?'],
    [' !', '!'],
    [' ,', ','],
    [" ' ", "'"],
    [" n't", "n't"],
    [" 'm", "'m"],
    [" 's", "'s"],
    [" 've", "'ve"],
    [" 're", "'re"],
  ] as const;
  return rules.reduce((result, [from, to]) => result.replaceAll(from, to), text);
}

/** Decodes runs of byte tokens. A run that is not UTF-8 becomes one replacement character for each byte. */
function byteFallback(tokens: string[]): string[] {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const result: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length > 0) {
      try {
        result.push(strict.decode(Uint8Array.from(bytes)));
      } catch {
        result.push('\ufffd'.repeat(bytes.length));
      }
      bytes = [];
    }
  };
  for (const token of tokens) {
    const byte = byteOfToken(token);
    if (byte === undefined) {
      flush();
      result.push(token);
    } else {
      bytes.push(byte);
    }
  }
  flush();
  return result;
}

function strip(token: string, content: string, start: number, stop: number): string {
  const chars = [...token];
  let from = 0;
  while (from < start && chars[from] === content) {
    from++;
  }
  let to = chars.length;
  while (chars.length - to < stop && to > from && chars[to - 1] === content) {
    to--;
  }
  return chars.slice(from, to).join('');
}
