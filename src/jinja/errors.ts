/** An error in a template, in the words of Python and jinja2. `type` is the name of their exception. */
export class TemplateError extends Error {
  constructor(
    readonly type: string,
    message: string,
  ) {
    super(message);
  }
}

/** The template is not valid Jinja. `line` counts from 1. */
export class TemplateSyntaxError extends TemplateError {
  constructor(
    message: string,
    readonly line: number,
  ) {
    super('TemplateSyntaxError', message);
  }
}
