import type { ChatMessage } from '../data/chat-template.ts';
import type { Part, RowFormat, Sample } from '../data/formats/format.ts';
import type { Row } from '../data/row.ts';
import type { Code } from './problems.ts';

export interface Found {
  code: Code;
  message: string;
  path: (string | number)[];
}

type Say = (code: Code, message: string, part?: Part) => void;

/** Finds what training accepts although it teaches nothing, or not what its author meant. */
export function lint(format: RowFormat, row: Row, sample: Sample): Found[] {
  const found: Found[] = [];
  const say: Say = (code, message, part) =>
    found.push({ code, message, path: part === undefined ? [] : [...format.place(row, sample, part)] });
  switch (sample.kind) {
    case 'chat':
      conversation(sample, say);
      break;
    case 'pair':
      if (blank(sample.completion)) say('empty-answer', EMPTY_ANSWER, 'answer');
      if (blank(sample.prompt)) say('empty-text', 'the question is empty', 'question');
      break;
    case 'text':
    case 'code':
      if (blank(sample.text)) say('empty-text', 'the text is empty, so the model learns nothing from this row', 'text');
  }
  return found;
}

const EMPTY_ANSWER = 'the answer is empty, so the model would learn to say nothing';

const blank = (text: string | null | undefined): boolean => (text ?? '').trim() === '';
const calls = (message: ChatMessage): boolean => Array.isArray(message['tool_calls']);

function conversation({ messages, from = 0 }: Extract<Sample, { kind: 'chat' }>, say: Say): void {
  const whole = from === 0;
  const answers = messages.filter(({ role }, i) => role === 'assistant' && i >= from);
  if (answers.length === 0) say('no-answer', 'the assistant says nothing in this row, so training skips it');
  let previous: string | undefined;
  messages.forEach((message, i) => {
    const { role } = message;
    const sayRole = (code: Code, text: string): void => say(code, text, { message: i, field: 'role' });
    if (role === 'assistant' && i >= from && blank(message.content) && !calls(message)) {
      say('empty-answer', EMPTY_ANSWER, { message: i, field: 'content' });
    }
    if (role === 'system' || role === 'developer') {
      if (i > 0)
        sayRole('system-not-first', 'most chat templates expect the system message first, and some refuse it here');
      return;
    }
    if (role === 'assistant' && previous === undefined && whole) {
      sayRole('alternation', 'the assistant speaks first; most chat templates begin with the user');
    } else if (role === previous && (role === 'user' || role === 'assistant')) {
      sayRole(
        'alternation',
        `two messages of the ${role} follow each other; most chat templates expect the user and the assistant to take turns`,
      );
    }
    previous = role;
  });
  if (answers.length > 0 && messages.at(-1)!.role === 'user') {
    say('unanswered', 'the conversation ends with the user, and the model learns nothing from this message', {
      message: messages.length - 1,
    });
  }
}
