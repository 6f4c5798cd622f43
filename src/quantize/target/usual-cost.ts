import { type Category, categoryOf } from '../recipe/categories.js';
import { layerOf } from '../recipe/tensor.js';

/**
 * What losing a tensor costs against losing the output: about the geometric mean of what trials found on
 * SmolLM2-135M-Instruct and Tiny-Verse-2M, of a layer's tensors all layers together. The two differ by ten to forty
 * times, in the same direction: what counts is the order among a layer's tensors. Both use the embeddings as the output;
 * those that don't, and `other`, are guesses.
 */
const COSTS: Readonly<Record<Category, number>> = {
  output: 1,
  token_embd: 1,
  values: 0.6,
  attn_k: 0.15,
  attn_q: 0.2,
  attn_output: 0.2,
  ffn_up: 0.3,
  ffn_gate: 0.35,
  ffn_down: 0.5,
  other: 0.3,
};

/**
 * A guess at a tensor's sensitivity to relative errors, for models that the runner doesn't run.
 * @param layers of the model.
 */
export function usualCost(name: string, layers: number): number {
  return COSTS[categoryOf(name)] / (layerOf(name) === undefined ? 1 : Math.max(1, layers));
}
