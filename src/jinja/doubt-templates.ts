import { runInNewContext } from 'node:vm';
import type { GgufValue } from '../gguf/types.js';
import { MAX_TEMPLATE_LENGTH } from '../limits.js';
import { type DoubtSink, doubt } from '../warnings.js';

/** Milliseconds for all templates of a file; one takes a few. */
const TIMEOUT = 5000;

const KEY = 'tokenizer.chat_template';

type Parse = (template: string) => unknown;

/**
 * Says which chat templates among key-values cannot be parsed.
 * @throws StrictError with `strict`
 */
export async function doubtTemplates(entries: Iterable<readonly [string, GgufValue]>, to: DoubtSink): Promise<void> {
  const templates = [...entries].filter(([key]) => key === KEY || key.startsWith(`${KEY}.`));
  const parse = templates.length > 0 ? await parser() : () => {};
  const end = performance.now() + TIMEOUT;
  for (const [key, { value }] of templates) {
    const problem = typeof value === 'string' ? problemOf(value, parse, end - performance.now()) : 'it is no text';
    if (problem !== null) {
      doubt(
        to,
        `${key} is no template that can be used: ${problem}.`,
        'Correct it, or put another in its place: hf2gguf edit FILE --chat-template TEMPLATE.',
      );
    }
  }
}

/** Loaded where it is needed: few of the commands do. */
async function parser(): Promise<Parse> {
  const { Template } = await import('@huggingface/jinja');
  return (template) => new Template(template);
}

/** Templates come from anywhere: what is in them may be made to take for ever. */
function problemOf(template: string, parse: Parse, timeout: number): string | null {
  if (template.length > MAX_TEMPLATE_LENGTH) {
    return `it has ${template.length} characters, more than ${MAX_TEMPLATE_LENGTH}`;
  }
  try {
    runInNewContext('parse(template)', { parse, template }, { timeout: Math.max(1, Math.ceil(timeout)) });
    return null;
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: unknown };
    return code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
      ? `it takes more than ${TIMEOUT / 1000} s to parse`
      : `it cannot be parsed (${String(message).slice(0, 200)})`;
  }
}
