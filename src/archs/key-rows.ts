import { Formulas } from '../language/formulas.js';
import type { Condition, KeyType } from '../language/value.js';
import type { KeyRow } from './architecture.js';

/** The types of keys by how their names end, as llama.cpp reads them. The others are `u32`. */
const TYPES: readonly (readonly [type: KeyType, names: RegExp])[] = [
  ['bool[]', /sliding_window_pattern$|recurrent_layers$|rope_pattern$|indexer\.types$/],
  ['i32[]', /dimension_sections$|target_layers$|deepstack_mapping$|compress_ratios$|suppress_tokens$|ple\.layers$/],
  ['i32[]', /adapters\.token_ids_\w+$/],
  ['f32[]', /swiglu_clamp_\w+$|sparsity_scale$|^xielu\./],
  ['u64[]', /ple\.(layer_multipliers|head_offsets|head_vocab_sizes)$/],
  ['string[]', /output_labels$|chat_templates$/],
  ['string', /scaling\.type$|hidden_activation$|tensor_data_layout$|chat_template(\.\w+)?$/],
  [
    'bool',
    /causal$|finetuned$|weights_norm$|loop_final_norm$|parallel_residual$|norm_before_\w+$|safe_gate$|prefix_lm$/,
  ],
  ['bool', /confidence_head$|from_anchor$|dt_b_c_rms$|swin_norm$|shift_logits$|add_bos_token$/],
  ['f32', /epsilon$|scale$|softcapping$|freq_base(_swa)?$|factor$|beta(_fast|_slow)?$|multiplier$|scaling\.alpha$/],
  ['f32', /clamp_kqv$|alibi_bias$|lower_bound$|router_gain$|magnitude$/],
];

/** What is no part of `{arch}`. */
const ABSOLUTE = /^(general|tokenizer|diffusion|xielu)\./;

/**
 * Rows of keys from lines such as these, in the language of formulas.ts:
 *
 *   vocab_size                                      from the field of its name
 *   expert_count = num_experts?                     not written where there is no value
 *   attention.head_count[] = num_attention_heads    one number, or one for each block
 *   feed_forward_length:i32[] = @deci_feed_forward  of another type than the key's usual one
 *   attention.sliding_window = sliding_window when set use_sliding_window
 *   if has yarn { ... }                             rows that are written under a condition
 *   !rope.freq_base = 10000                         in the place of rows of the same name before it
 *   -rope.freq_base                                 takes rows of the name away
 *
 * @param before rows that stand before them.
 * @throws SyntaxError
 */
export function keyRows(text: string, before: readonly KeyRow[] = []): readonly KeyRow[] {
  return rowsOf(new Formulas(text), before);
}

/** Rows to the end, or where they are written under a condition to the brace behind them. */
function rowsOf(formulas: Formulas, before: readonly KeyRow[], outer?: Condition): KeyRow[] {
  let rows = [...before];
  while (!formulas.ended) {
    if (outer && formulas.take(/\}/y)) {
      return rows;
    }
    if (formulas.take(/if\b/y)) {
      const inner = formulas.condition();
      formulas.need(/\{/y, '"{"');
      rows.push(...rowsOf(formulas, [], both(outer, inner)));
      continue;
    }
    const [, sign, name = '', list, type] = formulas.need(/([!-])?([a-z][\w.]*)(\[\])?(?::([\w[\]]+))?/iy, 'key');
    const key = ABSOLUTE.test(name) ? name : `{arch}.${name}`;
    if (sign === '-') {
      rows = rows.filter(([other]) => other !== key);
      continue;
    }
    const from = formulas.take(/=/y) ? formulas.value() : ({ fields: [name], required: true } as const);
    const when = both(outer, formulas.take(/when\b/y) ? formulas.condition() : undefined);
    const usual = TYPES.find(([, names]) => names.test(name))?.[0] ?? 'u32';
    const row = [key, list ? 'u32|i32[]' : ((type as KeyType | undefined) ?? usual), from] as const;
    const own = when ? ([...row, when] as const) : row;
    const replaced = sign && rows.some(([other]) => other === key);
    rows = replaced ? rows.map((other) => (other[0] === key ? own : other)) : [...rows, own];
  }
  if (outer) {
    formulas.need(/\}/y, '"}"');
  }
  return rows;
}

function both(outer: Condition | undefined, inner: Condition | undefined): Condition | undefined {
  return outer && inner ? { all: [outer, inner] } : (outer ?? inner);
}
