/**
 * The secrets that this process knows, and how they are taken out of whatever is shown. A server that was sent a token can
 * put it into any text that it answers: whole, encoded, or in parts.
 */

/** Letters and digits in a row that no text shares with a secret by chance; of the hexadecimal form twice as many. */
const SHORTEST = 8;

const secrets = new Set<string>();

/** All pieces of that length of all forms of all secrets, folded, with how often they have each. */
const pieces = new Map<string, number>();
const hexPieces = new Map<string, number>();

/** Which three letters or digits begin a piece, by their number in base 36: most places of a text are done with so. */
const beginnings = new Uint8Array(36 ** 3);

/** The number of a folded text's three characters up to `end`, from that of the three before. */
function beginning(folded: string, end: number, before: number): number {
  const code = folded.charCodeAt(end);
  return (before % 1296) * 36 + (code < 97 ? code - 48 : code - 87);
}

/** Only letters and digits count, in one case: hosts lose the case, and what shows a text may break or cut it anywhere. */
function fold(text: string): string {
  return text.replace(/[^0-9A-Za-z]+/g, '').toLowerCase();
}

/** Has all texts that are shown from now on be without this one. One of fewer than 8 letters and digits can't be told from words. */
export function registerSecret(secret: string): void {
  if (!secrets.has(secret)) {
    secrets.add(secret);
    count(secret, 1);
  }
}

/** Has texts be as they are again: where secrets come and go, not all of them can be known for good. */
export function forgetSecret(secret: string): void {
  if (secrets.delete(secret)) {
    count(secret, -1);
  }
}

function count(secret: string, by: number): void {
  const bytes = new TextEncoder().encode(secret);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  for (const form of [secret, ...base64Forms(bytes)]) {
    countPieces(fold(form), SHORTEST, pieces, by);
  }
  countPieces(hex, 2 * SHORTEST, hexPieces, by);
}

function countPieces(form: string, length: number, of: Map<string, number>, by: number): void {
  for (let i = 0; i + length <= form.length; i++) {
    const piece = form.slice(i, i + length);
    const count = (of.get(piece) ?? 0) + by;
    if (count > 0) {
      of.set(piece, count);
    } else {
      of.delete(piece);
    }
    beginnings[[0, 1, 2].reduce((number, at) => beginning(form, i + at, number), 0)] = 1;
  }
}

/** What is sure to be in the base64 of any text that holds the bytes: it depends on their place modulo 3. */
function base64Forms(bytes: Uint8Array): string[] {
  return [0, 1, 2].map((before) => {
    const binary = '\0'.repeat(before) + Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
    return btoa(binary).slice(Math.ceil((before * 8) / 6), Math.floor((binary.length * 8) / 6));
  });
}

const TOKENS = ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'];
const ADDRESSES = ['HF_ENDPOINT', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'HF2GGUF_REDIS_URL'];

/** Registers the tokens of an environment, and the passwords in its addresses. */
export function registerSecretsOf(env: Readonly<Record<string, string | undefined>>): void {
  for (const name of TOKENS) {
    registerSecret(env[name]?.trim() ?? '');
  }
  for (const address of ADDRESSES.flatMap((name) => [env[name] ?? '', env[name.toLowerCase()] ?? ''])) {
    if (URL.canParse(address)) {
      const { username, password } = new URL(address);
      registerSecret(password || username);
      registerSecret(decoded(password || username));
    }
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Texts that are secret whoever's they are: what is kept of them, and what stands for the rest. */
const PATTERNS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\b(?:hf|api_org)_[A-Za-z0-9]{20,}/g, 'hf_...'],
  [/\bhf_oauth_[\w.-]{20,}/g, 'hf_...'],
  [/\b(authorization["']?\s{0,9}[:=]\s{0,9}["']?(?:(?:bearer|basic|token)\s+)?)[^\s"'<>,;\\]+/gi, '$1[secret]'],
  [/\b(bearer\s+)[\w.~+/=-]{16,}/gi, '$1[secret]'],
  // Names and passwords in addresses.
  [/:\/\/[^\s/?#"'<>\\]*@/g, '://[secret]@'],
  // What signs an address.
  [
    /([?&;](?:x-(?:amz|goog|xet)-[\w-]*|signature|policy|key-pair-id|expires|awsaccesskeyid|sig|(?:\w+_)?(?:token|secret|password|api_?key))=)[^\s&#"'<>\\]+/gi,
    '$1[secret]',
  ],
];

/** The text without secrets: neither those registered, nor parts of them, nor what is one by its looks. */
export function withoutSecrets(text: string): string {
  // Vocabularies are long lists of short texts.
  return text.length < SHORTEST
    ? text
    : PATTERNS.reduce((shown, [pattern, instead]) => shown.replace(pattern, instead), withoutRegistered(text));
}

/** Whether a text holds a part of a registered secret. */
export function holdsSecret(text: string): boolean {
  return found(fold(text)).length > 0;
}

type Span = readonly [from: number, to: number];

/** Where a folded text has parts of secrets. */
function found(folded: string): Span[] {
  const spans: [number, number][] = [];
  if (pieces.size === 0 || folded.length < SHORTEST) {
    return spans;
  }
  let number = beginning(folded, 1, beginning(folded, 0, 0));
  for (let i = 0; i + SHORTEST <= folded.length; i++) {
    number = beginning(folded, i + 2, number);
    if (beginnings[number] === 0) {
      continue;
    }
    const isPiece = pieces.has(folded.slice(i, i + SHORTEST));
    if (isPiece || hexPieces.has(folded.slice(i, i + 2 * SHORTEST))) {
      const to = i + (isPiece ? SHORTEST : 2 * SHORTEST);
      const last = spans.at(-1);
      if (last && last[1] >= i) {
        last[1] = Math.max(last[1], to);
      } else {
        spans.push([i, to]);
      }
    }
  }
  return spans;
}

function withoutRegistered(text: string): string {
  const folded = fold(text);
  const spans = found(folded);
  if (spans.length === 0) {
    return text;
  }
  const places = new Uint32Array(folded.length);
  let count = 0;
  for (const { index } of text.matchAll(/[0-9A-Za-z]/g)) {
    places[count++] = index;
  }
  let [shown, end] = ['', 0];
  for (const [from, to] of spans) {
    const instead = folded.startsWith('hf', from) ? 'hf_...' : '[secret]';
    shown += text.slice(end, places[from]) + instead;
    end = (places[to - 1] ?? 0) + 1;
  }
  return shown + text.slice(end);
}
