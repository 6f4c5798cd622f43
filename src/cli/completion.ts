import { Argument, Command, type Option } from 'commander';
import { OUT_TYPES } from '../quantize/file-types.js';
import { screen } from './terminal/screen.js';
import { TYPE_NAMES } from './types.js';

const HELP = `
Examples:
  hf2gguf completion bash > ~/.local/share/bash-completion/completions/hf2gguf
  hf2gguf completion zsh > ~/.zfunc/_hf2gguf       with fpath+=~/.zfunc before compinit
  hf2gguf completion fish > ~/.config/fish/completions/hf2gguf.fish`;

const SHELLS = { bash, zsh, fish } as const;
type Shell = keyof typeof SHELLS;

export function completionCommand(): Command {
  return new Command('completion')
    .description("Print a shell's script that completes commands, options and types.")
    .addArgument(new Argument('<shell>').choices(Object.keys(SHELLS)))
    .addHelpText('after', HELP)
    .action((shell: Shell, _: object, command: Command) => {
      screen.write(SHELLS[shell](describe(command.parent ?? command)));
    });
}

/** What can be written after the program's name, or after a command's. */
interface Completed {
  /** Empty for the program itself. */
  readonly name: string;
  readonly description: string;
  readonly options: readonly Option[];
  /** Words that may come first. */
  readonly words: readonly string[];
}

function describe(program: Command): Completed[] {
  const all = [program, ...program.commands].map((command) => {
    const { commands, registeredArguments } = command;
    const types = registeredArguments.some((argument) => argument.name() === 'types') ? TYPE_NAMES : [];
    const choices = registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
    return {
      name: command === program ? '' : command.name(),
      description: command.description(),
      options: command.createHelp().visibleOptions(command),
      words: [...commands.map((sub) => sub.name()), ...(commands.length > 0 ? ['help'] : []), ...choices, ...types],
    };
  });
  const names = program.commands.map((command) => command.name());
  return [...all, { name: 'help', description: 'Show the help of a command.', options: [], words: names }];
}

/** Words that an option takes; others take files. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  '--quant': TYPE_NAMES,
  '--outtype': ['auto', ...OUT_TYPES.map((type) => type.toLowerCase())],
  '--imatrix': ['auto'],
};

const flags = ({ long, short }: Option): string[] => [long, short].flatMap((flag) => flag ?? []);

/** The commands, each as a case of a shell; the program itself is what remains. */
function cases(commands: readonly Completed[], body: (command: Completed) => string): string {
  const [program, ...others] = commands;
  return [...others, ...(program ? [program] : [])]
    .map((command) => `    ${command.name || '*'}) ${body(command)} ;;`)
    .join('\n');
}

function bash(commands: readonly Completed[]): string {
  const values = Object.entries(VALUES).map(([flag, words]) => `    ${flag}) words="${words.join(' ')}" ;;`);
  return `# bash completion for hf2gguf
_hf2gguf() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words options
  case "\${COMP_WORDS[1]}" in
${cases(commands, ({ words, options }) => `words="${words.join(' ')}" options="${options.flatMap(flags).join(' ')}"`)}
  esac
  case "\${COMP_WORDS[COMP_CWORD - 1]}" in
${values.join('\n')}
  esac
  case "$word" in
    -*) words="$options" ;;
  esac
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "\${words// /$IFS}" -- "$word"; compgen -f -- "$word"))
}
complete -o filenames -F _hf2gguf hf2gguf
`;
}

function zsh(commands: readonly Completed[]): string {
  const described = ({ options }: Completed) =>
    options
      .flatMap((option) => flags(option).map((flag) => single(`${flag}:${option.description.replaceAll(':', '\\:')}`)))
      .join(' ');
  const values = Object.entries(VALUES).map(([flag, words]) => `    ${flag}) values=(${words.join(' ')}) ;;`);
  return `#compdef hf2gguf
_hf2gguf() {
  local -a values options
  case "$words[2]" in
${cases(commands, (command) => `values=(${command.words.join(' ')}) options=(${described(command)})`)}
  esac
  case "$words[CURRENT - 1]" in
${values.join('\n')}
  esac
  if [[ "$PREFIX" == -* ]]; then
    _describe -o option options
  else
    compadd -a values
    _files
  fi
}
compdef _hf2gguf hf2gguf
`;
}

function fish(commands: readonly Completed[]): string {
  const names = commands.flatMap(({ name }) => name || []).join(' ');
  const lines = commands.flatMap(({ name, options, words }) => {
    const when = name ? `__fish_seen_subcommand_from ${name}` : `not __fish_seen_subcommand_from ${names}`;
    const start = `complete -c hf2gguf -n ${single(when)}`;
    return [
      ...words.map((word) => `${start} -a ${word}${describedAs(commands.find((other) => other.name === word))}`),
      ...options.map((option) => `${start} ${fishOption(option)} -d ${single(option.description)}`),
    ];
  });
  return `# fish completion for hf2gguf\n${lines.join('\n')}\n`;
}

function describedAs(command: Completed | undefined): string {
  return command?.description ? ` -d ${single(command.description)}` : '';
}

function fishOption({ long, short, required }: Option): string {
  const names = [...(long ? [`-l ${long.slice(2)}`] : []), ...(short ? [`-s ${short.slice(1)}`] : [])].join(' ');
  const values = VALUES[long ?? ''];
  return values ? `${names} -r -a ${single(values.join(' '))}` : required ? `${names} -r` : names;
}

/** In single quotes, in which the shells differ in how to write one: a typographic one stands for it. */
function single(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
