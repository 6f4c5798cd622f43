import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConvertParams, QuantizeParams } from '#src/index.js';
import * as library from '#src/index.js';
import { root } from './paths.js';

/** Every class of the library, by name, with what it extends; abstract ones are thrown by nobody. */
function classes(): Map<string, { base: string; isAbstract: boolean }> {
  const dist = join(root, 'dist');
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
  const texts = files
    .filter((name) => name.endsWith('.d.ts') && !/^cli[/\\]/.test(name))
    .map((name) => readFileSync(join(dist, name), 'utf8'));
  const found = texts.flatMap((text) => [
    ...text.matchAll(/declare (?<abstract>abstract )?class (?<name>\w+) extends (?<base>\w+)/g),
  ]);
  return new Map(
    found.flatMap(({ groups }) =>
      groups ? [[groups.name ?? '', { base: groups.base ?? '', isAbstract: groups.abstract !== undefined }]] : [],
    ),
  );
}

test('every error that can be thrown is exported', () => {
  const all = classes();
  const isOurs = (name = ''): boolean => name === 'Hf2ggufError' || (all.has(name) && isOurs(all.get(name)?.base));
  const errors = [...all].filter(([name, { isAbstract }]) => name !== 'Hf2ggufError' && isOurs(name) && !isAbstract);
  expect(errors.length).toBeGreaterThan(100);
  const exported = new Set(Object.keys(library));
  expect(errors.map(([name]) => name).filter((name) => !exported.has(name))).toEqual([]);
});

test('names are checked by the compiler, in upper and in lower case', () => {
  const right: ConvertParams & QuantizeParams = {
    source: 'org/model',
    quant: ['q4_k_m', 'Q8_0', 'q4_k'],
    outtype: 'bf16',
    tensorType: ['ffn_down=q5_k', 'attn_.*=IQ4_XS'],
    outputTensorType: 'q6_k',
    preTokenizer: 'llama-bpe',
    arch: 'Qwen3ForCausalLM',
  };
  const wrong: (ConvertParams | QuantizeParams)[] = [
    // @ts-expect-error the name is q4_k_m
    { source: 'org/model', quant: 'q4km' },
    // @ts-expect-error nothing is converted to integers
    { source: 'org/model', outputTensorType: 'i32' },
    // @ts-expect-error no type
    { source: 'org/model', tensorType: ['ffn_down=q5'] },
    // @ts-expect-error the converter alone does not write it
    { source: 'org/model', outtype: 'q4_0' },
    // @ts-expect-error no pre-tokenizer
    { source: 'org/model', preTokenizer: 'llama' },
    // @ts-expect-error text from elsewhere is parsed first
    { source: 'org/model', quant: process.title },
  ];
  expect([right, ...wrong]).toHaveLength(7);
  const fromElsewhere: string = 'q4_K_m';
  expect(library.parseFileType(fromElsewhere)).toBe('Q4_K_M');
  expect(library.parseFileType('q4km')).toBe('Q4_K_M');
  expect(library.parseFileType('q4_k_n')).toBeUndefined();
});
