import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ggufBytes, text, u32 } from '../gguf/byte-file.js';
import { cli, fixtures, root } from '../paths.js';
import { tempFolder } from '../temp.js';
import { run } from './run.js';

/** What a name may be up to: codes, in both forms; another order of letters; what is not seen; a line of its own. */
const EVIL = 'x\u001b[31m\u009b2J\u0007\u202efdp\u2066\u200b\ufeff\u{e0041}\u2028\u00ad\r\nSPOOF: done';

/** Characters that must not be in any output: kept apart from the implementation's own class. */
const HIDDEN = new RegExp(
  '[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb' +
    '\\ufdd0-\\ufdef\\u{e0000}-\\u{e007f}]',
  'u',
);

/** Stays while the tests go on. */
const around = mkdtempSync(join(tmpdir(), 'hf2gguf-test-'));
afterAll(() => rmSync(around, { recursive: true }));

/** A model whose folder and files say hostile things wherever text can stand, and conversions of it. */
function stage() {
  const folder = join(around, EVIL);
  const good = join(folder, `model ${EVIL}`);
  cpSync(join(fixtures, 'Tiny-Verse-2M'), good, { recursive: true });
  const read = (name: string) => JSON.parse(readFileSync(join(good, name), 'utf8')) as Record<string, never>;
  const [config, tokenizer, settings] = ['config.json', 'tokenizer.json', 'tokenizer_config.json'].map(read);
  const card = { model_name: EVIL, model_author: EVIL, license: EVIL, tags: [EVIL], base_model: [`${EVIL}/${EVIL}`] };
  const fields = Object.entries(card).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  const json = (name: string, value: unknown, at = good) => writeFileSync(join(at, name), JSON.stringify(value));
  json('config.json', { ...config, _name_or_path: EVIL });
  json('tokenizer_config.json', { ...settings, chat_template: `${EVIL}{{ messages[0].content }}` });
  writeFileSync(join(good, 'README.md'), `---\n${fields.join('\n')}\n---\n${EVIL}`);

  /** The same model with something else instead. */
  const bad = (name: string, change: (at: string) => void) => {
    const at = join(folder, name);
    cpSync(good, at, { recursive: true });
    change(at);
    return at;
  };
  const weights = (at: string, tensor: string, dtype: string) => {
    const header = Buffer.from(JSON.stringify({ [tensor]: { dtype, shape: [1], data_offsets: [0, 4] } }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(join(at, 'model.safetensors'), Buffer.concat([length, header, Buffer.alloc(4)]));
  };
  const models = {
    class: bad('class', (at) => json('config.json', { ...config, architectures: [EVIL], model_type: EVIL }, at)),
    scaling: bad('scaling', (at) => json('config.json', { ...config, rope_scaling: { rope_type: EVIL } }, at)),
    syntax: bad('syntax', (at) => writeFileSync(join(at, 'config.json'), `{"a": ${EVIL}`)),
    tensor: bad('tensor', (at) => weights(at, EVIL, 'F32')),
    dtype: bad('dtype', (at) => weights(at, 'model.norm.weight', EVIL)),
    shard: bad('shard', (at) => json('model.safetensors.index.json', { weight_map: { [EVIL]: `${EVIL}.bin` } }, at)),
    tokens: bad('tokens', (at) => json('tokenizer.json', { ...tokenizer, model: { type: EVIL } }, at)),
    template: bad('template', (at) =>
      json('tokenizer_config.json', { ...settings, chat_template: `{% ${EVIL} %}` }, at),
    ),
  };
  const family = join(folder, `family ${EVIL}.json`);
  writeFileSync(family, JSON.stringify({ classes: [EVIL], gguf: EVIL, [EVIL]: EVIL }));
  const strange = join(folder, `strange ${EVIL}.gguf`);
  const string = text(EVIL);
  const kv = ['general.architecture', 'general.name', EVIL].map((key) => [key, 8, string] as const);
  const tensors = [{ name: EVIL.slice(0, 40), ne: [4], type: 0, offset: 0 }];
  writeFileSync(strange, ggufBytes({ kv: [...kv, [`${EVIL}.n`, 4, u32(1)]], tensors, dataBytes: 32 }));
  return { folder, good, models, family, strange };
}

const { folder, good, models, family, strange } = stage();
const at = (name: string) => join(folder, `${name} ${EVIL}`);
const [f16, q8] = [`${at('f16')}.gguf`, `${at('q8')}.gguf`];
const evilFile = at('no such file');

/** An exit code that is not the matter here. */
const ANY = -1;

/** Commands, one after the other: later ones read what earlier ones wrote. */
const COMMANDS: readonly (readonly [what: string, code: number, args: readonly string[]])[] = [
  ['convert', 0, [good, '--outtype', 'f16', '-o', f16]],
  [
    'convert into a folder, with a plot',
    0,
    [good, '--quant', 'q8_0', '-o', `${folder}/`, '--stats-plot', `${at('p')}.svg`],
  ],
  ['a plan', 0, [good, '--outtype', 'q8_0', '--dry-run', '-v', '-o', folder]],
  ['an unknown option', 2, [good, `--${EVIL}`]],
  ['an unknown type', 2, [good, '--quant', EVIL]],
  ['an unknown family', 2, [good, '--arch', EVIL]],
  ['a file of a family', 4, [good, '--arch-file', family]],
  ['no source', 4, [evilFile]],
  ['a revision', 2, [good, '--revision', EVIL]],
  ['a token file', 4, [`org/model`, '--token-file', evilFile]],
  ['archs', 2, ['archs', EVIL]],
  ...Object.entries(models).map(([name, path]) => [`a bad ${name}`, ANY, [path, '-o', at(name)]] as const),
  ['inspect', 0, ['inspect', f16]],
  ['inspect what is strange', 0, ['inspect', strange]],
  ['quantize', 0, ['quantize', f16, q8, 'q8_0', '--stats']],
  ['quantize what is strange', ANY, ['quantize', strange, 'q8_0', '-o', at('strange')]],
  ['edit', 0, ['edit', f16, '--set', `my.key=${EVIL}`, '--set', `general.name=${EVIL}${EVIL}`]],
  ['edit what is not there', ANY, ['edit', f16, '--remove', EVIL]],
  ['diff', 0, ['diff', f16, q8]],
  ['diff with what is strange', 0, ['diff', f16, strange]],
  ['split', 0, ['split', q8, at('part'), '--split-max-tensors', '20']],
  ['merge', 0, ['merge', `${at('part')}-00001-of-00002.gguf`, `${at('merged')}.gguf`]],
  ['merge without the others', ANY, ['merge', `${at('gone')}-00001-of-00002.gguf`]],
  ['check', 0, ['check', q8, '--against', f16, '--chunks', '1', '--ctx', '32', '--plot', `${at('c')}.svg`]],
  ['check what is strange', ANY, ['check', strange]],
  ['run', 0, ['run', q8, EVIL, '-n', '2']],
  ['run without a file', 2, ['run', q8, '--prompt-file', evilFile]],
  ['imatrix', 0, ['imatrix', q8, '--chunks', '1', '--ctx', '32', '-o', at('imatrix')]],
  ['imatrix without its text', ANY, ['imatrix', q8, '--text', evilFile]],
];

/** Lines that a name began, and the first hidden character. */
function misdeeds(output: string) {
  return { spoofed: output.match(/^SPOOF.*/gm), hidden: HIDDEN.exec(output)?.[0].codePointAt(0)?.toString(16) ?? null };
}

test.each(COMMANDS)('%s: no name drives the terminal, in a pipe', async (_what, code, args) => {
  const { out, err, code: ended } = await run(args);
  // What is continued or said to the model keeps its lines.
  const said = args[0] === 'run' ? err : out + err;
  expect({ ...misdeeds(said), err }).toEqual({ spoofed: null, hidden: null, err });
  expect(HIDDEN.exec(out)).toBeNull();
  expect(ended).toBe(code === ANY ? ended : code);
  expect(ended).not.toBe(1);
});

/** Those that say much about files, or fail over what is in them. */
const JSON_COMMANDS = COMMANDS.filter(([what]) =>
  /plan|bad (class|syntax|dtype)|strange|^inspect|^diff|^edit$|^check$/.test(what),
);

test.each(JSON_COMMANDS)('%s: nor does JSON, or a trace', async (_what, _code, args) => {
  const { out, err } = await run([...args, '--json', ...(args.includes('-o') ? ['--force'] : [])], {
    HF2GGUF_DEBUG: '1',
  });
  expect({ hidden: HIDDEN.exec(out + err)?.[0] ?? null, err }).toEqual({ hidden: null, err });
  for (const line of out.split('\n').filter(Boolean)) {
    expect(() => JSON.parse(line)).not.toThrow();
  }
});

test('the values in JSON are the true ones', async () => {
  const { out } = await run(['inspect', strange, '--json']);
  const { source, kv, tensors } = JSON.parse(out);
  expect(source).toBe(strange);
  expect(kv[1]).toEqual(['general.name', { type: 'string', value: EVIL }]);
  expect(tensors[0].name).toBe(EVIL.slice(0, 40));
});

test('plots and files are named, and hold nothing hidden', () => {
  const files = readdirSync(folder);
  const plots = files.filter((name) => name.endsWith('.svg'));
  expect(plots).toHaveLength(2);
  for (const plot of plots) {
    expect(HIDDEN.exec(readFileSync(join(folder, plot), 'utf8'))).toBeNull();
  }
  // The one name that the model itself gave.
  expect(files.filter((name) => name.endsWith('-Q8_0.gguf'))).toEqual([expect.stringMatching(/^[\w.-]+$/)]);
});

const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux');
const terminalTest = hasScript ? test : test.skip;

/** All that a command writes to a terminal. */
function inTerminal(args: readonly string[]): Promise<string> {
  const command = [process.execPath, cli, ...args].map((word) => `'${word}'`).join(' ');
  const env = { PATH: process.env.PATH, TERM: 'xterm', HF_HOME: '/nonexistent', HF_HUB_OFFLINE: '1' };
  // Its standard input stays open, as a terminal's is.
  const child = spawn('script', ['-qec', command, join(tempFolder(), 'typescript')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env,
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    output += piece;
  });
  return new Promise((resolve) => {
    child.on('close', () => resolve(output));
  });
}

/** Colours, a line that is drawn anew, and the ends of lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of a terminal are what is looked for.
const OURS = /\x1b\[(?:1|2|22|31|33|36|39)m|\r\x1b\[2K|\r(?=\n)/g;

const SHOWN = ['convert', 'a plan', 'no source', 'inspect what is strange', 'check'];

terminalTest.each(COMMANDS.filter(([what]) => SHOWN.includes(what)))(
  '%s: no name drives the terminal that it is shown at',
  async (_what, _code, args) => {
    const output = await inTerminal(args);
    expect(output).toContain('\u001b[');
    expect({ hidden: HIDDEN.exec(output.replace(OURS, '')), output }).toEqual({ hidden: null, output });
  },
);

test('nothing but the screen writes to the standard streams', () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const writing = sources.filter((name) => {
    const code = readFileSync(join(root, 'src', name), 'utf8').replace(/^ *\*.*$|\/\/.*$/gm, '');
    return /\bconsole\.|\bprocess\.std(out|err)\.write|\bstd(out|err)\.write|writeSync\((1|2),/.test(code);
  });
  expect(writing).toEqual([]);
});
