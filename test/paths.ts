import { fileURLToPath } from 'node:url';

/** The project's root: compiled tests run from `out/test`. */
export const root = fileURLToPath(new URL('../../', import.meta.url));
export const fixtures = fileURLToPath(new URL('../../test/fixtures/', import.meta.url));
export const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Reference cases outside the project; unset: the tests that need them say that they skip. */
export const data = process.env.HF2GGUF_DATA;

/** `test` with the data at hand; without, a skipped test whose name says why. */
export function dataTest(name: string, run: (data: string) => void | Promise<void>): void {
  if (data) {
    const folder = data;
    test(name, async () => run(folder));
  } else {
    test.skip(`${name} (skipped: HF2GGUF_DATA is not set)`, () => {});
  }
}
