import type { Value } from './values.js';

export type Target =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'attribute'; readonly name: string; readonly attribute: string }
  | { readonly kind: 'tuple'; readonly items: readonly Target[] };

export interface Arguments {
  readonly args: readonly Expression[];
  readonly named: readonly (readonly [name: string, value: Expression])[];
  /** The values of `*list` and `**dict`. */
  readonly rest?: Expression | undefined;
  readonly restNamed?: Expression | undefined;
}

export type Expression =
  | { readonly kind: 'const'; readonly value: Value }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list' | 'tuple' | 'concat'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly items: readonly (readonly [key: Expression, value: Expression])[] }
  | { readonly kind: 'condition'; test: Expression; value: Expression; otherwise: Expression | null; line: number }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not' | 'negative' | 'positive'; readonly of: Expression }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'compare';
      readonly first: Expression;
      readonly rest: readonly (readonly [operator: string, value: Expression])[];
    }
  | { readonly kind: 'attribute'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'item'; readonly of: Expression; readonly key: Expression }
  | { readonly kind: 'slice'; readonly bounds: readonly (Expression | null)[] }
  | ({ readonly kind: 'call'; readonly of: Expression } & Arguments)
  /** `of` is null for a filter block, which filters the text of its body. */
  | ({ readonly kind: 'filter'; readonly of: Expression | null; readonly name: string } & Arguments)
  | ({ readonly kind: 'test'; readonly of: Expression; readonly name: string } & Arguments);

export interface MacroDefinition {
  readonly name: string;
  readonly params: readonly (readonly [name: string, fallback: Expression | null])[];
  readonly body: readonly Statement[];
  /**
   * The names that the body reads. If `caller`, `varargs` or `kwargs` are among them, the macro accepts such arguments.
   */
  readonly reads: ReadonlySet<string>;
}

export type Statement =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly value: Expression }
  | { readonly kind: 'if'; readonly test: Expression; readonly body: Statement[]; readonly otherwise: Statement[] }
  | {
      readonly kind: 'for';
      readonly target: Target;
      readonly over: Expression;
      readonly test: Expression | null;
      readonly recursive: boolean;
      readonly body: Statement[];
      readonly otherwise: Statement[];
    }
  | { readonly kind: 'set'; readonly target: Target; readonly value: Expression }
  | {
      readonly kind: 'set block';
      readonly target: Target;
      readonly filter: Expression | null;
      readonly body: Statement[];
    }
  | { readonly kind: 'with'; readonly values: readonly (readonly [Target, Expression])[]; readonly body: Statement[] }
  | { readonly kind: 'filter block'; readonly filter: Expression; readonly body: Statement[] }
  | { readonly kind: 'macro'; readonly macro: MacroDefinition }
  | { readonly kind: 'call block'; readonly call: Expression & { kind: 'call' }; readonly caller: MacroDefinition }
  | { readonly kind: 'block'; readonly scoped: boolean; readonly body: Statement[] }
  | { readonly kind: 'scope'; readonly body: Statement[] }
  | { readonly kind: 'break' | 'continue' }
  /** `include`, `import` and `extends`, which always fail: there are no other templates. */
  | { readonly kind: 'load' };
