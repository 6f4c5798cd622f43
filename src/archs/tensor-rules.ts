import { Formulas } from '../language/formulas.js';
import type { TransformName } from '../tensor/transforms.js';
import type { TensorRule, Transform } from './architecture.js';
import { named } from './tensor-names.js';

/** What projections of experts are called, and where they go. */
const EXPERTS = new Map([
  ...['gate_proj', 'gate', 'w1', 'linear'].map((name) => [name, 'ffn_gate_exps'] as const),
  ...['up_proj', 'up', 'w3', 'linear_v'].map((name) => [name, 'ffn_up_exps'] as const),
  ...['down_proj', 'down', 'w2', 'linear_1'].map((name) => [name, 'ffn_down_exps'] as const),
]);

/** Lines of names in a row. */
interface List {
  readonly names: string[];
  readonly via: Record<string, readonly Transform[]>;
  readonly areWeights: boolean;
}

/**
 * Rules for tensors from lines such as these. Names that begin with a dot are of blocks (`{L}` and `blk.{b}` in rules).
 *
 *   token_embd attn_q attn_k                   by their names in GGUF, under all spellings of tensor-names.ts
 *   attn_q attn_k: rotary(head_count)          the same, and what is done to them
 *   weights time_mix_k_k                       the same, without `.weight` or with it in the checkpoint
 *   plus-one attn_norm                         weights that a checkpoint keeps as what they differ from 1 by
 *   unwritten output when probe(tied)          the same names, which are not written
 *   unbiased attn_q                            weights; biases are not written where probe(zero_biases) holds
 *   at mtp.layers.0                            lines behind it, up to `---`, are of blocks for multi-token prediction
 *   .attn_gate.* = .self_attn.g_proj.* | .gate.*       other spellings of one tensor
 *   .attn_v.weight = .attention.kv.weight: chunk(0, 2), take(1), transpose(0, 1)
 *   .attn_k.* .attn_v.* = .attention.kv.*: chunk(0, 2)            a tensor that becomes these, one after the other
 *   .attn_sinks.weight = .self_attn.sinks[.weight]     with what stands in brackets, and without
 *   .attn_qkv.* = .q_proj.* + .k_proj.* + .v_proj.*: concat(0)    tensors that become one
 *   none = lm_head.weight                      read and not written
 *   experts .mlp.experts.{x}: down_proj gate_proj up_proj         stacked, and written together in this order
 *   token_embd = wte.* | wpe.* first           of several the first
 *
 * Behind a line may stand `each COUNT`, `group NAME`, `on TEST` and `when CONDITION`, in the language of formulas.ts,
 * as transforms are. Of lines of names in a row, which form a list, a spelling that two have belongs to the later one;
 * a line `---` ends a list. Lines may also be separated by `; `.
 * @throws SyntaxError
 */
export function tensorRules(text: string): readonly TensorRule[] {
  const rules: TensorRule[] = [];
  let list: List | undefined;
  let place: string | undefined;
  const end = (more: readonly TensorRule[] = []) => {
    const own = [...(list ? named(list.names, list.via, list.areWeights) : []), ...more];
    rules.push(...(place === undefined ? own : own.map((rule) => mtpRule(rule, place ?? ''))));
    list = undefined;
  };
  for (const line of text.split(/(?<!,)\n(?!\s*[|+])|; /)) {
    const formulas = new Formulas(line);
    if (formulas.ended) {
      continue;
    }
    const kind = formulas.take(/(experts|weights|plus-one|unwritten|unbiased|at|---)(?:\s|$)/y)?.[1];
    const names = words(formulas);
    if (kind === '---' || kind === 'at') {
      end();
      [place] = names;
    } else if (kind === 'experts') {
      end(experts(names[0] ?? '', formulas));
    } else if (formulas.take(/=/y)) {
      end(rulesFor(names, formulas));
    } else {
      const via = kind === 'plus-one' ? ([['add', 1]] as const) : viaOf(formulas);
      const ends = endsOf(formulas);
      const areWeights = kind === 'weights';
      const isAlone = Object.keys(ends).length > 0 || kind === 'unwritten' || kind === 'unbiased';
      if (isAlone || list?.areWeights !== areWeights) {
        end();
      }
      list ??= { names: [], via: {}, areWeights };
      for (const word of names) {
        const name = kind === 'plus-one' ? `${word}.weight` : word;
        const stem = name.replace(/\.(weight|bias)$/, '');
        list.names.push(...(via && list.names.includes(stem) ? [] : [stem]));
        Object.assign(list.via, via && { [name]: via });
      }
      if (isAlone) {
        const own = named(list.names, list.via, areWeights);
        list = undefined;
        const written = own.map(({ to, ...each }) => ({ ...(kind !== 'unwritten' && { to }), ...each, ...ends }));
        end(kind === 'unbiased' ? written.flatMap(withoutBias) : written);
      }
    }
    formulas.need(/$/y, 'end');
  }
  end();
  return rules;
}

/** A rule for the same tensor of blocks for multi-token prediction, which the checkpoint has at another place. */
const mtpRule = ({ from = [], to, group, ...rule }: TensorRule, place: string): TensorRule => ({
  ...{ ...rule, from: from.map((name) => name.replace('{L}', place)) },
  ...(to !== undefined && { to: to.replace('{b}', '{mtp}') }),
  ...(group !== undefined && { group: `mtp ${group}` }),
});

/** Rules for a tensor and its bias. A bias, where a checkpoint has it, holds nothing, and is not written. */
const withoutBias = ({ from = [], to = '', ...rule }: TensorRule): readonly TensorRule[] => {
  const ending = (end: string) => from.map((name) => name.replace(/\.\*$/, end));
  return [
    { ...rule, from: ending('.weight'), to: to.replace(/\*$/, 'weight') },
    { from: ending('.bias'), when: { probe: 'zero_biases', is: true } },
  ];
};

function words(formulas: Formulas): readonly string[] {
  const found: string[] = [];
  for (let word = formulas.take(WORD); word; word = formulas.take(WORD)) {
    found.push(word[0]);
  }
  return found;
}

const WORD = /(?!(?:each|group|first|on|when)(?:\s|$))[^\s:|+=]+/y;

/**
 * Transforms in the order in which they happen: `reshape(head_count, -1), transpose(0, 1)`. A word in their parentheses
 * is a probe, a count or a field; any other value is a formula.
 */
const viaOf = (formulas: Formulas): readonly Transform[] | undefined =>
  formulas.take(/:/y)
    ? formulas.list(/,/y, () => {
        const name = formulas.need(/\w+/y, 'transform')[0] as TransformName;
        return [name, ...(formulas.take(/\(/y) ? formulas.arguments(() => formulas.parameter()) : [])] as const;
      })
    : undefined;

/** A name that begins with a dot is of a block. */
const placed = (name: string, block: string) => (name.startsWith('.') ? block + name : name);

/** One rule, or one for each of the tensors that a tensor becomes. */
function rulesFor(to: readonly string[], formulas: Formulas): readonly TensorRule[] {
  const word = () => words(formulas)[0] ?? '';
  const spellings = formulas.list(/\|/y, word);
  const parts = formulas.take(/\+/y) ? [...spellings, ...formulas.list(/\+/y, word)] : undefined;
  const sources = (parts ?? spellings).flatMap((name) => {
    const [, before = '', part = '', after = ''] = /^(.*)\[(.*)\](.*)$/.exec(name) ?? [];
    return (part ? [before + after, before + part + after] : [name]).map((each) => placed(each, '{L}'));
  });
  const via = viaOf(formulas);
  const ends = endsOf(formulas);
  return to.map((name, i) => ({
    ...(parts ? { all: sources } : { from: sources }),
    ...(name !== 'none' && { to: placed(name, 'blk.{b}') }),
    ...(via && { via: to.length > 1 ? [...via, ['take', i]] : via }),
    ...ends,
  }));
}

function experts(path: string, formulas: Formulas): readonly TensorRule[] {
  formulas.need(/:/y, '":"');
  const projections = words(formulas);
  const ends = endsOf(formulas);
  return projections.map((name) => {
    const to = EXPERTS.get(name);
    if (to === undefined) {
      throw new SyntaxError(`There is no projection of experts called ${name}.`);
    }
    const from = [`${placed(path, '{L}')}.${name}.*`];
    return { from, to: `blk.{b}.${to}.*`, each: 'expert_count', group: 'experts', ...ends };
  });
}

function endsOf(formulas: Formulas): Pick<TensorRule, 'each' | 'group' | 'first' | 'on' | 'when'> {
  const ends = {
    first: formulas.take(/first\b/y) ? true : undefined,
    each: formulas.take(/each (\w+)/y)?.[1],
    group: formulas.take(/group "([^"]+)"/y)?.[1],
    on: formulas.take(/on\b/y) ? formulas.test() : undefined,
    when: formulas.take(/when\b/y) ? formulas.condition() : undefined,
  };
  return Object.fromEntries(Object.entries(ends).filter(([, end]) => end !== undefined));
}
