/** What a template does wrong, in Python's and jinja2's words. `type` is their exception's name. */
export class TemplateError extends Error {
  constructor(
    readonly type: string,
    message: string,
  ) {
    super(message);
  }
}

/** A template that isn't Jinja. `line` counts from 1. */
export class TemplateSyntaxError extends TemplateError {
  constructor(
    message: string,
    readonly line: number,
  ) {
    super('TemplateSyntaxError', message);
  }
}
