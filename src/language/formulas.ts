import { type Condition, type LayerTest, type MathName, PARTS, type Scalar, type Value } from './value.js';

const SIGNS: Readonly<Record<string, MathName>> = {
  ...{ '+': 'add', '-': 'sub', '*': 'mul', '/': 'div', '//': 'quotient', '**': 'pow' },
};
const LITERAL = /(-?\d[\d_]*(?:\.\d+)?(?:e-?\d+)?)|"(?:[^"\\]|\\.)*"|(?:true|false|null)\b/y;
const VERDICT = /==|!=|in\b|not in\b/y;
const BLANK = /(?:[\s;]|#[^\n]*)*/y;

/**
 * Reads the formulas that families' tables are written in. A value is
 *
 *   hidden_size|n_embd          the first of these fields of config.json that is there; without any, an error
 *   head_dim?   head_dim?128    the same, but no value without any, or another one
 *   rope/rope_theta             a field of a part: `rope`, `rope_root`, `rope_sliding`, `target`, or any object
 *   @head_dim                   a derivation: a named function of src/config/derivations.ts
 *   probe(slopes)               what was read of the weights; `probe(slopes)?` if they may lack it
 *   4096  "yarn"  true  [1, 2]  itself
 *   a + b - c * d / e // f ** g  min(a, b)  max(a, b)  floor(a)     Python's arithmetic
 *   a else b   first(a, b)      the first that is there
 *   a[1]                        an element, counted from 0
 *   layers(TEST)  layers(TEST, a, b)   for each block whether the test holds, or `a` where it does and `b` elsewhere
 *   {b}                         the block's number, in a transform
 *
 * a test of a block
 *
 *   layer_types is "conv"   every 4 after 1   from first_dense   among full_layers after 1   not TEST
 *
 * and a condition
 *
 *   model_type == "x"   a != 1   a in [1, 2]   a not in [1, 2]   a > 0   has field   lacks field   set a
 *   @is_tied   probe(tied)   not ...   ... and ...   ... or ...
 *
 * `set` holds of what is neither missing nor null, false, 0 or empty. In conditions fields may be missing; `a!` may
 * not. `#` begins a comment.
 * @throws SyntaxError that shows the place
 */
export class Formulas {
  #at = 0;
  #mayLack = false;

  constructor(readonly text: string) {}

  /** Whether all is read. */
  get ended(): boolean {
    this.take(BLANK);
    return this.#at === this.text.length;
  }

  /** What a sticky pattern finds here, behind blanks and comments. */
  take(pattern: RegExp): RegExpExecArray | null {
    BLANK.lastIndex = this.#at;
    BLANK.exec(this.text);
    pattern.lastIndex = BLANK.lastIndex;
    const found = pattern.exec(this.text);
    this.#at = found ? pattern.lastIndex : this.#at;
    return found;
  }

  need(pattern: RegExp, what: string): RegExpExecArray {
    return this.take(pattern) ?? this.#fail(what);
  }

  #fail(what: string): never {
    throw new SyntaxError(`There is no ${what} where "${this.text.slice(this.#at).trim().slice(0, 40)}" stands.`);
  }

  value(): Value {
    const choices = this.list(/else\b/y, () => this.#chain(/\+|-(?=\s)/y, () => this.#product()));
    return choices.length > 1 ? { first: choices } : (choices[0] as Value);
  }

  condition(): Condition {
    const outer = this.#mayLack;
    this.#mayLack = true;
    const any = this.list(/or\b/y, () => {
      const all = this.list(/and\b/y, () => this.#holds());
      return all.length > 1 ? { all } : (all[0] as Condition);
    });
    this.#mayLack = outer;
    return any.length > 1 ? { any } : (any[0] as Condition);
  }

  test(): LayerTest {
    if (this.take(/not\b/y)) {
      return { not: this.test() };
    }
    if (this.take(/from\b/y)) {
      return { from: this.value() };
    }
    const kind = this.take(/(every|among)\b/y)?.[1];
    const of = this.value();
    if (kind === undefined) {
      this.need(/is\b/y, '"is"');
      return { list: of, is: this.#needLiteral() };
    }
    const given = this.take(/after\b/y) ? this.value() : undefined;
    const after = given && 'value' in given ? (given.value as number) : given;
    return { [kind]: of, ...(after !== undefined && { after }) } as unknown as LayerTest;
  }

  /** A number, a word, or a formula that is neither. */
  parameter(): number | string | Value {
    const word = this.take(/([a-z]\w*)(?=\s*[,)])/iy)?.[1];
    const value = word === undefined ? this.value() : undefined;
    const isNumber = value && 'value' in value && typeof value.value === 'number' && this.text[this.#at - 1] !== ')';
    return word ?? (isNumber ? (value.value as number) : (value as Value));
  }

  /** Items with something between them. */
  list<Item>(between: RegExp, item: () => Item): Item[] {
    const items = [item()];
    while (this.take(between)) {
      items.push(item());
    }
    return items;
  }

  /** Items a comma apart, and the parenthesis behind them. */
  arguments<Item>(item: () => Item): Item[] {
    const items = this.list(/,/y, item);
    this.need(/\)/y, '")"');
    return items;
  }

  /** Operands of one sign in a row are one list; where signs change, what stands before is the first of another. */
  #chain(signs: RegExp, next: () => Value): Value {
    let found = next();
    let row: { readonly math: MathName; readonly of: Value[] } | undefined;
    for (let sign = this.take(signs)?.[0]; sign !== undefined; sign = this.take(signs)?.[0]) {
      const math = SIGNS[sign] as MathName;
      if (row?.math === math) {
        row.of.push(next());
      } else {
        row = { math, of: [found, next()] };
        found = row;
      }
    }
    return found;
  }

  #product(): Value {
    return this.#chain(/\*(?!\*)|\/\/?/y, () => this.#chain(/\*\*/y, () => this.#element()));
  }

  #element(): Value {
    const of = this.#atom();
    const element = this.take(/\[(\d+)\]/y)?.[1];
    return element === undefined ? of : { element: Number(element), of };
  }

  #atom(): Value {
    if (this.take(/\(/y)) {
      return this.arguments(() => this.value())[0] as Value;
    }
    const name = this.take(/(first|floor|min|max)\(/y)?.[1];
    if (name !== undefined) {
      const of = this.arguments(() => this.value());
      if (name === 'first') {
        return { first: of };
      }
      return name === 'floor' ? { math: 'quotient', of: [...of, { value: 1 }] } : { math: name as 'min' | 'max', of };
    }
    if (this.take(/layers\(/y)) {
      const layers = this.test();
      const [yes, no] = this.take(/,/y) ? this.arguments(() => this.value()) : [this.need(/\)/y, '")"') && undefined];
      return { layers, ...(yes && { yes }), ...(no && { no }) };
    }
    const [, probe, mayLack] = this.take(/probe\(([^)]+)\)(\?)?/y) ?? [];
    if (probe !== undefined) {
      return { probe, ...(this.#mayLack || mayLack ? {} : { required: true }) };
    }
    const derive = this.take(/@(\w+)/y)?.[1];
    if (derive !== undefined) {
      return { derive };
    }
    const value = this.#literal();
    return this.take(/\{b\}/y) ? { block: true } : value === undefined ? this.#field() : ({ value } as Value);
  }

  #field(): Value {
    const [, of, names = '', end] = this.need(/(?:([a-z]\w*)\/)?([a-z]\w*(?:\|[a-z]\w*)*)([?!])?/iy, 'value');
    const otherwise = end === '?' && /\S/.test(this.text[this.#at] ?? '') ? this.#literal() : undefined;
    return {
      fields: names.split('|'),
      ...(of !== undefined && { of: PARTS.find((part) => part === of) ?? [of] }),
      ...((end === '!' || (end !== '?' && !this.#mayLack)) && { required: true as const }),
      ...(otherwise !== undefined && { or: otherwise as number }),
    };
  }

  #literal(): Scalar | readonly Scalar[] | undefined {
    if (this.take(/\[/y)) {
      const items = this.list(/,/y, () => this.#needLiteral() as Scalar);
      this.need(/\]/y, '"]"');
      return items;
    }
    const [text, number] = this.take(LITERAL) ?? [];
    return number === undefined ? text && (JSON.parse(text) as Scalar) : Number(number.replaceAll('_', ''));
  }

  #needLiteral(): Scalar | readonly Scalar[] {
    const literal = this.#literal();
    return literal === undefined ? this.#fail('value') : literal;
  }

  #holds(): Condition {
    if (this.take(/not\b/y)) {
      return { not: this.#holds() };
    }
    if (this.take(/\(/y)) {
      return this.arguments(() => this.condition())[0] as Condition;
    }
    if (this.take(/set\b/y)) {
      return { set: this.value() };
    }
    const [, verb, name] = this.take(/(has|lacks) (\w+)/y) ?? [];
    if (name !== undefined) {
      return { field: name, exists: verb === 'has' };
    }
    const field = this.take(/([a-z]\w*)(?= (?:==|!=|in|not in) )/iy)?.[1];
    const value = field === undefined ? this.value() : undefined;
    if (value && this.take(/>/y)) {
      return { value, above: this.#needLiteral() as number };
    }
    const isFlag = value && ('derive' in value || 'probe' in value);
    const verdict = isFlag ? this.take(VERDICT)?.[0] : this.need(VERDICT, 'comparison')[0];
    const is = verdict === undefined ? true : this.#needLiteral();
    const condition = { ...(isFlag ? value : value ? { value } : { field }), is } as Condition;
    return verdict === '!=' || verdict === 'not in' ? { not: condition } : condition;
  }
}

/** One condition. @throws SyntaxError */
export function readCondition(text: string): Condition {
  return whole(text, (formulas) => formulas.condition());
}

/** One value. @throws SyntaxError */
export function readValue(text: string): Value {
  return whole(text, (formulas) => formulas.value());
}

function whole<Read>(text: string, read: (formulas: Formulas) => Read): Read {
  const formulas = new Formulas(text);
  const found = read(formulas);
  formulas.need(/$/y, 'end');
  return found;
}
