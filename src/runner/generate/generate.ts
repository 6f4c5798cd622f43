import { SourceError, UsageError } from '../../errors.js';
import type { ConvertEvent } from '../../events.js';
import type { KeyValues } from '../../gguf/key-values.js';
import { openEngine } from '../engine.js';
import { openRunnable, type RunnableOptions } from '../model.js';
import type { Vocabulary } from '../text.js';
import { openVocabulary } from '../vocabulary/open.js';
import { continueTokens, type End } from './continue.js';
import { createSampler, type SamplingOptions } from './sample.js';
import { type ChatMessage, renderChat } from './template.js';

export interface GenerateParams extends Omit<RunnableOptions, 'emit'>, SamplingOptions {
  /** A GGUF file, or a model in the format of transformers: a folder, or `org/model[@revision]`. */
  readonly source: string;
  /** What is continued; with `chat`, what a user says. Special tokens in it are recognised. */
  readonly prompt: string;
  /** Lay the prompt out by the file's chat template. @default false */
  readonly chat?: boolean;
  /** With `chat`: what the system says first. */
  readonly system?: string;
  /** @default 128, or what is left of the model's context */
  readonly maxTokens?: number;
  /** @default the machine's cores */
  readonly threads?: number;
}

export type GenerateEvent =
  | Extract<ConvertEvent, { event: 'warning' }>
  /** The next piece of the text: whole characters. */
  | { readonly event: 'text'; readonly text: string }
  | { readonly event: 'done'; readonly result: GenerateResult };

export interface GenerateResult {
  readonly text: string;
  readonly promptTokens: number;
  readonly tokens: number;
  readonly end: End;
}

/** A prompt that has no tokens, or more than the model's context. */
export class PromptLengthError extends UsageError {}
export class NoChatTemplateError extends SourceError {}

const DEFAULT_MAX_TOKENS = 128;

/**
 * Continues a prompt. An abort ends the text where it is, and is no error.
 * @example for await (const event of generate({ source: 'model.gguf', prompt: 'In the beginning' })) console.log(event);
 * @throws PromptLengthError, NoChatTemplateError, ChatTemplateError, and what opening the model throws.
 */
export async function* generate(params: GenerateParams): AsyncGenerator<GenerateEvent, GenerateResult> {
  const warnings: ConvertEvent[] = [];
  const model = await openRunnable(params.source, { ...params, emit: (event) => warnings.push(event) });
  yield* warnings.filter((event) => event.event === 'warning');
  const vocabulary = openVocabulary(model.kv);
  const prompt = vocabulary.encode(await promptText(params, model.kv, vocabulary), { special: true, edges: true });
  const { contextLength } = model.graph;
  if (prompt.length === 0 || prompt.length >= contextLength) {
    throw new PromptLengthError(
      `The prompt has ${prompt.length} tokens; the model takes 1 to ${contextLength - 1}.`,
      'Give another --prompt.',
    );
  }
  const limit = Math.min(params.maxTokens ?? DEFAULT_MAX_TOKENS, contextLength - prompt.length);
  const threads = params.threads === undefined ? {} : { threads: params.threads };
  const engine = openEngine(model.graph, model.tensors, { contextLength: prompt.length + limit, ...threads });
  try {
    const options = {
      limit,
      ends: vocabulary.endOfGeneration,
      sample: createSampler(params),
      signal: params.signal,
    };
    const result = yield* texts(continueTokens(engine, prompt, options), vocabulary);
    const done = { ...result, promptTokens: prompt.length };
    yield { event: 'done', result: done };
    return done;
  } finally {
    engine.close();
  }
}

async function promptText(
  { source, prompt, chat, system }: GenerateParams,
  kv: KeyValues,
  vocabulary: Vocabulary,
): Promise<string> {
  if (!chat) {
    return prompt;
  }
  const template = kv.get('tokenizer.chat_template')?.value;
  if (typeof template !== 'string') {
    throw new NoChatTemplateError(`${source} has no chat template.`, 'Leave out --chat: the prompt is continued then.');
  }
  const messages: ChatMessage[] = [
    ...(system === undefined ? [] : [{ role: 'system', content: system } as const]),
    { role: 'user', content: prompt },
  ];
  const [bos, eos] = [vocabulary.bos, vocabulary.eos].map((token) =>
    token === null ? '' : Buffer.from(vocabulary.piece(token, { special: true })).toString(),
  ) as [string, string];
  const text = await renderChat(template, messages, { bos, eos });
  // The vocabulary adds it, and it should not stand there twice (common_chat_template_direct_apply of llama.cpp v0.5.0).
  return vocabulary.addBos && text.startsWith(bos) ? text.slice(bos.length) : text;
}

/** Tokens as text: a character that several tokens make up comes with the last of them. */
async function* texts(
  tokens: AsyncGenerator<number, End>,
  vocabulary: Vocabulary,
): AsyncGenerator<GenerateEvent, Omit<GenerateResult, 'promptTokens'>> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let [text, count] = ['', 0];
  for (;;) {
    const { done, value } = await tokens.next();
    const piece = done
      ? decoder.decode()
      : decoder.decode(vocabulary.piece(value, { special: false }), { stream: true });
    if (piece !== '') {
      text += piece;
      yield { event: 'text', text: piece };
    }
    if (done) {
      return { text, tokens: count, end: value };
    }
    count++;
  }
}
