import type { Config } from '../config/config.js';
import { COUNTS, type Known } from '../config/derivations.js';
import { blockCount } from '../config/derive.js';
import { SourceError } from '../errors.js';
import { isFloat } from '../tensor/dtype.js';
import type { ForcedType, NamedExpr, TensorExpr } from '../tensor/expr.js';
import { dtypeOf, sourcesOf } from '../tensor/rows.js';
import { globs } from '../text/globs.js';
import type { Architecture, TensorRule } from './architecture.js';
import { holds } from './conditions.js';
import { EXTRA_TENSORS, type ExtraName } from './extra-tensors.js';
import { isChosen, isMtpName } from './mtp.js';
import { compile, type Match, matches } from './patterns.js';
import { transformed } from './transform.js';
import { isLayer, typedValue } from './values.js';
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

/**
 * The file's tensors in the reference's order: those made from the configuration, then the checkpoint's in theirs, where
 * a group of them stands where its last one does.
 * @param tensors in the checkpoint's order: shards in name order, each shard's tensors sorted by name.
 * @throws TensorMappingError, IntegerWeightsError, TransformError, ConfigFieldError
 */
export function mapTensors(
  architecture: Architecture,
  known: Known,
  tensors: Iterable<NamedExpr>,
): readonly NamedExpr[] {
  const rules = architecture.tensors.filter(({ when }) => holds(when, known));
  const mapper = new Mapper({ ...architecture, tensors: rules }, known);
  mapper.addExtra(architecture.extra);
  const isDropped = globs(architecture.drop);
  const isLeftOut = architecture.mtp?.convert === 'never' ? isMtpName(architecture, known.config) : () => false;
  for (const { name, tensor } of ownTensors(architecture, known.config, tensors)) {
    if (!isDropped(name) && !isLeftOut(name)) {
      mapper.add(name, tensor);
    }
  }
  mapper.addExtra(architecture.lastExtra);
  return mapper.finish();
}

/** Some of the tensors that become one. */
interface Gathered {
  readonly rule: TensorRule;
  readonly match: Match;
  readonly wanted: number;
  readonly parts: Map<number, NamedExpr>;
}

class Mapper {
  readonly #mapped = new Map<string, NamedExpr>();
  /** By group and block. */
  readonly #waiting = new Map<string, Gathered[]>();
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
    if (!isFloat(dtypeOf(tensor.expr))) {
      throw new IntegerWeightsError(
        `Tensor ${placeOf(tensor)} is of dtype ${dtypeOf(tensor.expr)}: codes of a quantized checkpoint, not weights.`,
        'Convert the unquantized model that it was made from; its model card may name it as base_model.',
      );
    }
    for (const own of found) {
      if (own.rule.each === undefined && own.rule.all === undefined) {
        this.#write(own, [tensor]);
      } else {
        this.#gather(own, own.rule.all ? own.part : (own.x ?? 0), tensor);
      }
    }
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
    const incomplete = [...this.#waiting.values()].flat().find(({ parts, wanted }) => parts.size < wanted);
    if (incomplete) {
      const { match: found, wanted, parts } = incomplete;
      const missing = Array.from({ length: parts.size + 1 }, (_, i) => i).find((i) => !parts.has(i));
      throw new TensorMappingError(
        `${parts.size} of the ${wanted} tensors that become ${nameOf(found)} are there; number ${missing} is missing.`,
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

  #gather(found: Match, place: number, tensor: NamedExpr): void {
    const { rule, b, suffix } = found;
    const key = `${rule.group ?? this.architecture.tensors.indexOf(rule)} ${b} ${suffix}`;
    const group = this.#waiting.get(key) ?? this.#members(found);
    this.#waiting.set(key, group);
    const own = group.find((member) => member.rule === rule) as Gathered;
    if (place >= own.wanted || own.parts.has(place)) {
      throw new TensorMappingError(
        `Can not map tensor ${placeOf(tensor)}: ${place < own.wanted ? 'it is there twice' : `config.json gives the model ${own.wanted} of them only`}.`,
        'Check that config.json and the checkpoint belong together.',
      );
    }
    own.parts.set(place, tensor);
    if (group.every(({ parts, wanted }) => parts.size === wanted)) {
      this.#waiting.delete(key);
      for (const { match: each, parts, wanted } of group) {
        this.#write(
          each,
          Array.from({ length: wanted }, (_, i) => parts.get(i) as NamedExpr),
        );
      }
    }
  }

  /** What a group waits for, in the table's order. */
  #members(found: Match): Gathered[] {
    const { group } = found.rule;
    const rules = this.architecture.tensors.filter(
      (rule) => rule === found.rule || (group !== undefined && rule.group === group),
    );
    return rules.map((rule) => ({
      rule,
      match: { ...found, rule },
      wanted: rule.each ? COUNTS[rule.each](this.known.config) : (rule.all?.length ?? 1),
      parts: new Map(),
    }));
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
    const { to, via = [], each, first } = found.rule;
    if (to === undefined || (first && this.#mapped.has(nameOf(found)))) {
      return;
    }
    const [{ name }] = tensors as [NamedExpr];
    const steps = each === undefined ? via : ([['stack'], ...via] as const);
    const of = tensors.map(({ expr }) => expr);
    const known = found.b === null ? this.known : { ...this.known, block: found.b };
    const made = transformed(of, steps, { known, name });
    if (made.length !== 1) {
      throw new TensorMappingError(
        `${name} becomes ${made.length} tensors, and ${this.architecture.gguf} has one name for them.`,
        'Correct the rule of the architecture.',
      );
    }
    for (const each of this.#eachMtp(nameOf(found))) {
      this.put(each, made[0] as TensorExpr, name, tensors.find(({ forced }) => forced)?.forced);
    }
  }
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
