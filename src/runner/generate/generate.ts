import { SourceError, UsageError } from '../../errors.js';
import type { ConvertEvent, DoneEvent, WarningEvent } from '../../events.js';
import type { KeyValues } from '../../gguf/key-values.js';
import { type Call, call } from '../../stream.js';
import { openVocabulary } from '../../vocabulary/open.js';
import type { Vocabulary } from '../../vocabulary/vocabulary.js';
import { checkNumber } from '../check-number.js';
import { MAX_CONTEXT, openEngine } from '../engine.js';
import { openRunnable, type RunnableOptions } from '../model.js';
import { continueTokens } from './continue.js';
import { type Decoded, decodeTokens } from './decode.js';
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
  /** Threads. @default the machine's cores */
  readonly jobs?: number;
}

export type GenerateEvent =
  | WarningEvent
  /** The next piece of the text: whole characters. */
  | { readonly event: 'text'; readonly text: string }
  | DoneEvent<GenerateResult>;

export interface GenerateResult extends Decoded {
  readonly promptTokens: number;
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
export function generate(params: GenerateParams): Call<GenerateEvent, GenerateResult> {
  return call(run(params));
}

async function* run(params: GenerateParams): AsyncGenerator<GenerateEvent, GenerateResult> {
  checkParams(params);
  const warnings: ConvertEvent[] = [];
  const model = await openRunnable(params.source, { ...params, emit: (event) => warnings.push(event) });
  yield* warnings.filter((event) => event.event === 'warning');
  const vocabulary = openVocabulary(model.kv);
  const prompt = vocabulary.encode(await promptText(params, model.kv, vocabulary), { special: true, edges: true });
  const contextLength = Math.min(model.graph.contextLength, MAX_CONTEXT);
  if (prompt.length === 0 || prompt.length >= contextLength) {
    throw new PromptLengthError(
      `The prompt has ${prompt.length} tokens; the model takes 1 to ${contextLength - 1}.`,
      'Give another --prompt.',
    );
  }
  const limit = Math.min(params.maxTokens ?? DEFAULT_MAX_TOKENS, contextLength - prompt.length);
  const engine = openEngine(model.graph, model.tensors, {
    contextLength: prompt.length + limit,
    ...(params.jobs !== undefined && { threads: params.jobs }),
  });
  try {
    const options = {
      limit,
      ends: vocabulary.endOfGeneration,
      sample: createSampler(params),
      signal: params.signal,
    };
    const pieces = decodeTokens(continueTokens(engine, prompt, options), vocabulary);
    for (;;) {
      const { done, value } = await pieces.next();
      if (done) {
        const result = { ...value, promptTokens: prompt.length };
        yield { event: 'done', result };
        return result;
      }
      yield { event: 'text', text: value };
    }
  } finally {
    engine.close();
  }
}

function checkParams({ maxTokens, temperature, topK, topP, seed, jobs, chat, system }: GenerateParams): void {
  if (system !== undefined && !chat) {
    throw new UsageError('--system has no effect without --chat.', 'Give both, or leave it out.');
  }
  checkNumber('-n', maxTokens, { least: 1 });
  checkNumber('--temp', temperature, { least: 0, whole: false });
  checkNumber('--top-k', topK, { least: 0 });
  checkNumber('--top-p', topP, { least: 0, whole: false });
  checkNumber('--seed', seed, { least: 0 });
  checkNumber('--jobs', jobs, { least: 1 });
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
