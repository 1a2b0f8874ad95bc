/**
 * The sentences that tell a person what a base cannot do. Command line, editor and panel show these, so that each limit has one wording.
 */
import type { Abilities } from './abilities.ts';
import { wholeText } from './text.ts';

/** What an answer is for: text at the cursor of an editor, or a conversation. */
export type Use = 'completion' | 'chat';

/** A base with fewer parameters writes text of the right form and little sense. The bundled demo model has 3.5 million. */
const LEAST_PARAMETERS = 20e6;
/** What such a base is for, in every place that speaks of one. */
export const TINY = 'for trying things out';
/** A context with fewer tokens holds little more than the function around the cursor. */
const LEAST_LENGTH = 512;

/** What a base cannot do for this use, in sentences. Empty if it suits. */
export function limitsOf({ fillInTheMiddle, chat, maxLength, parameters }: Abilities, use: Use): string[] {
  return [
    ...(use === 'completion' && !fillInTheMiddle
      ? [
          'This base has no fill-in-the-middle tokens, so inline completions see only the text before the cursor. ' +
            'A base that was trained to fill in the middle, such as Qwen2.5-Coder, also sees the text after it.',
        ]
      : []),
    ...(use === 'chat' && !chat
      ? [
          'This base has no chat template, so it cannot hold a conversation; it can only continue a text. ' +
            'For a chat, choose a base that was trained to chat (its name often ends in Instruct).',
        ]
      : []),
    ...(use === 'completion' && maxLength < LEAST_LENGTH
      ? [`This base reads at most ${wholeText(maxLength)} tokens, so it sees only a few lines around the cursor.`]
      : []),
    ...(parameters < LEAST_PARAMETERS
      ? [
          `This base has only ${millions(parameters)} million parameters: it is ${TINY}, and its text makes little sense. ` +
            'For useful answers, choose a larger base.',
        ]
      : []),
  ];
}

const millions = (parameters: number): string => (parameters / 1e6).toFixed(parameters < 10e6 ? 1 : 0);

/** In a few words, for a list: 'fills in the middle, chat, 8,192 tokens'. */
export const abilitiesText = ({ fillInTheMiddle, chat, maxLength }: Abilities): string =>
  [
    fillInTheMiddle ? 'fills in the middle' : 'continues text',
    ...(chat ? ['chat'] : []),
    `${wholeText(maxLength)} tokens`,
  ].join(', ');
