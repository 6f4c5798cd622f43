import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SourceError } from '#src/errors.js';
import { openGgufModel } from '#src/plan/gguf-model.js';
import { ggufBytes, type Tensor, text } from '../gguf/byte-file.js';
import { tempFolder } from '../temp.js';

function written(tensors: Tensor[]): string {
  const path = join(tempFolder(), 'x.gguf');
  writeFileSync(path, ggufBytes({ kv: [['general.architecture', 8, text('llama')]], tensors, dataBytes: 96 }));
  return path;
}

const F32 = (name: string, offset: number): Tensor => ({ name, ne: [8], type: 0, offset });

// What gguf.cpp of llama.cpp v0.5.0 reads, and what it does not.
test.each<[string, Tensor[], RegExp | null]>([
  ['one after the other', [F32('a', 0), F32('b', 32)], null],
  ['a gap', [F32('a', 0), F32('b', 64)], /The tensor b of x\.gguf lies at byte \d+, where llama\.cpp wants it at \d+/],
  ['out of order', [F32('a', 32), F32('b', 0)], /The tensor a of x\.gguf lies/],
  ['a name of 63 bytes', [F32('a'.repeat(63), 0)], null],
  ['a name of 64 bytes', [F32('a'.repeat(64), 0)], /has a name of more than 63 bytes/],
])('%s', async (_, tensors, message) => {
  const opened = openGgufModel(written(tensors), {});
  if (message === null) {
    expect((await opened).tensors).toHaveLength(tensors.length);
  } else {
    await expect(opened).rejects.toThrow(SourceError);
    await expect(opened).rejects.toThrow(message);
  }
});
