import { join } from 'node:path';
import { KeyValues } from '#src/gguf/key-values.js';
import { TOKEN_TYPE } from '#src/gguf/token-type.js';
import { withinTime } from '#src/plan/within-time.js';
import { BYTE_CHARS } from '#src/text/byte-level.js';
import { openVocabulary } from '#src/tokenize/open.js';
import { PRE_TOKENIZERS } from '#src/tokenize/pre-tokenizers.js';
import { writeVocabulary } from '#src/tokenizer/write-vocabulary.js';
import { fixtures } from '../paths.js';
import type { VocabularyAnswer } from '../peer/ask-vocabulary.js';
import { openModel } from '../tokenizer/folder.js';
import { PLANS, type PlanName } from '../tokenizer/plans.js';
import { encoderVocabularies } from './encoder-vocabularies.js';

/** The `tokenizer.*` key-values of a repository's folder. */
export async function vocabularyOfFolder(folder: string, plan: PlanName): Promise<KeyValues> {
  const { files, config } = await openModel(folder);
  const kv = new KeyValues().string('general.architecture', 'llama');
  await writeVocabulary({ files, config, kv, withinTime, warn: () => {} }, PLANS[plan]);
  return kv;
}

/** What `openVocabulary` makes of it, as llama.cpp is asked for it. */
export function answerOf(kv: KeyValues, texts: readonly string[]): VocabularyAnswer {
  const vocabulary = openVocabulary(kv);
  const { bos, eos, addBos, addEos, endOfGeneration } = vocabulary;
  const piece = (token: number, special: boolean) => Buffer.from(vocabulary.piece(token, { special })).toString('hex');
  return {
    ...{ bos: bos ?? NULL_TOKEN, eos: eos ?? NULL_TOKEN, addBos, addEos },
    ends: [...endOfGeneration].sort((a, b) => a - b),
    ids: texts.map((text) => [
      [...vocabulary.encode(text, { special: false, edges: false })],
      [...vocabulary.encode(text, { special: true, edges: true })],
    ]),
    pieces: Array.from({ length: piecesOf(kv) }, (_, token) => [piece(token, false), piece(token, true)]),
  };
}

/** LLAMA_TOKEN_NULL. */
const NULL_TOKEN = -1;

/** Small vocabularies of each kind, by name. */
export async function smallVocabularies(): Promise<readonly (readonly [string, KeyValues])[]> {
  const spm = await vocabularyOfFolder(join(fixtures, 'vocab-spm/source'), 'llama');
  const hf = await vocabularyOfFolder(join(fixtures, 'vocab-llama-hf/source'), 'llama');
  const pairs = bytePairs();
  const bytes = PRE_TOKENIZERS.filter(({ raw }) => !raw).map(({ names: [pre = ''] }) => pre);
  return [
    ...bytes.map((pre) => [pre, pairs.clone().string('tokenizer.ggml.pre', pre)] as const),
    ['modern-bert by name', pairs.clone().string('general.name', 'A Modern-BERT')],
    ['spm', spm],
    ['spm without a space before', spm.clone().bool('tokenizer.ggml.add_space_prefix', false)],
    [
      'spm of Phi-3',
      withToken(spm, '[PAD386]', '<|endoftext|>')
        .string('general.name', 'My Phi-3 Mini')
        .bool('tokenizer.ggml.add_eos_token', true),
    ],
    ['llama-hf', hf],
    ['gemma4', spaced().string('tokenizer.ggml.model', 'gemma4')],
    ...encoderVocabularies(),
    ['sarvam-moe', spaced().string('tokenizer.ggml.model', 'gpt2').string('tokenizer.ggml.pre', 'sarvam-moe')],
  ];
}

export function tokensOf(kv: KeyValues): string[] {
  return Array.from((kv.get('tokenizer.ggml.tokens')?.value ?? []) as ArrayLike<string>);
}

/** Of how many tokens the pieces are compared: those of large vocabularies are all alike. */
export function piecesOf(kv: KeyValues): number {
  const { length } = tokensOf(kv);
  return length < 1000 ? length : 0;
}

function withToken(kv: KeyValues, from: string, to: string): KeyValues {
  const tokens = tokensOf(kv).map((text) => (text === from ? to : text));
  return kv.clone().array('tokenizer.ggml.tokens', 'string', tokens);
}

const SPECIAL = [
  '<s>',
  '</s>',
  '<|im_end|>',
  '<|end|>',
  '<|call|>',
  '<|return|>',
  '<|channel|>',
  '<unused0>',
  '<mask>',
];
const SHOWN = ['[MASK]', '   ', '\n\n', '<|file_sep|>'];

/** Every fourth pair of bytes is merged, in an order of its own: few cuts between two pieces go unseen. */
function bytePairs(): KeyValues {
  const pairs = BYTE_CHARS.flatMap((left, i) =>
    BYTE_CHARS.map((_, j) => [left, BYTE_CHARS[(j * 89 + i * 57) % 256]] as const).filter((_, j) => j % 4 === 0),
  );
  const plain = [...BYTE_CHARS, ...pairs.map((pair) => pair.join(''))];
  return new KeyValues()
    .string('general.architecture', 'llama')
    .string('tokenizer.ggml.model', 'gpt2')
    .array('tokenizer.ggml.tokens', 'string', [...plain, ...SPECIAL, ...SHOWN])
    .array('tokenizer.ggml.token_type', 'i32', typesOf(plain.map(() => TOKEN_TYPE.normal)))
    .array(
      'tokenizer.ggml.merges',
      'string',
      pairs.map((pair) => pair.join(' ')),
    )
    .u32('tokenizer.ggml.bos_token_id', plain.length)
    .u32('tokenizer.ggml.eos_token_id', plain.length + 1);
}

/** Merges over characters, with ▁ for a space and tokens for some bytes. */
function spaced(): KeyValues {
  const chars = [...'▁\nabehilstTMd123.!?é你好한'];
  const pairs = chars.flatMap((left) => chars.map((right) => [left, right] as const));
  const bytes = [0xf0, 0x9f, 0x98, 0x80, 0xcc, 0x09].map(
    (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  );
  const merged = pairs.map((pair) => pair.join('')).filter((text) => !SHOWN.includes(text));
  const plain = [...chars, ...merged, '\n\n\n', '\n\n\n\n'];
  const types = [...plain.map(() => TOKEN_TYPE.normal), ...bytes.map(() => TOKEN_TYPE.byte)];
  return new KeyValues()
    .string('general.architecture', 'llama')
    .array('tokenizer.ggml.tokens', 'string', [...plain, ...bytes, ...SPECIAL, ...SHOWN])
    .array('tokenizer.ggml.token_type', 'i32', typesOf(types))
    .array(
      'tokenizer.ggml.merges',
      'string',
      pairs.map((pair) => pair.join(' ')),
    )
    .u32('tokenizer.ggml.bos_token_id', types.length)
    .bool('tokenizer.ggml.add_bos_token', false);
}

function typesOf(plain: readonly number[]): number[] {
  return [...plain, ...SPECIAL.map(() => TOKEN_TYPE.control), ...SHOWN.map(() => TOKEN_TYPE.userDefined)];
}
