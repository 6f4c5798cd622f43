import type { WrittenFile } from '../layout/written-file.js';
import { printable } from '../printable.js';
import { textWidth } from './terminal/text.js';

/**
 * What can be done with a file that was just written: commands to copy, for a POSIX shell.
 * @param width columns: a longer command goes on in the next line.
 */
export function nextCommands(files: readonly WrittenFile[], source: string, width: number): string {
  const [file] = files;
  if (!file) {
    return '';
  }
  // Without it, a name could be taken for one on a registry.
  const relative = /^[./~]/.test(file.path) ? file.path : `./${file.path}`;
  const path = quoteForShell(relative);
  const commands = [
    ['llama-cli -m', path],
    [`echo ${quoteForShell(`FROM ${relative}`)} > Modelfile &&`, `ollama create ${ollamaName(file.path)}`],
    ['hf2gguf run', path, '"In the beginning"'],
    ['hf2gguf check', path, `--against ${quoteForShell(source)}`],
  ];
  return ['Next:', ...commands.map((parts) => continued(parts, width))].join('\n');
}

const INDENT = '  ';

/** Parts of a command, on lines that a backslash joins. */
function continued(parts: readonly string[], width: number): string {
  const lines = [INDENT];
  for (const [i, part] of parts.entries()) {
    const line = lines.at(-1) ?? '';
    const longer = i === 0 ? line + part : `${line} ${part}`;
    const hasMore = i < parts.length - 1;
    if (i > 0 && textWidth(longer) + (hasMore ? 2 : 0) > width) {
      lines.push(INDENT.repeat(3) + part);
    } else {
      lines[lines.length - 1] = longer;
    }
  }
  return lines.join(' \\\n');
}

/** A word for a POSIX shell. Hidden characters become bytes by their numbers, which shells read between `$'` and `'`. */
export function quoteForShell(word: string): string {
  if (printable(word) !== word) {
    const chars = Array.from(word, (char) =>
      printable(char) === char ? char.replace(/['\\]/, '\\$&') : inBytes(char),
    );
    return `$'${chars.join('')}'`;
  }
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function inBytes(char: string): string {
  return Array.from(Buffer.from(char), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

/** A name that Ollama takes: small letters, figures and some marks. */
function ollamaName(path: string): string {
  const name = path.replace(/^.*[/\\]/, '').replace(/(-\d{5}-of-\d{5})?\.gguf$/i, '');
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9._-]/g, '-')
      .replace(/^[^a-z0-9]+/, '') || 'model'
  );
}
