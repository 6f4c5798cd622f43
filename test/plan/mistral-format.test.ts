import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openModel } from '#src/plan/open-model.js';
import { run } from '../calls/records.js';
import { writeTensors } from '../checkpoint/tensors.js';
import { dataTest, fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

/** The sizes of the source's params.json. */
const [DIM, HIDDEN, KEYS, VOCABULARY] = [64, 128, 32, 600];

/** Weights under Mistral's names, as consolidated.safetensors. */
function writeWeights(path: string): void {
  const layer = {
    ...{ attention_norm: [DIM], ffn_norm: [DIM] },
    ...{
      'attention.wq': [DIM, DIM],
      'attention.wk': [KEYS, DIM],
      'attention.wv': [KEYS, DIM],
      'attention.wo': [DIM, DIM],
    },
    ...{ 'feed_forward.w1': [HIDDEN, DIM], 'feed_forward.w2': [DIM, HIDDEN], 'feed_forward.w3': [HIDDEN, DIM] },
  };
  const layers = [0, 1].flatMap((i) => Object.entries(layer).map(([name, shape]) => [`layers.${i}.${name}`, shape]));
  const all = [
    ...layers,
    ['tok_embeddings', [VOCABULARY, DIM]],
    ['norm', [DIM]],
    ['output', [VOCABULARY, DIM]],
  ] as const;
  writeTensors(
    path,
    (all as readonly (readonly [string, readonly number[]])[]).map(([name, shape], i) => {
      const count = shape.reduce((product, size) => product * size, 1);
      const bytes = Buffer.from(Float32Array.from({ length: count }, (_, j) => ((i + j) % 7) / 8).buffer);
      return { name: `${name}.weight`, dtype: 'F32', shape, bytes };
    }),
  );
}

dataTest("a repository in Mistral's own format alone is read as --mistral-format reads it", async (data) => {
  const folder = tempFolder();
  cpSync(join(data, 'corpus/tok-tekken-v3/source/Tiny-Tekken-V3-0.1B'), folder, { recursive: true });
  const params = join(folder, 'params.json');
  const sizes = JSON.parse(readFileSync(params, 'utf8')) as object;
  writeFileSync(params, JSON.stringify({ ...sizes, max_position_embeddings: 2048 }));
  writeWeights(join(folder, 'consolidated.safetensors'));
  const convert = (mistralFormat: boolean) =>
    run({ source: folder, output: tempFolder(), mistralFormat, preTokenizer: 'llama-bpe', jobs: 1 });
  const [plain, asked] = [await convert(false), await convert(true)];
  const bytes = ({ result }: typeof plain) => readFileSync(result.files[0]?.path ?? '');
  expect(bytes(plain).equals(bytes(asked))).toBe(true);
  const said = ({ events }: typeof plain) => JSON.stringify(events).includes("read as a model in Mistral's own format");
  expect([said(plain), said(asked)]).toEqual([true, false]);
});

test("beside a model in transformers' format, Mistral's files are left alone", async () => {
  const folder = tempFolder();
  cpSync(join(fixtures, 'Tiny-Verse-2M'), folder, { recursive: true });
  writeFileSync(join(folder, 'params.json'), '{}');
  writeFileSync(join(folder, 'consolidated.safetensors'), '');
  const { isMistralFormat, config } = await openModel({ source: folder });
  expect([isMistralFormat, config.architecture]).toEqual([false, expect.stringMatching(/ForCausalLM$/)]);
});
