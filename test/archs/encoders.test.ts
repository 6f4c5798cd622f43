import { mapTensors } from '#src/archs/map-tensors.js';
import { findArchitecture } from '#src/archs/registry.js';
import { derive } from '#src/config/derivations.js';
import { loadConfig } from '#src/config/load-config.js';
import type { JsonObject } from '#src/json.js';
import { ConfigFieldError } from '#src/language/fields.js';
import type { NamedExpr } from '#src/tensor/expr.js';
import { known } from './known.js';

const configOf = (architecture: string, fields: JsonObject) =>
  known(loadConfig({ architectures: [architecture], ...fields }));

function names(architecture: string, fields: JsonObject, sources: readonly string[]): readonly string[] {
  const own = configOf(architecture, fields);
  const tensors = sources.map(
    (name): NamedExpr => ({
      name,
      expr: { op: 'source', name, file: 'model.safetensors', offset: 0, dtype: 'F32', shape: [8, 8] },
    }),
  );
  return mapTensors(findArchitecture(own), own, tensors).map(({ name }) => name);
}

describe('T5', () => {
  const T5: JsonObject = { model_type: 't5', num_layers: 1, num_decoder_layers: 3 };

  test('the first of the embeddings that are there is written', () => {
    const all = ['decoder.embed_tokens.weight', 'encoder.embed_tokens.weight', 'shared.weight', 'lm_head.weight'];
    expect(names('T5ForConditionalGeneration', T5, all)).toEqual(['token_embd.weight', 'output.weight']);
    expect(names('T5EncoderModel', T5, ['shared.weight'])).toEqual(['token_embd.weight']);
  });

  test('a decoder may have more layers than the encoder', () => {
    const block = (b: number) => [
      `decoder.block.${b}.layer.0.SelfAttention.q.weight`,
      `decoder.block.${b}.layer.1.EncDecAttention.k.weight`,
      `decoder.block.${b}.layer.2.DenseReluDense.wi.weight`,
    ];
    expect(names('T5ForConditionalGeneration', T5, block(2))).toEqual([
      'dec.blk.2.attn_q.weight',
      'dec.blk.2.cross_attn_k.weight',
      'dec.blk.2.ffn_up.weight',
    ]);
    expect(() => names('T5ForConditionalGeneration', T5, block(3))).toThrow(/3 blocks only/);
  });
});

describe('the labels of a classifier', () => {
  const labels = (fields: JsonObject) =>
    derive('class_labels', configOf('BertForSequenceClassification', { model_type: 'bert', ...fields }));

  test.each<[string, JsonObject, readonly string[] | undefined]>([
    ['none given: the two that transformers makes up are none', {}, undefined],
    ['two made-up ones in the file', { id2label: { 0: 'LABEL_0', 1: 'LABEL_1' } }, undefined],
    ['one, of a reranker', { id2label: { 0: 'LABEL_0' } }, ['LABEL_0']],
    ['a number of them', { num_labels: 3 }, ['LABEL_0', 'LABEL_1', 'LABEL_2']],
    ['names', { id2label: { 1: 'no', 0: 'yes' } }, ['yes', 'no']],
    ['a null', { id2label: null, num_labels: 1 }, ['LABEL_0']],
  ])('%s', (_, fields, expected) => {
    expect(labels(fields)).toEqual(expected);
  });

  test('more than ten are in the order of their numbers', () => {
    const id2label = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [i, `class ${i}`]));
    expect(labels({ id2label })).toEqual(Object.values(id2label));
  });

  test('a label that is no text is refused', () => {
    expect(() => labels({ id2label: { 0: ['a'], 1: 'b', 2: 'c' } })).toThrow(ConfigFieldError);
  });

  test('with labels the last layer is the output, without the only one', () => {
    const classifier = (fields: JsonObject) =>
      names('BertForSequenceClassification', { model_type: 'bert', ...fields }, ['classifier.weight']);
    expect(classifier({ id2label: { 0: 'a', 1: 'b' } })).toEqual(['cls.output.weight']);
    expect(classifier({})).toEqual(['cls.weight']);
  });
});
