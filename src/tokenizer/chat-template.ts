import type { KeyValues } from '../gguf/key-values.js';
import { malformedFile } from '../hf-tokenizer/errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { MAX_TEMPLATES } from '../limits.js';
import type { SmallFiles } from '../repo/small-files.js';
import { pythonSetOrder } from './python-set.js';

/** One template, or a list of named ones, as in tokenizer_config.json. */
export type ChatTemplate = string | readonly Json[];

const FOLDER = 'additional_chat_templates/';

/**
 * Reads the chat template of a repository with a tokenizer_config.json. `chat_template` in that file wins, even if it
 * is null. Next comes chat_template.jinja, together with the files in additional_chat_templates/. The last is
 * chat_template.json.
 * ref-quirk: `SpecialVocab._try_load_from_tokenizer_json` in gguf-py/gguf/vocab.py.
 */
export async function readChatTemplate(
  files: SmallFiles,
  tokenizerConfig: JsonObject,
  warn: (message: string) => void,
): Promise<ChatTemplate | null> {
  const template = 'chat_template' in tokenizerConfig ? tokenizerConfig.chat_template : await templateFromFiles(files);
  if (Array.isArray(template)) {
    checkCount(template.length, 'The list chat_template');
  }
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
      checkCount(named.length + 1, FOLDER);
      named.push({ name: name.slice(0, -'.jinja'.length), template: await readJinja(files, path) });
    }
  }
  return named.length === 0 ? main : [{ name: 'default', template: main }, ...named];
}

/** @throws MalformedTokenizerError */
function checkCount(templates: number, file: string): void {
  if (templates > MAX_TEMPLATES) {
    throw malformedFile(file, `has more than ${MAX_TEMPLATES} chat templates`);
  }
}

/**
 * Reads a file as Python's text mode does: every line end becomes a line feed, and a byte order mark stays.
 * @throws MalformedTokenizerError
 */
export async function readJinja(files: SmallFiles, path: string): Promise<string | null> {
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
 * Writes `tokenizer.chat_template`, and for named templates `tokenizer.chat_template.<name>` and the list of names.
 * ref-quirk: `add_chat_template` in gguf-py/gguf/gguf_writer.py takes the list from a Python set, whose order depends
 * on PYTHONHASHSEED; this is its order for PYTHONHASHSEED=0.
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

/** Writes a text unless it is empty. ref-quirk: `add_string` in gguf-py/gguf/gguf_writer.py. */
function putText(kv: KeyValues, key: string, text: string): void {
  if (text !== '') {
    kv.string(key, text);
  }
}
