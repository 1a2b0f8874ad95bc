import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';

/** What to do with a followed job after Ctrl-C. */
export type Choice = 'stop' | 'leave' | 'keep watching';

const QUESTION = '\nStop at a checkpoint (s), leave it running in the background (l), or keep watching (k)? [s/l/k] ';

/** Asks until there is an answer. A second Ctrl-C stops the job; the end of input keeps watching. */
export async function askChoice(input: Readable, output: Writable): Promise<Choice> {
  const terminal = createInterface({ input, output, terminal: (output as { isTTY?: boolean }).isTTY === true });
  const ended = new Promise<Choice>((resolve) => {
    terminal.once('SIGINT', () => resolve('stop'));
    terminal.once('close', () => resolve('keep watching'));
  });
  try {
    for (;;) {
      const answer = await Promise.race([terminal.question(QUESTION), ended.then((choice) => ({ choice }))]);
      if (typeof answer !== 'string') return answer.choice;
      const choice = choiceOf(answer);
      if (choice !== undefined) return choice;
    }
  } finally {
    terminal.close();
  }
}

function choiceOf(answer: string): Choice | undefined {
  const word = answer.trim().toLowerCase();
  if (word === '') return undefined;
  if ('stop'.startsWith(word)) return 'stop';
  if ('leave'.startsWith(word)) return 'leave';
  return 'keep watching'.startsWith(word) ? 'keep watching' : undefined;
}
