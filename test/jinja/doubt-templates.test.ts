import type { GgufValue } from '#src/gguf/types.js';
import { doubtTemplates } from '#src/jinja/doubt-templates.js';
import { StrictError } from '#src/warnings.js';

async function doubts(texts: Record<string, string>, strict = false): Promise<string[]> {
  const warnings: string[] = [];
  const entries = Object.entries(texts).map(([key, value]): [string, GgufValue] => [key, { type: 'string', value }]);
  await doubtTemplates(entries, { strict, emit: ({ what }) => warnings.push(what) });
  return warnings;
}

const KEY = 'tokenizer.chat_template';
const GOOD = '{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}';

test('a template that can be parsed, and keys that are none: nothing is said', async () => {
  expect(await doubts({ [KEY]: GOOD, 'general.name': '{% if', 'tokenizer.chat_templates': '{%' })).toEqual([]);
});

test.each(['{% for m in messages %}{{ m.content }', '{% if', '{{ a + }}', '{% endfor %}', '{% for m in x %}'])(
  '%s',
  async (template) => {
    expect(await doubts({ [KEY]: template })).toEqual([
      expect.stringMatching(/^tokenizer\.chat_template is no template/),
    ]);
    await expect(doubts({ [KEY]: template }, true)).rejects.toThrow(StrictError);
  },
);

test('each of several is named', async () => {
  const [first, ...others] = await doubts({ [KEY]: GOOD, [`${KEY}.tool_use`]: '{% if' });
  expect(first).toMatch(/^tokenizer\.chat_template\.tool_use is/);
  expect(others).toEqual([]);
});

test.each([
  ['long', 'a'.repeat(2 ** 20 + 1), [/has 1048577 characters, more than 1048576/]],
  ['deep', `{{ ${'('.repeat(2 ** 18)} }}`, [/cannot be parsed \(.*nested too deeply/]],
  ['full of tags', '{{ a }}'.repeat(2 ** 17), []],
])('one that is very %s ends soon', async (_, template, said) => {
  expect(await doubts({ [KEY]: template })).toEqual(said.map((what) => expect.stringMatching(what)));
});
