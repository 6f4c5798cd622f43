import { Template } from '@huggingface/jinja';
import { MAX_CHAT_LENGTH } from '../../limits.js';

export interface TemplateRequest {
  readonly template: string;
  readonly values: Record<string, unknown>;
}

/** A text, or why there is none. */
export type TemplateAnswer = { readonly text: string } | { readonly problem: string };

function render({ template, values }: TemplateRequest): TemplateAnswer {
  try {
    const text = new Template(template).render(values);
    return text.length > MAX_CHAT_LENGTH
      ? { problem: `writes ${text.length} characters, more than ${MAX_CHAT_LENGTH}` }
      : { text };
  } catch (error) {
    return { problem: `can't be rendered: ${String((error as Error).message).slice(0, 200)}` };
  }
}

/** Renders one template, in a process that can be stopped. */
process.once('message', (request: TemplateRequest) => {
  process.send?.(render(request), () => process.disconnect());
});
