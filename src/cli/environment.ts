import { UsageError } from '../errors.js';
import { currentTarget } from '../quantize/native.js';

/** An environment variable has a value that makes no sense. */
export class EnvironmentError extends UsageError {}

interface Variable {
  readonly name: string;
  readonly allows: RegExp;
  readonly wants: string;
}

const SECONDS = { allows: /^\s*(\d+\.?\d*|\.\d+)?\s*$/, wants: 'a number of seconds' };
const SWITCH = { allows: /^(1|on|yes|true|0|off|no|false|)$/i, wants: '1 or 0' };

/** Numbers and choices among the variables that are obeyed; names, paths and addresses are checked where they are used. */
const VARIABLES: readonly Variable[] = [
  { name: 'HF_HUB_DOWNLOAD_TIMEOUT', ...SECONDS },
  { name: 'HF2GGUF_MAX_WAIT', ...SECONDS },
  { name: 'HF_HUB_OFFLINE', ...SWITCH },
];

/**
 * Finds what is wrong with the environment before any work.
 * @throws EnvironmentError, UnknownTargetError
 */
export function checkEnvironment(env: NodeJS.ProcessEnv): void {
  for (const { name, allows, wants } of VARIABLES) {
    const value = env[name];
    if (value !== undefined && !allows.test(value)) {
      throw new EnvironmentError(
        `The environment variable ${name} is ${JSON.stringify(value)}, where ${wants} is meant.`,
        'Correct it, or unset it.',
      );
    }
  }
  if (env.HF2GGUF_TARGET) {
    currentTarget();
  }
}
