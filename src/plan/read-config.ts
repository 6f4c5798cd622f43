import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load-config.js';
import { noModel } from '../repo/contents.js';
import type { SmallFiles } from '../repo/small-files.js';

/** A model's configuration. @throws as `loadConfig`, and as `noModel` makes it where there is none */
export async function readConfig(files: SmallFiles): Promise<Config> {
  const raw = await files.json('config.json');
  if (!raw) {
    throw await noModel(files, 'config.json');
  }
  const tokenizer = await files.json('tokenizer_config.json');
  return loadConfig(raw, tokenizer?.tokenizer_class === VERSION_5_CLASS ? 5 : 4);
}

/** transformers' tokenizer class that version 4 doesn't know: the reference then reads the repository with version 5. */
const VERSION_5_CLASS = 'TokenizersBackend';
