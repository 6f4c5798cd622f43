import { type ChildProcess, spawn } from 'node:child_process';
import { cli } from '../paths.js';

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves when the output so far matches. */
  seen(pattern: RegExp): Promise<void>;
}

/** The command line as a user runs it; nothing of the machine's own Hugging Face settings is looked at. */
export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = process.cwd()): Started {
  const child = spawn(process.execPath, [cli, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd,
    env: { PATH: process.env.PATH, HF_HOME: '/nonexistent', HF_HUB_OFFLINE: '1', ...env },
  });
  let [out, err] = ['', ''];
  const watchers: { pattern: RegExp; done: () => void }[] = [];
  const look = () => {
    for (const { pattern, done } of watchers) {
      if (pattern.test(out + err)) {
        done();
      }
    }
  };
  child.stdout.on('data', (piece: Buffer) => {
    out += piece.toString();
    look();
  });
  child.stderr.on('data', (piece: Buffer) => {
    err += piece.toString();
    look();
  });
  return {
    child,
    finished: new Promise((resolve) => {
      child.on('close', (code) => resolve({ code, out, err }));
    }),
    seen: (pattern) =>
      new Promise((done) => {
        watchers.push({ pattern, done });
        look();
      }),
  };
}

export function run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Finished> {
  return start(args, env).finished;
}
