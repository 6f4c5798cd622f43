import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensorsHeader } from '#src/checkpoint/safetensors.js';
import { openFolder } from '#src/repo/folder.js';
import { elementCount } from '#src/tensor/expr.js';
import { random } from '../test/quantize/inputs.js';

const WEIGHTS = 'model.safetensors';
const BLOCK = 32;
const STEPS = 15;

/**
 * Some model files hold weights that went through a 4-bit format before, on which Q4_1 loses nothing. This copies a
 * repository of one bfloat16 safetensors file, and moves each weight of a matrix at random within half a step of the grid
 * that 16 values between the least and the largest of 32 neighbours make: nearly the same model, its grid gone.
 */
export async function offGrid(source: string, target: string): Promise<string> {
  mkdirSync(target);
  for (const name of readdirSync(source).filter((name) => name !== WEIGHTS)) {
    cpSync(join(source, name), join(target, name));
  }
  const file = readFileSync(join(source, WEIGHTS));
  const repo = await openFolder(source);
  for (const { dtype, shape, offset } of await readSafetensorsHeader(repo, { path: WEIGHTS, size: file.length })) {
    if (dtype === 'BF16' && shape.length === 2 && (shape[1] ?? 0) % BLOCK === 0) {
      const end = offset + 2 * elementCount(shape);
      for (let at = offset; at < end; at += 2 * BLOCK) {
        moveBlock(file.subarray(at, at + 2 * BLOCK), at);
      }
    }
  }
  writeFileSync(join(target, WEIGHTS), file);
  return target;
}

function moveBlock(bytes: Buffer, seed: number): void {
  const bits = new Uint32Array(BLOCK);
  const values = new Float32Array(bits.buffer);
  for (let i = 0; i < BLOCK; i++) {
    bits[i] = bytes.readUInt16LE(2 * i) << 16;
  }
  const step = (Math.max(...values) - Math.min(...values)) / STEPS;
  for (let i = 0; i < BLOCK; i++) {
    values[i] = (values[i] ?? 0) + step * (random(seed, i) / 2 ** 32 - 0.5);
    // To the nearest bfloat16, near enough.
    bytes.writeUInt16LE((((bits[i] ?? 0) + 0x8000) >>> 16) & 0xffff, 2 * i);
  }
}
