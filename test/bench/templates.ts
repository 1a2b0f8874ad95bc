/**
 * Compares engines of chat templates with transformers: `npm run bench:templates -- FOLDER...` with folders or files of templates
 * (.jinja, or tokenizer_config.json with `chat_template`), such as `trl/chat_templates` of a clone of github.com/huggingface/trl.
 * Each template renders the conversations of test/peers/conversations.jsonl, with and without the generation prompt. A rendering agrees
 * if the text is the same, or if both refuse. `--engine NAME` (ours, huggingface, minijinja; several times) chooses, `--show 10` prints
 * differences. The packages @huggingface/jinja and minijinja-js are compared if they are installed (`npm install --no-save`).
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseJson } from '../../daemon/data/json.ts';
import { template } from '../../daemon/jinja/template.ts';
import type { Value } from '../../daemon/jinja/values.ts';
import { messageValue, templateValue } from '../../daemon/data/template-values.ts';
import type { ChatMessage } from '../../daemon/data/chat-template.ts';
import { strftime } from '../../daemon/jinja/strftime.ts';
import { peer } from '../peers/python.ts';
import { root } from '../sources.ts';

const SPECIAL = { bos_token: '<s>', eos_token: '</s>', pad_token: '<pad>', unk_token: '<unk>' };
const DATE = new Date('2025-01-01T00:00:00Z');

interface Row {
  messages: ChatMessage[];
  tools?: unknown[];
}
interface Rendering {
  row: number;
  prompt: boolean;
  text?: string;
  error?: string;
}
interface Right {
  templates: { name: string; source: string; renderings: Rendering[] }[];
}
type Engine = (source: string) => (row: Row, prompt: boolean) => string;

const ours: Engine = (source) => {
  const compiled = template(source);
  return ({ messages, tools }, prompt) => {
    const values = messages.map((message) => messageValue(message, { content: 'absent', arguments: 'object' }));
    const variables: [string, Value][] = [
      ...Object.entries(SPECIAL),
      ['messages', values],
      ['tools', tools ? templateValue(tools) : null],
      ['documents', null],
      ['add_generation_prompt', prompt],
    ];
    return compiled(variables, { date: DATE }).text;
  };
};

const installed = (name: string): Promise<unknown> => import(name);

/** What transformers does to messages before it renders them, on plain objects. */
function plainMessages(messages: ChatMessage[]): ChatMessage[] {
  return messages.map((message) => {
    const kept = Object.fromEntries(Object.entries(message).filter(([, value]) => value !== null)) as ChatMessage;
    const thought = kept['reasoning_content'] ?? kept['thinking'] ?? kept['reasoning'];
    return thought === undefined ? kept : { thinking: thought, ...kept, reasoning_content: thought };
  });
}

function variablesOf({ messages, tools }: Row, prompt: boolean) {
  return {
    ...SPECIAL,
    messages: plainMessages(messages),
    tools: tools ?? null,
    documents: null,
    add_generation_prompt: prompt,
    strftime_now: (format: string) => strftime(DATE, format),
    raise_exception: (message: string) => {
      throw new Error(message);
    },
  };
}

async function huggingface(): Promise<Engine> {
  const { Template } = (await installed('@huggingface/jinja')) as {
    Template: new (source: string) => { render(variables: object): string };
  };
  return (source) => {
    const compiled = new Template(source);
    return (row, prompt) => {
      // It has these of its own and does not let anyone replace them.
      const { strftime_now: _now, raise_exception: _raise, ...variables } = variablesOf(row, prompt);
      return compiled.render(variables);
    };
  };
}

async function minijinja(): Promise<Engine> {
  interface Environment {
    enablePyCompat(): void;
    trimBlocks: boolean;
    lstripBlocks: boolean;
    addTemplate(name: string, source: string): void;
    addGlobal(name: string, value: unknown): void;
    addFilter(name: string, value: unknown): void;
    renderTemplate(name: string, variables: object): string;
  }
  const module = (await installed('minijinja-js')) as { Environment: new () => Environment };
  const { strftime_now, raise_exception } = variablesOf({ messages: [] }, false);
  // Kept, because freeing one after an error inside of it ends the process.
  const kept: Environment[] = [];
  return (source) => {
    const prepare = () => {
      const environment = new module.Environment();
      kept.push(environment);
      environment.enablePyCompat();
      environment.trimBlocks = true;
      environment.lstripBlocks = true;
      environment.addGlobal('strftime_now', strftime_now);
      environment.addGlobal('raise_exception', raise_exception);
      environment.addFilter('tojson', (value: unknown, options?: unknown) =>
        pythonJson(value, options instanceof Map ? (options.get('indent') as number | undefined) : undefined),
      );
      // It does not know the tag. Its own tojson escapes for HTML and has no spaces.
      environment.addTemplate('chat', source.replace(/\{%(-?)\s*(?:end)?generation\s*(-?)%\}/g, '{#$1 $2#}'));
      return environment;
    };
    let environment = prepare();
    return (row, prompt) => {
      const { strftime_now: _now, raise_exception: _raise, ...variables } = variablesOf(row, prompt);
      try {
        return environment.renderTemplate('chat', variables);
      } catch (error) {
        // It cannot be used again after an error inside of it.
        environment = prepare();
        throw error;
      }
    };
  };
}

/** Python's separators on JavaScript's values. */
function pythonJson(value: unknown, indent?: number): string {
  if (value instanceof Map) return pythonJson(Object.fromEntries(value), indent);
  if (indent !== undefined) return JSON.stringify(value, null, indent);
  if (Array.isArray(value)) return `[${value.map((item) => pythonJson(item)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${pythonJson(item)}`);
  return `{${entries.join(', ')}}`;
}

const ENGINES: Record<string, () => Engine | Promise<Engine>> = { ours: () => ours, huggingface, minijinja };

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string', multiple: true },
    show: { type: 'string', default: '0' },
    seconds: { type: 'string', default: '2' },
  },
});
const conversations = join(root, 'test/peers/conversations.jsonl');
const rows = readFileSync(conversations, 'utf8')
  .trim()
  .split('\n')
  .map((line) => parseJson(line) as Row);
const right = await renderedByTransformers(positionals);

for (const name of options.engine ?? Object.keys(ENGINES)) {
  let engine: Engine;
  try {
    engine = await ENGINES[name]!();
  } catch {
    console.log(`${name}: not installed`);
    continue;
  }
  measure(name, engine);
}

/** The templates in files and folders, rendered by transformers. */
async function renderedByTransformers(paths: string[]): Promise<Right> {
  const scratch = mkdtempSync(join(tmpdir(), 'vera-templates-'));
  try {
    const files = paths
      .flatMap((path) => (statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path]))
      .flatMap((file) => (file.endsWith('.jinja') ? [file] : templatesOf(file, scratch)));
    if (files.length === 0)
      throw new Error('name folders or files of chat templates, see the first lines of this file');
    const out = join(scratch, 'right.json');
    await peer('templates.py', [out, conversations, ...files]);
    return JSON.parse(readFileSync(out, 'utf8')) as Right;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** The template of a tokenizer_config.json as a file; none for other files. */
function templatesOf(file: string, scratch: string): string[] {
  if (basename(file) !== 'tokenizer_config.json') return [];
  const { chat_template: source } = JSON.parse(readFileSync(file, 'utf8')) as { chat_template?: unknown };
  if (typeof source !== 'string') return [];
  const copy = join(scratch, `${file.replaceAll('/', '_')}.jinja`);
  writeFileSync(copy, source);
  return [copy];
}

function measure(name: string, engine: Engine): void {
  const count = { same: 0, refused: 0, other: 0, onlyHere: 0, onlyThere: 0 };
  let shown = 0;
  let whole = 0;
  for (const { name: file, source, renderings } of right.templates) {
    let compiled: ReturnType<Engine> | undefined;
    let reason = '';
    try {
      compiled = engine(source);
    } catch (error) {
      reason = String(error);
    }
    let good = true;
    for (const { row, prompt, text, error } of renderings) {
      let written: string | undefined;
      try {
        written = compiled?.(rows[row]!, prompt);
      } catch (cause) {
        reason = String(cause);
      }
      const kind =
        written === undefined
          ? text === undefined
            ? 'refused'
            : 'onlyHere'
          : text === undefined
            ? 'onlyThere'
            : written === text
              ? 'same'
              : 'other';
      count[kind]++;
      if (kind === 'same' || kind === 'refused') continue;
      good = false;
      if (shown++ >= Number(options.show)) continue;
      console.log(`  ${file}, conversation ${row + 1}${prompt ? ' with prompt' : ''}: ${kind}`);
      if (kind === 'onlyHere') console.log(`    ${reason.slice(0, 300)}`);
      if (kind === 'onlyThere') console.log(`    transformers: ${error}`);
      if (kind === 'other') {
        let at = 0;
        while (text![at] === written![at]) at++;
        console.log(`    right ${JSON.stringify(text!.slice(Math.max(0, at - 40), at + 60))}`);
        console.log(`    here  ${JSON.stringify(written!.slice(Math.max(0, at - 40), at + 60))}`);
      }
    }
    if (good) whole++;
  }
  const total = Object.values(count).reduce((sum, one) => sum + one);
  const agree = count.same + count.refused;
  console.log(
    `${name}: ${agree} of ${total} renderings agree (${count.same} texts the same, ${count.refused} refused by both), ` +
      `${count.other} texts differ, ${count.onlyHere} refused here alone, ${count.onlyThere} refused there alone; ` +
      `${whole} of ${right.templates.length} templates wholly; ${speed(engine)} renderings per second`,
  );
}

/** Renderings per second over all that transformers does not refuse. */
function speed(engine: Engine): number {
  const work = right.templates.flatMap(({ source, renderings }) => {
    try {
      const compiled = engine(source);
      return renderings.filter(({ text }) => text !== undefined).map(({ row, prompt }) => ({ compiled, row, prompt }));
    } catch {
      return [];
    }
  });
  const begin = performance.now();
  let done = 0;
  while (work.length > 0 && performance.now() - begin < Number(options.seconds) * 1000) {
    const { compiled, row, prompt } = work[done++ % work.length]!;
    try {
      compiled(rows[row]!, prompt);
    } catch {
      // Counted above.
    }
  }
  return Math.round((done / (performance.now() - begin)) * 1000);
}
