/**
 * The first and the last byte of what a `Range` header asks for (RFC 9110, section 14): one range; null for the whole, as
 * for a header that is none or asks for several.
 */
export function rangeOf(header: string | undefined, size: number): readonly [number, number] | 'none' | null {
  const { from, to } = /^bytes=(?<from>\d{0,15})-(?<to>\d{0,15})$/.exec(header ?? '')?.groups ?? {};
  if (from === undefined || to === undefined || (from === '' && to === '')) {
    return null;
  }
  const [start, end] =
    from === '' ? [Math.max(0, size - Number(to)), size - 1] : [Number(from), to === '' ? size - 1 : Number(to)];
  return start > end || start >= size ? 'none' : [start, Math.min(end, size - 1)];
}
