import { didYouMean } from '../options/near-names.js';
import type { FileType } from '../quantize/file-types.js';
import type { TensorTypeRule } from '../quantize/recipe/choose.js';
import { whyKept } from '../quantize/recipe/kept.js';
import { type DoubtSink, doubt } from '../warnings.js';
import { type KeptTensor, keptTensors, type QuantizeRequest, type QuantizeSource } from './quantized.js';

const OUTPUT = 'output.weight';
const EMBEDDINGS = 'token_embd.weight';

/**
 * Warns of options that have no effect on this model, because they are for another one or misspelt.
 * @param types of the files; none for a target size.
 * @throws StrictError with `strict`
 */
export function doubtIdleOptions(
  source: QuantizeSource,
  request: QuantizeRequest,
  types: readonly FileType[],
  to: DoubtSink,
): void {
  const { kept } = keptTensors(source, request);
  const names = kept.map(({ name }) => name);
  for (const rule of request.tensorTypes ?? []) {
    const why = whyIdle(rule, kept, request, types);
    if (why) {
      doubt(to, `--tensor-type ${ruleText(rule)} has no effect: ${why}.`, nearParts(rule, names));
    }
  }
  for (const option of request.unmatched) {
    doubt(to, `${option} has no effect: no entry of the importance matrix has it in its name.`, LOOK_UP);
  }
  if (!names.includes(OUTPUT) && request.leaveOutputTensor) {
    doubt(to, `--leave-output-tensor has no effect: there is no ${OUTPUT}.`, 'Leave it out.');
  }
  if (!names.includes(OUTPUT) && request.outputTensorType && !names.includes(EMBEDDINGS)) {
    doubt(to, `--output-tensor-type has no effect: there is no ${OUTPUT}.`, 'Leave it out.');
  }
  if (!names.includes(EMBEDDINGS) && request.tokenEmbeddingType) {
    doubt(to, `--token-embedding-type has no effect: there is no ${EMBEDDINGS}.`, 'Leave it out.');
  }
}

const LOOK_UP = "hf2gguf inspect FILE lists a file's tensors.";

function whyIdle(
  rule: TensorTypeRule,
  kept: readonly KeptTensor[],
  { tensorTypes = [] }: QuantizeRequest,
  types: readonly FileType[],
): string | undefined {
  const matched = kept.filter(({ name }) => rule.pattern.test(name));
  if (matched.length === 0) {
    return 'no tensor has such a name';
  }
  const open = matched.filter((tensor) => whyKept(tensor) === undefined);
  if (open.length === 0) {
    return `tensors such as ${matched[0]?.name} are never quantized`;
  }
  const isFirst = open.some(({ name }) => tensorTypes.find(({ pattern }) => pattern.test(name)) === rule);
  if (!isFirst) {
    return `a rule before it has ${open[0]?.name} already`;
  }
  const isUnmixed = types.length > 0 && types.every((type) => UNMIXED.includes(type));
  return isUnmixed ? `all matrices of ${types.join(' and ')} files have one type` : undefined;
}

/** Files without a mixture, for which llama-quantize knows no rules. */
const UNMIXED: readonly FileType[] = ['F32', 'F16', 'BF16', 'COPY'];

function ruleText({ pattern, type }: TensorTypeRule): string {
  return `${pattern.source}=${type.toLowerCase()}`;
}

/** What the tensors' names are made of, such as `ffn_down`. */
function nearParts({ pattern }: TensorTypeRule, names: readonly string[]): string {
  const parts = [...new Set(names.flatMap((name) => name.split('.')))].filter((part) => !/^\d+$/.test(part));
  const wanted = pattern.source.split(/\\?\./).find((part) => /[a-z]{3}/.test(part) && !parts.includes(part));
  return wanted === undefined ? LOOK_UP : didYouMean(wanted, parts, LOOK_UP);
}
