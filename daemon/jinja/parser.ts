/** From tokens to a tree of statements. Long because it has one function for each level of the grammar, which call each other. */
import { binary, compared, negative, slice } from './arithmetic.ts';
import { attribute, item } from './attributes.ts';
import { filters, type Filter } from './filters.ts';
import { tokens, type Token, type TokenKind } from './lexer.ts';
import type { Scope } from './scope.ts';
import { tests, type Test } from './tests.ts';
import {
  Attributes,
  Float,
  integer,
  isNumber,
  items,
  refuseUndefined,
  str,
  TemplateError,
  truth,
  tuple,
  typeName,
  Undefined,
  type Kwargs,
  type Value,
} from './values.ts';

/** An expression, compiled. */
export type Expression = (scope: Scope) => Value;
/** The arguments of a call, compiled. */
export type Arguments = (scope: Scope) => { args: Value[]; kwargs: Kwargs };

const CONSTANTS: Readonly<Record<string, Value>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};
const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);
const NO_KWARGS: Kwargs = new Map();

/** Compiles expressions to functions, by Jinja's grammar and precedences. `statements.ts` adds the tags. */
export class Parser {
  private readonly stream: Token[];
  private at = 0;

  constructor(template: string) {
    this.stream = tokens(template);
  }

  peek(ahead = 0): Token | undefined {
    return this.stream[this.at + ahead];
  }

  next(): Token {
    const token = this.stream[this.at++];
    if (!token) throw new TemplateError('the template ends too early');
    return token;
  }

  is(kind: TokenKind, value?: string): boolean {
    const token = this.peek();
    return token?.kind === kind && (value === undefined || token.value === value);
  }

  take(kind: TokenKind, value?: string): boolean {
    if (!this.is(kind, value)) return false;
    this.at++;
    return true;
  }

  expect(kind: TokenKind, value?: string): Token {
    if (!this.is(kind, value)) throw this.error(`expected ${value ?? kind}`);
    return this.next();
  }

  error(message: string): TemplateError {
    const token = this.peek() ?? this.stream.at(-1);
    return new TemplateError(`line ${token?.line ?? 1}: ${message}, found ${JSON.stringify(this.peek()?.value ?? '')}`);
  }

  /** `a, b` is a tuple. */
  expressionOrTuple(condition = true): Expression {
    const first = this.expression(condition);
    if (!this.is('operator', ',')) return first;
    const parts = [first];
    while (this.take('operator', ',')) {
      if (this.is('end') || this.is('operator', ')')) break;
      parts.push(this.expression(condition));
    }
    return (scope) => tuple(parts.map((part) => part(scope)));
  }

  /** condition: whether `a if b else c` may stand here. */
  expression(condition = true): Expression {
    let value = this.or();
    while (condition && this.take('name', 'if')) {
      const [then, test] = [value, this.or()];
      const otherwise = this.take('name', 'else') ? this.expression() : undefined;
      value = (scope) => {
        if (truth(test(scope))) return then(scope);
        return otherwise
          ? otherwise(scope)
          : new Undefined('the inline if-expression evaluated to false and no else section was defined.');
      };
    }
    return value;
  }

  private or(): Expression {
    let left = this.and();
    while (this.take('name', 'or')) {
      const [first, second] = [left, this.and()];
      left = (scope) => {
        const value = first(scope);
        return truth(value) ? value : second(scope);
      };
    }
    return left;
  }

  private and(): Expression {
    let left = this.not();
    while (this.take('name', 'and')) {
      const [first, second] = [left, this.not()];
      left = (scope) => {
        const value = first(scope);
        return truth(value) ? second(scope) : value;
      };
    }
    return left;
  }

  private not(): Expression {
    if (!this.take('name', 'not')) return this.comparison();
    const value = this.not();
    return (scope) => !truth(value(scope));
  }

  private comparison(): Expression {
    const first = this.sum();
    const chain: [string, Expression][] = [];
    for (;;) {
      const token = this.peek();
      if (token?.kind === 'operator' && COMPARISONS.has(token.value)) {
        this.next();
        chain.push([token.value, this.sum()]);
      } else if (this.take('name', 'in')) {
        chain.push(['in', this.sum()]);
      } else if (this.is('name', 'not') && this.peek(1)?.kind === 'name' && this.peek(1)?.value === 'in') {
        this.at += 2;
        chain.push(['not in', this.sum()]);
      } else {
        break;
      }
    }
    if (chain.length === 0) return first;
    if (chain.length === 1) {
      const [sign, second] = chain[0]!;
      return (scope) => compared(sign, first(scope), second(scope));
    }
    return (scope) => {
      let left = first(scope);
      for (const [sign, operand] of chain) {
        const right = operand(scope);
        if (!compared(sign, left, right)) return false;
        left = right;
      }
      return true;
    };
  }

  private sum(): Expression {
    let left = this.concatenation();
    while (this.is('operator', '+') || this.is('operator', '-')) {
      left = this.operation(this.next().value, left, this.concatenation());
    }
    return left;
  }

  private operation(sign: string, left: Expression, right: Expression): Expression {
    return (scope) => binary(sign, left(scope), right(scope));
  }

  private concatenation(): Expression {
    const parts = [this.product()];
    while (this.take('operator', '~')) parts.push(this.product());
    if (parts.length === 1) return parts[0]!;
    return (scope) => parts.map((part) => str(part(scope))).join('');
  }

  private product(): Expression {
    let left = this.power();
    while (['*', '/', '//', '%'].some((sign) => this.is('operator', sign))) {
      left = this.operation(this.next().value, left, this.power());
    }
    return left;
  }

  private power(): Expression {
    let left = this.unary();
    while (this.take('operator', '**')) left = this.operation('**', left, this.unary());
    return left;
  }

  private unary(filtered = true): Expression {
    let value: Expression;
    if (this.take('operator', '-')) {
      const operand = this.unary(false);
      value = (scope) => negative(operand(scope));
    } else if (this.take('operator', '+')) {
      value = this.unary(false);
    } else {
      value = this.primary();
    }
    value = this.postfix(value);
    return filtered ? this.filtered(value) : value;
  }

  private primary(): Expression {
    const token = this.next();
    switch (token.kind) {
      case 'name': {
        const { value: name } = token;
        if (Object.hasOwn(CONSTANTS, name)) return constant(CONSTANTS[name]!);
        return (scope) => scope.get(name);
      }
      case 'string': {
        let text = token.value;
        while (this.is('string')) text += this.next().value;
        return constant(text);
      }
      case 'integer':
        return constant(integer(BigInt(token.value.replaceAll('_', '').replace(/^0+(?=\d)/, ''))));
      case 'float':
        return constant(new Float(Number(token.value.replaceAll('_', ''))));
      case 'operator':
        if (token.value === '(') return this.parenthesised();
        if (token.value === '[') return this.list();
        if (token.value === '{') return this.dict();
    }
    this.at--;
    throw this.error('expected an expression');
  }

  private parenthesised(): Expression {
    if (this.take('operator', ')')) return () => tuple([]);
    const value = this.expressionOrTuple();
    this.expect('operator', ')');
    return value;
  }

  private list(): Expression {
    const parts: Expression[] = [];
    while (!this.take('operator', ']')) {
      if (parts.length > 0) this.expect('operator', ',');
      if (this.take('operator', ']')) break;
      parts.push(this.expression());
    }
    return (scope) => parts.map((part) => part(scope));
  }

  private dict(): Expression {
    const entries: [Expression, Expression][] = [];
    while (!this.take('operator', '}')) {
      if (entries.length > 0) this.expect('operator', ',');
      if (this.take('operator', '}')) break;
      const key = this.expression();
      this.expect('operator', ':');
      entries.push([key, this.expression()]);
    }
    return (scope) => new Map(entries.map(([key, value]) => [key(scope), value(scope)]));
  }

  private postfix(value: Expression): Expression {
    let made = value;
    for (;;) {
      if (this.take('operator', '.')) made = this.dotted(made);
      else if (this.take('operator', '[')) made = this.subscript(made);
      else if (this.is('operator', '(')) made = this.call(made);
      else return made;
    }
  }

  private dotted(value: Expression): Expression {
    if (this.is('integer')) {
      const index = Number(this.next().value);
      return (scope) => item(value(scope), index);
    }
    const { value: name } = this.expect('name');
    return (scope) => attribute(value(scope), name);
  }

  private subscript(value: Expression): Expression {
    const part = (): Expression | undefined =>
      this.is('operator', ':') || this.is('operator', ']') ? undefined : this.expression();
    const from = part();
    if (!this.take('operator', ':')) {
      this.expect('operator', ']');
      if (!from) throw this.error('expected a subscript');
      return (scope) => item(value(scope), from(scope));
    }
    const to = part();
    const step = this.take('operator', ':') ? part() : undefined;
    this.expect('operator', ']');
    return (scope) => slice(value(scope), from?.(scope) ?? null, to?.(scope) ?? null, step?.(scope) ?? null);
  }

  private call(value: Expression): Expression {
    const given = this.arguments();
    return (scope) => {
      const callee = value(scope);
      const { args, kwargs } = given(scope);
      return call(callee, args, kwargs);
    };
  }

  /** From `(` to `)`. */
  arguments(): Arguments {
    this.expect('operator', '(');
    const positional: { value: Expression; spread: boolean }[] = [];
    const named: { name?: string; value: Expression }[] = [];
    while (!this.take('operator', ')')) {
      if (positional.length + named.length > 0) this.expect('operator', ',');
      if (this.take('operator', ')')) break;
      if (this.take('operator', '**')) {
        named.push({ value: this.expression() });
      } else if (this.take('operator', '*')) {
        positional.push({ value: this.expression(), spread: true });
      } else if (this.is('name') && this.peek(1)?.kind === 'operator' && this.peek(1)?.value === '=') {
        const { value: name } = this.next();
        this.next();
        named.push({ name, value: this.expression() });
      } else {
        positional.push({ value: this.expression(), spread: false });
      }
    }
    return (scope) => {
      const args = positional.flatMap(({ value, spread }) => {
        const made = value(scope);
        return spread ? items(made) : [made];
      });
      if (named.length === 0) return { args, kwargs: NO_KWARGS };
      const kwargs = new Map<string, Value>();
      for (const { name, value } of named) {
        const made = value(scope);
        if (name !== undefined) kwargs.set(name, made);
        else if (made instanceof Map) for (const [key, one] of made) kwargs.set(str(key), one);
      }
      return { args, kwargs };
    };
  }

  private filtered(value: Expression): Expression {
    let made = value;
    for (;;) {
      if (this.take('operator', '|')) made = this.filter(made);
      else if (this.take('name', 'is')) made = this.test(made);
      else if (this.is('operator', '(')) made = this.call(made);
      else return made;
    }
  }

  /** A filter after `|`, applied to a value. */
  filter(value: Expression): Expression {
    const { filter, given } = this.filterCall();
    return (scope) => {
      const { args, kwargs } = given ? given(scope) : { args: [], kwargs: NO_KWARGS };
      return filter(value(scope), args, kwargs);
    };
  }

  private filterCall(): { filter: Filter; given: Arguments | undefined } {
    const { value: name } = this.expect('name');
    const filter = Object.hasOwn(filters, name) ? filters[name] : undefined;
    if (!filter) throw this.error(`no filter named '${name}'`);
    return { filter, given: this.is('operator', '(') ? this.arguments() : undefined };
  }

  private test(value: Expression): Expression {
    const negated = this.take('name', 'not');
    const { value: name } = this.expect('name');
    const test: Test | undefined = Object.hasOwn(tests, name) ? tests[name] : undefined;
    if (!test) throw this.error(`no test named '${name}'`);
    const given = this.testArguments();
    return (scope) => {
      const { args } = given ? given(scope) : { args: [] };
      return test(value(scope), args) !== negated;
    };
  }

  private testArguments(): Arguments | undefined {
    if (this.is('operator', '(')) return this.arguments();
    const token = this.peek();
    const operand =
      token?.kind === 'string' ||
      token?.kind === 'integer' ||
      token?.kind === 'float' ||
      (token?.kind === 'operator' && (token.value === '[' || token.value === '{')) ||
      (token?.kind === 'name' && !['else', 'or', 'and', 'if', 'is', 'in', 'not'].includes(token.value));
    if (!operand) return undefined;
    const value = this.postfix(this.primary());
    return (scope) => ({ args: [value(scope)], kwargs: NO_KWARGS });
  }
}

function constant(value: Value): Expression {
  return () => value;
}

export function call(callee: Value, args: Value[], kwargs: Kwargs): Value {
  if (typeof callee === 'function') return callee(args, kwargs);
  if (callee instanceof Attributes && callee.call) return callee.call(args, kwargs);
  refuseUndefined(callee);
  throw new TemplateError(`'${isNumber(callee) ? 'number' : typeName(callee)}' object is not callable`);
}
