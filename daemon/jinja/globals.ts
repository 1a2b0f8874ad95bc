import { strftime } from './strftime.ts';
import {
  Attributes,
  integer,
  items,
  length,
  Namespace,
  refuseUndefined,
  str,
  TemplateError,
  tuple,
  typeName,
  type Callable,
  type Dict,
  type Kwargs,
  type Value,
} from './values.ts';

/** Jinja's sandbox has the same limit. */
const MAX_RANGE = 100_000;

/** The functions that every chat template may call. date: what `strftime_now` prints. */
export function globals(date: Date): Map<string, Value> {
  return new Map<string, Value>([
    ['range', range],
    ['dict', dict],
    ['namespace', (args, kwargs) => new Namespace(fields(dict(args, kwargs)))],
    ['cycler', (args) => new Cycler(args)],
    ['joiner', ([separator = ', ']) => joiner(str(separator))],
    ['raise_exception', raise],
    ['strftime_now', ([format = '']) => strftime(date, str(format))],
  ]);
}

function raise([message = '']: Value[]): never {
  throw new TemplateError(str(message));
}

function whole(value: Value): number {
  refuseUndefined(value);
  if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
  throw new TemplateError(`'${typeName(value)}' object cannot be interpreted as an integer`);
}

function range(args: Value[]): Value {
  const [start, stop, step] = args.length > 1 ? args.map(whole) : [0, whole(args[0] ?? null)];
  const stride = step ?? 1;
  if (stride === 0) throw new TemplateError('range() arg 3 must not be zero');
  const count = Math.max(0, Math.ceil((stop! - start!) / stride));
  if (count > MAX_RANGE) throw new TemplateError(`Range too big. The sandbox blocks ranges larger than ${MAX_RANGE}.`);
  return Array.from({ length: count }, (_, i) => integer(BigInt(start! + i * stride)));
}

function dict([from]: Value[], kwargs: Kwargs): Dict {
  const made: Dict = new Map();
  if (from instanceof Map) for (const [key, value] of from) made.set(key, value);
  else if (from instanceof Namespace) for (const [key, value] of from.fields) made.set(key, value);
  else if (from !== undefined) {
    for (const pair of items(from)) {
      const [key = null, value = null] = items(pair);
      made.set(key, value);
    }
  }
  for (const [key, value] of kwargs) made.set(key, value);
  return made;
}

const fields = (made: Dict): Map<string, Value> => new Map(Array.from(made, ([key, value]) => [str(key), value]));

function joiner(separator: string): Callable {
  let used = false;
  return () => {
    const text = used ? separator : '';
    used = true;
    return text;
  };
}

class Cycler extends Attributes {
  private readonly list: Value[];
  private at = 0;

  constructor(list: Value[]) {
    super();
    if (length(list) === 0) throw new TemplateError('at least one item has to be provided');
    this.list = list;
  }

  attribute(name: string): Value | undefined {
    switch (name) {
      case 'current':
        return this.list[this.at]!;
      case 'next':
        return () => {
          const value = this.list[this.at]!;
          this.at = (this.at + 1) % this.list.length;
          return value;
        };
      case 'reset':
        return () => {
          this.at = 0;
          return tuple([]);
        };
      default:
        return undefined;
    }
  }
}
