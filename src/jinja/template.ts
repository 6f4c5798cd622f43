import { TemplateSyntaxError } from './errors.js';
import { parse } from './parser.js';

export { TemplateError, TemplateSyntaxError } from './errors.js';
export { render as renderTemplate } from './render.js';

/** Parses a chat template. @returns the error with its line, or null for a valid template */
export function parseTemplate(template: string): string | null {
  try {
    parse(template);
    return null;
  } catch (error) {
    if (error instanceof TemplateSyntaxError) {
      return `line ${error.line}: ${error.message}`;
    }
    if (error instanceof RangeError) {
      return 'it is nested too deeply';
    }
    throw error;
  }
}
