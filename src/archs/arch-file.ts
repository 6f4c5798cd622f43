import * as v from 'valibot';
import { parseJson } from '../json.js';
import { ARCHITECTURE, type Architecture } from './architecture.js';
import { ArchFileError } from './registry.js';

/**
 * A family as `hf2gguf archs NAME --json` prints it.
 * @param file its name, for messages.
 * @throws ArchFileError that names the field which is wrong
 */
export function parseArchitectureFile(json: string, file: string): Architecture {
  const parsed = v.safeParse(ARCHITECTURE, parseJson(json, file));
  if (!parsed.success) {
    const { path, message } = deepest(parsed.issues);
    throw new ArchFileError(
      `${file} describes no family of models: ${path.length > 0 ? `${placeOf(path)}: ` : ''}${message}.`,
      'Start from what "hf2gguf archs NAME --json" prints of a family that is alike.',
    );
  }
  return parsed.output;
}

type Issue = v.BaseIssue<unknown>;

/** The issue furthest within; of a choice of forms, in a form that has the keys which are there. */
function deepest(issues: readonly Issue[]): { readonly path: readonly unknown[]; readonly message: string } {
  const all = issues.map(({ path = [], message, expected, issues: forms = [] }) => {
    const known = forms.filter(({ type }) => type !== 'strict_object');
    const inner = forms.length > 0 ? deepest(known.length > 0 ? known : forms) : undefined;
    const own = expected === 'never' ? 'there is no such field' : message;
    return { path: [...path.map(({ key }) => key), ...(inner?.path ?? [])], message: inner?.message ?? own };
  });
  return all.reduce((best, issue) => (issue.path.length > best.path.length ? issue : best));
}

function placeOf(path: readonly unknown[]): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${part}`)).join('');
}
