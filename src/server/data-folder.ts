import { join, resolve } from 'node:path';

const DEFAULT = 'hf2gguf-data';

/** What is where in a data folder. */
export const places = (data = DEFAULT) => {
  const folder = resolve(data);
  return {
    ...{ folder, file: join(folder, 'queue.db'), jobs: join(folder, 'jobs') },
    ...{ key: join(folder, 'session.key'), tokenFolder: join(folder, 'tokens') },
  };
};
