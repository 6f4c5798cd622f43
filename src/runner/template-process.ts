import { renderTemplate, TemplateSyntaxError } from '../jinja/template.js';
import { MAX_CHAT_LENGTH } from '../limits.js';

export interface TemplateRequest {
  readonly template: string;
  readonly values: Record<string, unknown>;
}

/** The rendered text, or the reason why there is none. */
export type TemplateAnswer = { readonly text: string } | { readonly problem: string };

function render({ template, values }: TemplateRequest): TemplateAnswer {
  try {
    const text = renderTemplate(template, values, new Date());
    return text.length > MAX_CHAT_LENGTH
      ? { problem: `writes ${text.length} characters, more than ${MAX_CHAT_LENGTH}` }
      : { text };
  } catch (error) {
    const where = error instanceof TemplateSyntaxError ? `line ${error.line}: ` : '';
    const message = error instanceof Error ? error.message : String(error);
    return { problem: `can't be rendered: ${where}${message.slice(0, 200).replace(/\.$/, '')}` };
  }
}

/** Renders one template. This module is the entry of a process that the caller can stop. */
process.once('message', (request: TemplateRequest) => {
  process.send?.(render(request), () => process.disconnect());
});
