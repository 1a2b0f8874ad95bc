import { call, Parser, type Expression } from './parser.ts';
import { Loop } from './loop.ts';
import type { Scope } from './scope.ts';
import { Output } from './scope.ts';
import {
  items,
  Namespace,
  str,
  TemplateError,
  truth,
  tuple,
  typeName,
  Undefined,
  type Callable,
  type Kwargs,
  type Value,
} from './values.ts';

/** How a statement ended: normally, or with `break` or `continue` of the loop around it. */
type End = 'break' | 'continue' | undefined;
/** A statement, compiled. It writes to `out`. */
export type Statement = (scope: Scope, out: Output) => End;

/** What stands left of `=` or of `in`: gets a value and stores it. */
type Target = (scope: Scope, value: Value) => void;

/** Compiles a whole template. Throws TemplateError with the line. */
export function compile(template: string): Statement {
  const parser = new Parser(template);
  const body = block(parser, []);
  return body;
}

/** Statements up to one of the tags in `ends`, which is left to read; up to the template's end if there are none. */
function block(parser: Parser, ends: string[]): Statement {
  const statements: Statement[] = [];
  for (;;) {
    const token = parser.peek();
    if (!token) {
      if (ends.length > 0) throw new TemplateError(`the template ends, but ${ends.join(' or ')} is missing`);
      break;
    }
    if (token.kind === 'text') {
      const { value } = parser.next();
      statements.push((_scope, out) => {
        out.text += value;
        return undefined;
      });
    } else if (token.value === '{{') {
      parser.next();
      const value = parser.expressionOrTuple();
      parser.expect('end');
      statements.push((scope, out) => {
        out.text += str(value(scope));
        return undefined;
      });
    } else {
      const tag = parser.peek(1)?.value ?? '';
      if (ends.includes(tag)) break;
      parser.next();
      statements.push(statement(parser));
    }
  }
  return (scope, out) => {
    for (const one of statements) {
      const end = one(scope, out);
      if (end) return end;
    }
    return undefined;
  };
}

/** Reads `{% tag %}` of one of `tags` and says which. */
function endTag(parser: Parser): string {
  parser.expect('begin');
  const { value } = parser.expect('name');
  parser.expect('end');
  return value;
}

function statement(parser: Parser): Statement {
  const { value: tag } = parser.expect('name');
  switch (tag) {
    case 'for':
      return forLoop(parser);
    case 'if':
      return condition(parser);
    case 'set':
      return assignment(parser);
    case 'macro':
      return macro(parser);
    case 'call':
      return callBlock(parser);
    case 'filter':
      return filterBlock(parser);
    case 'with':
      return withBlock(parser);
    case 'generation':
      return generation(parser);
    case 'break':
    case 'continue':
      parser.expect('end');
      return () => tag;
    default:
      throw parser.error(`the tag "${tag}" is not known`);
  }
}

function condition(parser: Parser): Statement {
  const branches: { test?: Expression; body: Statement }[] = [];
  let test: Expression | undefined = parser.expressionOrTuple(false);
  for (;;) {
    parser.expect('end');
    const body = block(parser, ['elif', 'else', 'endif']);
    branches.push({ body, ...(test ? { test } : {}) });
    parser.expect('begin');
    const { value: tag } = parser.expect('name');
    if (tag === 'endif') break;
    test = tag === 'elif' ? parser.expressionOrTuple(false) : undefined;
  }
  parser.expect('end');
  return (scope, out) => {
    for (const { test: judge, body } of branches) {
      if (judge && !truth(judge(scope))) continue;
      return body(scope, out);
    }
    return undefined;
  };
}

function names(parser: Parser): Target {
  const targets: Target[] = [];
  const open = parser.take('operator', '(');
  do {
    if (parser.is('name', 'in') || parser.is('operator', '=') || parser.is('operator', ')')) break;
    targets.push(parser.is('operator', '(') ? names(parser) : name(parser));
  } while (parser.take('operator', ','));
  if (open) parser.expect('operator', ')');
  if (targets.length === 1) return targets[0]!;
  return (scope, value) => {
    const parts = items(value);
    if (parts.length !== targets.length)
      throw new TemplateError(`${targets.length} values to unpack are expected, ${parts.length} are there`);
    targets.forEach((target, i) => {
      target(scope, parts[i]!);
    });
  };
}

function name(parser: Parser): Target {
  const { value: variable } = parser.expect('name');
  if (!parser.take('operator', '.')) {
    return (scope, value) => {
      scope.set(variable, value);
    };
  }
  const { value: field } = parser.expect('name');
  return (scope, value) => {
    const owner = scope.get(variable);
    if (!(owner instanceof Namespace)) throw new TemplateError('cannot assign attribute on non-namespace object');
    owner.fields.set(field, value);
  };
}

function assignment(parser: Parser): Statement {
  const target = names(parser);
  if (parser.take('operator', '=')) {
    const value = parser.expressionOrTuple();
    parser.expect('end');
    return (scope) => {
      target(scope, value(scope));
      return undefined;
    };
  }
  let filter: Expression = (scope) => scope.get(CAUGHT);
  while (parser.take('operator', '|')) filter = parser.filter(filter);
  parser.expect('end');
  const body = block(parser, ['endset']);
  endTag(parser);
  return (scope) => {
    target(scope, withText(scope, caught(scope.inner(), body), filter));
    return undefined;
  };
}

/** The name under which a filter finds the text of its block. No template can write it. */
const CAUGHT = '{caught}';

function withText(scope: Scope, text: string, filter: Expression): Value {
  const inner = scope.inner();
  inner.set(CAUGHT, text);
  return filter(inner);
}

function caught(scope: Scope, body: Statement): string {
  const out = new Output();
  body(scope, out);
  return out.text;
}

function filterBlock(parser: Parser): Statement {
  let filter: Expression = (scope) => scope.get(CAUGHT);
  do filter = parser.filter(filter);
  while (parser.take('operator', '|'));
  parser.expect('end');
  const body = block(parser, ['endfilter']);
  endTag(parser);
  return (scope, out) => {
    out.text += str(withText(scope, caught(scope.inner(), body), filter));
    return undefined;
  };
}

function withBlock(parser: Parser): Statement {
  const variables: [Target, Expression][] = [];
  while (!parser.is('end')) {
    if (variables.length > 0) parser.expect('operator', ',');
    const target = name(parser);
    parser.expect('operator', '=');
    variables.push([target, parser.expression()]);
  }
  parser.expect('end');
  const body = block(parser, ['endwith']);
  endTag(parser);
  return (scope, out) => {
    const inner = scope.inner();
    const values = variables.map(([, value]) => value(scope));
    variables.forEach(([target], i) => {
      target(inner, values[i]!);
    });
    return body(inner, out);
  };
}

/** transformers' tag around what the model writes. */
function generation(parser: Parser): Statement {
  parser.expect('end');
  const body = block(parser, ['endgeneration']);
  endTag(parser);
  return (scope, out) => {
    const text = caught(scope.inner(), body);
    const start = scope.recorder.output.text.length;
    scope.recorder.generated.push({ start, end: start + text.length });
    out.text += text;
    return undefined;
  };
}

function forLoop(parser: Parser): Statement {
  const target = names(parser);
  parser.expect('name', 'in');
  const list = parser.expressionOrTuple(false);
  const filter = parser.take('name', 'if') ? parser.expression() : undefined;
  const recursive = parser.take('name', 'recursive');
  parser.expect('end');
  const body = block(parser, ['endfor', 'else']);
  const otherwise = endTag(parser) === 'else' ? block(parser, ['endfor']) : undefined;
  if (otherwise) endTag(parser);

  const run = (scope: Scope, out: Output, value: Value, depth: number): End => {
    let chosen = items(value);
    if (filter) {
      chosen = chosen.filter((item) => {
        const inner = scope.inner();
        target(inner, item);
        return truth(filter(inner));
      });
    }
    if (chosen.length === 0) return otherwise?.(scope.inner(), out);
    const recurse: Callable | undefined = recursive
      ? ([inner = null]) => {
          const text = new Output();
          run(scope, text, inner, depth + 1);
          return text.text;
        }
      : undefined;
    const loop = new Loop(chosen, depth, recurse);
    const { output, turns, watched } = scope.recorder;
    for (const [index, item] of chosen.entries()) {
      const inner = scope.inner();
      loop.index0 = index;
      inner.set('loop', loop);
      target(inner, item);
      const start = out.text.length;
      const end = body(inner, out);
      if (out === output && watched.has(item) && out.text.length > start)
        turns.push({ item, start, end: out.text.length });
      if (end === 'break') break;
    }
    return undefined;
  };
  return (scope, out) => run(scope, out, list(scope), 0);
}

interface Parameter {
  readonly name: string;
  readonly otherwise?: Expression;
}

function parameters(parser: Parser): Parameter[] {
  const found: Parameter[] = [];
  parser.expect('operator', '(');
  while (!parser.take('operator', ')')) {
    if (found.length > 0) parser.expect('operator', ',');
    const { value: parameter } = parser.expect('name');
    found.push(
      parser.take('operator', '=') ? { name: parameter, otherwise: parser.expression() } : { name: parameter },
    );
  }
  return found;
}

/** A function that renders `body` with its arguments as variables. */
function callable(scope: Scope, called: string, list: Parameter[], body: Statement): Callable {
  return (args, kwargs) => {
    const inner = scope.inner();
    const known = new Set(list.map((parameter) => parameter.name));
    list.forEach((parameter, i) => {
      const given = args[i] ?? kwargs.get(parameter.name);
      if (given !== undefined) inner.set(parameter.name, given);
      else if (i < args.length || kwargs.has(parameter.name)) inner.set(parameter.name, null);
      else if (parameter.otherwise) inner.set(parameter.name, parameter.otherwise(inner));
      else inner.set(parameter.name, new Undefined(`parameter '${parameter.name}' was not provided`));
    });
    inner.set('varargs', tuple(args.slice(list.length)));
    const rest = [...kwargs].filter(([key]) => !known.has(key) && key !== 'caller');
    inner.set('kwargs', new Map<Value, Value>(rest));
    inner.set('caller', kwargs.get('caller') ?? new Undefined(`no caller defined for ${called}`));
    return caught(inner, body);
  };
}

function macro(parser: Parser): Statement {
  const { value: called } = parser.expect('name');
  const list = parameters(parser);
  parser.expect('end');
  const body = block(parser, ['endmacro']);
  endTag(parser);
  return (scope) => {
    scope.set(called, callable(scope, called, list, body));
    return undefined;
  };
}

function callBlock(parser: Parser): Statement {
  const list = parser.is('operator', '(') ? parameters(parser) : [];
  const { value: called } = parser.expect('name');
  const given = parser.arguments();
  parser.expect('end');
  const body = block(parser, ['endcall']);
  endTag(parser);
  return (scope, out) => {
    const callee = scope.get(called);
    if (typeof callee !== 'function') throw new TemplateError(`'${typeName(callee)}' object is not callable`);
    const { args, kwargs } = given(scope);
    const all: Kwargs = new Map([...kwargs, ['caller', callable(scope, 'caller', list, body)]]);
    out.text += str(call(callee, args, all));
    return undefined;
  };
}
