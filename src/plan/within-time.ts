import { runInNewContext } from 'node:vm';
import { SlowTokenizerError, type WithinTime } from '../hf-tokenizer/time-limit.js';

/** With node:vm: what its scripts call can be stopped, a regular expression included. */
export const withinTime: WithinTime = (timeout, work) => {
  try {
    return runInNewContext('work()', { work }, { timeout }) as ReturnType<typeof work>;
  } catch (cause) {
    // The error comes from another realm: it is no instance of this one's Error.
    if ((cause as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      throw new SlowTokenizerError(timeout, { cause });
    }
    throw cause;
  }
};
