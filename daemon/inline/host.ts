/** What inline completion needs from the editor and the daemon. */
import type { Source } from './related.ts';
import type { Place } from './place.ts';
import type { Author } from './shown.ts';
import type { Timing } from './speed.ts';

/** The model that would answer. */
export interface Model {
  readonly author: Author;
  /** Prompts may be a prefix and a suffix. */
  readonly fillInTheMiddle: boolean;
  /** Most tokens of prompt and answer together. */
  readonly maxLength: number;
}

/** What the model is asked. It takes the most likely token each time. */
export interface Ask {
  readonly prompt: { readonly prefix: string; readonly suffix: string } | { readonly text: string };
  readonly maxTokens: number;
  readonly stop: readonly string[];
  /** The answer ends after so many milliseconds, with what it has. */
  readonly deadlineMs: number;
}

export interface Generated extends Timing {
  readonly author: Author;
  /** stop: the model had no more to say; else the answer is cut off. */
  readonly reason: 'stop' | 'length' | 'deadline';
}

export interface Host {
  /** scope: the folder whose active adapter is meant. Throws where no model can answer. */
  describe(scope: string | undefined): Promise<Model>;
  /** Rejects when `signal` is aborted. The texts of `onText` together are the answer. */
  generate(
    ask: Ask,
    scope: string | undefined,
    how: { readonly signal: AbortSignal; readonly onText: (text: string) => void },
  ): Promise<Generated>;
  /** Documents that may be like the one of the cursor. */
  sources(place: Place, scope: string | undefined): Promise<readonly Source[]>;
}

/** A model in a cache: a name is never enough, because it may mean another adapter tomorrow. */
export const modelKey = ({ base, adapter }: Author): string => `${base}\0${adapter?.hash ?? ''}`;
