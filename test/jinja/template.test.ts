import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTemplate, renderTemplate, TemplateError, TemplateSyntaxError } from '#src/jinja/template.js';

/** What jinja2 gave: a text, or an exception. */
interface Recorded {
  readonly text?: string;
  readonly type?: string;
  readonly message?: string;
  readonly line?: number;
}
type Values = Record<string, unknown>;

const folder = join('test', 'fixtures', 'templates');
const read = <T>(name: string): T => JSON.parse(readFileSync(join(folder, name), 'utf8'));
/** When the records were made. */
const now = new Date(2026, 0, 2, 3, 4, 5);

function outcome(template: string, values: Values): Recorded {
  try {
    return { text: renderTemplate(template, values, now) };
  } catch (error) {
    if (!(error instanceof TemplateError)) {
      throw error;
    }
    const { type, message } = error;
    return error instanceof TemplateSyntaxError ? { type, message, line: error.line } : { type, message };
  }
}

describe('chat templates', () => {
  const chats = Object.entries(read<Record<string, Values>>('chats.json'));
  const records = read<Record<string, Record<string, Recorded>>>('chats.expected.json');
  const common = {
    tools: null,
    documents: null,
    add_generation_prompt: true,
    bos_token: '<s>',
    eos_token: '</s>',
  };
  const names = readdirSync(join(folder, 'llama.cpp')).filter((name) => name.endsWith('.jinja'));

  test('each has its record', () => {
    expect(names.sort()).toEqual(Object.keys(records).sort());
  });

  test.each(names)('%s', (name) => {
    const template = readFileSync(join(folder, 'llama.cpp', name), 'utf8');
    expect(parseTemplate(template)).toBeNull();
    const rendered = chats.map(([chat, values]) => [chat, outcome(template, { ...common, ...values })]);
    expect(Object.fromEntries(rendered)).toEqual(records[name]);
  });
});

describe('constructs', () => {
  const { values } = read<{ values: Values }>('constructs.json');
  const records = Object.entries(read<Record<string, Recorded>>('constructs.expected.json'));

  test.each(records)('%j', (template, expected) => {
    expect(outcome(template, values)).toEqual(expected);
  });

  test.each(records)('%j parses, or not and is told where', (template, { type, message, line }) => {
    expect(parseTemplate(template)).toBe(type === 'TemplateSyntaxError' ? `line ${line}: ${message}` : null);
  });
});

describe('what is out of proportion', () => {
  test.each([
    ['brackets', '{{ '.concat('('.repeat(100_000))],
    ['blocks', '{% if x %}'.repeat(100_000)],
    ['operators', `{{ ${'not '.repeat(100_000)} }}`],
  ])('%s that nest too deeply', (_, template) => {
    expect(parseTemplate(template)).toBe('it is nested too deeply');
  });

  test('a loop that is left where there is none', () => {
    expect(parseTemplate('a\n{% break %}')).toBe("line 2: 'break' outside loop");
    expect(parseTemplate('{% for x in y %}{% macro f() %}{% continue %}{% endmacro %}{% endfor %}')).toBe(
      "line 1: 'continue' not properly in loop",
    );
  });

  test.each([
    ['a range', '{% for i in range(1000000000000) %}{% endfor %}', 'OverflowError'],
    ['a text', '{{ "a" * 1000000000000 }}', 'MemoryError'],
    ['a list', '{{ [1] * 1000000000000 }}', 'MemoryError'],
    ['a number', '{{ 10 ** 10000000000 }}', 'OverflowError'],
    ['a width', '{{ "%999999999d" % 1 }}', 'ValueError'],
    ['a width in braces', '{{ "{:>999999999}".format(1) }}', 'ValueError'],
  ])('%s', (_, template, type) => {
    expect(outcome(template, {})).toMatchObject({ type });
  });

  test('a million spaces', () => {
    const template = `{{ s|trim|length }}{{ s.rstrip()|length }}{{ s.split()|length }}{{ s|striptags }}${' '.repeat(1e6)}{{ 1 }}`;
    expect(outcome(template, { s: `a${' '.repeat(1e6)}b` }).text?.slice(0, 16)).toBe('100000210000022a');
  });
});
