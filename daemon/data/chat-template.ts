import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Environment, Interpreter, Template } from '@huggingface/jinja';
import { VeraError } from '../protocol/errors.ts';

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
}

export type RenderChat = (messages: ChatMessage[], options?: RenderOptions) => string;

/**
 * The model's chat template: chat_template.jinja if the model has that file, else `chat_template` of tokenizer_config.json, which
 * is one template or a list of named ones (`default`, and `tool_use` for conversations with tools).
 * Returns undefined if the model has none.
 */
export function loadChatTemplate(
  dir: string,
  config: Record<string, unknown>,
  specialTokens: Record<string, string>,
): RenderChat | undefined {
  const sources = templateSources(dir, config);
  const fallback = sources.get('default') ?? [...sources.values()][0];
  if (fallback === undefined) return undefined;
  const parsed = new Map<string, Template>();
  return (messages, { tools, addGenerationPrompt = false, date = new Date() } = {}) => {
    const source = (tools && tools.length > 0 ? sources.get('tool_use') : undefined) ?? fallback;
    let template = parsed.get(source);
    if (!template) {
      template = parse(source, dir);
      parsed.set(source, template);
    }
    return render(template, {
      ...specialTokens,
      messages,
      // Templates ask `tools is not none` or `if tools`. With null, both give what transformers gives.
      tools: tools && tools.length > 0 ? tools : null,
      documents: null,
      add_generation_prompt: addGenerationPrompt,
      strftime_now: (format: string) => strftime(date, format),
    });
  };
}

/**
 * Template.render with our own globals: the library declares `strftime_now` as today's date and does not let us replace it.
 */
function render(template: Template, variables: Record<string, unknown>): string {
  const environment = new JinjaEnvironment();
  for (const [name, value] of Object.entries({ ...GLOBALS, ...variables })) environment.set(name, value);
  return new JinjaInterpreter(environment).run(template.parsed).value;
}

/** The parts of the library's interpreter that we use. Its own declarations do not resolve under Node's module rules. */
interface Scope {
  set(name: string, value: unknown): void;
}
const JinjaEnvironment = Environment as unknown as new () => Scope;
const JinjaInterpreter = Interpreter as unknown as new (scope: Scope) => {
  run(program: unknown): { value: string };
};

const GLOBALS = {
  false: false,
  true: true,
  none: null,
  False: false,
  True: true,
  None: null,
  raise_exception: (message: string) => {
    throw new Error(message);
  },
  range: (from: number, to?: number, step = 1) => {
    const [start, stop] = to === undefined ? [0, from] : [from, to];
    if (step === 0) throw new Error('range() with a step of 0');
    return Array.from({ length: Math.max(0, Math.ceil((stop - start) / step)) }, (_, i) => start + i * step);
  },
};

function templateSources(dir: string, config: Record<string, unknown>): Map<string, string> {
  const sources = new Map<string, string>();
  const declared = config['chat_template'];
  if (typeof declared === 'string') sources.set('default', declared);
  if (Array.isArray(declared)) {
    for (const entry of declared as { name?: unknown; template?: unknown }[]) {
      if (typeof entry.name === 'string' && typeof entry.template === 'string') sources.set(entry.name, entry.template);
    }
  }
  const file = join(dir, 'chat_template.jinja');
  if (existsSync(file)) sources.set('default', readFileSync(file, 'utf8'));
  return sources;
}

function parse(source: string, dir: string): Template {
  try {
    return new Template(source);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new VeraError('model', `the chat template of ${dir} cannot be read: ${reason}`, { cause });
  }
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** The directives of Python's strftime that chat templates use, in UTC. */
function strftime(date: Date, format: string): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return format.replace(/%([a-zA-Z%])/g, (all, directive: string) => {
    switch (directive) {
      case 'Y':
        return String(date.getUTCFullYear());
      case 'y':
        return two(date.getUTCFullYear() % 100);
      case 'm':
        return two(date.getUTCMonth() + 1);
      case 'd':
        return two(date.getUTCDate());
      case 'B':
        return MONTHS[date.getUTCMonth()]!;
      case 'b':
        return MONTHS[date.getUTCMonth()]!.slice(0, 3);
      case 'A':
        return DAYS[date.getUTCDay()]!;
      case 'a':
        return DAYS[date.getUTCDay()]!.slice(0, 3);
      case 'H':
        return two(date.getUTCHours());
      case 'M':
        return two(date.getUTCMinutes());
      case 'S':
        return two(date.getUTCSeconds());
      case '%':
        return '%';
      default:
        return all;
    }
  });
}
