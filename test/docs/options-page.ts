import type { Command } from 'commander';

/** docs/options.md: every command's options, as `--help` has them. */
export function optionsPage(program: Command): string {
  const commands = [
    program,
    ...program.commands.filter((command) => command.description() !== '' && !isHidden(command)),
  ];
  const sections = commands.map((command) => {
    const name = command === program ? program.name() : `${program.name()} ${command.name()}`;
    const help = command.createHelp();
    const rows = help
      .visibleOptions(command)
      .map((option) => [`\`${option.flags.replaceAll('|', '\\|')}\``, escaped(help.optionDescription(option))]);
    return [`## ${name}`, command.description(), `    ${name} ${command.usage()}`, table(rows)].join('\n\n');
  });
  return `# Options\n\n<!-- Written by \`npm run docs\` from what --help prints. -->\n\n${sections.join('\n\n')}\n`;

  function isHidden(command: Command): boolean {
    return !program.createHelp().visibleCommands(program).includes(command);
  }
}

/** Columns of one width, as the formatter wants them. */
function table(rows: readonly string[][]): string {
  const all = [['option', ''], ...rows];
  const widths = [0, 1].map((column) => Math.max(3, ...all.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = all;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
}
