/**
 * A module for Node's `--import`: it writes the most memory that the process had, in KiB, to file descriptor 3 as the
 * process ends. That is VmHWM of proc(5): what `resourceUsage` says begins with what the process that started it had.
 */
export const PEAK_REPORT = `data:text/javascript,${encodeURIComponent(
  `import { readFileSync, writeSync } from 'node:fs';
   const peak = () => /VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
   process.on('exit', () => writeSync(3, peak() + '\\n'));`,
)}`;
