import type { ChatMessage } from '../../data/chat-template.ts';
import { type DatasetOptions, openDataset } from '../../data/dataset.ts';
import { rowLength } from '../../data/settings.ts';
import type { Sample } from '../../data/formats/format.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import type { HeldOutRow } from '../../protocol/trial.ts';

export interface HeldOutRequest {
  /** Of the settings of the run: what it reads, and how. */
  readonly settings: Omit<DatasetOptions, 'tokenizer' | 'length'> & {
    readonly data: string;
    readonly base: string;
    readonly length?: number;
  };
  /** The first row, from 0. */
  readonly from: number;
  readonly limit: number;
}

export interface HeldOutPage {
  readonly rows: HeldOutRow[];
  /** Held-out rows in all. */
  readonly total: number;
}

/** Characters of a prompt and of an expected text that are made of a long text or a file. */
const TEXT = { prompt: 1200, expected: 400 };
const LINES = 8; // of a file that are expected
const SPEAKERS = ['system', 'developer', 'user', 'assistant'];

/**
 * Held-out rows of a run as questions: what comes before an answer, and the answer. A row in which nobody answers a user is left out
 * of the page. Throws the errors of reading a dataset.
 */
export async function heldOutRows(
  { settings, from, limit }: HeldOutRequest,
  tokenizer: Tokenizer,
): Promise<HeldOutPage> {
  const length = rowLength(settings.length, Infinity);
  const dataset = await openDataset(settings.data, { ...settings, tokenizer, length });
  try {
    const rows: HeldOutRow[] = [];
    for (const { sample, source, place } of dataset.heldOutSamples(from, limit)) {
      const asked = questionOf(sample, tokenizer.renderChat !== undefined);
      if (asked) rows.push({ place, source: sourceText(source), ...asked });
    }
    return { rows, total: dataset.heldOutRows };
  } finally {
    dataset.close();
  }
}

const sourceText = ({ file, line }: { file: string; line?: number }): string =>
  line === undefined ? file : `${file}, line ${line}`;

type Asked = Omit<HeldOutRow, 'place' | 'source'>;

/** The question in a sample and its answer; undefined if it has none. `canChat`: the base has a chat template. Pure. */
export function questionOf(sample: Sample, canChat: boolean): Asked | undefined {
  switch (sample.kind) {
    case 'chat':
      return canChat ? turnOf(sample.messages, sample.from ?? 0) : undefined;
    case 'pair':
      if (canChat) return turnOf(sample.messages, 0);
      return { chat: false, before: [], prompt: sample.prompt, expected: sample.completion };
    case 'text':
      return cutText(sample.text);
    case 'code':
      return cutCode(sample.text);
  }
}

/** The last answer to a user. */
function turnOf(messages: readonly ChatMessage[], from: number): Asked | undefined {
  const isPlain = ({ role, content }: ChatMessage): boolean => SPEAKERS.includes(role) && typeof content === 'string';
  for (let i = messages.length - 1; i >= Math.max(1, from); i--) {
    const [asked, answer] = [messages[i - 1]!, messages[i]!];
    if (answer.role !== 'assistant' || asked.role !== 'user' || !answer.content || !asked.content) continue;
    const before = messages.slice(0, i - 1);
    if (!before.every(isPlain)) return undefined;
    return {
      ...{ chat: true, prompt: asked.content, expected: answer.content },
      before: before.map(({ role, content }) => ({ role, content: content ?? '' })),
    };
  }
  return undefined;
}

/** The first half of a text, and what follows. It is cut between two words. */
function cutText(text: string): Asked | undefined {
  const half = Math.min(TEXT.prompt, text.length >> 1);
  const gap = text.slice(half).search(/\s/);
  const at = gap < 0 ? half : half + gap;
  return asked(text.slice(0, at), text.slice(at, at + TEXT.expected));
}

/** The lines of a file up to its middle, at the end of a line, and the lines that follow. */
function cutCode(text: string): Asked | undefined {
  const lines = text.split(/(?<=\n)/);
  let at = 0;
  for (let length = 0; at < lines.length >> 1; at++) {
    length += lines[at]!.length;
    if (length > TEXT.prompt) break;
  }
  if (at === 0) return cutText(text);
  return asked(lines.slice(0, at).join(''), lines.slice(at, at + LINES).join(''));
}

const asked = (prompt: string, expected: string): Asked | undefined =>
  prompt.trim() === '' || expected.trim() === '' ? undefined : { chat: false, before: [], prompt, expected };
