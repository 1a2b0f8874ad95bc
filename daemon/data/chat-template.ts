import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Piece } from '../jinja/scope.ts';
import { template, type Template } from '../jinja/template.ts';
import type { Value } from '../jinja/values.ts';
import { VeraError } from '../protocol/errors.ts';
import { messageValue, templateValue, type Habit } from './template-values.ts';

/** A message as chat templates expect it (the shape of OpenAI's chat API, arguments of tool calls as objects). */
export interface ChatMessage {
  role: string;
  content?: string | null;
  [key: string]: unknown;
}

export interface RenderOptions {
  tools?: unknown[];
  addGenerationPrompt?: boolean;
  /** The date that `strftime_now` in a template uses. Training passes a fixed one, so that the same data gives the same bits. */
  date?: Date;
  /** How messages are given to the template; default: the first way that the template accepts. */
  habit?: Habit;
}

/** A conversation as text, with what is known of its parts. */
export interface RenderedConversation {
  readonly text: string;
  /** What stands in the template's `{% generation %}` marks. */
  readonly generated: readonly Piece[];
  /** What the template wrote while it looped over this message; in order. */
  readonly turns: readonly (Piece & { readonly message: number })[];
  /** How the messages were given to the template. */
  readonly habit: Habit;
}

export type RenderConversation = (messages: ChatMessage[], options?: RenderOptions) => RenderedConversation;

/**
 * The model's chat template, from the places where transformers finds it: chat_template.jinja with the named templates of
 * additional_chat_templates/, else `chat_template` of tokenizer_config.json, which is one template or a list of named ones. For
 * conversations with tools, the one named `tool_use` is taken. Returns undefined if the model has none.
 */
export function loadChatTemplate(
  dir: string,
  config: Record<string, unknown>,
  specialTokens: Record<string, string>,
): RenderConversation | undefined {
  const sources = templateSources(dir, config);
  const fallback = sources.get('default') ?? [...sources.values()][0];
  if (fallback === undefined) return undefined;
  const parsed = new Map<string, Template>();
  return (messages, { tools, addGenerationPrompt = false, date = new Date(), habit } = {}) => {
    const hasTools = tools !== undefined && tools.length > 0;
    const source = (hasTools ? sources.get('tool_use') : undefined) ?? fallback;
    let compiled = parsed.get(source);
    if (!compiled) {
      compiled = parse(source, dir);
      parsed.set(source, compiled);
    }
    // Rows without tools have an empty list of them in many files. A template would print a preamble for it.
    const variables: [string, Value][] = [
      ...Object.entries(specialTokens),
      ['tools', hasTools ? templateValue(tools) : null],
      ['documents', null],
      ['add_generation_prompt', addGenerationPrompt],
    ];
    return firstAccepted(habit ? [habit] : habits(messages), (tried) =>
      render(compiled, messages, variables, date, tried),
    );
  };
}

/** The ways to give these messages to a template that differ for them, in the order in which they are tried. */
function habits(messages: ChatMessage[]): Habit[] {
  const empty = messages.some(({ content }) => content === null || content === undefined);
  const calls = messages.some((message) => 'tool_calls' in message);
  const contents = empty ? (['absent', 'null', 'empty'] as const) : (['absent'] as const);
  const forms = calls ? (['object', 'text'] as const) : (['object'] as const);
  return forms.flatMap((form) => contents.map((content) => ({ content, arguments: form })));
}

/** The first rendering that the template does not refuse. Throws its first error. */
function firstAccepted<T>(choices: Habit[], attempt: (habit: Habit) => T): T {
  let first: unknown;
  for (const choice of choices) {
    try {
      return attempt(choice);
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

function render(
  compiled: Template,
  messages: ChatMessage[],
  variables: [string, Value][],
  date: Date,
  habit: Habit,
): RenderedConversation {
  const values = messages.map((message) => messageValue(message, habit));
  const places = new Map<Value, number>(values.map((value, i) => [value, i]));
  const { text, generated, turns } = compiled([...variables, ['messages', values]], { date, watched: values });
  return {
    text,
    generated,
    turns: turns.map(({ start, end, item }) => ({ start, end, message: places.get(item)! })),
    habit,
  };
}

function templateSources(dir: string, config: Record<string, unknown>): Map<string, string> {
  const sources = new Map<string, string>();
  const file = join(dir, 'chat_template.jinja');
  if (existsSync(file)) sources.set('default', readFileSync(file, 'utf8'));
  const named = join(dir, 'additional_chat_templates');
  if (existsSync(named)) {
    for (const name of readdirSync(named).filter((one) => one.endsWith('.jinja')))
      sources.set(name.slice(0, -'.jinja'.length), readFileSync(join(named, name), 'utf8'));
  }
  if (sources.size > 0) return sources;
  const declared = config['chat_template'];
  if (typeof declared === 'string') sources.set('default', declared);
  if (Array.isArray(declared)) {
    for (const entry of declared as { name?: unknown; template?: unknown }[]) {
      if (typeof entry.name === 'string' && typeof entry.template === 'string') sources.set(entry.name, entry.template);
    }
  }
  return sources;
}

function parse(source: string, dir: string): Template {
  try {
    return template(source);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new VeraError('model', `the chat template of ${dir} cannot be read: ${reason}`, { cause });
  }
}
