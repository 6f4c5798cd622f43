import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '#src/json.js';
import { readTensors, type Tensor, writeTensors } from '../checkpoint/tensors.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

/** A copy of Tiny-Verse-2M that can be spoilt. */
export class TinyCopy {
  readonly folder = join(tempFolder(), 'Tiny-Verse-2M');

  constructor() {
    cpSync(join(fixtures, 'Tiny-Verse-2M'), this.folder, { recursive: true });
  }

  /** Changes one of its JSON files in place. */
  json(name: string, change: (content: Record<string, JsonObject[string]>) => void): this {
    const path = join(this.folder, name);
    const content = JSON.parse(readFileSync(path, 'utf8'));
    change(content);
    writeFileSync(path, JSON.stringify(content));
    return this;
  }

  /** Replaces tensors: what `change` returns takes the place of one. */
  tensors(change: (tensor: Tensor) => Tensor): this {
    const path = join(this.folder, 'model.safetensors');
    writeTensors(path, readTensors(path).map(change));
    return this;
  }

  /** Puts 16 bits at an element of a tensor of rows of so many columns. */
  value(name: string, [row, column, columns]: readonly [number, number, number], bits: number): this {
    return this.tensors((tensor) => {
      if (tensor.name === name) {
        tensor.bytes.writeUInt16LE(bits, 2 * (row * columns + column));
      }
      return tensor;
    });
  }
}
