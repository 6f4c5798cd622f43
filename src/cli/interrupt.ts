import { streamFailure } from './standard-streams.js';
import { screen } from './terminal/screen.js';

/** Milliseconds after which a slow stop is explained. */
const PATIENCE = 1000;

/**
 * Runs a command whose signal Ctrl-C aborts, and a standard stream that fails. A second Ctrl-C ends the process as usual.
 * A terminal that is closed sends SIGHUP more than once, so a second SIGHUP does not end the process.
 */
export async function interruptible(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const interrupt = new AbortController();
  let notice: NodeJS.Timeout | undefined;
  const onSignal = () => {
    interrupt.abort();
    clearTimeout(notice);
    // What the engine computes now is done first: a chunk of a large model takes a while.
    notice = setTimeout(() => screen.say('Stopping; press Ctrl-C again to end at once.'), PATIENCE);
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal).on('SIGHUP', onSignal);
  try {
    await run(AbortSignal.any([interrupt.signal, streamFailure]));
  } finally {
    clearTimeout(notice);
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('SIGHUP', onSignal);
  }
}
