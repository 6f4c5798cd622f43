import type { KeyValues } from '../gguf/key-values.js';
import { malformedFile } from '../hf-tokenizer/errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import type { SmallFiles } from '../repo/small-files.js';
import { pythonSetOrder } from './python-set.js';

/** One template, or several with names, as tokenizer_config.json has them. */
export type ChatTemplate = string | readonly Json[];

const FOLDER = 'additional_chat_templates/';

/**
 * The chat template of a repository with a tokenizer_config.json: `chat_template` there wins, even when it is null;
 * then chat_template.jinja with those beside it in additional_chat_templates/; then chat_template.json.
 * Reference: gguf-py/gguf/vocab.py, SpecialVocab.
 */
export async function readChatTemplate(
  files: SmallFiles,
  tokenizerConfig: JsonObject,
  warn: (message: string) => void,
): Promise<ChatTemplate | null> {
  const template = 'chat_template' in tokenizerConfig ? tokenizerConfig.chat_template : await templateFromFiles(files);
  if (typeof template === 'string' || Array.isArray(template)) {
    return template;
  }
  if (template !== null && template !== undefined) {
    warn('The chat template is neither text nor a list of named templates, so none is written.');
  }
  return null;
}

async function templateFromFiles(files: SmallFiles): Promise<Json | undefined> {
  const main = await readJinja(files, 'chat_template.jinja');
  if (main === null) {
    return (await files.json('chat_template.json'))?.chat_template;
  }
  const named: JsonObject[] = [];
  for (const { path } of await files.repo.list()) {
    const name = path.startsWith(FOLDER) ? path.slice(FOLDER.length) : '';
    if (name.endsWith('.jinja') && !name.includes('/')) {
      named.push({ name: name.slice(0, -'.jinja'.length), template: await readJinja(files, path) });
    }
  }
  return named.length === 0 ? main : [{ name: 'default', template: main }, ...named];
}

/** Python reads text files with every line end as a line feed, and keeps a byte order mark. */
async function readJinja(files: SmallFiles, path: string): Promise<string | null> {
  const bytes = await files.bytes(path);
  if (bytes === null) {
    return null;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r\n?/g, '\n');
  } catch {
    throw malformedFile(path, 'is not UTF-8');
  }
}

/**
 * `tokenizer.chat_template`, and for named ones `tokenizer.chat_template.<name>` with their list: the
 * reference's is a Python set, whose order changes from run to run unless PYTHONHASHSEED is 0, whose order this is.
 * Reference: gguf-py/gguf/gguf_writer.py, `add_chat_template`.
 */
export function writeChatTemplate(kv: KeyValues, chatTemplate: ChatTemplate): void {
  if (typeof chatTemplate === 'string') {
    putText(kv, 'tokenizer.chat_template', chatTemplate);
    return;
  }
  const names = new Set<string>();
  let main: string | null = null;
  for (const choice of chatTemplate) {
    const { name, template } = isObject(choice) ? choice : {};
    if (typeof template !== 'string' || typeof name !== 'string' || name === '') {
      continue;
    }
    const key = Array.from(name, (character) => (/^[A-Za-z0-9]$/.test(character) ? character : '_')).join('');
    if (key === 'default') {
      main = template;
    } else {
      names.add(key);
      putText(kv, `tokenizer.chat_template.${key}`, template);
    }
  }
  if (names.size > 0) {
    kv.array('tokenizer.chat_templates', 'string', pythonSetOrder([...names]));
  }
  if (main !== null) {
    putText(kv, 'tokenizer.chat_template', main);
  }
}

/** The reference's writer leaves empty texts out. */
function putText(kv: KeyValues, key: string, text: string): void {
  if (text !== '') {
    kv.string(key, text);
  }
}
