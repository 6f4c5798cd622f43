import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { convert } from '#src/calls/convert.js';
import type { ConvertEvent } from '#src/calls/events.js';
import { SourceError } from '#src/errors.js';
import { StrictError } from '#src/warnings.js';
import { finish } from '../calls/records.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { rewriteSafetensors, type StoredTensor } from './safetensors.js';

interface Change {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly tensors?: (tensors: Map<string, StoredTensor>) => void;
}

/** Tiny-Verse-2M with something in it that is not as it was. */
function changed({ config, tensors }: Change): string {
  const folder = join(tempFolder(), 'model');
  cpSync(join(fixtures, 'Tiny-Verse-2M'), folder, { recursive: true });
  if (config) {
    const path = join(folder, 'config.json');
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...config }));
  }
  if (tensors) {
    rewriteSafetensors(join(folder, 'model.safetensors'), tensors);
  }
  return folder;
}

async function warningsOf(source: string, strict = false): Promise<string[]> {
  const warnings: string[] = [];
  const see = (event: ConvertEvent) => event.event === 'warning' && warnings.push(event.what);
  await finish(convert({ source, strict, output: join(tempFolder(), 'x.gguf'), jobs: 1 }), see);
  return warnings;
}

const Q_PROJ = 'model.layers.1.self_attn.q_proj.weight';

function withoutLayer2(all: Map<string, StoredTensor>): void {
  for (const name of [...all.keys()].filter((key) => key.includes('.layers.2.'))) {
    all.delete(name);
  }
}

test.each<[string, Change, RegExp]>([
  [
    'a tensor is missing',
    { tensors: (all) => all.delete(Q_PROJ) },
    /layers\.1\..*q_proj.* \(blk\.1\.attn_q\.weight\) is/,
  ],
  [
    'a layer is missing',
    { tensors: withoutLayer2 },
    /no tensors of layer 2, but num_hidden_layers in config\.json \(llama\.block_count\) is 3/,
  ],
  ['a layer more', { config: { num_hidden_layers: 4 } }, /no tensors of layer 3, but num_hidden_layers .* is 4/],
  [
    'another embedding',
    { config: { hidden_size: 128 } },
    /embed_tokens\.weight \(token_embd\.weight\) has the shape \[1024, 256\], but by hidden_size .* be \[1024, 128\]/,
  ],
  [
    'tokens without rows',
    { config: { vocab_size: 1030 } },
    /embed_tokens.* \[1024, 256\], but by vocab_size .* \[1030, 256\]/,
  ],
  ['another feed-forward length', { config: { intermediate_size: 1024 } }, /but by intermediate_size in config\.json/],
  [
    'a shorter head',
    { config: { head_dim: 32 } },
    /but by num_key_value_heads .* and head_dim .*\(and 11 more like that\)/,
  ],
  [
    'no context length',
    { config: { max_position_embeddings: null } },
    /no max_position_embeddings in config\.json \(llama\.co/,
  ],
  ['no epsilon', { config: { rms_norm_eps: null } }, /There is no rms_norm_eps in config\.json/],
  ['a negative epsilon', { config: { rms_norm_eps: -1 } }, /rms_norm_eps in config\.json .* is -1/],
  ['experts that are not used', { config: { num_local_experts: 8 } }, /of 8 experts \(num_local_experts/],
  [
    'a bias that nothing adds',
    {
      config: { tie_word_embeddings: false },
      tensors: (all) => all.set('lm_head.bias', { dtype: 'F32', shape: [1024], bytes: Buffer.alloc(4096) }),
    },
    /lm_head\.bias \(output\.bias\) has no place in the architecture llama/,
  ],
])('%s', async (_, change, message) => {
  const output = join(tempFolder(), 'x.gguf');
  const conversion = finish(convert({ source: changed(change), output }));
  await expect(conversion).rejects.toThrow(SourceError);
  await expect(conversion).rejects.toThrow(message);
  expect(existsSync(output)).toBe(false);
});

test('an output that is not tied and not there is doubtful', async () => {
  const source = changed({ config: { tie_word_embeddings: false } });
  expect(await warningsOf(source)).toContainEqual(expect.stringMatching(/not tied .* no lm_head\.weight/));
  await expect(warningsOf(source, true)).rejects.toThrow(StrictError);
  expect(await warningsOf(changed({}))).not.toContainEqual(expect.stringMatching(/tied/));
});
