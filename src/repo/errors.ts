import { HubError, SourceError, UsageError } from '../errors.js';
import { counted } from '../options/counted.js';

/** The repository, and perhaps the file, of a Hub error. Messages show it: none of it is secret. */
export interface HubLocation {
  /** `https://huggingface.co`, without a slash at the end. */
  readonly endpoint: string;
  /** `org/model`. */
  readonly repo: string;
  readonly revision: string;
  /** The file, where the error is about one. */
  readonly path?: string;
}

const AGAIN = 'Try again later.';

// The source as named by the user.

export class NotASourceError extends UsageError {
  constructor(source: string, why: string) {
    super(`"${source}" ${why}.`, 'Give a folder that exists, or a Hub name such as org/model or org/model@revision.');
  }
}

/** The name is a data set's or a Space's on the Hub. */
export class HubKindError extends NotASourceError {
  constructor(source: string, kind: 'dataset' | 'Space') {
    super(source, `is a ${kind} on the Hub, and no model`);
  }
}

/** The source names a file where a repository is needed. */
export class FileOfRepoError extends UsageError {
  constructor(repo: string, file: string) {
    super(`${file} is a file of ${repo}, and a model is the whole repository.`, `Give ${repo}.`);
  }
}

export class BadEndpointError extends UsageError {
  constructor(why: string) {
    super(`The Hub's endpoint ${why}.`, 'Set HF_ENDPOINT to an address such as https://huggingface.co, or unset it.');
  }
}

// Folders and the files in them.

export class FolderNotFoundError extends SourceError {
  constructor(path: string) {
    super(`There is no folder ${path}.`, 'Check the path.');
  }
}

export class NotAFolderError extends SourceError {
  constructor(path: string) {
    super(`${path} is not a folder.`, 'Give the folder that holds config.json and the weights.');
  }
}

/** A model's folder in the Hub's cache, with several revisions or none. */
export class SnapshotError extends SourceError {
  constructor(path: string, commits: readonly string[]) {
    super(
      `${path} holds ${commits.length === 0 ? 'no revision' : `${commits.length} revisions`} of a model.`,
      commits.length === 0 ? 'Download the model first.' : `Give one: ${path}/snapshots/${commits[0]}, for example.`,
    );
  }
}

export class UnreadableError extends SourceError {
  constructor(path: string, code: string) {
    super(`${path} can't be read (${code}).`, 'Check its permissions, and the disk.');
  }
}

export class MissingFileError extends SourceError {
  constructor(path: string, folder: string) {
    super(`There is no file ${path} in ${folder}.`, 'Download the repository again, or check the name.');
  }
}

export class ShortFileError extends SourceError {
  constructor(path: string, has: number, needs: number) {
    super(`${path} has ${counted(has, 'byte')}, but ${needs} are needed.`, 'Download the file again: it is cut short.');
  }
}

export class WrongHashError extends SourceError {
  constructor(path: string, algorithm: string, expected: string, found: string) {
    super(
      `${path} has the ${algorithm} ${found}, but the repository says ${expected}.`,
      'Run it again; a file in the cache that stays wrong has to be deleted there.',
    );
  }
}

/** A file gave other bytes when a part of it was read once more. */
export class ChangingFileError extends SourceError {
  constructor(path: string, offset: number, length: number) {
    super(
      `Of ${path}, ${counted(length, 'byte')} from byte ${offset} on were different when they were read again.`,
      'Run it again; a file that changes while it is read gives no model that could be trusted.',
    );
  }
}

export class NoHashError extends UsageError {
  constructor(path: string) {
    super(
      `Of no file in ${path} a hash is known that it could be compared with.`,
      "Leave --verify out; hashes are known of the Hub's cache, and of folders that were downloaded with its tools.",
    );
  }
}

export class UnsafePathError extends SourceError {
  constructor(path: string) {
    super(`The file name ${JSON.stringify(path)} could lead out of the repository.`, "Don't use this repository.");
  }
}

export class TooManyFilesError extends SourceError {
  constructor(where: string, cap: number) {
    super(`${where} lists more than ${cap} files.`, 'Give a repository or folder that holds one model.');
  }
}

// What isn't there.

export class RepoNotFoundError extends HubError {
  constructor(at: HubLocation, tokenSent: boolean) {
    super(
      `There is no model ${at.repo} at ${at.endpoint}${tokenSent ? ", or the token's account may not see it" : ''}.`,
      'Check the name; to read a folder, give a path that exists.',
    );
  }
}

export class RevisionNotFoundError extends HubError {
  constructor(at: HubLocation) {
    super(
      `${at.repo} has no revision "${at.revision}".`,
      `See its branches and tags at ${at.endpoint}/${at.repo}/tree/main.`,
    );
  }
}

export class FileNotFoundError extends HubError {
  constructor(at: HubLocation) {
    super(
      `There is no file ${at.path} in ${at.repo} at ${at.revision}.`,
      `See its files at ${at.endpoint}/${at.repo}/tree/${at.revision}.`,
    );
  }
}

// Access.

export class GatedRepoError extends HubError {
  constructor(at: HubLocation, tokenSent: boolean) {
    super(
      `${at.repo} is gated: ${tokenSent ? "the token's account has no access to it" : 'it is read with a token only, and none was sent'}.`,
      `Ask for access at ${at.endpoint}/${at.repo}, ${tokenSent ? 'then run it again' : 'and set HF_TOKEN to a token of that account'}.`,
    );
  }
}

export class AccessPendingError extends HubError {
  constructor(at: HubLocation) {
    super(
      `${at.repo} is gated, and the request for access awaits its authors' review.`,
      `Run it again once ${at.endpoint}/${at.repo} shows that access is granted.`,
    );
  }
}

export class TokenMissingError extends HubError {
  constructor(at: HubLocation) {
    super(
      `${at.endpoint} shows no model ${at.repo} without a token: it does not exist, or it is private.`,
      `Check the name; for a private model set HF_TOKEN to a token from ${at.endpoint}/settings/tokens.`,
    );
  }
}

export class TokenInvalidError extends HubError {
  constructor(endpoint: string, why = `was not accepted by ${endpoint}`) {
    super(`The Hub token ${why}.`, `Set HF_TOKEN to a valid one from ${endpoint}/settings/tokens, or unset it.`);
  }
}

export class TokenScopeError extends HubError {
  constructor(at: HubLocation, hubSays: string) {
    super(
      `The Hub token does not have the permission to read ${at.repo}${hubSays && ` (the Hub says: ${hubSays})`}.`,
      `Give the token read access to this model at ${at.endpoint}/settings/tokens.`,
    );
  }
}

export class RefusedError extends HubError {
  constructor(at: HubLocation, status: number, hubSays: string) {
    super(
      `${at.endpoint} refused to serve ${at.path ? `${at.path} of ${at.repo}` : at.repo} with status ${status}${hubSays && ` (it says: ${hubSays})`}.`,
      `Look at ${at.endpoint}/${at.repo}.`,
    );
  }
}

// The network, after all retries. `where` is an address without its query, which may be signed.

/** The network or a server does not let the work go on now; it may later. */
export abstract class NetworkError extends HubError {}

/** When a server wants to be asked again, in milliseconds from now, where that is later than we wait. */
type ComeAgain = number | undefined;

export class RateLimitedError extends NetworkError {
  constructor(where: string, tries: number, comeAgainIn?: ComeAgain) {
    super(
      `${where} limits the rate of requests${alsoAt(tries)}.`,
      `${comeAgainIn === undefined ? 'Wait some minutes' : again(comeAgainIn)}; requests with a token (HF_TOKEN) have a higher limit.`,
    );
  }
}

export class ServerFailingError extends NetworkError {
  constructor(where: string, status: number, tries: number, comeAgainIn?: ComeAgain) {
    super(
      `${where} fails with status ${status}${alsoAt(tries)}.`,
      comeAgainIn === undefined ? AGAIN : `${again(comeAgainIn)}.`,
    );
  }
}

export class NetworkDownError extends NetworkError {
  constructor(where: string, why: string, tries: number) {
    super(
      `${where} can't be read: ${why}${alsoAt(tries)}.`,
      'Check the network; with HF_HUB_OFFLINE=1 a model that is already in the cache is read from there.',
    );
  }
}

/** A request that makes some progress, but takes longer than it would at the least rate. */
export class TooSlowError extends NetworkError {
  /** @param ms the longest time that was allowed. */
  constructor(where: string, bytes: number, ms: number, tries: number) {
    super(
      `${where} is too slow: ${counted(bytes, 'byte')} came in ${duration(ms)}, with ${tries === 1 ? '1 try' : `${tries} tries`}.`,
      `Check the network. ${AGAIN}`,
    );
  }
}

function alsoAt(tries: number): string {
  return tries > 1 ? `, also at try ${tries}` : '';
}

function again(ms: number): string {
  const time = new Date(Date.now() + ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');
  return `Run it again after ${time}, in ${duration(ms)} (HF2GGUF_MAX_WAIT=${Math.ceil(ms / 1000)} waits that long)`;
}

/** A rounded time in the largest unit of which there are two. */
function duration(ms: number): string {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
  ] as const;
  const [noun, size] = units.find(([, size]) => ms >= 2 * size) ?? ['second', 1000];
  return counted(Math.ceil(ms / size), noun);
}

/** An answer that does not fit the request: another range, too many bytes, no JSON. */
export class WrongAnswerError extends HubError {
  constructor(where: string, why: string) {
    super(
      `The answer from ${where} is wrong: ${why}.`,
      'Check HF_ENDPOINT and proxies on the way, or try again later.',
    );
  }
}

/** A file that is not what the listing of its commit says, or not what it was at the range before. */
export class ReplacedFileError extends HubError {
  constructor(at: HubLocation, why: string) {
    super(
      `${at.path} of ${at.repo} is another file than the one that was listed or read before: ${why}.`,
      'Run it again; check HF_ENDPOINT and proxies on the way if it happens again.',
    );
  }
}

export class OfflineError extends HubError {
  /** @param cache null where it may not be read. */
  constructor(what: string, cache: string | null) {
    super(
      cache === null
        ? `HF_HUB_OFFLINE is set, and ${what} is not read from this machine's cache.`
        : `HF_HUB_OFFLINE is set, and ${what} is not in the cache at ${cache}.`,
      'Unset HF_HUB_OFFLINE, or download the model first.',
    );
  }
}
