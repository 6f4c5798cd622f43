/** Letters whose simple case folding belongs to a letter that is neither their upper nor their lower case. */
const IRREGULAR = 'ſKÅẞϐϑϕϖϰϱϴϵẛιΩςµͅᲀᲁᲂᲃᲄᲅᲆᲇᲈ';

/** The characters that equal `char` if case is ignored (Unicode's simple case folding), `char` included. */
export function caseVariants(char: string): string[] {
  const lower = char.toLowerCase();
  const upper = char.toUpperCase();
  const candidates = new Set([char, lower, upper, lower.toUpperCase(), upper.toLowerCase(), ...IRREGULAR]);
  if (candidates.size === 1 + IRREGULAR.length && lower === upper) {
    return [char];
  }
  const equal = new RegExp(`^\\u{${char.codePointAt(0)?.toString(16)}}$`, 'iu');
  return [...candidates].filter((candidate) => equal.test(candidate));
}
