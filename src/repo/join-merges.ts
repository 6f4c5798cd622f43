const [SPACE, QUOTE, COMMA, BACKSLASH] = [0x20, 0x22, 0x2c, 0x5c];
const [OPEN, CLOSE, COLON] = [0x5b, 0x5d, 0x3a];
const KEY = '"merges"';
/** `u0020` */
const ESCAPED_SPACE = [0x75, 0x30, 0x30, 0x32, 0x30];
/** `#v`: the tokenizers library skips `"#version …"`, but not `["#version", "…"]`. */
const VERSION = [0x23, 0x76];

/**
 * Writes the merges of a tokenizer.json in their older form, `"a b"` for `["a", "b"]`, before the file is parsed: half a
 * million lists take longer to parse, and to collect as garbage, than all the rest of a tokenizer takes. Merges that
 * mean something else in the older form stay pairs. From the first that is no pair of strings on, nothing changes.
 * @param json UTF-8; need not be valid.
 */
export function joinMerges(json: Uint8Array): Uint8Array {
  let at = startOfList(json);
  if (at < 0) {
    return json;
  }
  const joined = new Uint8Array(json.length);
  joined.set(json.subarray(0, at));
  let end = at;
  for (at = skipSpace(json, at); ; at = skipSpace(json, at)) {
    const byte = json[at];
    if (byte === COMMA) {
      joined[end++] = COMMA;
      at++;
      continue;
    }
    const left = byte === OPEN ? skipSpace(json, at + 1) : -1;
    const leftEnd = endOfString(json, left);
    const comma = skipSpace(json, leftEnd);
    const right = json[comma] === COMMA ? skipSpace(json, comma + 1) : -1;
    const rightEnd = endOfString(json, right);
    const close = skipSpace(json, rightEnd);
    if (leftEnd < 0 || rightEnd < 0 || json[close] !== CLOSE) {
      break;
    }
    const joinedEnd = joinPair(json, [left, leftEnd, right, rightEnd], joined, end);
    end = joinedEnd < 0 ? copy(json, at, close + 1, joined, end) : joinedEnd;
    at = close + 1;
  }
  joined.set(json.subarray(at), end);
  return joined.subarray(0, end + json.length - at);
}

/** Behind the `[` of `"merges": [`; -1 if there is none. Quotes inside of strings have a backslash, so this is a key. */
function startOfList(json: Uint8Array): number {
  const buffer = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  for (let key = buffer.indexOf(KEY); key >= 0; key = buffer.indexOf(KEY, key + 1)) {
    const colon = skipSpace(json, key + KEY.length);
    const open = skipSpace(json, colon + 1);
    if (json[colon] === COLON && json[open] === OPEN) {
      return open + 1;
    }
  }
  return -1;
}

function skipSpace(json: Uint8Array, start: number): number {
  let at = start;
  while ((json[at] as number) <= SPACE) {
    at++;
  }
  return at;
}

/** Behind the quote that ends the string which begins at `start`; -1 if none begins or ends. */
function endOfString(json: Uint8Array, start: number): number {
  if (json[start] !== QUOTE) {
    return -1;
  }
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === QUOTE) {
      return at + 1;
    }
    if (json[at] === BACKSLASH) {
      at++;
    }
  }
  return -1;
}

/** Writes `"a b"` to `to`. @returns the end of what is written; -1 where the merge stays a pair. */
function joinPair(
  json: Uint8Array,
  [left, leftEnd, right, rightEnd]: readonly [number, number, number, number],
  to: Uint8Array,
  target: number,
): number {
  if (json[left + 1] === VERSION[0] && json[left + 2] === VERSION[1]) {
    return -1;
  }
  const middle = copyPlain(json, left, leftEnd - 1, to, target);
  if (middle < 0) {
    return -1;
  }
  to[middle] = SPACE;
  return copyPlain(json, right + 1, rightEnd, to, middle + 1);
}

/** Like `copy`; -1 where there is a space, or what may be an escape of one. */
function copyPlain(from: Uint8Array, start: number, end: number, to: Uint8Array, target: number): number {
  let at = target;
  for (let i = start; i < end; i++) {
    const byte = from[i] as number;
    if (byte === SPACE || (byte === BACKSLASH && ESCAPED_SPACE.every((code, j) => from[i + 1 + j] === code))) {
      return -1;
    }
    to[at++] = byte;
  }
  return at;
}

/** @returns the end of the copy. */
function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, target: number): number {
  to.set(from.subarray(start, end), target);
  return target + end - start;
}
