import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { random } from '../test/quantize/inputs.js';

const BLOCK = 32;
const STEPS = 15;

/**
 * Some model files hold weights that went through a 4-bit format before, on which Q4_1 loses nothing. This copies a
 * repository of one bfloat16 safetensors file, and moves each weight of a matrix at random within half a step of the grid
 * that 16 values between the least and the largest of 32 neighbours make: nearly the same model, its grid gone.
 */
export function offGrid(source: string, target: string): string {
  mkdirSync(target);
  for (const name of readdirSync(source).filter((name) => name !== 'model.safetensors')) {
    cpSync(join(source, name), join(target, name));
  }
  const file = readFileSync(join(source, 'model.safetensors'));
  const start = 8 + Number(file.readBigUInt64LE());
  const header = JSON.parse(file.toString('utf8', 8, start)) as Record<
    string,
    { dtype?: string; shape?: number[]; data_offsets?: [number, number] }
  >;
  for (const { dtype, shape = [], data_offsets: [from, to] = [0, 0] } of Object.values(header)) {
    if (dtype === 'BF16' && shape.length === 2 && (shape[1] ?? 0) % BLOCK === 0) {
      const bytes = file.subarray(start + from, start + to);
      for (let at = 0; at < bytes.length; at += 2 * BLOCK) {
        moveBlock(bytes.subarray(at, at + 2 * BLOCK), from + at);
      }
    }
  }
  writeFileSync(join(target, 'model.safetensors'), file);
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
