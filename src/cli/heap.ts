import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// The space in which new objects stand is kept small: Node lets it grow to 48 MiB in each thread, and conversions make few
// objects. It has grown by the time that the other modules are loaded, so main.ts loads this one first.
setFlagsFromString('--semi-space-growth-factor=1');

/**
 * Gives memory back that nothing refers to any more. Node waits until it needs some: a plan's texts would stay in memory
 * while a conversion fills its buffers.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
}
