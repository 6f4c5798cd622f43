/** A program that runs a file, and the command for it. */
export interface RunCommand {
  readonly program: string;
  readonly command: string;
}

/** @param file a name, which may come from strangers */
export function runCommands(file: string): readonly RunCommand[] {
  const path = quoted(file.startsWith('-') ? `./${file}` : file);
  const name = file
    .replace(/\.gguf$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '');
  return [
    { program: 'llama.cpp', command: `llama-cli -m ${path}` },
    {
      program: 'Ollama',
      command: `echo FROM ${quoted(`./${file}`)} > Modelfile\nollama create ${name}\nollama run ${name}`,
    },
    { program: 'LM Studio', command: `lms import ${path}` },
  ];
}

/** A word for a shell. */
function quoted(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
