import type { Command } from 'commander';
import { markdownTable } from './markdown-table.js';

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
    return [
      `## ${name}`,
      command.description(),
      `    ${name} ${command.usage()}`,
      markdownTable(['option', ''], rows),
    ].join('\n\n');
  });
  return `# Options\n\n<!-- Written by \`npm run docs\` from what --help prints. -->\n\n${sections.join('\n\n')}\n`;

  function isHidden(command: Command): boolean {
    return !program.createHelp().visibleCommands(program).includes(command);
  }
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
}
