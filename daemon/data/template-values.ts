import { isObject } from '../formats/json.ts';
import { toJson } from '../jinja/to-json.ts';
import { Float, integer, type Dict, type Value } from '../jinja/values.ts';
import { digitsOf, keysOf, textOf } from './json.ts';

/**
 * How a conversation is given to a template. Templates were written for different habits, and what one needs is an error in another,
 * so `chat-template.ts` tries them in order.
 */
export interface Habit {
  /** A message without content, such as one that only calls tools: the field is absent (transformers 5), null (transformers 4) or ''. */
  readonly content: 'absent' | 'null' | 'empty';
  /** Arguments of tool calls: an object, for templates that print it as JSON, or JSON text, for those that join it to text. */
  readonly arguments: 'object' | 'text';
}

/** A value of a row as a template sees it: numbers and the order of keys are those of the row's JSON. */
export function templateValue(value: unknown): Value {
  if (Array.isArray(value)) return value.map((item, i) => number(value, i, item) ?? templateValue(item));
  if (isObject(value)) {
    const dict: Dict = new Map();
    for (const key of keysOf(value)) {
      const item = value[key];
      if (item !== undefined) dict.set(key, number(value, key, item) ?? templateValue(item));
    }
    return dict;
  }
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : new Float(value);
  if (typeof value === 'bigint') return integer(value);
  return typeof value === 'string' || typeof value === 'boolean' ? value : null;
}

/** A number with the digits of its JSON text: 1.0 is a float, and a large integer is exact. */
function number(parent: object, key: string | number, value: unknown): Value | undefined {
  const digits = typeof value === 'number' ? digitsOf(parent, key) : undefined;
  if (digits === undefined) return undefined;
  return /^-?\d+$/.test(digits) ? integer(BigInt(digits)) : new Float(Number(digits));
}

/** The names under which a message's reasoning is given; the first is the usual one. transformers fills the first two from any. */
const REASONING = ['reasoning_content', 'thinking', 'reasoning'];

/** A message as transformers gives it to a template. Fields that are null are left out, as there. */
export function messageValue(message: Readonly<Record<string, unknown>>, habit: Habit): Dict {
  const dict: Dict = new Map();
  const thought = REASONING.map((name) => message[name]).find((value) => value !== null && value !== undefined);
  if (thought !== undefined) dict.set('thinking', templateValue(thought));
  for (const [key, value] of Object.entries(message)) {
    if (key === 'content' && (value === null || value === undefined)) {
      if (habit.content !== 'absent') dict.set(key, habit.content === 'null' ? null : '');
    } else if (value !== null && value !== undefined) {
      dict.set(key, number(message, key, value) ?? templateValue(value));
    }
  }
  if (thought !== undefined) dict.set('reasoning_content', templateValue(thought));
  if (habit.arguments === 'text') writeArguments(message['tool_calls'], dict.get('tool_calls'));
  return dict;
}

/** Replaces the arguments of tool calls by their JSON text: that of the row, if they were text there. */
function writeArguments(calls: unknown, values: Value | undefined): void {
  if (!Array.isArray(calls) || !Array.isArray(values)) return;
  calls.forEach((call: unknown, i) => {
    const value = values[i];
    if (!isObject(call) || !(value instanceof Map)) return;
    const [from, to] = isObject(call['function']) ? [call['function'], value.get('function')] : [call, value];
    const given = from['arguments'];
    if (!(to instanceof Map) || typeof given !== 'object' || given === null) return;
    to.set('arguments', textOf(given) ?? toJson(to.get('arguments') ?? null, [], new Map()));
  });
}
