import type { GgmlType } from '../gguf/types.js';
export interface QuantizeRows {
  type: GgmlType;
  source: Uint8Array;
  sourceType: string;
  via: string;
  rows: number;
  columns: number;
  target: Uint8Array;
  refuseNonFinite?: boolean;
}
export function quantizeRows(p: QuantizeRows): void {
  const f = (b: Uint8Array) => Buffer.from(b);
  const n = p.rows * p.columns,
    s = f(p.source),
    fl = new Float32Array(1),
    u = new Uint32Array(fl.buffer);
  const out = Buffer.from(p.target.buffer, p.target.byteOffset, p.target.byteLength);
  for (let i = 0; i < n; i++) {
    if (p.sourceType === 'BF16') u[0] = s.readUInt16LE(2 * i) << 16;
    else if (p.sourceType === 'F32') u[0] = s.readUInt32LE(4 * i);
    if (p.type === 'F32') out.writeUInt32LE(u[0]!, 4 * i);
    else if (p.type === 'BF16') out.writeUInt16LE((u[0]! + 0x7fff + ((u[0]! >>> 16) & 1)) >>> 16, 2 * i);
    else throw new Error('type ' + p.type);
  }
}
