import { execFileSync, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { quoteForShell } from '#src/cli/next-commands.js';
import { cli } from '../../paths.js';

/** Why there are no sessions here; null where tmux is. */
export const whyNot =
  spawnSync('tmux', ['-V']).status === 0 ? null : 'tmux is not installed, so that no terminal sessions are tried.';

let count = 0;

/** A command in a terminal of its own, which has a screen. */
export class Session {
  readonly #socket = `hf2gguf-${process.pid}-${count++}`;

  constructor(
    readonly width: number,
    args: readonly string[],
    folder: string,
    env: Readonly<Record<string, string>> = {},
  ) {
    const words = { HF_HOME: '/nonexistent', HF_HUB_OFFLINE: '1', ...env };
    const settings = Object.entries(words).map(([name, value]) => `${name}=${quoteForShell(value)}`);
    const command = [process.execPath, cli, ...args].map(quoteForShell).join(' ');
    // The wish to go on by itself keeps the screen after the command.
    const script = `trap : INT; env ${settings.join(' ')} ${command}; echo "[exit $?]"; sleep 60`;
    const size = ['-x', String(width), '-y', '50'];
    this.#tmux('-f', '/dev/null', 'new-session', '-d', ...size, '-c', folder, 'sh', '-c', script);
  }

  /** The screen and what has gone out of it, without empty lines at the end; long lines as the terminal broke them. */
  get screen(): string {
    return this.#tmux('capture-pane', '-p', '-t', '0', '-S', '-200').trimEnd();
  }

  /** Waits until the screen matches. */
  async seen(pattern: RegExp): Promise<string> {
    for (let tries = 0; tries < 1200; tries++) {
      const screen = this.screen;
      if (pattern.test(screen)) {
        return screen;
      }
      await sleep(25);
    }
    throw new Error(`Not seen: ${pattern}\n${this.screen}`);
  }

  /** The last screen. */
  ended(): Promise<string> {
    return this.seen(/^\[exit \d+\]$/m);
  }

  interrupt(): void {
    this.#tmux('send-keys', '-t', '0', 'C-c');
  }

  close(): void {
    spawnSync('tmux', ['-L', this.#socket, 'kill-server']);
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, ...args], { encoding: 'utf8' });
  }
}
