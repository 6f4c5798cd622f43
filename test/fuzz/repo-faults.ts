import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Dice } from './dice.js';

type Member = unknown;
type Holder = Record<string, Member>;

/** Spoils a folder in one way, and says what it did. */
type Fault = (folder: string, dice: Dice) => string;

const ESCAPES = ['\u001b[31m', '\u0007', '\u202e', '\u2066', '\0', '\r\n', '\u009b2J', '\ud800'];
const MEMBERS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

/** JSON texts that a field may have in place of its value. */
function hostileText(dice: Dice): string {
  const long = 10 ** (1 + dice.below(6));
  return dice.pick<() => string>([
    () => dice.pick(['null', 'true', 'false', '0', '-1', '0.5', '-0', '1e308', '1e-320', '{}', '[]', '""', '"x"']),
    () => dice.pick(['Infinity', '-Infinity', 'NaN', '1e999', '9007199254740993', '4294967296', '2147483648', '65536']),
    () => String(dice.whole()),
    () => JSON.stringify(dice.pick(MEMBERS)),
    () => JSON.stringify(`a${dice.pick(ESCAPES)}b`),
    () => JSON.stringify(dice.pick(['../../x', '/etc/passwd', '..', '.', 'a/b', 'a\\b', ' ', '-', '%2e%2e'])),
    () => `{"__proto__": {"polluted": true}, "constructor": 1, "type": ${JSON.stringify(dice.pick(MEMBERS))}}`,
    () => '['.repeat(long) + ']'.repeat(long),
    () => `${'{"a":'.repeat(long)}1${'}'.repeat(long)}`,
    () => JSON.stringify(dice.pick(['a', ' ', '((', '{{', 'a-', '\ud83d\ude00', '\\']).repeat(long)),
    () => `[${new Array(long).fill(dice.pick(['1', '"a"', 'Infinity', '[]', '{}', 'null'])).join(',')}]`,
    () => `{${Array.from({ length: Math.min(long, 1e5) }, (_, i) => `"k${i}":${i}`).join(',')}}`,
  ])();
}

/** Stands where a raw text will be put into JSON. */
const MARK = '@@raw@@';

/** All places in a JSON value: the object or list around it, and the key. */
function places(value: Member): [Holder, string][] {
  const found: [Holder, string][] = [];
  const left = [value];
  for (let next = left.pop(); next !== undefined && found.length < 20_000; next = left.pop()) {
    if (typeof next === 'object' && next !== null) {
      for (const key of Object.keys(next)) {
        found.push([next as Holder, key]);
        left.push((next as Holder)[key]);
      }
    }
  }
  return found;
}

/** Files whose names end so, except those that are no files any more. */
function filesOf(folder: string, ending = ''): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(ending) && lstatSync(join(folder, name)).isFile());
}

/** A place in a list of JSON, near the root as often as anywhere. */
function pickPlace(root: Member, dice: Dice): [Holder, string] | undefined {
  const all = places(root);
  const near = all.filter(([holder]) => holder === root);
  return all.length === 0 ? undefined : dice.pick(dice.chance(0.5) && near.length > 0 ? near : all);
}

/** Changes JSON at some place; `text` stands in place of the value. */
function changeJson(path: string, dice: Dice, text: string): string {
  let root: Member;
  try {
    root = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return 'a file that is no JSON any more, left as it is';
  }
  const place = pickPlace(root, dice);
  if (!place) {
    return 'an empty file, left as it is';
  }
  const [holder, key] = place;
  holder[key] = MARK;
  writeFileSync(
    path,
    JSON.stringify(root).replace(JSON.stringify(MARK), () => text),
  );
  return `${key}: ${text.slice(0, 60)}`;
}

const pickFile = (folder: string, dice: Dice, ending?: string) =>
  dice.pick([...filesOf(folder, ending), 'config.json']);

/** A file that is no part of the repository: one of this attempt's own, never a file of the machine. */
function outsideOf(folder: string): string {
  const path = join(dirname(folder), 'outside');
  writeFileSync(path, 'root:x:0:0:root:/root:/bin/sh\n');
  return path;
}

/** Puts something of another kind where a file was. */
function replace(path: string, put: (path: string) => void): void {
  rmSync(path, { force: true, recursive: true });
  put(path);
}

/** Changes the header of a safetensors file, and leaves its data. */
function changeHeader(path: string, change: (header: Holder) => string): void {
  const bytes = readFileSync(path);
  const end = 8 + Number(bytes.readBigUInt64LE());
  const text = Buffer.from(change(JSON.parse(bytes.toString('utf8', 8, end))));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, bytes.subarray(end)]));
}

const WEIGHTS = 'model.safetensors';
const hasWeights = (folder: string) => filesOf(folder, WEIGHTS).length > 0;

const CARDS: readonly ((dice: Dice) => string)[] = [
  () =>
    `a: &a [x, x]\n${Array.from({ length: 40 }, (_, i) => `b${i}: &b${i} [*${i ? `b${i - 1}` : 'a'}, *a]`).join('\n')}`,
  () => `a: &a {x: 1}\nb: {<<: [${new Array(500).fill('*a').join(', ')}]}\ntags: *a`,
  () => 'a: &a [*a]\ntags: *a',
  (dice) => `tags: ${'['.repeat(10 ** (1 + dice.below(5)))}`,
  (dice) => `tags: ${'- '.repeat(10 ** (1 + dice.below(5)))}x`,
  (dice) => `license: ${dice.pick(MEMBERS)}\n__proto__: x\nlanguage: [constructor, __proto__]`,
  (dice) => `name: "a\\e[31m${dice.pick(ESCAPES)}"\nbase_model: "\\u202e/x"`,
  (dice) => `base_model:\n${'- a/b\n'.repeat(10 ** (1 + dice.below(4)))}`,
  (dice) => `name: ${dice.pick(['a-', ' ', '-7b', 'A1'])}`.padEnd(10 ** (2 + dice.below(4)), 'a-7B-v1 '),
  () => 'tags: !!python/object:os.system x\nlicense: ? {a: b}',
  (dice) => `datasets:\n- ${hostileText(dice)}\nlanguage: ${hostileText(dice).slice(0, 1000)}`,
  (dice) => `a: [\n${'x,\n'.repeat(10 ** (1 + dice.below(4)))}`,
];

const TEMPLATES = [
  '{% for i in range(10**9) %}{% for j in range(10**9) %}x{% endfor %}{% endfor %}',
  '{{ "a" * 10**9 }}',
  `{{ ${'('.repeat(50_000)}1`,
  '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}',
  "{{ ''.__class__.__mro__ }}{{ messages.constructor.constructor('x')() }}",
  '{% raw %}',
  '{{ \u001b[31m }}',
  '{% set x = [] %}{% for i in range(100000) %}{% set x = x + x %}{% endfor %}',
];

const FAULTS: Readonly<Record<string, Fault>> = {
  value: (folder, dice) => {
    const file = pickFile(folder, dice, '.json');
    return `${file} ${changeJson(join(folder, file), dice, hostileText(dice))}`;
  },
  config: (folder, dice) => `config.json ${changeJson(join(folder, 'config.json'), dice, hostileText(dice))}`,
  key: (folder, dice) => {
    const file = pickFile(folder, dice, '.json');
    const name = dice.pick([...MEMBERS, ...ESCAPES]);
    const text = readFileSync(join(folder, file), 'utf8');
    const keys = [...text.matchAll(/"[^"\\]*"(?=\s*:)/g)];
    const at = keys.length > 0 ? dice.pick(keys) : undefined;
    if (at) {
      const end = at.index + at[0].length;
      writeFileSync(join(folder, file), text.slice(0, at.index) + JSON.stringify(name) + text.slice(end));
    }
    return `${file} ${at?.[0]} becomes ${JSON.stringify(name)}`;
  },
  duplicate: (folder, dice) => {
    const file = pickFile(folder, dice, '.json');
    const text = readFileSync(join(folder, file), 'utf8');
    const keys = [...text.matchAll(/"[^"\\]*"(?=\s*:)/g)];
    const key = keys.length > 0 ? dice.pick(keys)[0] : '"a"';
    writeFileSync(
      join(folder, file),
      text.replace('{', () => `{${key}: ${hostileText(dice)},`),
    );
    return `${file} ${key} twice`;
  },
  cut: (folder, dice) => {
    const file = pickFile(folder, dice);
    const { size } = lstatSync(join(folder, file));
    truncateSync(join(folder, file), dice.below(size + 1));
    return file;
  },
  bytes: (folder, dice) => {
    const file = pickFile(folder, dice);
    const bytes = readFileSync(join(folder, file));
    for (let i = 1 + dice.below(8); i > 0 && bytes.length > 0; i--) {
      const end = dice.chance(0.5) ? Math.min(bytes.length, 4096) : bytes.length;
      bytes[dice.below(end)] = dice.pick([0, 0xff, 0xc0, 0xed, 0x1b, 0x22, 0x7b, 0x5b, dice.below(256)]);
    }
    writeFileSync(join(folder, file), bytes);
    return file;
  },
  huge: (folder, dice) => {
    const file = dice.pick([
      ...filesOf(folder),
      'README.md',
      'added_tokens.json',
      'chat_template.jinja',
      'modules.json',
    ]);
    if (dice.chance(0.5)) {
      replace(join(folder, file), (path) => writeFileSync(path, ''));
    } else {
      appendFileSync(join(folder, file), '');
    }
    truncateSync(join(folder, file), 2 ** (18 + dice.below(18)));
    return file;
  },
  special: (folder, dice) => {
    const file = pickFile(folder, dice);
    const kind = dice.pick(['itself', 'outside', 'nowhere', 'folder', 'fifo', 'circle']);
    replace(join(folder, file), (path) => {
      if (kind === 'folder') {
        mkdirSync(path);
      } else if (kind === 'fifo') {
        execFileSync('mkfifo', [path]);
      } else {
        symlinkSync({ itself: file, outside: outsideOf(folder), nowhere: 'nowhere', circle: '..' }[kind] ?? '.', path);
      }
    });
    return `${file} ${kind}`;
  },
  names: (folder, dice) => {
    const name = dice.pick([
      `a${dice.pick(ESCAPES.filter((text) => text !== '\0'))}.safetensors`,
      'model-00001-of-99999.safetensors',
      'model-00000-of-00000.safetensors',
      `additional_chat_templates/${dice.pick(['\u001b[31m', '__proto__', '\u202e'])}.jinja`,
      'model.safetensors.index.json/x',
      'x'.repeat(250),
      '__proto__',
    ]);
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), dice.pick(['', '{}', '{{ x }}']));
    if (name.startsWith('additional')) {
      writeFileSync(join(folder, 'chat_template.jinja'), '{{ messages }}');
    }
    return JSON.stringify(name);
  },
  tensor: (folder, dice) => {
    if (!hasWeights(folder)) {
      return 'no weights';
    }
    let what = '';
    changeHeader(join(folder, WEIGHTS), (header) => {
      const [name, field] = [dice.pick(Object.keys(header)), dice.pick(['dtype', 'shape', 'data_offsets'])];
      const text = dice.pick([
        () => hostileText(dice),
        () => `[${dice.whole()}, ${dice.whole()}]`,
        () => `[${dice.below(100)}, ${dice.below(100_000)}]`,
        () => JSON.stringify(dice.pick(['F32', 'BF16', 'F16', 'I64', 'BOOL', 'F8_E4M3', 'F4', ...MEMBERS])),
      ])();
      what = `${name}.${field}: ${text.slice(0, 60)}`;
      (header[name] as Holder)[field] = MARK;
      return JSON.stringify(header).replace(JSON.stringify(MARK), () => text);
    });
    return what;
  },
  tensorName: (folder, dice) => {
    if (!hasWeights(folder)) {
      return 'no weights';
    }
    const name = dice.pick([
      ...MEMBERS,
      ...ESCAPES,
      'x'.repeat(100_000),
      '',
      'model.layers.9999999999.mlp.up_proj.weight',
    ]);
    let old = '';
    changeHeader(join(folder, WEIGHTS), (header) => {
      old = JSON.stringify(dice.pick(Object.keys(header)));
      return JSON.stringify(header).replace(old, () => JSON.stringify(name));
    });
    return `${old} becomes ${JSON.stringify(name).slice(0, 60)}`;
  },
  headerLength: (folder, dice) => {
    if (!hasWeights(folder)) {
      return 'no weights';
    }
    const bytes = readFileSync(join(folder, WEIGHTS));
    const length = dice.whole();
    bytes.writeBigUInt64LE(length);
    writeFileSync(join(folder, WEIGHTS), bytes);
    return String(length);
  },
  index: (folder, dice) => {
    const file = dice.pick([
      'missing.safetensors',
      '../x',
      '/etc/passwd',
      WEIGHTS,
      'config.json',
      ...MEMBERS,
      ...ESCAPES,
    ]);
    const text = dice.pick([
      () => JSON.stringify({ weight_map: { 'model.embed_tokens.weight': file } }),
      () => `{"weight_map": {"__proto__": ${JSON.stringify(file)}}}`,
      () =>
        JSON.stringify({ weight_map: Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`t${i}`, `${i}`])) }),
      () => `{"weight_map": ${hostileText(dice)}}`,
    ])();
    writeFileSync(join(folder, 'model.safetensors.index.json'), text);
    return text.slice(0, 80);
  },
  tokens: (folder, dice) => {
    const file = 'tokenizer.json';
    if (filesOf(folder, file).length === 0) {
      return 'no tokenizer.json';
    }
    const tokenizer = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Holder;
    const { vocab, merges } = tokenizer.model as { vocab: Holder; merges: Member[] };
    const token = dice.pick(Object.keys(vocab));
    const change = dice.pick<[string, () => void]>([
      ['an id of another token', () => Object.assign(vocab, { [token]: 1 })],
      ['an id', () => Object.assign(vocab, { [token]: Number(dice.whole()) })],
      ['a missing token', () => delete vocab[token]],
      ['a dangling merge', () => merges.unshift('\u0120nowhere \u0120to')],
      ['a cyclic merge', () => merges.unshift(...['a b', 'b a', 'a b'])],
      [
        'added tokens',
        () =>
          Object.assign(tokenizer, {
            added_tokens: [
              { id: 2 ** 31, content: token },
              { id: -1, content: 'x' },
            ],
          }),
      ],
      [
        'many tokens',
        () => Object.assign(vocab, Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`t${i}`, 5000 + i]))),
      ],
    ]);
    change[1]();
    writeFileSync(join(folder, file), JSON.stringify(tokenizer));
    return change[0];
  },
  component: (folder, dice) => {
    const file = 'tokenizer.json';
    if (filesOf(folder, file).length === 0) {
      return 'no tokenizer.json';
    }
    const tokenizer = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Holder;
    const [key, list] = dice.pick([
      ['normalizer', 'normalizers'],
      ['pre_tokenizer', 'pretokenizers'],
      ['post_processor', 'processors'],
      ['decoder', 'decoders'],
    ] as const);
    const size = 10 ** (1 + dice.below(6));
    const component = dice.pick([
      { type: 'Replace', pattern: { String: 'a' }, content: 'a'.repeat(size) },
      { type: 'Replace', pattern: { String: 'a'.repeat(size) }, content: '' },
      { type: 'Replace', pattern: { Regex: '(a|a)*b' }, content: '' },
      { type: 'Split', pattern: { Regex: '(?:x*)*y' }, behavior: 'Isolated' },
      { type: 'Split', pattern: { Regex: '(?<='.repeat(size) }, behavior: 'Isolated' },
      { type: 'Prepend', prepend: 'a'.repeat(size) },
      { type: 'ByteLevel', add_prefix_space: true, use_regex: false },
      {
        type: 'TemplateProcessing',
        single: new Array(Math.min(size, 60)).fill({ Sequence: { id: 'A' } }),
        special_tokens: {},
      },
      { type: 'Precompiled', precompiled_charsmap: 'AAAA'.repeat(size) },
      { type: dice.pick(MEMBERS) },
    ]);
    tokenizer[key] = dice.chance(0.5) ? component : { type: 'Sequence', [list]: new Array(60).fill(component) };
    writeFileSync(join(folder, file), JSON.stringify(tokenizer));
    return `${key} ${component.type} ${size}`;
  },
  card: (folder, dice) => {
    const text = dice.pick(CARDS)(dice);
    writeFileSync(join(folder, 'README.md'), `---\n${text}\n---\n# ${dice.pick(ESCAPES)}`);
    return JSON.stringify(text.slice(0, 60));
  },
  template: (folder, dice) => {
    const template = dice.pick(TEMPLATES);
    writeFileSync(join(folder, 'chat_template.jinja'), template);
    return changeJson(join(folder, 'tokenizer_config.json'), dice, JSON.stringify({ chat_template: template }));
  },
  modules: (folder, dice) => {
    const path = dice.pick(['../..', '/etc', '', '.', '__proto__', '1_Pooling', '\u001b[31m']);
    writeFileSync(join(folder, 'modules.json'), JSON.stringify([{ type: 'x.Pooling', path }]));
    return path;
  },
};

/** Spoils a folder with one to three faults, and says with which. */
export function spoil(folder: string, dice: Dice): string {
  const count = 1 + dice.below(3);
  const names = Array.from({ length: count }, () => dice.pick(Object.keys(FAULTS)));
  // What makes links and pipes comes last: a fault behind it would write through a link, or wait at a pipe.
  names.sort((a, b) => Number(a === LAST) - Number(b === LAST));
  return names
    .map((name) => {
      try {
        return `${name} (${FAULTS[name]?.(folder, dice)})`;
      } catch (error) {
        // An earlier fault left nothing that this one could spoil.
        return `${name} (not possible: ${error instanceof Error ? error.message.slice(0, 60) : ''})`;
      }
    })
    .join(', ');
}

const LAST = 'special';
