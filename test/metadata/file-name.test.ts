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

// A name that no reference writes, for it stops or writes elsewhere: what counts is where such a file would lie and show.
test.each([
  ['../../etc/passwd', 'etc-passwd-F16.gguf'],
  ['--help', 'help-F16.gguf'],
  ['$(reboot);`x`|y', '(reboot)--x--y-F16.gguf'],
  ['a\0b\u001b[31mc\u202ed\u200be\ufefff\u{e0041}', 'ab-31mcdef-F16.gguf'],
  ["it's C++ (模型)", "it's-C++-(模型)-F16.gguf"],
  ['\u202e..\u0000', 'ggml-model-F16.gguf'],
  ['..', 'ggml-model-F16.gguf'],
])('of the name %j remains %s', (name, expected) => {
  expect(outputName({ sampling: {}, texts: { name } }, 'F16')).toBe(expected);
});

test.each(['a', '模', '🦙b', 'a-'])('a name of a thousand times %s fits into a folder, also as a part', (text) => {
  const name = outputName({ sampling: {}, texts: { name: text.repeat(1000), size_label: '7B' } }, 'Q4_K_M');
  const bytes = Buffer.byteLength(name.replace('.gguf', '-00001-of-00005.gguf'));
  expect(bytes).toBeLessThanOrEqual(255);
  expect(bytes).toBeGreaterThan(250);
  expect(name).toMatch(/^[\p{L}-]*[\p{L}]-Q4_K_M\.gguf$/u);
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
