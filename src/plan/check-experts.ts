import { SourceError } from '../errors.js';
import type { KeyValues } from '../gguf/key-values.js';
import type { NamedExpr } from '../tensor/expr.js';
import { shapeOf, sourcesOf } from '../tensor/rows.js';
import { type DoubtSink, doubt } from '../warnings.js';

/** The experts of a block have another shape than config.json gives them, or another set of tensors than other blocks. */
export class ExpertShapeError extends SourceError {}

const EXPERTS = /^blk\.\d+\.ffn_(?<part>gate|up|gate_up|down)_exps\.weight$/;

/**
 * Compares the matrices of experts `[experts, out, in]` with the sizes that the keys give them: of the model, or of what it
 * is projected to for its experts, and of their own hidden layer.
 * @throws ExpertShapeError where they are tensors of their own, or some are missing; StrictError with `strict`
 */
export function checkExperts(tensors: readonly NamedExpr[], kv: KeyValues, gguf: string, to: DoubtSink): void {
  const key = (name: string) => kv.get(`${gguf}.${name}`)?.value;
  const width = key('expert_latent_length') ?? key('moe_latent_size') ?? key('embedding_length');
  const inner = key('expert_feed_forward_length');
  const count = key('expert_count');
  checkSets(tensors);
  for (const { name, expr } of tensors) {
    const { part } = EXPERTS.exec(name)?.groups ?? {};
    const shape = shapeOf(expr);
    if (part === undefined || shape.length !== 3 || typeof width !== 'number') {
      continue;
    }
    const [experts, out, columns] = shape as [number, number, number];
    const own = part === 'gate_up' ? 2 : 1;
    const [outer, hidden] = part === 'down' ? [out, columns] : [columns, out / own];
    const wanted = typeof inner === 'number' ? inner : hidden;
    if (outer !== width || hidden !== wanted || (typeof count === 'number' && count !== experts)) {
      const isTransposed = hidden === width && outer === wanted * own;
      const shapes = `[${experts}, ${out}, ${columns}]`;
      const right = part === 'down' ? [width, wanted] : [wanted * own, width];
      const what =
        `The experts that become ${name} (${sourcesOf(expr)[0]?.name}) are ${shapes}; config.json gives them ` +
        `[${count ?? experts}, ${right.join(', ')}]${isTransposed ? ': they are transposed' : ''}.`;
      const next = 'Check that config.json and the checkpoint belong together.';
      if (expr.op === 'concat') {
        throw new ExpertShapeError(what, next);
      }
      // Families differ in how they keep all experts in one tensor, and releases of a family do.
      doubt(to, what, next);
      return;
    }
  }
}

const ROUTER = /^(blk\.\d+\.)ffn_gate_inp\.weight$/;
const OF_EXPERTS = /^(blk\.\d+\.)(ffn_(?:gate|up|gate_up|down)_exps\.(?:weight|bias))$/;

/** Blocks with a router have the same tensors of experts. @throws ExpertShapeError */
function checkSets(tensors: readonly NamedExpr[]): void {
  const names = new Set(tensors.map(({ name }) => name));
  const kinds = new Map(tensors.flatMap((tensor) => kindOf(tensor)));
  for (const { name } of tensors) {
    const block = ROUTER.exec(name)?.[1];
    for (const [kind, { name: other, expr }] of block === undefined ? [] : kinds) {
      if (!names.has(`${block}${kind}`)) {
        throw new ExpertShapeError(
          `The checkpoint has no tensor that becomes ${block}${kind}, as ${sourcesOf(expr)[0]?.name} becomes ${other}.`,
          'Check that all files were downloaded whole.',
        );
      }
    }
  }
}

function kindOf(tensor: NamedExpr): readonly (readonly [kind: string, example: NamedExpr])[] {
  const kind = OF_EXPERTS.exec(tensor.name)?.[2];
  return kind === undefined ? [] : [[kind, tensor]];
}
