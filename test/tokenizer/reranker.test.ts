import type { Config } from '#src/config/config.js';
import { SmallFiles } from '#src/repo/small-files.js';
import { MalformedTokenizerError } from '#src/tokenizer/encoder/fields.js';
import { isQwen3Reranker, rerankTokenIds } from '#src/tokenizer/reranker.js';
import { type Files, memoryRepo, TINY_BPE } from './tiny.js';

// Expected values: conversion/qwen.py (Qwen3Model) of llama.cpp v0.5.0.

const config = (architecture: string): Config => ({ architecture, hparams: { model_type: 'qwen3' }, rope: {} });
const causal = config('Qwen3ForCausalLM');
const small = (files: Files, name?: string) => new SmallFiles(memoryRepo(files, name));

test.each([
  ['the name of its folder', small({}, 'My-qwen3-Reranker-4B'), causal, true],
  ['a heading of its card', small({ 'README.md': '---\n---\n# Qwen3-Reranker-0.6B' }), causal, true],
  ['its class', small({}), config('Qwen3ForSequenceClassification'), true],
  ['a mention in its card alone', small({ 'README.md': 'Goes with Qwen3-Reranker-0.6B' }), causal, false],
])('a reranker is known by %s', async (_, files, model, expected) => {
  expect(await isQwen3Reranker(files, model)).toBe(expected);
});

test('the rows of the head: yes, no', async () => {
  const model = { type: 'BPE', vocab: { a: 0, no: 1, yes: 2 }, merges: [] };
  expect(await rerankTokenIds(small({ 'tokenizer.json': { ...TINY_BPE, model } }))).toEqual([2, 1]);
  await expect(rerankTokenIds(small({ 'tokenizer.json': TINY_BPE }))).rejects.toBeInstanceOf(MalformedTokenizerError);
});
