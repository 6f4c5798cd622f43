import { withJobs } from '../../async/jobs.js';
import { type Call, forward, stream } from '../../async/stream.js';
import { SourceError, UsageError } from '../../errors.js';
import type { DoneEvent, OpeningEvent, WarningEvent } from '../../events.js';
import type { KeyValues } from '../../gguf/key-values.js';
import { counted } from '../../options/counted.js';
import { optionName, refuseEmpty } from '../../options/empty.js';
import { checkNumbers } from '../../options/numbers.js';
import { namesGguf } from '../../repo/open.js';
import { accidentalEnd, namedToken } from '../../tokenize/accidental-end.js';
import { openVocabulary } from '../../tokenize/open.js';
import type { Vocabulary } from '../../tokenize/vocabulary.js';
import { warn } from '../../warnings.js';
import { MAX_CONTEXT, openEngine } from '../engine.js';
import { openRunnable, type RunnableOptions } from '../model.js';
import { type ChatMessage, renderChat } from '../template.js';
import { continueTokens } from './continue.js';
import { type Decoded, decodeTokens } from './decode.js';
import { createSampler, type SamplingOptions } from './sample.js';

/** The parameters of `generate`. */
export interface GenerateParams extends Omit<RunnableOptions, 'emit'>, SamplingOptions {
  /** A GGUF file, or a model in the format of transformers: a folder, or `org/model[@revision]`. */
  readonly source: string;
  /** The text to continue; with `chat`, the user's message. Special tokens in it are recognised. */
  readonly prompt: string;
  /** Whether to format the prompt with the file's chat template. @default false */
  readonly chat?: boolean;
  /** With `chat`: the system's message, which comes first. */
  readonly system?: string;
  /** The most tokens to generate. @default 128, or what the model's context has room for */
  readonly maxTokens?: number;
  /** Threads. @default the machine's cores */
  readonly jobs?: number;
}

export type GenerateEvent =
  | OpeningEvent
  /** The next piece of the text. It has whole characters. */
  | { readonly event: 'text'; readonly text: string }
  | DoneEvent<GenerateResult>;

/** The text, and how it came about. */
export interface GenerateResult extends Decoded {
  readonly promptTokens: number;
  /** Seconds that the model took for the prompt, and for the generated tokens. */
  readonly promptSeconds: number;
  readonly seconds: number;
}

/** The prompt has no tokens, or more than the model's context. */
export class PromptLengthError extends UsageError {}
/** The model has no chat template. */
export class NoChatTemplateError extends SourceError {}

const DEFAULT_MAX_TOKENS = 128;

/**
 * Continues a prompt. An abort ends the text and is no error.
 * @example for await (const event of generate({ source: 'model.gguf', prompt: 'In the beginning' }))
 * console.log(event);
 * @throws PromptLengthError, NoChatTemplateError, ChatTemplateError, NoNumberError, and the errors of opening the model
 */
export function generate(params: GenerateParams): Call<GenerateEvent, GenerateResult> {
  return stream((emit, signal) => run({ ...params, signal }, emit), params.signal);
}

async function run(params: GenerateParams, emit: (event: GenerateEvent) => void): Promise<GenerateResult> {
  checkParams(params);
  const { jobs } = withJobs(params, { emit });
  const model = await openRunnable(params.source, { ...params, emit });
  const vocabulary = openVocabulary(model.kv);
  const accident = accidentalEnd(model.kv, vocabulary);
  if (accident !== null && (await namesGguf(params.source, params))) {
    warnOfAccident(params.source, namedToken(vocabulary, accident), emit);
  }
  const prompt = vocabulary.encode(await promptText(params, model.kv, vocabulary), { special: true, edges: true });
  warnOfSecondBos(prompt, vocabulary, emit);
  const contextLength = Math.min(model.graph.contextLength, MAX_CONTEXT);
  if (prompt.length === 0 || prompt.length >= contextLength) {
    throw new PromptLengthError(
      `The prompt has ${counted(prompt.length, 'token')}; the model takes 1 to ${contextLength - 1}.`,
      'Give another --prompt.',
    );
  }
  const asked = params.maxTokens ?? DEFAULT_MAX_TOKENS;
  const limit = Math.min(asked, contextLength - prompt.length);
  const engine = openEngine(model.graph, model.tensors, {
    contextLength: prompt.length + limit,
    ...(jobs !== undefined && { threads: jobs }),
  });
  const clock = new Clock();
  try {
    const options = {
      limit,
      isContext: limit < asked,
      ends: vocabulary.endOfGeneration,
      sample: createSampler(params),
      onPrompt: () => clock.promptRead(),
      signal: params.signal,
    };
    const pieces = decodeTokens(continueTokens(engine, prompt, options), vocabulary);
    const decoded = await forward(pieces, (text) => emit({ event: 'text', text }));
    const result = { ...decoded, promptTokens: prompt.length, ...clock.seconds() };
    emit({ event: 'done', result });
    return result;
  } finally {
    engine.close();
  }
}

/**
 * Warns of an accidental end token. If the model is a checkpoint, the planning of its conversion has already warned.
 */
function warnOfAccident(source: string, token: string, emit: (event: WarningEvent) => void): void {
  warn(
    { emit },
    `${source} names no token that ends a text, so ${token} is taken for it, as llama.cpp does.`,
    'Name the right one: hf2gguf edit FILE --set tokenizer.ggml.eos_token_id=u32:ID.',
  );
}

/** Warns of a second BOS, as check_double_bos_eos of llama.cpp's src/llama-vocab.cpp does. */
function warnOfSecondBos(prompt: Int32Array, vocabulary: Vocabulary, emit: (event: WarningEvent) => void): void {
  if (vocabulary.addBos && prompt.length > 1 && prompt[1] === vocabulary.bos) {
    warn(
      { emit },
      'The prompt begins with the BOS token, and the model puts one before every prompt: it has two now.',
      'Leave it out of the prompt.',
    );
  }
}

/** Measures the time for the prompt and for the generated tokens. */
class Clock {
  readonly #started = performance.now();
  #read: number | undefined;

  promptRead(): void {
    this.#read = performance.now();
  }

  seconds(): Pick<GenerateResult, 'promptSeconds' | 'seconds'> {
    const now = performance.now();
    const read = this.#read ?? now;
    return { promptSeconds: (read - this.#started) / 1000, seconds: (now - read) / 1000 };
  }
}

/** Parameters that have a meaning only if tokens are drawn at random. */
const OF_CHANCE = ['seed', 'topK', 'topP'] as const satisfies readonly (keyof GenerateParams)[];

/** Checks the parameters. @throws UsageError */
function checkParams(params: GenerateParams): void {
  refuseEmpty(params);
  checkNumbers(params);
  if (params.system !== undefined && !params.chat) {
    throw new UsageError('--system has no effect without --chat.', 'Give both, or leave it out.');
  }
  const idle = OF_CHANCE.find((name) => params[name] !== undefined);
  if (idle && !params.temperature) {
    throw new UsageError(`${optionName(idle)} has no effect without --temp.`, 'Give both, or leave it out.');
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
  // The vocabulary adds the BOS, so the template's is removed (common_chat_template_direct_apply of llama.cpp v0.5.0).
  return vocabulary.addBos && text.startsWith(bos) ? text.slice(bos.length) : text;
}
