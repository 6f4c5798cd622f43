import { FileNameTemplateError, fillTemplate, type OutputKind, outputName } from '#src/metadata/file-name.js';

const metadata = {
  sampling: {},
  texts: { name: 'N', basename: 'Base / x', size_label: '7B', finetune: 'chat tune', version: 'v1' },
};

// The naming of each kind of output in conversion/base.py, qwen.py (--mtp) and convert_lora_to_gguf.py.
test.each<[OutputKind, string]>([
  ['model', 'Base---x-7B-chat-tune-v1-Q4_K_M.gguf'],
  ['vocab', 'Base---x-chat-tune-v1-vocab.gguf'],
  ['mmproj', 'mmproj-Base---x-chat-tune-v1-Q4_K_M.gguf'],
  ['mtp', 'mtp-Base---x-chat-tune-v1-Q4_K_M.gguf'],
  ['lora', 'Base---x-7B-chat-tune-v1-Q4_K_M-LoRA.gguf'],
])('the name of a %s file', (kind, name) => {
  expect(outputName(metadata, 'Q4_K_M', kind)).toBe(name);
});

// What Python's "...".format('q8_0', outtype='q8_0', ftype='q8_0', OUTTYPE='Q8_0', FTYPE='Q8_0') gives.
test.each([
  ['m-{ftype}.gguf', 'm-q8_0.gguf'],
  ['{OUTTYPE}-{FTYPE}-{outtype}-{}.gguf', 'Q8_0-Q8_0-q8_0-q8_0.gguf'],
  ['{0}-{0}', 'q8_0-q8_0'],
  ['{{ftype}}-{{{ftype}}}', '{ftype}-{q8_0}'],
  ['plain.gguf', 'plain.gguf'],
])('%s becomes %s', (template, name) => {
  expect(fillTemplate(template, 'Q8_0')).toBe(name);
});

test.each(['{name}.gguf', '{', '}', 'a{1}', '{ftype:>9}'])(
  '%s is refused with the template in the message',
  (template) => {
    expect(() => fillTemplate(template, 'Q8_0')).toThrow(FileNameTemplateError);
    expect(() => fillTemplate(template, 'Q8_0')).toThrow(template);
  },
);
