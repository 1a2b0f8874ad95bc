import { loadTokenizer } from '../data/tokenizer.ts';
import { loadAdapter, statedBase } from '../export/adapter.ts';
import { readSidecar } from '../export/sidecar.ts';
import { quote } from '../formats/quote.ts';
import { adapterMethod } from '../methods/registry.ts';
import type { BaseModel } from '../models/base.ts';
import { resolveBase, type ResolveOptions } from '../models/resolve.ts';
import type { CompletionReport, CompletionSide } from '../protocol/completionReport.ts';
import { VeraError } from '../protocol/errors.ts';
import { settingError } from '../settings/setting.ts';
import type { StoredAdapter } from '../serve/engine/bank.ts';
import { Engine } from '../serve/engine/engine.ts';
import { readTrainedOn } from '../train/trainedOn.ts';
import { type Case, casesOf, type CodeFile } from './cases.ts';
import { differencesOf, figuresOf } from './figures.ts';
import { heldOutCode } from './heldOutCode.ts';
import { ANSWER_TOKENS, ROWS } from './limits.ts';
import { type Score, scoreOf } from './measures.ts';
import type { CompletionSettings } from './settings.ts';
import { suggest } from './suggest.ts';

/** An adapter to measure. */
export interface AdapterSide {
  readonly name: string;
  /** Its number in the catalog. */
  readonly id: number | null;
  /** Its folder. */
  readonly dir: string;
}

export interface CompletionRequest {
  readonly data: string;
  /** Folder, GGUF file or hub id. May be left out if the first adapter names its base. */
  readonly base?: string;
  readonly adapters: readonly AdapterSide[];
  readonly settings: CompletionSettings;
  /** Give the suggestions themselves too. */
  readonly texts?: boolean;
}

/** With fewer cases the intervals are wider than any difference. */
const LEAST_CASES = 10;

/**
 * Asks the base, and the base with each adapter, for inline completions at places in code that the adapters were not trained on, and
 * compares them with what stands there. Everything is greedy: the same data, settings and seed give the same report. Throws the errors
 * of reading base, adapters and data, and VeraError 'data' for too few cases.
 */
export async function evaluateCompletions(
  { data, base: given, adapters, settings, texts = false }: CompletionRequest,
  options: ResolveOptions,
): Promise<CompletionReport> {
  const spec = given ?? (adapters[0] && statedBase(adapters[0].dir));
  if (spec === undefined) throw settingError('choose an adapter to measure, or a base model alone', 'adapter', 'base');
  const base = await resolveBase(spec, options);
  const opened = adapters.map((side) => openSide(side, base));
  const { seed, limit, context, precision, threads } = settings;
  const code = await heldOutCode(data, settings, opened);
  const cases = casesOf(code.files, { limit, seed });
  if (cases.length < LEAST_CASES)
    throw new VeraError(
      'data',
      `${quote(data)} gives only ${cases.length} cases in ${code.files.length} files that no adapter was trained on; ` +
        `${LEAST_CASES} are the least. Give more code, or train with a larger Held-out share`,
    );
  const tokenizer = loadTokenizer(base.dir);
  const loaded = new Map(opened.map(({ stored }) => [stored.hash, stored]));
  const maxLength = Math.min(base.config.maxLength, context + ANSWER_TOKENS);
  const engine = await Engine.create({
    ...{ base, tokenizer, precision, cache: options.cache, rows: ROWS, prefixBytes: 0, maxLength },
    load: async (hash) => loaded.get(hash)!,
    ...(threads === undefined ? {} : { session: { threads } }),
  });
  try {
    const hashes = [undefined, ...opened.map(({ stored }) => stored.hash)];
    const answers = await suggestAll(engine, { files: code.files, cases, hashes, context }, options);
    const expected = cases.map(({ file, start, end }) => code.files[file]!.text.slice(start, end));
    const scores = answers.map((side) => side.map((text, i) => scoreOf(text, expected[i]!)));
    const names = [{ name: 'base', adapter: null, method: null }, ...opened.map(({ about }) => about)];
    return {
      ...{ data, base: spec, precision, seed, cases: cases.length },
      lines: cases.filter(({ kind }) => kind === 'line').length,
      blocks: cases.filter(({ kind }) => kind === 'block').length,
      files: new Set(cases.map(({ file }) => file)).size,
      leftOut: code.leftOut,
      repeated: expected.filter((text) => text.split('\n').some(code.isKnown)).length,
      fillInTheMiddle: tokenizer.fim !== undefined,
      notes: [...code.notes],
      ...compared(names, scores, seed),
      ...(texts ? { suggestions: cases.map((one, i) => shown(one, code.files, expected[i]!, answers, i)) } : {}),
    };
  } finally {
    await engine.release();
  }
}

/** The part of a report that says how the sides did. scores: [sides][cases]. */
export function compared(
  names: readonly Pick<CompletionSide, 'name' | 'adapter' | 'method'>[],
  scores: readonly (readonly Score[])[],
  seed: number,
): Pick<CompletionReport, 'sides' | 'differences'> {
  return {
    sides: names.map((name, i) => ({
      ...name,
      figures: figuresOf(scores[i]!),
      empty: scores[i]!.filter(({ characters }) => characters === 0).length,
    })),
    differences: scores.flatMap((_, of) =>
      Array.from({ length: of }, (_one, than) => ({ of, than, ...differencesOf(scores[of]!, scores[than]!, seed) })),
    ),
  };
}

const shown = (
  { kind, line, file, start, end }: Case,
  files: readonly CodeFile[],
  expected: string,
  answers: readonly (readonly string[])[],
  i: number,
): NonNullable<CompletionReport['suggestions']>[number] => ({
  ...{ file: files[file]!.name, line, kind, start, end, expected },
  given: answers.map((side) => side[i]!),
});

function openSide({ name, id, dir }: AdapterSide, base: BaseModel) {
  const { adapter } = loadAdapter(dir, base);
  const { method, options, sites, theta, frozen } = adapter;
  const stored: StoredAdapter = {
    ...{ hash: dir, base: base.fingerprint, method, options, sites, theta },
    ...(frozen === undefined ? {} : { frozen }),
  };
  const about = { name, adapter: id, method: adapterMethod(method).label };
  return { name, about, stored, trainedOn: readTrainedOn(readSidecar(dir).run) };
}

interface Asked {
  readonly files: readonly CodeFile[];
  readonly cases: readonly Case[];
  /** Of each side. */
  readonly hashes: readonly (string | undefined)[];
  readonly context: number;
}

/** The suggestion of each side for each case: [sides][cases]. */
async function suggestAll(
  engine: Engine,
  { files, cases, hashes, context }: Asked,
  { onProgress, signal }: ResolveOptions,
): Promise<string[][]> {
  const answers = hashes.map(() => cases.map(() => ''));
  const total = hashes.length * cases.length;
  const stop = new AbortController();
  const ended = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  let [next, done] = [0, 0];
  const work = async (): Promise<void> => {
    for (let at = next++; at < total; at = next++) {
      const [side, i] = [Math.floor(at / cases.length), at % cases.length];
      const place = cases[i]!;
      const asked = { file: files[place.file]!, place, adapter: hashes[side], context };
      answers[side]![i] = await suggest(engine, asked, ended);
      onProgress?.(`completing ${cases.length} places with ${hashes.length} models`, Math.min(0.99, ++done / total));
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(ROWS, total) }, work));
  } catch (error) {
    stop.abort();
    throw error;
  }
  return answers;
}
