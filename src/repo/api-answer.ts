import { limitPassed } from '../json.js';
import { MAX_ANSWER_BYTES, MAX_JSON_DEPTH } from '../limits.js';
import { WrongAnswerError } from './errors.js';
import type { Answer } from './transport.js';

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
  // Whatever the encoding makes of a character, brackets, quotes and commas are single bytes.
  if (limitPassed(whole.toString('latin1')) === 'depth') {
    throw new WrongAnswerError(where, `its values are nested more than ${MAX_JSON_DEPTH} deep`);
  }
  return whole;
}
