import type { ChatMessage } from '../data/chat-template.ts';
import type { Sample } from '../data/formats/format.ts';
import type { Row } from '../data/row.ts';
import type { Code } from './problems.ts';

export interface Found {
  code: Code;
  message: string;
  path: (string | number)[];
}

/** What the trainer takes as it is, though it teaches nothing or not what was meant. */
export function lint(row: Row, sample: Sample): Found[] {
  switch (sample.kind) {
    case 'chat':
      return conversation(row, sample);
    case 'pair':
      return pair(row, sample);
    case 'text':
    case 'code':
      return blank(sample.text)
        ? [
            {
              code: 'empty-text',
              message: 'the text is empty: this row teaches nothing',
              path: [sample.kind === 'text' ? 'text' : 'content'],
            },
          ]
        : [];
  }
}

/** The way to message `i` of a row that was read as a conversation. */
export function messagePath(row: Row, sample: Extract<Sample, { kind: 'chat' }>, i: number): (string | number)[] {
  if (sample.from !== undefined) return i < sample.from ? ['prompt', i] : ['completion', i - sample.from];
  const column = row['messages'] === undefined ? 'conversations' : 'messages';
  // ShareGPT's system column became a message before the others.
  const added = Array.isArray(row[column]) ? sample.messages.length - row[column].length : 0;
  return i < added ? ['system'] : [column, i - added];
}

const blank = (text: string | null | undefined): boolean => (text ?? '').trim() === '';
const calls = (message: ChatMessage): boolean => Array.isArray(message['tool_calls']);

function conversation(row: Row, sample: Extract<Sample, { kind: 'chat' }>): Found[] {
  const found: Found[] = [];
  const { messages, from = 0 } = sample;
  const say = (i: number, code: Code, message: string, field?: 'content' | 'role'): void => {
    const path = messagePath(row, sample, i);
    const sharegpt = isShareGpt(row, path);
    const name = field === 'content' ? (sharegpt ? 'value' : 'content') : sharegpt ? 'from' : 'role';
    found.push({ code, message, path: field === undefined || path.length < 2 ? path : [...path, name] });
  };
  const answers = messages.filter(({ role }, i) => role === 'assistant' && i >= from);
  if (answers.length === 0) {
    found.push({
      code: 'no-answer',
      message: 'no message of the assistant to learn from: this row is left out',
      path: [],
    });
  }
  let previous: string | undefined;
  messages.forEach((message, i) => {
    const { role } = message;
    if (role === 'assistant' && i >= from && blank(message.content) && !calls(message)) {
      say(i, 'empty-answer', 'the answer is empty: the model would learn to say nothing', 'content');
    }
    if (role === 'system' || role === 'developer') {
      if (i > 0)
        say(i, 'system-not-first', 'a system message stands first in most chat templates; some refuse it here', 'role');
      return;
    }
    if (role === 'assistant' && previous === undefined && i >= from && sample.from === undefined) {
      say(i, 'alternation', 'the assistant speaks first; most chat templates begin with the user', 'role');
    } else if (role === previous && (role === 'user' || role === 'assistant')) {
      say(
        i,
        'alternation',
        `two messages of the ${role} follow each other; most chat templates want user and assistant in turn`,
        'role',
      );
    }
    previous = role;
  });
  if (answers.length > 0 && messages.at(-1)!.role === 'user') {
    say(messages.length - 1, 'unanswered', 'the conversation ends with the user: nothing is learned from this message');
  }
  return found;
}

function isShareGpt(row: Row, path: (string | number)[]): boolean {
  const entry = (row[path[0]!] as unknown[] | undefined)?.[path[1] as number];
  return typeof entry === 'object' && entry !== null && 'from' in entry;
}

function pair(row: Row, { completion, prompt }: Extract<Sample, { kind: 'pair' }>): Found[] {
  const found: Found[] = [];
  const answer = 'completion' in row ? 'completion' : 'output' in row ? 'output' : 'response';
  const question = 'instruction' in row && answer !== 'completion' ? 'instruction' : 'prompt';
  if (blank(completion)) {
    found.push({
      code: 'empty-answer',
      message: 'the answer is empty: the model would learn to say nothing',
      path: [answer],
    });
  }
  if (blank(prompt)) found.push({ code: 'empty-text', message: 'the question is empty', path: [question] });
  return found;
}
