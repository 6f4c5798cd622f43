import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { parseCard } from '#src/metadata/model-card.js';
import { type Card, writeCard } from '#src/publish/card.js';
import type { PublishedFile } from '#src/publish/manifest.js';
import { memoryRepo } from '../memory-repo.js';
import { root } from '../paths.js';

const SOURCE_CARD = `---
license: other
license_name: example-licence
language:
- no
- en
pipeline_tag: text-generation
tags:
- safetensors
- chat
extra: mine
---
# The source's own words
`;

function file(type: string, size: number, kld: number | null): PublishedFile {
  return {
    ...{ type, recipe: type, commit: 'c'.repeat(40), bitsPerWeight: 4.5, cache: 1_000_000 },
    parts: [{ path: `Model-${type}.gguf`, size, sha256: 'a'.repeat(64) }],
    measured:
      kld === null
        ? null
        : {
            perplexity: { value: 12.5, error: 0.25 },
            kld: { value: kld, error: 0.0001 },
            sameTop: { value: 0.95, error: 0 },
          },
  };
}

function cardOf(files: readonly PublishedFile[], source = SOURCE_CARD): Card {
  const repo = Object.assign(memoryRepo({}), { id: 'org/Model', name: 'Model', revision: 'c'.repeat(40) });
  const check = { text: null, ctx: 512, chunks: 2, tokens: 512, perplexity: { value: 12, error: 0.2 } };
  return {
    source: { id: 'org/Model', repo, card: parseCard(source).metadata, isPrivate: false, isGated: false, licences: [] },
    repository: 'me/Model-GGUF',
    manifest: { version: 1, source: 'org/Model', check, files: [...files] },
    making: { version: '1.2.3', options: '--quant q4_k_m', imatrix: 'imatrix.gguf' },
  };
}

/** Of a card: YAML 1.2, as the Hub's page reads it, and the text below. */
function parts(card: string) {
  const [, yaml = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(card) ?? [];
  return { metadata: load(yaml) as Record<string, unknown>, body };
}

const TWO = [file('Q8_0', 200, 0.001), file('Q4_K_M', 100, 0.03)];

describe('the model card of a published repository', () => {
  it('says where the model is from and under which terms', () => {
    const { metadata } = parts(writeCard(cardOf(TWO), null));
    expect(metadata).toMatchObject({
      license: 'other',
      license_name: 'example-licence',
      language: ['no', 'en'],
      pipeline_tag: 'text-generation',
      base_model: 'org/Model',
      base_model_relation: 'quantized',
      tags: ['chat', 'gguf', 'quantized'],
    });
  });

  it('reads "no" as Norwegian in YAML 1.1, too', () => {
    expect(writeCard(cardOf(TWO), null)).toMatch(/language:\n {2}- 'no'\n/);
  });

  it('has a row for each file, the smallest first, and figures only where they are known', () => {
    const { body } = parts(writeCard(cardOf([...TWO, file('Q6_K', 150, null)]), null));
    const rows = body.split('\n').filter((line) => line.startsWith('| ['));
    expect(rows.map((row) => /Model-(\w+)\.gguf/.exec(row)?.[1])).toEqual(['Q4_K_M', 'Q6_K', 'Q8_0']);
    expect(rows[0]).toContain('| 12.500 ± 0.250 | 0.03000 ± 0.00010 | 95.0 % |');
    expect(rows[1]).toContain('| – | – | – |');
    expect(parts(writeCard(cardOf([file('Q6_K', 150, null)]), null)).body).not.toContain('Perplexity');
  });

  it('recommends the smallest file that is close to the original', () => {
    expect(parts(writeCard(cardOf(TWO), null)).body).toContain('take **Q8_0**');
    expect(parts(writeCard(cardOf([file('Q8_0', 200, 0.001), file('Q6_K', 150, 0.01)]), null)).body).toContain(
      'take **Q6_K**',
    );
  });

  it("gives the measured figures in the Hub's fields for evaluations", () => {
    const { metadata } = parts(writeCard(cardOf(TWO), null));
    expect(metadata['model-index']).toMatchObject([
      {
        name: 'Model-GGUF',
        results: [
          {
            task: { type: 'text-generation' },
            metrics: expect.arrayContaining([
              { type: 'perplexity', name: 'Perplexity (Q8_0)', value: 12.5 },
              { type: 'kl_divergence', name: 'Mean KL divergence from Model (Q4_K_M)', value: 0.03 },
            ]),
          },
        ],
      },
    ]);
  });

  it('leaves what people wrote around it, and fields that they added', () => {
    const first = writeCard(cardOf([file('Q8_0', 200, null)]), null);
    const edited = first
      .replace('<!-- hf2gguf: from here -->', 'Words before.\n\n<!-- hf2gguf: from here -->')
      .replace('base_model_relation: quantized\n', 'base_model_relation: quantized\nquantized_by: me\n')
      .concat('\nWords after.\n');
    const second = writeCard(cardOf(TWO), edited);
    const { metadata, body } = parts(second);
    expect(metadata.quantized_by).toBe('me');
    expect(body.trim().startsWith('Words before.')).toBe(true);
    expect(body.trim().endsWith('Words after.')).toBe(true);
    expect(body.match(/# Model-GGUF/g)).toHaveLength(1);
    expect(writeCard(cardOf(TWO), second)).toBe(second);
  });

  it('puts itself above a card that is not its own', () => {
    const { body } = parts(writeCard(cardOf(TWO), 'A card of mine.\n'));
    expect(body.trim().endsWith('A card of mine.')).toBe(true);
  });

  it('takes no markup from the source into its text', () => {
    const hostile = cardOf(TWO, '---\nlicense: "mit](http://evil) <script>"\n---\n');
    expect(parts(writeCard(hostile, null)).body).not.toContain('<script>');
  });
});

test('the example in the documentation is a card as it was made, whose metadata can be read', () => {
  const [, yaml = ''] = /^---\n([\s\S]*?)\n---\n/.exec(readFileSync(join(root, 'docs/card-example.md'), 'utf8')) ?? [];
  expect(load(yaml)).toMatchObject({
    ...{ license: 'apache-2.0', language: ['en'], base_model: 'HuggingFaceTB/SmolLM2-135M-Instruct' },
    'model-index': [
      { results: [{ metrics: expect.arrayContaining([expect.objectContaining({ type: 'perplexity' })]) }] },
    ],
  });
});
