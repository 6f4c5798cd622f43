import { SourceError } from '../errors.js';
import { GGML_TYPES, type GgmlType } from '../gguf/types.js';
import { isObject, type Json, parseJson } from '../json.js';
import { MAX_GGUF_DIMS, MAX_SENSITIVITIES_BYTES } from '../limits.js';
import { importanceOf } from '../quantize/imatrix/coverage.js';
import type { Imatrix } from '../quantize/imatrix/imatrix.js';
import { dimensions } from '../quantize/recipe/tensor.js';
import { meanWeight } from '../quantize/target/loss.js';
import { openFile } from '../repo/open-file.js';
import { type DoubtSink, doubt } from '../warnings.js';

/** The KL divergence in nats that a unit of a tensor's weighted squared error costs. */
export interface Sensitivity {
  /** The tensor's shape in ggml's order: the row length first. */
  readonly ne: readonly number[];
  /** The mean of the importance matrix's weights for its columns; 1 without a matrix. */
  readonly weight: number;
  readonly usual: number;
  /** Where a type's errors cost more or less than others'. */
  readonly byType: Readonly<Partial<Record<GgmlType, number>>>;
}

/** By tensor of the source. */
export type Sensitivities = ReadonlyMap<string, Sensitivity>;

/** The file does not hold sensitivities, or holds malformed ones. */
export class SensitivitiesFileError extends SourceError {}
/** Sensitivities of another model. */
export class SensitivitiesMismatchError extends SourceError {}

const FORMAT = 'hf2gguf sensitivities';
const VERSION = 1;

/** As JSON, a tensor a line. */
export function encodeSensitivities(sensitivities: Sensitivities): Uint8Array {
  const lines = [...sensitivities].map(([name, own]) => `    ${JSON.stringify(name)}: ${JSON.stringify(own)}`);
  const text = `{\n  "format": "${FORMAT}",\n  "version": ${VERSION},\n  "tensors": {\n${lines.join(',\n')}\n  }\n}\n`;
  return Buffer.from(text);
}

/** @throws SensitivitiesFileError, and as `openFile` */
export async function readSensitivities(path: string): Promise<Sensitivities> {
  const refuse = (what: string, cause?: unknown): never => {
    throw new SensitivitiesFileError(
      `${path} is no file of sensitivities: ${what}.`,
      'Measure them again, with a target size and --sensitivities-out FILE.',
      { cause },
    );
  };
  const file = parse(await readText(path, refuse), refuse);
  if (!isObject(file) || file.format !== FORMAT || !isObject(file.tensors)) {
    return refuse(`it has no "format": "${FORMAT}"`);
  }
  if (file.version !== VERSION) {
    return refuse(`its version is ${JSON.stringify(file.version)}, and ${VERSION} is read`);
  }
  return new Map(
    Object.entries(file.tensors).map(([name, value]) => {
      const own = isObject(value) ? value : {};
      const wrong = FIELDS.find(([field, isValid]) => !isValid(own[field]));
      if (wrong) {
        refuse(`the ${wrong[0]} of ${JSON.stringify(name)} is not ${wrong[2]}`);
      }
      return [name, own as unknown as Sensitivity] as const;
    }),
  );
}

type Refuse = (what: string, cause?: unknown) => never;

async function readText(path: string, refuse: Refuse): Promise<string> {
  const file = await openFile(path);
  try {
    if (file.size > MAX_SENSITIVITIES_BYTES) {
      return refuse(`it has ${file.size} bytes, more than ${MAX_SENSITIVITIES_BYTES}`);
    }
    return new TextDecoder().decode(await file.read(0, file.size));
  } finally {
    await file.close();
  }
}

function parse(text: string, refuse: Refuse): Json {
  try {
    return parseJson(text, 'It');
  } catch (cause) {
    return refuse('it is no JSON', cause);
  }
}

const isCost = (value: unknown) => typeof value === 'number' && value >= 0 && Number.isFinite(value);
const isSize = (value: unknown) => Number.isSafeInteger(value) && Number(value) > 0;

const FIELDS: readonly (readonly [field: keyof Sensitivity, isValid: (value: unknown) => boolean, what: string])[] = [
  ['ne', (ne) => Array.isArray(ne) && ne.length > 0 && ne.length <= MAX_GGUF_DIMS && ne.every(isSize), 'a shape'],
  ['weight', isCost, 'a number from 0 on'],
  ['usual', isCost, 'a number from 0 on'],
  ['byType', isCostByType, 'an object of types and numbers'],
];

function isCostByType(value: unknown): boolean {
  return (
    isObject(value) && Object.entries(value).every(([type, cost]) => Object.hasOwn(GGML_TYPES, type) && isCost(cost))
  );
}

interface Known {
  readonly name: string;
  readonly ne: readonly number[];
}

/** Two means count as equal up to this relative difference: their values were rounded on the way. */
const SAME = 1e-3;

/**
 * Checks that sensitivities were measured on this model and with this importance matrix.
 * @param tensors all tensors of the model.
 * @param needed the tensors that must have a sensitivity.
 * @throws SensitivitiesMismatchError; StrictError with `strict` where the importance matrix is another.
 */
export function checkSensitivities(
  sensitivities: Sensitivities,
  tensors: readonly Known[],
  needed: readonly Known[],
  imatrix: Imatrix | undefined,
  to: DoubtSink,
): void {
  const shapes = new Map(tensors.map(({ name, ne }) => [name, shape(ne)]));
  const missing = needed.find(({ name }) => !sensitivities.has(name));
  if (missing) {
    throw mismatch(`they have none for ${missing.name}`);
  }
  for (const [name, { ne }] of sensitivities) {
    const own = shapes.get(name);
    if (own !== shape(ne)) {
      throw mismatch(`${name} is ${shape(ne)} there, and ${own ?? 'not in the model'}${own ? ' in the model' : ''}`);
    }
  }
  const other = needed.find(({ name, ne }) => {
    const weight = meanWeight(imatrix && importanceOf(imatrix, name, ne));
    const before = sensitivities.get(name)?.weight ?? weight;
    return Math.abs(weight - before) > SAME * Math.max(weight, before);
  });
  if (other) {
    doubt(
      to,
      `The sensitivities were measured with another importance matrix, or with none: that of ${other.name} differs.`,
      'Give the one that they were measured with, or measure them again.',
    );
  }
}

function shape(ne: readonly number[]): string {
  return ne.slice(0, dimensions(ne)).join(' × ');
}

function mismatch(what: string): SensitivitiesMismatchError {
  return new SensitivitiesMismatchError(
    `The sensitivities are of another model: ${what}.`,
    'Give those of this model, or leave them out to have them measured.',
  );
}
