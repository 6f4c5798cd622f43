import { join } from 'node:path';
import { HubKindError, NotASourceError } from './errors.js';
import { statOrNull } from './local-file.js';
import { checkRepoPath } from './paths.js';

/** What a source's name says about where the source is. */
export type Source = LocalSource | HubSource;

export interface LocalSource {
  readonly at: 'path';
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'nothing';
}

export interface HubSource {
  readonly at: 'hub';
  /** `org/model`, or a bare name such as `gpt2`. */
  readonly repo: string;
  /** Undefined where none is named. */
  readonly revision: string | undefined;
  /** A file in the repository, or the type of one (`Q4_K_M`); undefined for the repository. */
  readonly file: string | undefined;
}

/** `./x`, `../x`, `/x`, `~/x`, `C:\x`: meant as a path, whether it exists or not. */
const PATH_LIKE = /^(?:\.{1,2}(?:[/\\]|$)|[/\\~]|[A-Za-z]:[/\\])/;
/** `org/model` or `model`. */
const REPO = /^(?:[A-Za-z0-9_][\w.-]{0,95}\/)?[A-Za-z0-9_][\w.-]{0,95}$/;
const HUB_HOSTS = ['huggingface.co', 'www.huggingface.co', 'hf.co'];

/**
 * What a source's name means: a path that exists wins, also one in `folder:file.gguf`, else
 * - `org/model[@revision][:file.gguf or :TYPE]`,
 * - an address of the Hub's pages, as a browser has it: `https://huggingface.co/org/model/blob/main/file.gguf`,
 * - the same without `https://`, and `hf://org/model[@revision][/file]`.
 *
 * A name that ends in .gguf is a path, whether it exists or not.
 * @param endpoint the Hub's address, whose pages are known by its host.
 * @throws NotASourceError, HubKindError
 */
export async function resolveSource(source: string, endpoint?: string): Promise<Source> {
  const found = source ? await statOrNull(source, source) : null;
  if (found) {
    return { at: 'path', path: source, kind: found.isDirectory() ? 'folder' : 'file' };
  }
  const inFolder = await fileOfFolder(source);
  if (inFolder) {
    return inFolder;
  }
  if (PATH_LIKE.test(source)) {
    return { at: 'path', path: source, kind: 'nothing' };
  }
  const page = pageOf(source, endpoint);
  if (!page && /\.gguf$/i.test(source) && !/^[^:]{2,}:/.test(source)) {
    return { at: 'path', path: source, kind: 'nothing' };
  }
  return checked(source, page ? ofPage(source, page) : ofName(source, source));
}

/** `folder:file`, as of a repository. */
async function fileOfFolder(source: string): Promise<LocalSource | null> {
  const { folder, file } = /^(?<folder>[^:]{2,}):(?<file>.+)$/.exec(source)?.groups ?? {};
  if (!folder || !file || !(await statOrNull(folder, folder))?.isDirectory()) {
    return null;
  }
  const path = join(folder, checkRepoPath(file));
  return { at: 'path', path, kind: (await statOrNull(path, path)) ? 'file' : 'nothing' };
}

/** A Hub name with a revision that was named apart from it. @throws NotASourceError where it names another */
export function withRevision(source: string, { repo, revision, file }: HubSource, given?: string): HubSource {
  if (given && revision && given !== revision) {
    throw new NotASourceError(source, `names another revision than "${given}", which is also asked for`);
  }
  return checked(source, { at: 'hub', repo, revision: given ?? revision, file });
}

/** Where an address leads at the Hub: the parts of its path; null for what is no address. */
function pageOf(source: string, endpoint: string | undefined): string[] | null {
  const uri = /^hf:\/\/(?<path>.*)$/i.exec(source)?.groups?.path;
  if (uri !== undefined) {
    return uri.split('/').filter(Boolean);
  }
  const isBare = HUB_HOSTS.some((host) => source.toLowerCase().startsWith(`${host}/`));
  if (!isBare && !/^[a-z][a-z+.-]*:\/\//i.test(source)) {
    return null;
  }
  const text = isBare ? `https://${source}` : source;
  const url = URL.canParse(text) ? new URL(text) : null;
  const own = endpoint !== undefined && URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (!url || !/^https?:$/.test(url.protocol) || ![...HUB_HOSTS, own?.host].includes(url.host)) {
    throw new NotASourceError(source.replace(/\/\/[^/]*@/, '//'), "is no address at the Hub's host");
  }
  // A mirror may have its pages in a folder.
  const folder = url.host === own?.host ? own.pathname.replace(/\/$/, '') : '';
  const path = url.pathname.startsWith(`${folder}/`) ? url.pathname.slice(folder.length) : url.pathname;
  try {
    return path.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    throw new NotASourceError(source, 'is no address that can be read');
  }
}

/** Pages that name a revision, and perhaps a file of it. */
const OF_REVISION = ['tree', 'blob', 'resolve', 'raw', 'blame', 'commit', 'commits'];
const OTHER_PAGES = ['discussions', 'settings', 'edit'];

function ofPage(source: string, parts: readonly string[]): HubSource {
  const verb = [1, 2].find((at) => [...OF_REVISION, ...OTHER_PAGES].includes(parts[at] ?? ''));
  const named = ofName(source, parts.slice(0, verb ?? 2).join('/'), parts[0]);
  const rest = parts.slice(verb ?? 2);
  const [page = '', ...after] = rest;
  if (verb === undefined) {
    return rest.length > 0 ? { ...named, file: rest.join('/') } : named;
  }
  if (OTHER_PAGES.includes(page)) {
    return named;
  }
  // Of all revisions with a slash, the Hub's own refs are left as they are in its addresses.
  const length = after[0] === 'refs' ? 3 : 1;
  const file = after.slice(length).join('/');
  if (file && page === 'tree') {
    throw new NotASourceError(source, `is the folder ${file} in ${named.repo}, of which only the whole can be read`);
  }
  return { ...named, revision: after.slice(0, length).join('/') || named.revision, file: file || named.file };
}

/** `org/model[@revision][:file]`. */
function ofName(source: string, name: string, first = name.split('/')[0]): HubSource {
  if (first === 'datasets' || first === 'spaces') {
    throw new HubKindError(source, first === 'datasets' ? 'dataset' : 'Space');
  }
  const { repo, revision, file } =
    /^(?<repo>[^@:]*)(?:@(?<revision>[^:]*))?(?::(?<file>.+))?$/.exec(name)?.groups ?? {};
  if (!repo || !REPO.test(repo) || /\.\.|--/.test(repo) || revision === '') {
    throw new NotASourceError(source, 'is neither a path that exists nor a Hub name');
  }
  return { at: 'hub', repo, revision, file };
}

function checked(source: string, named: HubSource): HubSource {
  const { revision, file } = named;
  // A revision becomes part of addresses and of paths in the cache.
  if (revision !== undefined && (!/^[\w.+@#=,-]+(?:\/[\w.+@#=,-]+)*$/.test(revision) || revision.includes('..'))) {
    throw new NotASourceError(source, `is asked for at ${JSON.stringify(revision)}, which can't be a revision`);
  }
  if (file !== undefined) {
    checkRepoPath(file);
  }
  return named;
}
