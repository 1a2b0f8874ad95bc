import { slice } from './arithmetic.ts';
import { stringMethod } from './strings.ts';
import {
  Attributes,
  characters,
  equal,
  isNumber,
  Namespace,
  refuseUndefined,
  repr,
  TemplateError,
  tuple,
  typeName,
  Undefined,
  type Callable,
  type Dict,
  type Value,
} from './values.ts';

/** `value.name`: an attribute or method, else an item of that name. */
export function attribute(value: Value, name: string): Value {
  const owned = own(value, name);
  if (owned !== undefined) return owned;
  const found = value instanceof Map ? value.get(name) : undefined;
  return found === undefined ? missing(value, name) : found;
}

/** `value[key]`: an item, else an attribute or method of that name. */
export function item(value: Value, key: Value): Value {
  if (value instanceof Map) {
    const found = value.get(key);
    if (found !== undefined) return found;
  } else if ((Array.isArray(value) || typeof value === 'string') && isNumber(key) && typeof key !== 'object') {
    const list = typeof value === 'string' ? characters(value) : value;
    const at = Number(key);
    const found = list[at < 0 ? at + list.length : at];
    return found === undefined ? missing(value, at) : found;
  }
  const owned = typeof key === 'string' ? own(value, key) : undefined;
  return owned === undefined ? missing(value, key) : owned;
}

function missing(value: Value, key: Value): Undefined {
  refuseUndefined(value);
  return new Undefined(
    typeof key === 'string'
      ? `'${typeName(value)} object' has no attribute '${key}'`
      : `'${typeName(value)} object' has no element ${typeName(key) === 'int' ? repr(key) : typeName(key)}`,
  );
}

function own(value: Value, name: string): Value | undefined {
  if (typeof value === 'string') return stringMethod(value, name);
  if (value instanceof Map) return dictMethod(value, name);
  if (Array.isArray(value)) return listMethod(value, name);
  if (value instanceof Namespace) return value.fields.get(name);
  if (value instanceof Attributes) return value.attribute(name);
  return undefined;
}

const CHANGES = 'update pop popitem clear setdefault append extend insert remove reverse sort'.split(' ');

/** transformers renders in Jinja's sandbox that forbids changes. */
function refuseChange(type: string, name: string): Callable {
  return () => {
    throw new TemplateError(`access to attribute '${name}' of '${type}' object is unsafe.`);
  };
}

function dictMethod(dict: Dict, name: string): Callable | undefined {
  switch (name) {
    case 'get':
      return ([key = null, otherwise = null]) => {
        const found = dict.get(key);
        return found === undefined ? otherwise : found;
      };
    case 'items':
      return () => Array.from(dict, tuple);
    case 'keys':
      return () => [...dict.keys()];
    case 'values':
      return () => [...dict.values()];
    case 'copy':
      return () => new Map(dict);
    case 'update':
    case 'pop':
    case 'popitem':
    case 'clear':
    case 'setdefault':
      return refuseChange('dict', name);
    default:
      return undefined;
  }
}

function listMethod(list: Value[], name: string): Callable | undefined {
  if (name === 'index') {
    return ([wanted = null]) => {
      const at = list.findIndex((one) => equal(one, wanted));
      if (at < 0) throw new TemplateError(`the value is not in list`);
      return at;
    };
  }
  if (name === 'count') return ([wanted = null]) => list.filter((one) => equal(one, wanted)).length;
  if (name === 'copy') return () => slice(list, null, null, null);
  return CHANGES.includes(name) ? refuseChange('list', name) : undefined;
}
