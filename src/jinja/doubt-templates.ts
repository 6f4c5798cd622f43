import type { GgufValue } from '../gguf/types.js';
import { MAX_TEMPLATE_LENGTH } from '../limits.js';
import { type DoubtSink, doubt } from '../warnings.js';

const KEY = 'tokenizer.chat_template';

/**
 * Warns of the chat templates among key-values that cannot be parsed.
 * @throws StrictError with `strict`
 */
export async function doubtTemplates(entries: Iterable<readonly [string, GgufValue]>, to: DoubtSink): Promise<void> {
  for (const [key, { value }] of entries) {
    const isTemplate = key === KEY || key.startsWith(`${KEY}.`);
    const problem = isTemplate ? await problemOf(value) : null;
    if (problem !== null) {
      doubt(
        to,
        `${key} is no template that can be used: ${problem}.`,
        'Correct it, or put another in its place: hf2gguf edit FILE --chat-template TEMPLATE.',
      );
    }
  }
}

async function problemOf(template: GgufValue['value']): Promise<string | null> {
  if (typeof template !== 'string') {
    return 'it is no text';
  }
  if (template.length > MAX_TEMPLATE_LENGTH) {
    return `it has ${template.length} characters, more than ${MAX_TEMPLATE_LENGTH}`;
  }
  // The module is loaded when it is needed, because few commands need it.
  const { parseTemplate } = await import('./template.js');
  const problem = parseTemplate(template);
  return problem === null ? null : `it cannot be parsed (${problem.replace(/\.$/, '').slice(0, 200)})`;
}
