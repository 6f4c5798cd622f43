import { Worker } from 'node:worker_threads';
import { SourceError } from '../../errors.js';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** The texts of special tokens, empty where a vocabulary has none. */
export interface TemplateTokens {
  readonly bos: string;
  readonly eos: string;
}

/** A template that can't be rendered. */
export class ChatTemplateError extends SourceError {
  constructor(what: string, cause?: unknown) {
    super(`The file's chat template ${what}.`, 'Leave out --chat, or replace the template (hf2gguf edit).', { cause });
  }
}

/** A template comes with a file from elsewhere, and can be made to run for ever or to fill the memory. */
const TIMEOUT_MS = 10_000;
const MEMORY_MIB = 256;

/**
 * A chat as its model's template writes it, up to where the answer begins.
 * @param template Jinja, as transformers takes it (`tokenizer.chat_template`).
 * @throws ChatTemplateError
 */
export async function renderChat(
  template: string,
  messages: readonly ChatMessage[],
  { bos, eos }: TemplateTokens,
): Promise<string> {
  const values = { messages, add_generation_prompt: true, bos_token: bos, eos_token: eos };
  const worker = new Worker(new URL('./template-worker.js', import.meta.url), {
    workerData: { template, values },
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB },
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      timer = setTimeout(() => reject(new ChatTemplateError(`takes more than ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS);
      worker.once('message', resolve).once('error', (cause: Error) => {
        reject(new ChatTemplateError(`can't be rendered: ${cause.message.slice(0, 200)}`, cause));
      });
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}
