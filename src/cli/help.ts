import type { Command, Help } from 'commander';
import { printable } from '../printable.js';
import { screen } from './terminal/screen.js';
import { textWidth, wrap } from './terminal/text.js';

/** Wider lines are hard to read; without a terminal there is no width to ask for. */
const WIDEST = 100;
const DEFAULT = 80;
/** A longer term has its description below it. */
const LONGEST_TERM = 24;
const INDENT = 2;

function helpWidth(stream: { readonly isTTY?: boolean; readonly columns?: number }): number {
  return stream.isTTY && stream.columns ? Math.min(stream.columns, WIDEST) : DEFAULT;
}

/** Gives a command, and all below it, help that fits the terminal and errors in the one form that all have. */
export function configureHelp(command: Command, showError: (text: string) => void): void {
  command
    .configureHelp({
      minWidthToWrap: DEFAULT / 4,
      styleTitle: (title) => screen.paintOut('heading', title),
      subcommandTerm: (sub) => sub.name(),
      padWidth: (shown, helper) => Math.min(LONGEST_TERM, longestTerm(shown, helper)),
      formatItem: (term, termWidth, description, helper) => formatItem(term, termWidth, description, helper),
    })
    .configureOutput({
      getOutHelpWidth: () => helpWidth(process.stdout),
      getErrHelpWidth: () => helpWidth(process.stderr),
      // Texts before and after the lists of options come as they were written.
      writeOut: (text) => screen.write(fitText(text, helpWidth(process.stdout))),
      writeErr: (text) => screen.trace(fitText(text, helpWidth(process.stderr))),
      outputError: (text) => showError(errorLines(text)),
    });
  for (const sub of command.commands) {
    sub.copyInheritedSettings(command);
  }
}

/** An error of commander's: a line that quotes what was typed, and perhaps a second one with what may be meant. */
function errorLines(text: string): string {
  const { what = text, meant = '' } =
    /^(?:error: )?(?<what>.*?)(?<meant>\n\(Did you mean [^\n]*\))?$/s.exec(text.trim())?.groups ?? {};
  return printable(what) + meant;
}

function longestTerm(command: Command, helper: Help): number {
  return Math.max(
    helper.longestOptionTermLength(command, helper),
    helper.longestSubcommandTermLength(command, helper),
    helper.longestArgumentTermLength(command, helper),
  );
}

function formatItem(term: string, termWidth: number, description: string, helper: Help): string {
  const indent = ' '.repeat(INDENT + termWidth + INDENT);
  const room = (helper.helpWidth ?? DEFAULT) - indent.length;
  const text = helper.boxWrap(description, room).replaceAll('\n', `\n${indent}`);
  const head = ' '.repeat(INDENT) + term;
  return helper.displayWidth(term) <= termWidth && description !== ''
    ? head.padEnd(indent.length + head.length - INDENT - helper.displayWidth(term)) + text
    : `${head}${description === '' ? '' : `\n${indent}${text}`}`;
}

/** A line of two columns, such as an example and what it does. */
const TWO_COLUMNS = /^( +)(\S+(?: \S+)*) {2,}(\S+(?: \S+)*)$/;

/**
 * Text as it was written, but no wider: a paragraph is wrapped anew; where a line of a list is too wide, the second column
 * of all goes below the first.
 */
export function fitText(text: string, width: number): string {
  // The line breaks between and after blocks stay as they are.
  return text
    .split(/(\n{2,}|\n$)/)
    .map((block, i) => (i % 2 === 0 ? fitBlock(block.split('\n'), width) : block))
    .join('');
}

function fitBlock(lines: readonly string[], width: number): string {
  if (lines.every((line) => textWidth(line) <= width)) {
    return lines.join('\n');
  }
  const isParagraph = lines.every((line) => /^\S/.test(line));
  return isParagraph ? wrap(lines.join(' '), width) : lines.map((line) => fitLine(line, width)).join('\n');
}

function fitLine(line: string, width: number): string {
  const [, indent = '', first = '', second = ''] = TWO_COLUMNS.exec(line) ?? [];
  if (first === '') {
    return wrap(line, width, /^ */.exec(line)?.[0]);
  }
  const below = `${indent}    `;
  return `${wrap(indent + first, width, `${indent}  `)}\n${wrap(below + second, width, below)}`;
}
