import { isObject } from '../../formats/json.ts';
import { describe, faultOf } from '../formats/fields.ts';
import { parsedText } from '../json.ts';
import { BadRow, type FieldPath } from '../row.ts';
import { callsOf, toolCall } from './calls.ts';

/** What the content of a message holds. */
export interface Content {
  text: string | null;
  reasoning?: string;
  calls?: Record<string, unknown>[];
  /** Results of tools, which are messages of their own for a chat template. */
  results?: { content: string; name?: string; id?: string }[];
  /** Declarations of tools that stand in a message (LLaMA-Factory). */
  tools?: unknown[];
}

/**
 * Reads content that is a string, null or a list of parts: OpenAI's and Anthropic's (type, text, thinking, tool_use, tool_result),
 * Bedrock's (text, toolUse, toolResult, reasoningContent), Gemini's (text, functionCall, functionResponse), LLaMA-Factory's (type,
 * value). Throws BadRow for parts that are not text, such as images.
 */
export function readContent(value: unknown, where: string, path: FieldPath, mayBeEmpty: boolean): Content {
  if (typeof value === 'string') return { text: value };
  if ((value === null || value === undefined) && mayBeEmpty) return { text: null };
  const parts: unknown[] | undefined = Array.isArray(value)
    ? value
    : isObject(value) && 'text' in value
      ? [value]
      : undefined;
  if (!parts) throw new BadRow(`${where} must be a string, found ${describe(value)}`, faultOf(value), path);
  const content: Content = { text: '' };
  const texts: string[] = [];
  for (const part of parts) readPart(part, content, texts, where, path);
  content.text = texts.length === 0 && content.calls ? null : texts.join('');
  return content;
}

function readPart(part: unknown, content: Content, texts: string[], where: string, path: FieldPath): void {
  if (typeof part === 'string') return void texts.push(part);
  const refuse = (): BadRow => new BadRow(`${where} has a part that is not text`, 'type', path);
  if (!isObject(part)) throw refuse();
  const type = typeof part['type'] === 'string' ? part['type'] : undefined;
  const value = part['value'];
  const call =
    part['toolUse'] ?? part['functionCall'] ?? part['function_call'] ?? (type === 'tool_use' ? part : undefined);
  const result =
    part['toolResult'] ??
    part['functionResponse'] ??
    part['function_response'] ??
    (type === 'tool_result' ? part : undefined);
  const thought = thoughtOf(part, type);
  if (thought !== undefined) content.reasoning = (content.reasoning ?? '') + thought;
  else if (type === 'tools') content.tools = toolsIn(value, where, path);
  else if (type === 'tool_call' || type === 'function_call')
    (content.calls ??= []).push(...callsOf(value ?? part['text'] ?? part, where, path));
  else if (isObject(call))
    (content.calls ??= []).push(
      toolCall(call['name'], call['input'] ?? call['args'] ?? call['arguments'], call['id'] ?? call['toolUseId']),
    );
  else if (isObject(result)) (content.results ??= []).push(resultOf(result, where, path));
  else if (typeof part['text'] === 'string') texts.push(part['text']);
  else if (typeof value === 'string' && (type === undefined || type === 'text')) texts.push(value);
  else if (type === 'redacted_thinking') return;
  else throw refuse();
}

/** The reasoning in a part of a message. */
function thoughtOf(part: Record<string, unknown>, type: string | undefined): string | undefined {
  const bedrock = part['reasoningContent'];
  const inner = isObject(bedrock) ? bedrock['reasoningText'] : undefined;
  if (isObject(inner) && typeof inner['text'] === 'string') return inner['text'];
  const isThought = type === 'thinking' || type === 'reasoning' || type === 'think' || part['thought'] === true;
  if (!isThought) return undefined;
  const thinking = part['thinking'];
  // Mistral writes a list of text parts.
  if (Array.isArray(thinking))
    return thinking
      .map((one: unknown) => (isObject(one) && typeof one['text'] === 'string' ? one['text'] : ''))
      .join('');
  return [thinking, part['value'], part['text'], part['reasoning']].find((one) => typeof one === 'string');
}

function resultOf(
  result: Record<string, unknown>,
  where: string,
  path: FieldPath,
): NonNullable<Content['results']>[number] {
  const given = result['content'] ?? result['response'] ?? '';
  const inner: unknown[] = Array.isArray(given) ? given : [given];
  const texts = inner.map((one) => {
    if (typeof one === 'string') return one;
    if (isObject(one) && typeof one['text'] === 'string') return one['text'];
    if (isObject(one) && one['type'] === 'image')
      throw new BadRow(`${where} has a part that is not text`, 'type', path);
    return JSON.stringify(isObject(one) && 'json' in one ? one['json'] : one);
  });
  const id = result['tool_use_id'] ?? result['toolUseId'] ?? result['id'];
  const { name } = result;
  return {
    content: texts.join('\n'),
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof id === 'string' ? { id } : {}),
  };
}

function toolsIn(value: unknown, where: string, path: FieldPath): unknown[] {
  const list = parsedText(value);
  if (Array.isArray(list)) return list;
  throw new BadRow(`${where} declares tools, which must be a list`, 'type', path);
}
