// Suggestions for misspelt names of types, options' values, commands and classes.

/** Longer names are cut before they are compared. */
const MAX_NAME = 64;

/** Without what people write differently: case, hyphens, underscores, dots and spaces. */
function plain(name: string): string {
  return name
    .slice(0, MAX_NAME)
    .toLowerCase()
    .replace(/[-_.\s]/g, '');
}

/** The name that differs from the given one in case, hyphens and the like alone. */
export function sameName<Name extends string>(name: string, names: readonly Name[]): Name | undefined {
  return names.find((known) => known === name) ?? names.find((known) => plain(known) === plain(name));
}

/** The names most like `name`, the likeliest first: those that begin with it, else those with few other letters. */
export function nearNames<Name extends string>(name: string, names: readonly Name[], count = 3): Name[] {
  const wanted = plain(name);
  const begun = wanted.length > 1 ? names.filter((known) => plain(known).startsWith(wanted)) : [];
  if (begun.length > 0) {
    return begun.slice(0, count + 1);
  }
  return names
    .map((known) => ({ known, distance: editDistance(wanted, plain(known)) }))
    .filter(({ distance }) => distance <= Math.ceil(wanted.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ known }) => known);
}

/**
 * `Did you mean Q4_K_M or Q4_K_S? hf2gguf types lists them.`
 * @param list the sentence that says where all of them are to be found.
 */
export function didYouMean(name: string, names: readonly string[], list: string): string {
  const near = nearNames(name, names);
  const last = near.at(-1);
  return last === undefined
    ? list
    : `Did you mean ${[near.slice(0, -1).join(', '), last].filter(Boolean).join(' or ')}? ${list}`;
}

/** Whether a name is another with a letter or two mistyped. Another number is another name. */
export function isSlip(name: string, known: string): boolean {
  const numbers = (text: string) => text.replace(/\D+/g, ' ').trim();
  return numbers(name) === numbers(known) && editDistance(name.slice(0, MAX_NAME), known) <= MAX_SLIPS;
}

const MAX_SLIPS = 2;

/** Levenshtein's distance: insertions, deletions and replacements that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= b.length; column++) {
      const replace = (row[column - 1] ?? 0) + (letter === b[column - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
