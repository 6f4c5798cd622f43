import { MAX_ANSWER_BYTES, MAX_ANSWER_DEPTH } from '../limits.js';
import { WrongAnswerError } from './errors.js';
import type { Answer } from './transport.js';

const [QUOTE, BACKSLASH, ...BRACKETS] = Buffer.from('"\\[{]}');
const [OPEN_LIST, OPEN_OBJECT, CLOSE_LIST, CLOSE_OBJECT] = BRACKETS;

/**
 * Reads an answer of the Hub's API whole. It isn't parsed here, but it is certain to be no more than can be parsed.
 * @throws WrongAnswerError, and what the body throws
 */
export async function readWhole(answer: Answer, gained: (bytes: number) => void): Promise<Buffer> {
  const { where } = answer;
  if (answer.status !== 200) {
    answer.discard();
    throw new WrongAnswerError(where, `it has status ${answer.status} where 200 was due`);
  }
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body) {
    bytes += piece.length;
    if (bytes > MAX_ANSWER_BYTES) {
      throw new WrongAnswerError(where, `it has more than ${MAX_ANSWER_BYTES} bytes`);
    }
    gained(piece.length);
    pieces.push(piece);
  }
  const whole = Buffer.concat(pieces);
  if (!isShallow(whole)) {
    throw new WrongAnswerError(where, `its values are nested more than ${MAX_ANSWER_DEPTH} deep`);
  }
  return whole;
}

/** Whether no more than `MAX_ANSWER_DEPTH` brackets of a JSON text are open at a time. */
function isShallow(json: Uint8Array): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < json.length && depth <= MAX_ANSWER_DEPTH; i++) {
    const byte = json[i];
    if (inString) {
      i += byte === BACKSLASH ? 1 : 0;
      inString = byte !== QUOTE;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth++;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      depth--;
    }
  }
  return depth <= MAX_ANSWER_DEPTH;
}
