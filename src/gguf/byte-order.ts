/** Whether this machine stores a number's most significant byte first, as typed arrays show. */
export const IS_BIG_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0;
