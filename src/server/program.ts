import { fileURLToPath } from 'node:url';

/** The command line. Bundled modules stand one folder deep in dist/, as this one does, so that the way is the same. */
export const PROGRAM = fileURLToPath(new URL('../cli/main.js', import.meta.url));
