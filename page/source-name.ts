const PART = /^\w[\w.-]{0,95}$/;
const REVISION = /^[\w./-]{1,100}$/;
const HOST = /^(?:(?:https?:\/\/)?(?:www\.)?(?:huggingface\.co|hf\.co)\/|hf:\/\/)/i;

/** Whether a text is an address on the Hub, rather than a name or words to search for. */
export function isAddress(text: string): boolean {
  return HOST.test(text.trim());
}

/**
 * The model that a name or an address stands for: `https://huggingface.co/org/model/tree/REVISION` is
 * `org/model@REVISION`.
 * @returns null where it stands for none
 */
export function sourceOf(text: string): string | null {
  const path = text
    .trim()
    .replace(HOST, '')
    .replace(/[?#].*$/, '')
    .replace(/\/+$/, '');
  const [name = '', named] = splitOnce(path, '@');
  const [org = '', model = '', kind, revision] = name.split('/');
  if (!PART.test(org) || !PART.test(model) || org === 'datasets' || org === 'spaces') {
    return null;
  }
  if (kind !== undefined && !isAddress(text)) {
    return null;
  }
  const wanted = named ?? (kind === 'tree' || kind === 'blob' || kind === 'resolve' ? revision : undefined);
  const commit = wanted === undefined ? undefined : decoded(wanted);
  if (commit === undefined || commit === 'main') {
    return `${org}/${model}`;
  }
  return REVISION.test(commit) ? `${org}/${model}@${commit}` : null;
}

function splitOnce(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** A part of an address as it is meant. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
