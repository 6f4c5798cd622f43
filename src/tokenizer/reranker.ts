import type { Config } from '../config/config.js';
import type { KeyValues } from '../gguf/key-values.js';
import type { SmallFiles } from '../repo/small-files.js';
import { writeChatTemplate } from './chat-template.js';
import { malformedFile } from './errors.js';
import { objectAt } from './tokenizer-files.js';

/**
 * Rerankers of the Qwen3 family: language models whose answer, yes or no, is the score. The file gets a template of its
 * own and the two rows of the head as `cls.output`.
 * Reference: conversion/qwen.py, Qwen3Model.
 */
export async function isQwen3Reranker(files: SmallFiles, config: Config): Promise<boolean> {
  const card = ((await files.text('README.md')) ?? '').toLowerCase();
  const names = [files.repo.name, config.hparams._name_or_path, config.hparams.model_type, config.architecture];
  return (
    /# qwen3-(vl-)?reranker/.test(card) ||
    names.some((name) => typeof name === 'string' && /qwen3-(vl-)?reranker/.test(name.toLowerCase())) ||
    config.architecture.toLowerCase().includes('sequenceclassification')
  );
}

/** The rows of the head that a reranker keeps, in the order of `classifier.output_labels`: yes, no. */
export async function rerankTokenIds(files: SmallFiles): Promise<readonly [yes: number, no: number]> {
  const vocabulary = objectAt(objectAt(await files.json('tokenizer.json'), 'model'), 'vocab');
  const { yes, no } = vocabulary;
  if (typeof yes !== 'number' || typeof no !== 'number') {
    throw malformedFile('tokenizer.json', 'has no tokens "yes" and "no", which a reranker answers with');
  }
  return [yes, no];
}

/** Stands before the vocabulary's keys: the reference writes it with the model's parameters. */
export function writeRerankTemplate(kv: KeyValues): void {
  writeChatTemplate(kv, [{ name: 'rerank', template: RERANK_TEMPLATE }]);
}

// The prompt that the models were trained with (their model card), as the runner expects it.
const RERANK_TEMPLATE = [
  '<|im_start|>system',
  'Judge whether the Document meets the requirements based on the Query and the Instruct provided. ' +
    'Note that the answer can only be "yes" or "no".<|im_end|>',
  '<|im_start|>user',
  '<Instruct>: Given a web search query, retrieve relevant passages that answer the query',
  '<Query>: {query}',
  '<Document>: {document}<|im_end|>',
  '<|im_start|>assistant',
  '<think>',
  '',
  '</think>',
  '',
  '',
].join('\n');
