/** Whether a name is one that a list names, in which `*` stands for anything. */
export function globs(patterns: readonly string[]): (name: string) => boolean {
  const all = patterns.map((pattern) => pattern.split('*'));
  return (name) => all.some((parts) => hasParts(name, parts));
}

/** Whether a name begins with the first part, ends with the last, and has the others in order between them. */
function hasParts(name: string, [first = '', ...others]: readonly string[]): boolean {
  const last = others.pop();
  if (last === undefined) {
    return name === first;
  }
  let at = name.startsWith(first) ? first.length : -1;
  for (const part of others) {
    const found = at < 0 ? -1 : name.indexOf(part, at);
    at = found < 0 ? -1 : found + part.length;
  }
  return at >= 0 && at <= name.length - last.length && name.endsWith(last);
}
