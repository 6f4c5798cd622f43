import type { Config, Known } from '../config/config.js';
import { COUNTS } from '../config/derivations.js';
import { blockCount } from '../config/derive.js';
import { holds, isLayer, typedValue } from '../config/values.js';
import { SourceError } from '../errors.js';
import { asBlocks } from '../tensor/blocks.js';
import { concat } from '../tensor/build.js';
import { isFloat } from '../tensor/dtype.js';
import type { ForcedType, NamedExpr, TensorExpr } from '../tensor/expr.js';
import { dtypeOf, shapeOf, sourcesOf } from '../tensor/rows.js';
import { globs } from '../text/globs.js';
import type { Architecture, TensorRule } from './architecture.js';
import { EXTRA_TENSORS, type ExtraName } from './extra-tensors.js';
import { isChosen, isMtpName } from './mtp.js';
import { compile, type Match, matches } from './patterns.js';
import { transformed } from './transform.js';
import { wrapperOf } from './wrapped-names.js';

/** A tensor of the checkpoint that the architecture has no name for, or two with one name. */
export class TensorMappingError extends SourceError {}

/** A tensor of whole numbers where a model has weights. */
export class IntegerWeightsError extends SourceError {}

/** A tensor of the model under the name that rules know it by, and under its own. */
interface OwnTensor<Tensor extends NamedExpr> {
  readonly name: string;
  readonly tensor: Tensor;
}

/** The checkpoint's tensors that belong to the model, in their order: those that decide an outtype of `auto`. */
export function ownTensors<Tensor extends NamedExpr>(
  architecture: Architecture,
  config: Config,
  tensors: Iterable<Tensor>,
): OwnTensor<Tensor>[] {
  const { strip, ignore, unwrap, rename = [] } = architecture;
  const isRead = isChosen(architecture, config);
  const isOther = globs(ignore);
  const without = (name: string, parts: readonly string[]) =>
    parts.reduce((rest, part) => rest.replaceAll(part, ''), name);
  const renamed = (name: string) => rename.reduce((rest, [part, by]) => rest.replaceAll(part, by), name);
  return [...tensors].flatMap((tensor) => {
    const stripped = without(tensor.name, strip);
    const name = renamed(without(stripped, unwrap));
    return isOther(stripped) || !isRead(name) ? [] : [{ name, tensor }];
  });
}

/** A tensor that stays in blocks of ggml's. */
interface BlockTensor extends NamedExpr {
  /** Its values, for rules that change more than the order of rows. */
  readonly plain: () => TensorExpr;
  /** Tensors beside it, of one element each, by the ending of their names. */
  readonly beside?: Readonly<Record<string, TensorExpr>>;
}

/**
 * The file's tensors in the reference's order: blocks that are kept, those made from the configuration, then the
 * checkpoint's in theirs, where a group of them stands where its last one does.
 * @param tensors in the checkpoint's order: shards in name order, each shard's tensors sorted by name.
 * @throws TensorMappingError, IntegerWeightsError, TransformError, ConfigFieldError
 */
export function mapTensors(
  architecture: Architecture,
  known: Known,
  tensors: Iterable<NamedExpr>,
  blocks: Iterable<BlockTensor> = [],
): readonly NamedExpr[] {
  const rules = architecture.tensors.filter(({ when }) => holds(when, known));
  const mapper = new Mapper({ ...architecture, tensors: rules }, known);
  const isDropped = globs(architecture.drop);
  const isLeftOut = architecture.mtp?.convert === 'never' ? isMtpName(architecture, known.config) : () => false;
  const wanted = <Tensor extends NamedExpr>(all: Iterable<Tensor>) =>
    ownTensors(architecture, known.config, all).filter(({ name }) => !isDropped(name) && !isLeftOut(name));
  for (const { name, tensor } of wanted(blocks)) {
    mapper.addBlocks(name, tensor);
  }
  mapper.addExtra(architecture.extra);
  for (const { name, tensor } of wanted(tensors)) {
    mapper.add(name, tensor);
  }
  mapper.addExtra(architecture.lastExtra);
  return mapper.finish();
}

/** Some of the tensors that become one. */
interface Gathered<Tensor> {
  readonly match: Match;
  readonly wanted: number;
  readonly parts: Map<number, Tensor>;
}

/** Those that are written together. */
type Waiting<Tensor> = Map<string, readonly Gathered<Tensor>[]>;

/** The name of the first tensor that is missing: that of one beside it with another number, or its pattern. */
function missingName({ parts, match: { rule, suffix } }: Gathered<NamedExpr>): string {
  const missing = Array.from({ length: parts.size + 1 }, (_, i) => i).find((i) => !parts.has(i)) ?? 0;
  const [[number, beside] = []] = parts;
  if (rule.all === undefined && beside) {
    return beside.name.replace(new RegExp(`\\.${number}\\.(?!.*\\.${number}\\.)`), `.${missing}.`);
  }
  const pattern = rule.all?.[missing] ?? rule.from?.[0] ?? '';
  return pattern.replace(/\.\*$/, suffix);
}

class Mapper {
  readonly #mapped = new Map<string, NamedExpr>();
  /** By group and block. */
  readonly #waiting: Waiting<NamedExpr> = new Map();
  /** By name in the file. */
  readonly #waitingBlocks: Waiting<BlockTensor> = new Map();
  readonly #patterns;
  readonly #forced;
  readonly #blocks;

  constructor(
    readonly architecture: Architecture,
    readonly known: Known,
  ) {
    this.#patterns = compile(architecture);
    this.#forced = (architecture.types ?? [])
      .filter(([, , when]) => holds(when, known))
      .map(([name, type]) => ({ isName: globs(this.#eachMtp(name)), type }));
    const limit = architecture.blockLimit && typedValue(architecture.blockLimit, 'u32', known);
    this.#blocks = typeof limit === 'number' ? limit : blockCount(known.config);
  }

  addExtra(names: readonly ExtraName[] = []): void {
    for (const { name, expr } of names.flatMap((each) => EXTRA_TENSORS[each](this.known))) {
      this.put(name, expr, 'made while planning');
    }
  }

  add(name: string, tensor: NamedExpr): void {
    const found = this.#found(name, tensor);
    if (!isFloat(dtypeOf(tensor.expr)) && tensor.forced !== 'I32') {
      throw new IntegerWeightsError(
        `Tensor ${placeOf(tensor)} is of dtype ${dtypeOf(tensor.expr)}: codes of a quantized checkpoint, not weights.`,
        'Convert the unquantized model that it was made from; its model card may name it as base_model.',
      );
    }
    for (const own of found) {
      const { rule, b, suffix } = own;
      if (rule.each === undefined && rule.all === undefined) {
        this.#write(own, [tensor]);
        continue;
      }
      const { tensors } = this.architecture;
      const rules = () => (rule.group === undefined ? [rule] : tensors.filter(({ group }) => group === rule.group));
      const key = `${rule.group ?? tensors.indexOf(rule)} ${b} ${suffix}`;
      for (const { match, parts } of this.#gather(this.#waiting, key, own, rules, tensor)) {
        if (match.rule.each !== undefined) {
          checkAlike(parts);
        }
        this.#write(match, parts);
      }
    }
  }

  /** Blocks are written as soon as all parts of one tensor are there, whatever group the tensor belongs to. */
  addBlocks(name: string, tensor: BlockTensor): void {
    for (const own of this.#found(name, tensor).filter(({ rule: { to } }) => to !== undefined)) {
      for (const { parts } of this.#gather(this.#waitingBlocks, nameOf(own), own, () => [own.rule], tensor)) {
        this.#writeBlocks(own, parts);
      }
    }
  }

  /** The rules for a tensor. @throws TensorMappingError where there is none, or no such block */
  #found(name: string, tensor: NamedExpr): readonly Match[] {
    const found = matches(this.#patterns, name)
      .map((own) => this.#counted(own))
      .filter(({ rule: { on }, b }) => on === undefined || (b !== null && isLayer(on, b, this.known)));
    const [{ b } = { b: null }] = found;
    if (found.length === 0) {
      throw unknownTensor(tensor, this.architecture);
    }
    if (b !== null && b >= this.#blocks) {
      throw new TensorMappingError(
        `Can not map tensor ${placeOf(tensor)}: config.json gives the model ${this.#blocks} blocks only.`,
        'Correct the number of layers in config.json, or remove the tensor.',
      );
    }
    return found;
  }

  /** @throws TensorMappingError for a second tensor of a name */
  put(name: string, expr: TensorExpr, from: string, own?: ForcedType): void {
    if (this.#mapped.has(name)) {
      throw new TensorMappingError(
        `The checkpoint has more than one tensor for ${name}; one is ${from}.`,
        'Remove the one that does not belong to the model.',
      );
    }
    const forced = this.#forced.find(({ isName }) => isName(name))?.type ?? own;
    this.#mapped.set(name, { name, expr, ...(forced && { forced }) });
  }

  /** @throws TensorMappingError where some of the tensors that become one are missing */
  finish(): readonly NamedExpr[] {
    const waiting = [...this.#waitingBlocks.values(), ...this.#waiting.values()].flat();
    const incomplete = waiting.find(({ parts, wanted }) => parts.size < wanted);
    if (incomplete) {
      const { match: found, wanted, parts } = incomplete;
      const there = `${parts.size} of the ${wanted} tensors that become ${nameOf(found)} are there`;
      throw new TensorMappingError(
        `${missingName(incomplete)} is missing: ${there}.`,
        'Check that config.json has the right number of them, and that all files were downloaded whole.',
      );
    }
    return ordered([...this.#mapped.values()], this.architecture.ahead ?? []);
  }

  /** A match whose block has its number in the file. */
  #counted(found: Match): Match {
    const { b, after } = found;
    return b === null || after === undefined ? found : { ...found, b: b + COUNTS[after](this.known.config) };
  }

  /**
   * Puts a tensor beside those that its rules' tensors wait for; gives all of them once they are there.
   * @param rules those that are written together, in the table's order.
   * @throws TensorMappingError for a part that is there twice, or that config.json does not count
   */
  #gather<Tensor extends NamedExpr>(
    waiting: Waiting<Tensor>,
    key: string,
    found: Match,
    rules: () => readonly TensorRule[],
    tensor: Tensor,
  ): readonly { readonly match: Match; readonly parts: readonly Tensor[] }[] {
    const group = waiting.get(key) ?? rules().map((rule) => this.#gathered<Tensor>({ ...found, rule }));
    waiting.set(key, group);
    const { parts, wanted } = group.find(({ match }) => match.rule === found.rule) as Gathered<Tensor>;
    const place = found.rule.all ? found.part : (found.x ?? 0);
    if (place >= wanted || parts.has(place)) {
      const what = place < wanted ? 'it is there twice' : `config.json gives the model ${wanted} of them only`;
      throw new TensorMappingError(
        `Can not map tensor ${placeOf(tensor)}: ${what}.`,
        'Check that config.json and the checkpoint belong together.',
      );
    }
    parts.set(place, tensor);
    if (group.some((member) => member.parts.size < member.wanted)) {
      return [];
    }
    waiting.delete(key);
    return group.map((member) => ({ match: member.match, parts: inOrder(member) }));
  }

  #gathered<Tensor>(match: Match): Gathered<Tensor> {
    const { each, all } = match.rule;
    return { match, wanted: each ? COUNTS[each](this.known.config) : (all?.length ?? 1), parts: new Map() };
  }

  /** A name for each of the blocks for multi-token prediction that it speaks of. */
  #eachMtp(name: string): readonly string[] {
    const { config } = this.known;
    return name.includes('{mtp}')
      ? Array.from({ length: config.mtp?.blocks ?? 0 }, (_, i) =>
          name.replace('{mtp}', String(COUNTS.main_block_count(config) + i)),
        )
      : [name];
  }

  #write(found: Match, tensors: readonly NamedExpr[]): void {
    const { to, first } = found.rule;
    if (to === undefined || (first && this.#mapped.has(nameOf(found)))) {
      return;
    }
    const made = this.#made(found, tensors);
    for (const each of this.#eachMtp(nameOf(found))) {
      this.put(each, made, tensors[0]?.name ?? each, tensors.find(({ forced }) => forced)?.forced);
    }
  }

  /** Blocks, and the tensors beside them; or values, where the family's transforms do not leave blocks whole. */
  #writeBlocks(found: Match, tensors: readonly BlockTensor[]): void {
    const blocks = asBlocks(this.#made(found, tensors));
    if (blocks === null) {
      this.#write(
        found,
        tensors.map(({ name, plain }) => ({ name, expr: plain() })),
      );
      return;
    }
    const name = nameOf(found);
    this.put(name, blocks, tensors[0]?.name ?? name);
    for (const [ending, expr] of Object.entries(tensors[0]?.beside ?? {})) {
      const parts = tensors.map(({ beside }) => beside?.[ending] ?? expr);
      this.put(name.replace(/\.weight$/, `.${ending}`), concat(parts, 0), name);
    }
  }

  /** Tensors put together and through a rule's transforms. @throws TensorMappingError, TransformError */
  #made({ rule: { via = [], each }, b }: Match, tensors: readonly NamedExpr[]): TensorExpr {
    const [{ name }] = tensors as [NamedExpr];
    const steps = each === undefined ? via : ([['stack'], ...via] as const);
    const of = tensors.map(({ expr }) => expr);
    const known = b === null ? this.known : { ...this.known, block: b };
    const [made, ...more] = transformed(of, steps, { known, name });
    if (made === undefined || more.length > 0) {
      throw new TensorMappingError(
        `${name} becomes ${made ? more.length + 1 : 0} tensors, and ${this.architecture.gguf} has one name for them.`,
        'Correct the rule of the architecture.',
      );
    }
    return made;
  }
}

/** @throws TensorMappingError for one of several tensors, such as experts, that has another shape than most */
function checkAlike(tensors: readonly NamedExpr[]): void {
  const shapes = tensors.map(({ expr }) => shapeOf(expr).join(', '));
  const odd = shapes.findIndex((shape) => shape !== shapes[0]);
  if (odd < 0) {
    return;
  }
  // Where all others are alike, the first is the one that differs.
  const isFirst = shapes.length > 2 && shapes.slice(1).every((shape) => shape === shapes[1]);
  const [at, other] = isFirst ? [0, 1] : [odd, 0];
  throw new TensorMappingError(
    `Tensor ${placeOf(tensors[at] as NamedExpr)} is [${shapes[at]}], and the others like it are [${shapes[other]}].`,
    'Check that all files are of one model, and download them again.',
  );
}

/** Tensors with those of some names, by the order of these and by their blocks, before all others. */
function ordered(tensors: readonly NamedExpr[], names: readonly string[]): readonly NamedExpr[] {
  const block = ({ name }: NamedExpr) => Number(name.split('.')[1]);
  const ahead = names.flatMap((name) => {
    const isOne = globs([name]);
    return tensors.filter((own) => isOne(own.name)).sort((a, b) => block(a) - block(b));
  });
  return ahead.length === 0 ? tensors : [...new Set([...ahead, ...tensors])];
}

function inOrder<Tensor>({ parts, wanted }: Gathered<Tensor>): readonly Tensor[] {
  return Array.from({ length: wanted }, (_, i) => parts.get(i) as Tensor);
}

function nameOf({ rule, b, suffix }: Match): string {
  return (rule.to ?? '').replace('{b}', String(b)).replace(/\.\*$/, suffix);
}

function placeOf({ name, expr }: NamedExpr): string {
  const file = sourcesOf(expr)[0]?.file;
  return file === undefined ? name : `${name} of ${file}`;
}

function unknownTensor(tensor: NamedExpr, { gguf }: Architecture): TensorMappingError {
  const wrapper = wrapperOf(tensor.name);
  return wrapper
    ? new TensorMappingError(`Can not map tensor ${placeOf(tensor)}: the name is ${wrapper.what}.`, wrapper.next)
    : new TensorMappingError(
        `Can not map tensor ${placeOf(tensor)}: ${gguf} has no such tensor.`,
        'The checkpoint may be quantized, or of another architecture than its config.json says; --arch names another.',
      );
}
