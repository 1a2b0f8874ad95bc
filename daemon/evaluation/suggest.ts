import { CHARACTERS_PER_TOKEN, SPECIAL_TOKENS } from '../inline/fit.ts';
import { fitting } from '../inline/fitting.ts';
import { startGeneration } from '../inline/generation.ts';
import type { Host } from '../inline/host.ts';
import { DEFAULT_LINES } from '../inline/settings.ts';
import type { Speed } from '../inline/speed.ts';
import type { Engine } from '../serve/engine/engine.ts';
import type { Case, CodeFile } from './cases.ts';

/** The part of the context that what stands after the cursor may have. */
const SUFFIX_SHARE = 0.25;

export interface Asked {
  readonly file: CodeFile;
  readonly place: Case;
  /** Content hash of an adapter; undefined: the base alone. */
  readonly adapter: string | undefined;
  /** Most tokens of the code around the cursor. */
  readonly context: number;
}

/**
 * What an inline completion would insert at a place, by the same rules as in an editor: prompt, length of the answer, where it ends, and
 * how it is fitted to what stands after it. There are no related files, no typing to wait for, and no deadline. '' where nothing would be shown.
 */
export async function suggest(
  engine: Engine,
  { file, place: { kind, start, end }, adapter, context }: Asked,
  signal: AbortSignal,
): Promise<string> {
  const author = { id: '', base: engine.info.base, adapter: null };
  const host: Host = {
    describe: () => Promise.reject(new Error('the model is known')),
    sources: async () => [],
    async generate({ prompt, maxTokens, stop }, _scope, { signal: ending, onText }) {
      const before = 'text' in prompt ? prompt.text : prompt.prefix + prompt.suffix;
      if (before.trim() === '')
        return { author, reason: 'stop', promptTokens: 0, cachedTokens: 0, answerTokens: 0, totalMs: 0 };
      const request = { prompt, adapter, maxTokens, stop, priority: 'background' } as const;
      for await (const piece of engine.submit(request, AbortSignal.any([signal, ending]))) {
        if (piece.type === 'text') onText(piece.text);
        else return { author, reason: piece.reason, ...piece.usage, totalMs: piece.timing.totalMs };
      }
      throw new Error('the engine gave no end');
    },
  };
  const place = {
    ...{ uri: file.name, languageId: '', offset: start },
    text: file.text.slice(0, start) + file.text.slice(end),
  };
  const { fillInTheMiddle, maxLength } = engine.info;
  const generation = startGeneration({
    ...{ host, place, length: kind, scope: undefined, maxLines: DEFAULT_LINES, invoked: true, now: () => 0 },
    model: { author, fillInTheMiddle, maxLength },
    speed: roomFor(context),
    related: async () => [],
  });
  const finished = await generation.done;
  return finished === undefined ? '' : (fitting(finished.text, place)?.text ?? '');
}

/** The room for a prompt. It depends on no measured speed, so that the same places give the same prompts. */
function roomFor(context: number): Speed {
  let share = 1;
  return {
    add: () => undefined,
    latencyMs: () => 0,
    tooLong: () => void (share /= 1.5),
    room(maxLength, answer) {
      const tokens = Math.max(0, Math.min(context, maxLength - answer - SPECIAL_TOKENS));
      const characters = Math.floor(tokens * CHARACTERS_PER_TOKEN * share);
      return { characters, suffixCharacters: Math.floor(characters * SUFFIX_SHARE) };
    },
  };
}
