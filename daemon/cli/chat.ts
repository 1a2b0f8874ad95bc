import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { VeraError } from '../protocol/errors.ts';
import { addWhich } from './adapterNames.ts';
import { addSampling, answer, type AnswerFlags, checkSampling, modelText, readyBase } from './answer.ts';
import { print, printJson } from './output.ts';
import { type Client, withDaemon } from './withDaemon.ts';

interface Flags extends AnswerFlags {
  readonly system?: string;
  readonly json?: boolean;
}

interface Message {
  readonly role: string;
  readonly content: string;
}

const HELP = `
Without --adapter and --base, the active adapter answers; it may be changed in the middle of a conversation (vera adapters activate).
Each line is a message. Ctrl-C stops an answer, and ends the command where none is under way; Ctrl-D ends it too.
Words with a slash: /new or /reset begins another conversation, /model NAME lets another adapter answer from now on (/model base: the
base alone, /model: the active adapter), /exit ends the command. A message of several lines stands between two lines of """.
Without a terminal, each line of the input is a message of the same conversation. With --json, each answer is one line:
{"text":...,"model":...,"adapter":...}.`;

export function registerChat(program: Command): void {
  const command = program
    .command('chat')
    .description('talk with a base model, with or without an adapter')
    .option('--base <model>', 'Hugging Face folder, GGUF file or hub id (default: the base that the adapter names)')
    .option('--adapter <adapter>', 'adapter: its name or number in the catalog (default: the active one)')
    .option('--system <text>', 'system message before the conversation');
  addSampling(command, 512).addHelpText('after', HELP).action(chat);
  addWhich(command);
}

async function chat(flags: Flags): Promise<void> {
  checkSampling(flags); // checks the settings before anything large is opened
  await readyBase(flags.base);
  await withDaemon((client) => converse(client, flags));
}

const QUOTES = '"""';

async function converse(client: Client, { system, json, ...given }: Flags): Promise<void> {
  let flags: AnswerFlags = given;
  const isTerminal = process.stdin.isTTY && !json;
  const terminal = createInterface({
    ...{ input: process.stdin, output: process.stderr, prompt: isTerminal ? '> ' : '' },
    terminal: isTerminal,
  });
  const opening: Message[] = system === undefined ? [] : [{ role: 'system', content: system }];
  let messages = [...opening];
  let speaker: string | undefined;
  let underWay: AbortController | undefined;
  terminal.on('SIGINT', () => (underWay === undefined ? terminal.close() : underWay.abort()));

  /** Asks for the answer to the last message. */
  const reply = async (): Promise<void> => {
    underWay = new AbortController();
    let said = '';
    try {
      const answered = await answer(
        client,
        flags,
        { messages },
        {
          signal: underWay.signal,
          model(model) {
            const text = modelText(model);
            if (text !== speaker) process.stderr.write(`${text}\n`);
            speaker = text;
          },
          text(text) {
            said += text;
            if (!json) process.stdout.write(text);
          },
        },
      );
      if (json) printJson({ text: answered.text, model: answered.model.id, adapter: answered.model.adapter });
      else print();
    } catch (error) {
      if (!underWay.signal.aborted || !isTerminal) throw error;
      print(' (stopped)');
    } finally {
      underWay = undefined;
    }
    messages.push({ role: 'assistant', content: said });
  };

  let closed = false;
  terminal.on('close', () => (closed = true));
  const next = (): void => {
    if (!closed) terminal.prompt();
  };
  /** Lines of a message between quotes that is not yet whole. */
  let lines: string[] | undefined;
  next();
  for await (const line of terminal) {
    if (line.trim() === QUOTES && lines === undefined) {
      lines = [];
      continue;
    }
    if (lines !== undefined && line.trim() !== QUOTES) {
      lines.push(line);
      continue;
    }
    const text = lines === undefined ? line.trim() : lines.join('\n');
    const [word, name] = lines === undefined ? text.split(/\s+/, 2) : [];
    lines = undefined;
    if (word === '/exit') break;
    if (word === '/new' || word === '/reset') messages = [...opening];
    else if (word === '/model') flags = withModel(given, name);
    else if (text !== '') {
      messages.push({ role: 'user', content: text });
      try {
        await reply();
      } catch (error) {
        // A person may continue with another adapter, or begin anew where the conversation is too long.
        if (!isTerminal || !(error instanceof VeraError)) throw error;
        messages.pop();
        process.stderr.write(`vera: ${error.message}\n`);
      }
    }
    next();
  }
  terminal.close();
  if (isTerminal) process.stderr.write('\n');
}

/** The same settings with another model: 'base' for the base alone, undefined for the active adapter. */
function withModel(flags: AnswerFlags, name: string | undefined): AnswerFlags {
  const { base: _base, adapter: _adapter, ...others } = flags;
  if (name === undefined) return others;
  return name === 'base' ? { ...others, base: flags.base ?? 'base' } : { ...others, adapter: name };
}
