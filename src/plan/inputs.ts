import { SourceError } from '../errors.js';
import type { WaitEvent } from '../events.js';
import { type JsonObject, MalformedJsonError, parseJsonObject } from '../json.js';
import { readTextFile } from '../repo/open-file.js';
import { checkParams } from './check-params.js';
import type { ConversionParams } from './params.js';
import { readRequest } from './quantize-request.js';
import type { QuantizeRequest } from './quantized.js';

interface WaitSink {
  emit?(event: WaitEvent): void;
}

/** The contents of the files that a conversion's options name. They are read before the source is opened. */
export interface Inputs {
  /** Null where nothing is quantized. */
  readonly request: QuantizeRequest | null;
  /** `--metadata`. */
  readonly overrides: JsonObject | null;
}

export class UnreadableMetadataError extends SourceError {}

/** @throws UsageError, and what reading an importance matrix throws. */
export async function readInputs(params: ConversionParams & WaitSink): Promise<Inputs> {
  const { quants, targets } = checkParams(params);
  const overrides = params.metadata === undefined ? null : await readOverrides(params.metadata);
  const request = quants.length + targets.length > 0 ? await readRequest(params) : null;
  return { request, overrides };
}

async function readOverrides(path: string): Promise<JsonObject> {
  const next = 'Give a JSON file with the fields that override the metadata.';
  const text = await readTextFile(
    path,
    (reason, cause) => new UnreadableMetadataError(`--metadata ${path} cannot be read: ${reason}.`, next, { cause }),
  );
  try {
    return parseJsonObject(text, path);
  } catch (cause) {
    const why = cause instanceof MalformedJsonError ? cause.what : `${path} is no JSON object.`;
    throw new UnreadableMetadataError(`--metadata: ${why}`, next, { cause });
  }
}
