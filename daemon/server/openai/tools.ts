/** Tools of OpenAI's chat API, for models that write calls as Hermes and Qwen do: `<tool_call>{"name":...,"arguments":{...}}</tool_call>`. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { refuseLargeSchema } from '../../protocol/jsonSchema.ts';
import type { JsonAnswer } from '../../serve/engine/request.ts';
import { ApiError } from './errors.ts';

const name = z.string().regex(/^[\w.-]{1,64}$/, 'a name has at most 64 letters, digits, dots, _ and -');

const tool = z.strictObject({
  type: z.literal('function', 'only functions are offered'),
  function: z.strictObject({
    name,
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
    strict: z.boolean().nullish(),
  }),
});

export const toolFields = {
  tools: z.array(tool).max(128).optional(),
  tool_choice: z
    .union([
      z.strictObject({ type: z.literal('function'), function: z.strictObject({ name }) }),
      z.enum(['none', 'auto', 'required'], "it is 'none', 'auto', 'required' or a function"),
    ])
    .optional(),
  parallel_tool_calls: z.boolean().optional(),
};
type ToolFields = z.output<z.ZodObject<typeof toolFields>>;

/** The calls of an assistant's message. */
export const callField = z
  .array(
    z.strictObject({
      id: z.string(),
      type: z.literal('function'),
      function: z.strictObject({ name: z.string(), arguments: z.string() }),
    }),
  )
  .optional();

/** The calls as chat templates read them: their arguments are objects. */
export const callsForTemplate = (calls: z.output<typeof callField>): object[] | undefined =>
  calls?.map(({ function: { name, arguments: text }, ...call }) => ({
    ...call,
    function: { name, arguments: parsed(text) },
  }));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The tools that the model may call in this answer. Throws VeraError 'usage' where one is too large. */
export function offeredTools({ tools = [], tool_choice: choice }: ToolFields): z.output<typeof tool>[] {
  for (const one of tools) refuseLargeSchema(one.function.parameters);
  return choice === 'none' ? [] : tools;
}

/** What an answer that must be a call of one of the offered tools looks like; undefined where it need not be one. Throws ApiError. */
export function forcedCall(
  { tool_choice: choice }: ToolFields,
  offered: ReturnType<typeof offeredTools>,
): JsonAnswer | undefined {
  if (choice === undefined || choice === 'none' || choice === 'auto') return undefined;
  const tools = offered.filter((one) => choice === 'required' || one.function.name === choice.function.name);
  if (tools.length === 0) throw new ApiError(400, 'it must be one of the tools', { param: 'tool_choice' });
  const calls = tools.map(({ function: { name, parameters = { type: 'object' } } }) => {
    // References in a tool's schema begin at its own root.
    const { $defs, definitions, ...rest } = parameters;
    return {
      call: { type: 'object', properties: { name: { const: name }, arguments: rest }, required: ['name', 'arguments'] },
      $defs,
      definitions,
    };
  });
  if (calls.length > 1 && calls.some((one) => one.$defs !== undefined || one.definitions !== undefined))
    throw new ApiError(400, "with 'required', tools cannot have $defs: name one tool instead", {
      param: 'tool_choice',
    });
  const [first] = calls;
  const schema =
    calls.length > 1
      ? { anyOf: calls.map(({ call }) => call) }
      : { ...first!.call, $defs: first!.$defs, definitions: first!.definitions };
  return { schema, before: '<tool_call>\n', after: '\n</tool_call>' };
}

export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

const CALL = /<tool_call>\s*([\s\S]*?)\s*<\/tool_call>/g;
const call = z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()).default({}) });

/** The calls in an answer, and the text beside them. What is no call of one of the tools stays text. */
export function callsIn(text: string, tools: ReturnType<typeof offeredTools>): { content: string; calls: ToolCall[] } {
  const calls: ToolCall[] = [];
  const content = text.replace(CALL, (whole, json: string) => {
    const { success, data } = call.safeParse(parsed(json));
    if (!success || !tools.some((one) => one.function.name === data.name)) return whole;
    const id = `call_${randomUUID().replaceAll('-', '')}`;
    calls.push({ id, type: 'function', function: { name: data.name, arguments: JSON.stringify(data.arguments) } });
    return '';
  });
  return { content: calls.length === 0 ? text : content.trim(), calls };
}
