import { SourceError } from '../../errors.js';
import { readGguf } from '../../gguf/reader.js';
import { type FileKind, GGUF_FILE } from '../../output/kinds.js';
import { ForwardReader } from '../../quantize/imatrix/forward-reader.js';
import { startsAsLegacy } from '../../quantize/imatrix/read-legacy.js';

/**
 * A file of an importance matrix, in either format. The format before GGUF has no magic number, so its first entry must
 * be plausible.
 */
export const IMATRIX_FILE: FileKind = {
  name: 'importance matrix',
  async matches(file) {
    try {
      return (await GGUF_FILE.matches(file))
        ? (await readGguf(file)).kv.get('general.type')?.value === 'imatrix'
        : await startsAsLegacy(new ForwardReader(file));
    } catch (error) {
      if (error instanceof SourceError) {
        return false;
      }
      throw error;
    }
  },
};
