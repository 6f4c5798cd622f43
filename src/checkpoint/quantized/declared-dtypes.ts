import { isObject, type Json, type JsonObject } from '../../json.js';
import { QuantizedTensorError } from './plain-tensors.js';

/** Dtypes of decoded weights. */
export type PlainType = 'F32' | 'F16' | 'BF16';

/** torch's names. */
const NAMES: ReadonlyMap<unknown, PlainType> = new Map([
  ['float32', 'F32'],
  ['float16', 'F16'],
  ['bfloat16', 'BF16'],
]);

/** @param where of the name, for the message. @throws QuantizedTensorError for what is no name of a float dtype of torch */
export function floatNamed(name: Json | undefined, where: string): PlainType {
  const found = NAMES.get(typeof name === 'string' ? name.replace(/^torch\./, '') : name);
  if (!found) {
    throw new QuantizedTensorError(`${where} is ${JSON.stringify(name)}, which is not float32, float16 or bfloat16.`);
  }
  return found;
}

/** The dtype that config.json gives the model's weights, its text model's before its own; float32 where it gives none. */
export function modelDType(hparams: JsonObject): PlainType {
  const text = isObject(hparams.text_config) ? hparams.text_config : {};
  const name = [text.dtype, text.torch_dtype, hparams.dtype, hparams.torch_dtype].find(
    (own) => typeof own === 'string',
  );
  return name === undefined ? 'F32' : floatNamed(name, 'The dtype in config.json');
}
