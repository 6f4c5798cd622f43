import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { SourceError } from '../errors.js';

/** The text is missing, or is not UTF-8. */
export class UnreadableTextError extends SourceError {}

/** The texts of the package, which have nothing in common. data/README.md names their sources. */
export type BundledText = 'calibration' | 'check';

/**
 * Reads a text to run a model over. Its last line end is left out, as in llama.cpp's tools.
 * @param file null for the bundled text.
 * @throws UnreadableTextError
 */
export async function readText(file: string | null, bundled: BundledText): Promise<string> {
  const path = file ?? fileURLToPath(new URL(`../../data/${bundled}.txt`, import.meta.url));
  const bytes = await readFile(path).catch((error: Error) => {
    throw new UnreadableTextError(`The text ${path} cannot be read: ${error.message}.`, 'Check the path.', {
      cause: error,
    });
  });
  return decode(bytes, path).replace(/\n$/, '');
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new UnreadableTextError(`${path} is no text in UTF-8.`, 'Save it as UTF-8.', { cause: error });
  }
}
