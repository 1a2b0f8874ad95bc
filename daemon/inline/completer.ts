/** Inline completion: when to ask the model, what to show, and what of earlier answers still fits. It knows no editor. */
import { rememberedAnswers } from './answers.ts';
import { adaptiveDebounce } from './debounce.ts';
import { type Edit, recentEdits } from './edits.ts';
import { fitting } from './fitting.ts';
import { type Finished, type Generation, keyOf, startGeneration } from './generation.ts';
import { type Host, type Model, modelKey } from './host.ts';
import { lengthAt } from './length.ts';
import { keepMeasures, type Latency, type Origin } from './measures.ts';
import { aroundOf, isBlank, type Place, withTyped } from './place.ts';
import { relatedBlocks } from './related.ts';
import type { Author, Shown } from './shown.ts';
import { measuredSpeed } from './speed.ts';

export interface Request {
  readonly place: Place;
  /** The folder whose active adapter is meant. */
  readonly scope: string | undefined;
  /** A person asked with a command: there is no waiting, and also the middle of a word is completed. */
  readonly invoked: boolean;
  readonly maxLines: number;
  /** The item that the editor's list of suggestions would insert, and where. A completion must begin with it. */
  readonly selected?: { readonly start: number; readonly end: number; readonly text: string } | undefined;
}

export interface State {
  readonly busy: boolean;
  /** Why there are no completions now: the last error, until something is generated or another model is chosen. */
  readonly problem: Error | undefined;
  /** Who answered last. */
  readonly author: Author | undefined;
}

export interface CompleterOptions {
  readonly onShown?: (shown: Shown) => void;
  readonly onState?: (state: State) => void;
  /** Milliseconds from any start. */
  readonly now?: () => number;
}

export interface Completer {
  /** Never throws: what goes wrong is told by `onState`. Resolves at once when `signal` is aborted. */
  complete(request: Request, signal: AbortSignal): Promise<Shown | undefined>;
  /** A document changed. `scope` and `maxLines` are those of its next request. */
  edited(edit: Edit, next: Pick<Request, 'scope' | 'maxLines'>): void;
  /** Another model may be active, or none: what was generated before is forgotten. */
  modelChanged(): void;
  latency(): Latency;
  dispose(): void;
}

/** What is generated continues for so long after the editor's request ended, to see what the person types. */
const [GRACE_MS, AGREES_MS, PREFETCH_MS] = [20, 600, 4000];
/** After an error nothing is asked for so long; each further error doubles it. */
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [2000, 60_000];
/** What the editor closes by itself is part of the change that a key makes. */
const LONGEST_KEY = 4;
const LIKELY = /[\s.([{,=:>]$/;

export function createCompleter(host: Host, options: CompleterOptions = {}): Completer {
  const { now = () => performance.now(), onShown, onState } = options;
  const [answers, related, edits] = [rememberedAnswers(), relatedBlocks(), recentEdits()];
  const [debounce, speed, measures] = [adaptiveDebounce(), measuredSpeed(), keepMeasures()];
  const models = new Map<string | undefined, Promise<Model>>();
  let running: Generation | undefined;
  let shown: Shown | undefined;
  let [number, failures, quietUntil] = [0, 0, 0];
  let [problem, author]: [Error | undefined, Author | undefined] = [undefined, undefined];

  const tell = (): void => onState?.({ busy: running !== undefined && !running.over, problem, author });
  const failed = (error: unknown): void => {
    if (isCancelled(error)) return;
    problem = error instanceof Error ? error : new Error(String(error));
    quietUntil = now() + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++);
    tell();
  };
  const modelOf = (scope: string | undefined): Promise<Model> => {
    const known = models.get(scope);
    if (known) return known;
    const asked = host.describe(scope);
    models.set(scope, asked);
    asked.catch(() => models.get(scope) === asked && models.delete(scope));
    return asked;
  };

  function begin({ place, scope, maxLines, invoked }: Request, model: Model, length: 'line' | 'block'): Generation {
    running?.cancel();
    const { prefix, suffix } = aroundOf(place);
    const made = startGeneration({
      ...{ host, model, place, scope, length, maxLines, invoked, speed, now },
      related: async (characters) => {
        const sources = await host.sources(place, scope);
        return related.choose(place, [...sources, ...edits.sources(place.uri, place.offset)], characters);
      },
    });
    running = made;
    tell();
    made.done
      .then((finished) => {
        if (finished === undefined) return;
        [failures, quietUntil, problem] = [0, 0, undefined];
        ({ author } = finished);
        answers.add(modelKey(finished.author), prefix, suffix, finished.text);
        if (modelKey(finished.author) === keyOf(made)) return;
        // Another model became active in between.
        models.delete(scope);
        if (running === made) running = undefined;
      })
      .catch(failed)
      .finally(tell);
    return made;
  }

  const join = (model: Model, place: Place): Generation | undefined =>
    running !== undefined && keyOf(running) === modelKey(model.author) && running.agrees(place) ? running : undefined;

  /** Ends what nobody waits for, unless the person types what it says. */
  function release(generation: Generation, afterMs = GRACE_MS): void {
    const timer = setTimeout(() => {
      if (generation.over || generation.waiters > 0) return;
      const left = generation.keepUntil - now();
      if (left > 0) release(generation, left);
      else {
        generation.cancel();
        tell();
      }
    }, afterMs) as ReturnType<typeof setTimeout> & { unref?: () => void };
    timer.unref?.();
  }

  async function finishedBy(generation: Generation, signal: AbortSignal): Promise<Finished | undefined> {
    generation.waiters++;
    try {
      return await Promise.race([generation.done, aborted(signal)]);
    } finally {
      generation.waiters--;
      release(generation);
    }
  }

  async function complete(request: Request, signal: AbortSignal): Promise<Shown | undefined> {
    const started = now();
    const { scope, invoked, selected } = request;
    const place = selected ? withTyped(request.place, selected.start, selected.text) : request.place;
    const length = lengthAt(place, request);
    if (length === 'none' || (!invoked && now() < quietUntil)) return undefined;
    const model = await Promise.race([modelOf(scope), aborted(signal)]);
    if (model === undefined || signal.aborted) return undefined;
    const { prefix, suffix, before } = aroundOf(place);
    let debounceMs = 0;

    const offer = (text: string, by: Author, origin: Origin, finished?: Finished): Shown | undefined => {
      const insertion = fitting(text, place);
      const { generated } = finished ?? {};
      measures.add({
        ...{ origin, debounceMs, totalMs: now() - started, contextMs: finished?.contextMs ?? 0 },
        ...(origin === 'model' && finished?.firstTokenMs !== undefined
          ? { firstTokenMs: finished.firstTokenMs, answerMs: finished.answerMs ?? 0 }
          : {}),
        ...(origin === 'model' && generated !== undefined
          ? {
              promptTokens: generated.promptTokens,
              cachedTokens: generated.cachedTokens,
              answerTokens: generated.answerTokens,
            }
          : {}),
        characters: insertion?.text.length ?? 0,
      });
      if (insertion === undefined || signal.aborted) return undefined;
      const start = selected?.start ?? place.offset;
      const whole = (selected?.text ?? '') + insertion.text;
      const end = Math.max(selected?.end ?? 0, request.place.offset) + insertion.replaces;
      const { uri, languageId, text: document } = request.place;
      const what = { uri, languageId, start, end, text: whole, offset: request.place.offset, model: by, invoked };
      const latencyMs = origin === 'cache' ? null : now() - started;
      shown = { ...what, number: ++number, continues: continued(shown, what, document), at: Date.now(), latencyMs };
      onShown?.(shown);
      return shown;
    };

    const found = answers.find(modelKey(model.author), prefix, suffix);
    if (found !== undefined) return offer(found.rest, model.author, 'cache');
    for (;;) {
      const joined = join(model, place);
      if (joined !== undefined) {
        const finished = await finishedBy(joined, signal);
        if (signal.aborted) return undefined;
        const rest = finished === undefined ? undefined : restOf(finished.text, joined.place, place);
        if (finished !== undefined && rest !== undefined) return offer(rest, finished.author, 'running', finished);
      }
      if (!invoked && debounceMs === 0) {
        const likely = isBlank(before) || LIKELY.test(before);
        debounceMs = debounce.waitMs({ latencyMs: speed.latencyMs(), likely });
        await pause(debounceMs, signal);
        if (signal.aborted) return undefined;
        if (join(model, place) !== undefined) continue;
      }
      const generation = begin({ ...request, place }, model, length);
      const finished = await finishedBy(generation, signal);
      return finished === undefined || signal.aborted
        ? undefined
        : offer(finished.text, finished.author, 'model', finished);
    }
  }

  return {
    async complete(request, signal) {
      try {
        return await complete(request, signal);
      } catch (error) {
        failed(error);
        return undefined;
      }
    },
    edited(edit, next) {
      const { uri, languageId, text, start, inserted } = edit;
      edits.add(edit);
      if (inserted.length <= LONGEST_KEY) debounce.typed(now());
      if (running !== undefined && !running.over && running.place.uri === uri) {
        const agrees = cursorsAfter(edit).some((offset) => running!.agrees({ uri, languageId, text, offset }));
        if (agrees) running.keepUntil = now() + AGREES_MS;
        else {
          running.cancel();
          tell();
        }
      }
      if (shown === undefined || !isAccepted(shown, edit)) return;
      // The next request is likely to be for the text after what was accepted.
      const place = { uri, languageId, text, offset: start + inserted.length };
      const length = lengthAt(place, { ...next, invoked: false });
      const { scope } = next;
      shown = undefined;
      if (length === 'none' || now() < quietUntil) return;
      void modelOf(scope)
        .then((model) => {
          const { prefix, suffix } = aroundOf(place);
          if (answers.find(modelKey(model.author), prefix, suffix) !== undefined) return;
          const made = join(model, place) ?? begin({ ...next, place, invoked: false }, model, length);
          made.keepUntil = Math.max(made.keepUntil, now() + PREFETCH_MS);
          release(made);
        })
        .catch(failed);
    },
    modelChanged() {
      running?.cancel();
      running = undefined;
      models.clear();
      answers.clear();
      [problem, author, failures, quietUntil] = [undefined, undefined, 0, 0];
      tell();
    },
    latency: () => measures.latency(),
    dispose: () => running?.cancel(),
  };
}

/** What is left of a text that began at one place when the cursor is at another; undefined if something else was typed. */
function restOf(text: string, from: Place, to: Place): string | undefined {
  const typed = to.text.slice(from.offset, to.offset);
  return text.startsWith(typed) && (typed === '' || text.length > typed.length) ? text.slice(typed.length) : undefined;
}

/** The number of the completion of which the new one is the rest. */
function continued(
  last: Shown | undefined,
  { uri, start, text }: Pick<Shown, 'uri' | 'start' | 'text'>,
  document: string,
): number | undefined {
  if (last?.uri !== uri || start < last.start) return undefined;
  const typed = document.slice(last.start, start);
  return last.text === typed + text ? last.number : undefined;
}

/** Whether a change inserts a completion, whole or the rest of it. */
function isAccepted(shown: Shown, { uri, text, start, inserted }: Edit): boolean {
  const end = shown.start + shown.text.length;
  return (
    shown.uri === uri &&
    inserted.length > 1 &&
    start + inserted.length === end &&
    text.startsWith(shown.text, shown.start)
  );
}

/** Where the cursor may be after a change: behind it, or before what the editor closed. */
function cursorsAfter({ start, inserted }: Edit): number[] {
  const end = start + inserted.length;
  if (inserted.length > LONGEST_KEY) return [end];
  return Array.from({ length: Math.max(1, inserted.length) }, (_, i) => end - i);
}

const isCancelled = (error: unknown): boolean =>
  error instanceof Error && (error as { code?: unknown }).code === 'cancelled';

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
