import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SourceError } from '../errors.js';
import { descriptorLimit, threadLimit } from '../system-limits.js';
import type { TemplateAnswer, TemplateRequest } from './template-process.js';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** The texts of special tokens; empty if a vocabulary does not have one. */
export interface TemplateTokens {
  readonly bos: string;
  readonly eos: string;
}

/** The chat template cannot be rendered. */
export class ChatTemplateError extends SourceError {
  constructor(what: string) {
    super(`The file's chat template ${what}.`, 'Leave out --chat, or replace the template (hf2gguf edit).');
  }
}

const TIMEOUT_MS = 10_000;
const MEMORY_MIB = 256;

/**
 * Formats a chat with its model's template, up to the place where the answer begins. A template comes from an untrusted
 * file and can run forever or fill the memory, so it runs in a process of its own. A thread would not do: if it runs
 * out of memory within one of V8's functions, the whole process ends.
 * @param template a Jinja template as transformers uses it (`tokenizer.chat_template`).
 * @throws ChatTemplateError, ThreadLimitError, DescriptorLimitError
 */
export async function renderChat(
  template: string,
  messages: readonly ChatMessage[],
  { bos, eos }: TemplateTokens,
): Promise<string> {
  // transformers defines these for every template. A template may test for none, and a name that is not defined is not
  // none.
  const none = { tools: null, documents: null };
  const values = { messages, ...none, add_generation_prompt: true, bos_token: bos, eos_token: eos };
  const answer = await inProcess({ template, values });
  if ('problem' in answer) {
    throw new ChatTemplateError(answer.problem);
  }
  return answer.text;
}

function inProcess(request: TemplateRequest): Promise<TemplateAnswer> {
  // The bundled build has this module in another folder of dist/, one level below it too.
  const child = fork(fileURLToPath(new URL('../runner/template-process.js', import.meta.url)), [], {
    execArgv: [`--max-old-space-size=${MEMORY_MIB}`],
    // V8's messages about memory are not for the user.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  return new Promise((resolve, reject) => {
    child.once('message', (answer) => resolve(answer as TemplateAnswer));
    child.once('error', (error) => {
      const limit = threadLimit(error) ?? descriptorLimit(error);
      if (limit) {
        reject(limit);
      } else {
        resolve({ problem: `can't be rendered: ${error.message}` });
      }
    });
    // After an answer this has no effect.
    child.once('close', (code, signal) => {
      const problem = child.killed
        ? `takes more than ${TIMEOUT_MS / 1000} s`
        : `takes more than ${MEMORY_MIB} MiB of memory (its process ended with ${signal ?? code})`;
      resolve({ problem });
    });
    child.send(request, () => {});
  });
}
