export const BEHAVIOURS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

interface Span {
  start: number;
  end: number;
  match: boolean;
}

/**
 * Splits `text` at the matches of `pattern` (flags `g` and `u` or `v`) as the tokenizers library does. The matches and
 * the texts between them become pieces. `behaviour` decides whether a match is dropped, stays alone, or joins a
 * neighbour. Empty pieces are left out.
 * @param invert exchanges the roles of the matches and of the texts between them.
 */
export function splitText(text: string, pattern: RegExp, behaviour: Behaviour, invert = false): string[] {
  const pieces: string[] = [];
  for (const { start, end } of merged(spans(text, pattern, invert), behaviour)) {
    if (end > start) {
      pieces.push(text.slice(start, end));
    }
  }
  return pieces;
}

function spans(text: string, pattern: RegExp, invert: boolean): Span[] {
  const found: Span[] = [];
  let end = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const { index } = match;
    const length = match[0].length;
    if (length === 0 && inSurrogatePair(text, index)) {
      pattern.lastIndex = index + 1;
      continue;
    }
    if (length === 0) {
      // The next search starts a whole character later, not in the middle of a surrogate pair.
      pattern.lastIndex = index + ((text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1);
      if (index === end && end > 0) {
        continue;
      }
    }
    if (index > end) {
      found.push({ start: end, end: index, match: invert });
    }
    found.push({ start: index, end: index + length, match: !invert });
    end = index + length;
  }
  if (end < text.length) {
    found.push({ start: end, end: text.length, match: invert });
  }
  return found;
}

/**
 * Whether a position is inside a surrogate pair. V8 of Node 20 also tries negative lookaheads there, and they match.
 */
function inSurrogatePair(text: string, index: number): boolean {
  return index > 0 && (text.codePointAt(index - 1) ?? 0) > 0xffff;
}

function merged(found: Span[], behaviour: Behaviour): Span[] {
  switch (behaviour) {
    case 'Isolated':
      return found;
    case 'Removed':
      return found.filter((span) => !span.match);
    case 'MergedWithNext':
      return joined(found.reverse(), (span, before) => span.match && !before).reverse();
    case 'MergedWithPrevious':
      return joined(found, (span, before) => span.match && !before);
    case 'Contiguous':
      return joined(found, (span, before) => span.match === before);
  }
}

/**
 * Joins a span to the one before it where `joins` says so. `before` tells whether the previous span is a match; it is
 * false at the start.
 */
function joined(found: Span[], joins: (span: Span, before: boolean) => boolean): Span[] {
  const result: Span[] = [];
  let before = false;
  for (const span of found) {
    const last = result.at(-1);
    if (last && joins(span, before)) {
      last.start = Math.min(last.start, span.start);
      last.end = Math.max(last.end, span.end);
    } else {
      result.push({ ...span });
    }
    before = span.match;
  }
  return result;
}
