import { isObject } from '../../formats/json.ts';
import { describe } from '../formats/fields.ts';
import { parsedText, parseJsonText } from '../json.ts';
import { BadRow, type FieldPath } from '../row.ts';

/** Parses `arguments`, which OpenAI writes as JSON text: templates print the object with tojson. */
export function readToolCall(call: unknown, path: FieldPath): unknown {
  if (!isObject(call)) throw new BadRow(`a tool call must be an object, found ${describe(call)}`, 'type', path);
  const inner = isObject(call['function']) ? call['function'] : call;
  const value = argumentsOf(inner['arguments']);
  const fixed = { ...inner, ...(value === undefined ? {} : { arguments: value }) };
  return inner === call ? fixed : { ...call, function: fixed };
}

/** Arguments that are not JSON stay text. */
function argumentsOf(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    const parsed = parseJsonText(value);
    return isObject(parsed) ? parsed : value;
  } catch {
    return value;
  }
}

/** A call in the shape of OpenAI's API, from a name and arguments that are an object or JSON text. */
export const toolCall = (name: unknown, given: unknown, id?: unknown): Record<string, unknown> => ({
  ...(typeof id === 'string' ? { id } : {}),
  type: 'function',
  function: { name, arguments: argumentsOf(given) ?? {} },
});

/**
 * The calls in the text of a `function_call` turn: one object of name and arguments, or a list of them (LLaMA-Factory, ms-swift).
 * Throws BadRow if the text is something else.
 */
export function callsOf(value: unknown, where: string, path: FieldPath): Record<string, unknown>[] {
  const parsed = parsedText(value);
  const list = Array.isArray(parsed) ? parsed : [parsed];
  return list.map((one: unknown) => {
    const inner = isObject(one) && isObject(one['function']) ? one['function'] : one;
    if (!isObject(inner) || typeof inner['name'] !== 'string') {
      throw new BadRow(
        `${where} is a function call, and must be JSON with a name and arguments: {"name": "...", "arguments": {...}}`,
        'type',
        path,
      );
    }
    return toolCall(inner['name'], inner['arguments'] ?? inner['parameters'], isObject(one) ? one['id'] : undefined);
  });
}
