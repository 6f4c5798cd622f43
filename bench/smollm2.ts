import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { data } from '../test/paths.js';

/** The model to measure: what is given, else SmolLM2-135M-Instruct, from the reference's cases or else from the Hub. */
export function smollm2(given: string | undefined, folder: string): string {
  if (given !== undefined) {
    return given;
  }
  if (!data) {
    return 'HuggingFaceTB/SmolLM2-135M-Instruct';
  }
  const script = join(data, 'models/get-smollm2.sh');
  return execFileSync('sh', [script, folder], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}
