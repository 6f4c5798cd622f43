import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { convert } from '#src/calls/convert.js';
import type { ConvertEvent, ConvertResult } from '#src/calls/events.js';
import type { ConversionParams } from '#src/plan/params.js';

/** What the reference wrote: see the README beside the corpus. */
export interface FileRecord {
  readonly name?: string;
  readonly size: number;
  readonly sha256: string;
}

export function readRecord(path: string): FileRecord {
  const record = JSON.parse(readFileSync(path, 'utf8')) as FileRecord & { files?: FileRecord[] };
  return record.files?.[0] ?? record;
}

export function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Runs a conversion to its end. */
export async function run(params: ConversionParams): Promise<{ result: ConvertResult; events: ConvertEvent[] }> {
  const events: ConvertEvent[] = [];
  const result = await finish(convert(params), (event) => events.push(event));
  return { result, events };
}

/** What a call returns at its end. */
export async function finish<Event, Result>(
  work: AsyncGenerator<Event, Result>,
  see: (event: Event) => void = () => {},
): Promise<Result> {
  for (;;) {
    const next = await work.next();
    if (next.done) {
      return next.value;
    }
    see(next.value);
  }
}

/** `convert-X.json` and `quantize-Y.json` of a folder of records, by X or Y. */
export function recordsOf(folder: string, kind: 'convert' | 'quantize'): Map<string, FileRecord> {
  const names = readdirSync(folder).filter((name) => name.startsWith(`${kind}-`));
  return new Map(names.map((name) => [name.slice(kind.length + 1, -'.json'.length), readRecord(join(folder, name))]));
}
