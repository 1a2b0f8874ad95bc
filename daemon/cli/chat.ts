import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { VeraError } from '../protocol/errors.ts';
import { sampler } from '../serve/sample.ts';
import { addWhich } from './adapterNames.ts';
import { addSampling, answer, type AnswerFlags, modelText, readyBase } from './answer.ts';
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
Words with a slash: /new or /reset begins another conversation, /exit ends the command.
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
  sampler(flags); // checks the settings before anything large is opened
  await readyBase(flags.base);
  await withDaemon((client) => converse(client, flags));
}

async function converse(client: Client, { system, json, ...flags }: Flags): Promise<void> {
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
  next();
  for await (const line of terminal) {
    const text = line.trim();
    if (text === '/exit') break;
    if (text === '/new' || text === '/reset') messages = [...opening];
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
