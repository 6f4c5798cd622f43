import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { SourceError } from '../errors.js';
import { sourceAt } from '../repo/open.js';

/** Options of the commands whose source may be on the Hub. */
export interface HubFlags {
  readonly revision?: string | undefined;
  readonly tokenFile?: string | undefined;
}

export class TokenFileError extends SourceError {}

/** @param revision whether there is one source, whose revision can be named. */
export function addHubOptions(command: Command, { revision = true } = {}): Command {
  if (revision) {
    command.option('--revision <revision>', 'a branch, tag or commit of the source on the Hub (default: main)');
  }
  return command.option(
    '--token-file <file>',
    "a file that holds the Hub's token (default: HF_TOKEN, or that of a login)",
  );
}

/** The token that flags name. @throws TokenFileError */
export function toToken({ tokenFile }: HubFlags): { token?: string } {
  return tokenFile === undefined ? {} : { token: readToken(tokenFile) };
}

/** The source at the revision that flags name. @throws TokenFileError, RevisionOfFolderError, and as `resolveSource` */
export async function toSource(source: string, flags: HubFlags): Promise<{ source: string; token?: string }> {
  const { revision } = flags;
  return { source: revision === undefined ? source : await sourceAt(source, revision), ...toToken(flags) };
}

function readToken(file: string): string {
  const next = "Give a file with the Hub's token in it, and nothing else.";
  try {
    const token = readFileSync(file, 'utf8').trim();
    if (token !== '') {
      return token;
    }
  } catch (cause) {
    throw new TokenFileError(`--token-file ${file} cannot be read: ${(cause as Error).message}.`, next, { cause });
  }
  throw new TokenFileError(`--token-file ${file} is empty.`, next);
}
