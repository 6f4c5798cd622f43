import { FILTERS, TESTS } from './environment.js';
import { TemplateSyntaxError } from './errors.js';
import { type Token, tokenize } from './lexer.js';
import type { Arguments, Expression, MacroDefinition, Statement, Target } from './nodes.js';
import { unescapeString } from './text.js';

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);
const CONSTANTS = new Map<string, null | boolean>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
]);
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  block_begin: 'begin of statement block',
  block_end: 'end of statement block',
  variable_begin: 'begin of print statement',
  variable_end: 'end of print statement',
  data: 'template data / text',
  eof: 'end of template',
};
const ARGUMENT_OF_TEST = new Set(['name', 'string', 'integer', 'float', '(', '[', '{']);

/** Parses a template. @throws TemplateSyntaxError */
export function parse(template: string): readonly Statement[] {
  return new Parser(template).parse();
}

/** A recursive-descent parser of jinja2's grammar and of the tags that transformers adds. */
class Parser {
  readonly #tokens: Generator<Token, void>;
  #token: Token;
  #ahead: Token | undefined;
  /** The open blocks and the tags that can end them, for error messages. */
  readonly #ends: (readonly string[])[] = [];
  readonly #tags: string[] = [];
  /**
   * Errors for filters and tests that do not exist. They make the template invalid unless the use depends on a
   * condition.
   */
  readonly #unknown: TemplateSyntaxError[] = [];
  readonly #certain: TemplateSyntaxError[] = [];
  #loops = 0;
  #reads = new Set<string>();

  constructor(template: string) {
    this.#tokens = tokenize(template);
    this.#token = { type: 'data', value: '', line: 1 };
    this.#next();
  }

  parse(): readonly Statement[] {
    const body = this.#statements();
    const [error] = [...this.#certain, ...this.#unknown].sort((a, b) => a.line - b.line);
    if (error) {
      throw error;
    }
    return body;
  }

  // Tokens.

  #pull(): Token {
    const { value, done } = this.#tokens.next();
    return done ? { ...this.#token, type: 'eof', value: '' } : value;
  }
  #next(): Token {
    const token = this.#token;
    this.#token = this.#ahead ?? this.#pull();
    this.#ahead = undefined;
    return token;
  }
  #look(): Token {
    this.#ahead ??= this.#pull();
    return this.#ahead;
  }
  #fail(message: string, line = this.#token.line): never {
    throw new TemplateSyntaxError(message, line);
  }
  #is(...types: string[]): boolean {
    return types.includes(this.#token.type);
  }
  #isName(...names: string[]): boolean {
    return this.#token.type === 'name' && names.includes(this.#token.value);
  }
  #skip(type: string): boolean {
    const found = this.#is(type);
    if (found) {
      this.#next();
    }
    return found;
  }
  #skipName(name: string): boolean {
    const found = this.#isName(name);
    if (found) {
      this.#next();
    }
    return found;
  }
  #expect(type: string): Token {
    return this.#is(type) ? this.#next() : this.#unexpected(DESCRIPTIONS[type] ?? type);
  }
  #expectName(name: string): Token {
    return this.#isName(name) ? this.#next() : this.#unexpected(name);
  }
  #unexpected(expected: string): never {
    return this.#fail(
      this.#is('eof')
        ? `unexpected end of template, expected '${expected}'.`
        : `expected token '${expected}', got '${described(this.#token)}'`,
    );
  }

  // Statements.

  #statements(ends: readonly string[] = []): Statement[] {
    const body: Statement[] = [];
    if (ends.length > 0) {
      this.#ends.push(ends);
    }
    while (!this.#is('eof')) {
      if (this.#is('data')) {
        body.push({ kind: 'text', text: this.#next().value });
      } else if (this.#skip('variable_begin')) {
        body.push({ kind: 'print', value: this.#tuple() });
        this.#expect('variable_end');
      } else {
        this.#expect('block_begin');
        if (this.#isName(...ends)) {
          break;
        }
        body.push(...this.#statement());
        this.#expect('block_end');
      }
    }
    if (ends.length > 0) {
      if (this.#is('eof')) {
        this.#unclosed(null);
      }
      this.#ends.pop();
    }
    return body;
  }

  /** Parses statements up to one of the tags `ends`, which becomes the current token. */
  #body(...ends: string[]): Statement[] {
    this.#skip(':');
    this.#expect('block_end');
    return this.#statements(ends);
  }
  /** Parses statements up to the tag `end`, and the tag itself. */
  #closed(end: string): Statement[] {
    const body = this.#body(end);
    this.#next();
    return body;
  }
  /** Parses a part that runs only under a condition. It may use filters and tests that do not exist. */
  #conditional<T>(parse: () => T): T {
    const { length } = this.#unknown;
    const parsed = parse();
    this.#unknown.length = length;
    return parsed;
  }
  /**
   * Parses a part that jinja2 compiles to a function of its own. Its filters and tests must exist, even within a
   * condition.
   */
  #apart<T>(parse: () => T): T {
    const { length } = this.#unknown;
    const parsed = parse();
    for (const unknown of this.#unknown.splice(length)) {
      this.#certain.push(unknown);
    }
    return parsed;
  }

  #unclosed(tag: string | null): never {
    const ends = this.#ends.at(-1);
    const wanted = ends?.map((end) => `'${end}'`).join(' or ');
    const message = [tag === null ? 'Unexpected end of template.' : `Encountered unknown tag '${tag}'.`];
    if (wanted && tag !== null && this.#ends.flat().includes(tag)) {
      message.push(
        `You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for ${wanted}.`,
      );
    } else if (wanted) {
      message.push(`Jinja was looking for the following tags: ${wanted}.`);
    }
    const open = this.#tags.at(-1);
    if (open !== undefined) {
      message.push(`The innermost block that needs to be closed is '${open}'.`);
    }
    return this.#fail(message.join(' '));
  }

  #statement(): Statement[] {
    if (!this.#is('name')) {
      this.#fail('tag name expected');
    }
    const { value: tag } = this.#token;
    const parse = this.#parsers.get(tag) ?? this.#unclosed(tag);
    this.#tags.push(tag);
    this.#next();
    const parsed = parse();
    this.#tags.pop();
    return Array.isArray(parsed) ? parsed : [parsed];
  }

  readonly #parsers = new Map<string, () => Statement | Statement[]>([
    ['for', () => this.#for()],
    ['if', () => this.#if()],
    ['set', () => this.#set()],
    ['macro', () => this.#macro()],
    ['call', () => this.#call()],
    ['with', () => this.#withBlock()],
    ['filter', () => this.#filterBlock()],
    ['block', () => this.#block()],
    ['print', () => this.#print()],
    ['generation', () => this.#apart(() => ({ kind: 'scope', body: this.#closed('endgeneration') }))],
    ['autoescape', () => this.#autoescape()],
    ['break', () => this.#loopControl('break')],
    ['continue', () => this.#loopControl('continue')],
    ['extends', () => this.#load()],
    ['include', () => this.#load()],
    ['import', () => this.#import()],
    ['from', () => this.#from()],
  ]);

  #for(): Statement {
    const target = this.#target(['in']);
    this.#expectName('in');
    const over = this.#tuple({ condition: false, ends: ['recursive'] });
    return this.#apart(() => {
      const test = this.#skipName('if') ? this.#expression() : null;
      const recursive = this.#skipName('recursive');
      this.#loops++;
      const body = this.#body('endfor', 'else');
      this.#loops--;
      const otherwise = this.#next().value === 'else' ? this.#closed('endfor') : [];
      return { kind: 'for', target, over, test, recursive, body, otherwise };
    });
  }

  #if(): Statement {
    return this.#conditional(() => {
      const test = this.#tuple({ condition: false });
      const body = this.#body('elif', 'else', 'endif');
      const { value: tag } = this.#next();
      const otherwise = tag === 'elif' ? [this.#if()] : tag === 'else' ? this.#closed('endif') : [];
      return { kind: 'if', test, body, otherwise };
    });
  }

  #set(): Statement {
    const target = this.#target([], true);
    if (this.#skip('=')) {
      return { kind: 'set', target, value: this.#tuple() };
    }
    return this.#apart(() => {
      const filter = this.#filters(null);
      return { kind: 'set block', target, filter, body: this.#closed('endset') };
    });
  }

  #macro(): Statement {
    const { value: name } = this.#expect('name');
    const params = this.#signature();
    return { kind: 'macro', macro: this.#macroBody(name, params, 'endmacro') };
  }

  #call(): Statement {
    const { line } = this.#token;
    const params = this.#is('(') ? this.#signature() : [];
    const call = this.#expression();
    if (call.kind !== 'call') {
      this.#fail('expected call', line);
    }
    return { kind: 'call block', call, caller: this.#macroBody('caller', params, 'endcall') };
  }

  #macroBody(name: string, params: MacroDefinition['params'], end: string): MacroDefinition {
    const before = this.#reads;
    this.#reads = new Set();
    const body = this.#outsideLoop(() => this.#apart(() => this.#closed(end)));
    const macro = { name, params, body, reads: this.#reads };
    this.#reads = new Set([...before, ...this.#reads]);
    return macro;
  }

  #outsideLoop<T>(parse: () => T): T {
    const before = this.#loops;
    this.#loops = 0;
    const parsed = parse();
    this.#loops = before;
    return parsed;
  }

  #signature(): (readonly [string, Expression | null])[] {
    const params: (readonly [string, Expression | null])[] = [];
    this.#expect('(');
    while (!this.#is(')')) {
      if (params.length > 0) {
        this.#expect(',');
      }
      const { value: name } = this.#expect('name');
      const fallback = this.#skip('=') ? this.#expression() : null;
      if (!fallback && params.at(-1)?.[1]) {
        this.#fail('non-default argument follows default argument');
      }
      params.push([name, fallback]);
    }
    this.#next();
    return params;
  }

  #withBlock(): Statement {
    const values: (readonly [Target, Expression])[] = [];
    while (!this.#is('block_end')) {
      if (values.length > 0) {
        this.#expect(',');
      }
      const target = this.#target();
      this.#expect('=');
      values.push([target, this.#expression()]);
    }
    return this.#apart(() => ({ kind: 'with', values, body: this.#closed('endwith') }));
  }

  #filterBlock(): Statement {
    return this.#apart(() => {
      const filter = this.#filters(this.#filter(null)) ?? this.#fail('expected a filter');
      return { kind: 'filter block', filter, body: this.#closed('endfilter') };
    });
  }

  #block(): Statement {
    const { value: name } = this.#expect('name');
    const scoped = this.#skipName('scoped');
    this.#skipName('required');
    const body = this.#outsideLoop(() => this.#apart(() => this.#closed('endblock')));
    this.#skipName(name);
    return { kind: 'block', scoped, body };
  }

  #print(): Statement[] {
    const printed: Statement[] = [];
    while (!this.#is('block_end')) {
      if (printed.length > 0) {
        this.#expect(',');
      }
      printed.push({ kind: 'print', value: this.#expression() });
    }
    return printed;
  }

  #autoescape(): Statement {
    this.#expression();
    return { kind: 'scope', body: this.#closed('endautoescape') };
  }

  #loopControl(kind: 'break' | 'continue'): Statement {
    // Python's error message for the code that jinja2 generates.
    return this.#loops > 0
      ? { kind }
      : this.#fail(kind === 'break' ? "'break' outside loop" : "'continue' not properly in loop");
  }

  #load(): Statement {
    this.#expression();
    if (this.#isName('ignore')) {
      this.#next();
      this.#expectName('missing');
    }
    return this.#context();
  }
  #import(): Statement {
    this.#expression();
    this.#expectName('as');
    this.#expect('name');
    return this.#context();
  }
  #from(): Statement {
    this.#expression();
    this.#expectName('import');
    do {
      this.#expect('name');
      if (this.#skipName('as')) {
        this.#expect('name');
      }
    } while (this.#skip(','));
    return this.#context();
  }
  #context(): Statement {
    if (this.#isName('with', 'without')) {
      this.#next();
      this.#expectName('context');
    }
    return { kind: 'load' };
  }

  #target(ends: readonly string[] = [], attributes = false): Target {
    const { line } = this.#token;
    const items: Target[] = [];
    let isTuple = false;
    do {
      if (this.#is('variable_end', 'block_end', ')') || this.#isName(...ends)) {
        break;
      }
      items.push(this.#targetItem(attributes));
      isTuple ||= this.#is(',');
    } while (this.#skip(','));
    const [first] = items;
    if (!first) {
      this.#fail(`Expected an expression, got '${described(this.#token)}'`, line);
    }
    return isTuple ? { kind: 'tuple', items } : first;
  }
  #targetItem(attributes: boolean): Target {
    const { type, value, line } = this.#token;
    if (type === '(') {
      this.#next();
      const target = this.#target([], attributes);
      this.#expect(')');
      return target;
    }
    if (type !== 'name' || CONSTANTS.has(value)) {
      const { kind } = this.#primary();
      this.#fail(`can't assign to '${kind}'`, line);
    }
    this.#next();
    return attributes && this.#skip('.')
      ? { kind: 'attribute', name: value, attribute: this.#expect('name').value }
      : { kind: 'name', name: value };
  }

  // Expressions.

  #tuple(options: { condition?: boolean; ends?: readonly string[]; parentheses?: boolean } = {}): Expression {
    const { condition = true, ends = [], parentheses = false } = options;
    const items: Expression[] = [];
    let isTuple = false;
    do {
      if (this.#is('variable_end', 'block_end', ')') || this.#isName(...ends)) {
        break;
      }
      items.push(condition ? this.#expression() : this.#or());
      isTuple ||= this.#is(',');
    } while (this.#skip(','));
    const [first] = items;
    if (first && !isTuple) {
      return first;
    }
    if (!first && !parentheses) {
      this.#fail(`Expected an expression, got '${described(this.#token)}'`);
    }
    return { kind: 'tuple', items };
  }

  #expression(): Expression {
    const { line } = this.#token;
    const { length } = this.#unknown;
    let value = this.#or();
    while (this.#skipName('if')) {
      const test = this.#or();
      const otherwise = this.#skipName('else') ? this.#expression() : null;
      value = { kind: 'condition', test, value, otherwise, line };
      this.#unknown.length = length;
    }
    return value;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#skipName('or')) {
      left = { kind: 'or', left, right: this.#and() };
    }
    return left;
  }
  #and(): Expression {
    let left = this.#not();
    while (this.#skipName('and')) {
      left = { kind: 'and', left, right: this.#not() };
    }
    return left;
  }
  #not(): Expression {
    return this.#skipName('not') ? { kind: 'not', of: this.#not() } : this.#compare();
  }

  #compare(): Expression {
    const first = this.#sum();
    const rest: [string, Expression][] = [];
    for (;;) {
      if (COMPARISONS.has(this.#token.type)) {
        rest.push([this.#next().type, this.#sum()]);
      } else if (this.#skipName('in')) {
        rest.push(['in', this.#sum()]);
      } else if (this.#isName('not') && this.#look().value === 'in' && this.#look().type === 'name') {
        this.#next();
        this.#next();
        rest.push(['not in', this.#sum()]);
      } else {
        return rest.length > 0 ? { kind: 'compare', first, rest } : first;
      }
    }
  }

  #sum(): Expression {
    return this.#binary(['+', '-'], () => this.#concat());
  }
  #concat(): Expression {
    const first = this.#product();
    const items = [first];
    while (this.#skip('~')) {
      items.push(this.#product());
    }
    return items.length > 1 ? { kind: 'concat', items } : first;
  }
  #product(): Expression {
    return this.#binary(['*', '/', '//', '%'], () => this.#binary(['**'], () => this.#unary()));
  }
  #binary(operators: string[], operand: () => Expression): Expression {
    let left = operand();
    while (this.#is(...operators)) {
      left = { kind: 'binary', operator: this.#next().type, left, right: operand() };
    }
    return left;
  }

  #unary(withFilters = true): Expression {
    const sign = this.#skip('-') ? 'negative' : this.#skip('+') ? 'positive' : null;
    const value = this.#postfix(sign ? { kind: sign, of: this.#unary(false) } : this.#primary());
    return withFilters ? this.#filtersAndTests(value) : value;
  }

  #primary(): Expression {
    const { type, value } = this.#token;
    if (type === '[' || type === '{') {
      return type === '[' ? this.#list() : this.#dict();
    }
    if (type === 'string') {
      return { kind: 'const', value: this.#strings() };
    }
    if (!['name', 'integer', 'float', '('].includes(type)) {
      this.#fail(`unexpected '${described(this.#token)}'`);
    }
    this.#next();
    switch (type) {
      case 'integer':
        return { kind: 'const', value: BigInt(value.replaceAll('_', '')) };
      case 'float':
        return { kind: 'const', value: Number(value.replaceAll('_', '')) };
      case '(': {
        const tuple = this.#tuple({ parentheses: true });
        this.#expect(')');
        return tuple;
      }
      default: {
        const constant = CONSTANTS.get(value);
        if (constant !== undefined) {
          return { kind: 'const', value: constant };
        }
        this.#reads.add(value);
        return { kind: 'name', name: value };
      }
    }
  }

  #strings(): string {
    let text = '';
    while (this.#is('string')) {
      const { value, line } = this.#next();
      text += unescapeString(value.slice(1, -1), (message) => this.#fail(message, line));
    }
    return text;
  }

  #list(): Expression {
    this.#next();
    const items: Expression[] = [];
    while (!this.#is(']')) {
      items.push(this.#expression());
      if (!this.#is(']')) {
        this.#expect(',');
      }
    }
    this.#next();
    return { kind: 'list', items };
  }

  #dict(): Expression {
    this.#next();
    const items: [Expression, Expression][] = [];
    while (!this.#is('}')) {
      const key = this.#expression();
      this.#expect(':');
      items.push([key, this.#expression()]);
      if (!this.#is('}')) {
        this.#expect(',');
      }
    }
    this.#next();
    return { kind: 'dict', items };
  }

  #postfix(start: Expression): Expression {
    let value = start;
    for (;;) {
      if (this.#skip('.')) {
        value = this.#attribute(value);
      } else if (this.#skip('[')) {
        value = { kind: 'item', of: value, key: this.#subscript() };
      } else if (this.#is('(')) {
        value = { kind: 'call', of: value, ...this.#arguments() };
      } else {
        return value;
      }
    }
  }

  #attribute(of: Expression): Expression {
    const { type, value, line } = this.#next();
    if (type === 'name') {
      return { kind: 'attribute', of, name: value };
    }
    if (type !== 'integer') {
      this.#fail('expected name or number', line);
    }
    return { kind: 'item', of, key: { kind: 'const', value: BigInt(value.replaceAll('_', '')) } };
  }

  #subscript(): Expression {
    const keys: Expression[] = [];
    while (!this.#is(']')) {
      if (keys.length > 0) {
        this.#expect(',');
      }
      keys.push(this.#sliceOrKey());
    }
    this.#next();
    const [first] = keys;
    return first && keys.length === 1 ? first : { kind: 'tuple', items: keys };
  }
  #sliceOrKey(): Expression {
    const from = this.#is(':') ? null : this.#expression();
    if (from && !this.#is(':')) {
      return from;
    }
    const bounds = [from];
    while (bounds.length < 3 && this.#skip(':')) {
      bounds.push(this.#is(':', ']', ',') ? null : this.#expression());
    }
    return { kind: 'slice', bounds };
  }

  #arguments(): Arguments {
    const { line } = this.#expect('(');
    const args: Expression[] = [];
    const named: [string, Expression][] = [];
    let rest: Expression | undefined;
    let restNamed: Expression | undefined;
    const ensure = (valid: boolean) => {
      if (!valid) {
        this.#fail('invalid syntax for function call expression', line);
      }
    };
    while (!this.#is(')')) {
      if (this.#skip('*')) {
        ensure(!rest && !restNamed);
        rest = this.#expression();
      } else if (this.#skip('**')) {
        ensure(!restNamed);
        restNamed = this.#expression();
      } else if (this.#is('name') && this.#look().type === '=') {
        ensure(!restNamed);
        const { value: name } = this.#next();
        this.#next();
        named.push([name, this.#expression()]);
      } else {
        ensure(!rest && !restNamed && named.length === 0);
        args.push(this.#expression());
      }
      if (!this.#is(')')) {
        this.#expect(',');
      }
    }
    this.#next();
    return { args, named, rest, restNamed };
  }

  #filtersAndTests(start: Expression): Expression {
    let value = start;
    for (;;) {
      if (this.#skip('|')) {
        value = this.#filter(value);
      } else if (this.#skipName('is')) {
        value = this.#test(value);
      } else if (this.#is('(')) {
        value = { kind: 'call', of: value, ...this.#arguments() };
      } else {
        return value;
      }
    }
  }

  #filters(start: Expression | null): Expression | null {
    let value = start;
    while (this.#skip('|')) {
      value = this.#filter(value);
    }
    return value;
  }
  #filter(of: Expression | null): Expression {
    const { line } = this.#token;
    const name = this.#dottedName();
    this.#known('filter', name, line);
    return { kind: 'filter', of, name, ...(this.#is('(') ? this.#arguments() : { args: [], named: [] }) };
  }

  #test(of: Expression): Expression {
    const isNegated = this.#skipName('not');
    const { line } = this.#token;
    const name = this.#dottedName();
    this.#known('test', name, line);
    const test: Expression = { kind: 'test', of, name, ...this.#argumentsOfTest() };
    return isNegated ? { kind: 'not', of: test } : test;
  }
  #argumentsOfTest(): Arguments {
    if (this.#is('(')) {
      return this.#arguments();
    }
    if (!ARGUMENT_OF_TEST.has(this.#token.type) || this.#isName('else', 'or', 'and')) {
      return { args: [], named: [] };
    }
    if (this.#isName('is')) {
      this.#fail('You cannot chain multiple tests with is');
    }
    return { args: [this.#postfix(this.#primary())], named: [] };
  }

  #dottedName(): string {
    let { value: name } = this.#expect('name');
    while (this.#skip('.')) {
      name += `.${this.#expect('name').value}`;
    }
    return name;
  }
  #known(what: 'filter' | 'test', name: string, line: number): void {
    if (!(what === 'filter' ? FILTERS : TESTS).has(name)) {
      this.#unknown.push(new TemplateSyntaxError(`No ${what} named '${name}'.`, line));
    }
  }
}

function described({ type, value }: Token): string {
  return type === 'name' ? value : (DESCRIPTIONS[type] ?? type);
}
