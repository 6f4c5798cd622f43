import { throwIfAborted } from '../../async/concurrency.js';
import type { WeightTensor } from '../../graphs/weight-tensor.js';
import { Distribution } from '../distribution.js';
import { type EngineOptions, openEngine } from '../engine.js';
import type { Runnable } from '../model.js';

/**
 * The predictions of a model on some chunks of text. They are kept to compare them with those of changed versions of
 * the model.
 */
export class Baseline {
  readonly #logits: Float32Array[] = [];

  constructor(
    readonly model: Pick<Runnable, 'graph' | 'tensors'>,
    readonly chunks: readonly Int32Array[],
    /** The first position of a chunk whose predictions count. */
    readonly from: number,
    readonly options: EngineOptions & { readonly signal?: AbortSignal | undefined },
  ) {}

  /**
   * Runs the unchanged model. It must be called before `divergence`.
   * @throws the errors of `openEngine` and `Engine.run`; InterruptedError
   */
  async prepare(): Promise<void> {
    await this.#run([], (logits) => this.#logits.push(logits.slice()));
  }

  /**
   * The mean KL divergence of the model with some changed tensors from the unchanged model, in nats.
   * @throws the errors of `prepare`
   */
  async divergence(changed: readonly WeightTensor[]): Promise<number> {
    const size = this.model.graph.vocabulary;
    const base = new Distribution(size);
    const model = new Distribution(size);
    let sum = 0;
    let count = 0;
    await this.#run(changed, (logits, chunk) => {
      const expected = this.#logits[chunk] as Float32Array;
      for (let at = 0; at < logits.length; at += size) {
        base.read(expected, at);
        model.read(logits, at);
        sum += base.divergenceOf(model);
        count++;
      }
    });
    return sum / count;
  }

  async #run(changed: readonly WeightTensor[], each: (logits: Float32Array, chunk: number) => void): Promise<void> {
    const byName = new Map(changed.map((tensor) => [tensor.name, tensor]));
    const tensors = this.model.tensors.map((tensor) => byName.get(tensor.name) ?? tensor);
    const engine = openEngine(this.model.graph, tensors, this.options);
    try {
      for (const [index, chunk] of this.chunks.entries()) {
        throwIfAborted(this.options.signal);
        const [logits] = await engine.run(chunk, 0, this.from);
        each(logits, index);
      }
    } finally {
      engine.close();
    }
  }
}
