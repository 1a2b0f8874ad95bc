import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readHeaderWithoutLists } from '../formats/gguf/header.ts';
import { isObject } from '../formats/json.ts';
import { quote } from '../formats/quote.ts';
import { openTensors } from '../formats/shards.ts';
import { parseConfig, readConfig } from '../models/config.ts';
import { headerConfig } from '../models/gguf/convert.ts';
import { parameterCount } from '../models/tensors.ts';
import type { FoundBase } from '../protocol/bases.ts';
import { VeraError } from '../protocol/errors.ts';

export type BaseFacts = Pick<
  FoundBase,
  'format' | 'storedAs' | 'architecture' | 'parameters' | 'licence' | 'bytes' | 'problem'
>;

const UNKNOWN: BaseFacts = {
  ...{ format: 'unknown', storedAs: null, architecture: null, parameters: null },
  ...{ licence: null, bytes: null, problem: null },
};
const MAX_KNOWN = 1000;
/** By path, with the state of its files: reading the header of a GGUF file with a large vocabulary takes a while. */
const known = new Map<string, { readonly state: string; readonly facts: BaseFacts }>();

/** Facts of the model in a folder or GGUF file, from its config and the headers of its files. It throws nothing. */
export function describeBase(path: string): BaseFacts {
  const state = stateOf(path);
  const before = known.get(path);
  if (before?.state === state) return before.facts;
  const facts = factsOf(path);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(path, { state, facts });
  return facts;
}

function factsOf(path: string): BaseFacts {
  try {
    return statSync(path).isDirectory() ? folderFacts(path) : ggufFacts(path);
  } catch (error) {
    return { ...UNKNOWN, problem: problemOf(error, path) };
  }
}

function folderFacts(dir: string): BaseFacts {
  const config = json(join(dir, 'config.json'));
  const { architectures } = config;
  const facts: BaseFacts = {
    ...UNKNOWN,
    format: 'safetensors',
    architecture: Array.isArray(architectures) ? String(architectures[0]) : null,
    licence: licenceIn(dir),
    bytes: weightBytes(dir),
  };
  try {
    const read = readConfig(dir);
    const stored = mostOf([...openTensors(dir).values()].map(({ dtype, length }) => [dtype, length]));
    const whole = { ...facts, parameters: parameterCount(read), storedAs: stored };
    if (statSync(join(dir, 'tokenizer.json'), { throwIfNoEntry: false }) === undefined)
      return { ...whole, problem: 'it has no tokenizer.json' };
    return whole;
  } catch (error) {
    return { ...facts, problem: problemOf(error, dir) };
  }
}

function ggufFacts(file: string): BaseFacts {
  const facts: BaseFacts = {
    ...UNKNOWN,
    format: 'gguf',
    bytes: statSync(file, { throwIfNoEntry: false })?.size ?? null,
  };
  try {
    const header = readHeaderWithoutLists(file);
    const text = (key: string): string | null => {
      const value = header.metadata.get(`general.${key}`);
      return typeof value === 'string' ? value : null;
    };
    const tensors = [...header.tensors.values()];
    const read = {
      ...facts,
      architecture: text('architecture'),
      licence: text('license'),
      parameters: tensors.reduce((sum, { elements }) => sum + elements, 0),
      storedAs: mostOf(tensors.map(({ type, length }) => [type.name, length])),
    };
    const parts = header.metadata.get('split.count');
    if (typeof parts === 'number' && parts > 1)
      return { ...read, problem: `it is one of ${parts} parts of a model; merge the parts into one file first` };
    try {
      parseConfig(headerConfig(header), file);
      return read;
    } catch (error) {
      return { ...read, problem: problemOf(error, file) };
    }
  } catch (error) {
    return { ...facts, problem: problemOf(error, file) };
  }
}

/** The sum of the files with weights. A link counts as what it leads to. */
function weightBytes(dir: string): number {
  const names = readdirSync(dir).filter((name) => name.endsWith('.safetensors'));
  return names.reduce((sum, name) => sum + (statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** The name under which most bytes are stored. */
function mostOf(sizes: readonly (readonly [name: string, bytes: number])[]): string | null {
  const sums = new Map<string, number>();
  for (const [name, bytes] of sizes) sums.set(name, (sums.get(name) ?? 0) + bytes);
  return [...sums].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}

/** The licence in the front matter of a model card. */
function licenceIn(dir: string): string | null {
  const card = text(join(dir, 'README.md'), 100_000);
  const matter = /^---\r?\n(.*?)\r?\n---/s.exec(card)?.[1] ?? '';
  const [licence, name] = ['license', 'license_name'].map(
    (key) => new RegExp(`^${key}:\\s*["']?([\\w.+-]+)`, 'm').exec(matter)?.[1],
  );
  return (licence === 'other' ? name : licence) ?? null;
}

/** The error without the path, which a list shows beside it. */
function problemOf(error: unknown, path: string): string {
  if (!(error instanceof VeraError)) return `it cannot be read: ${(error as Error).message}`;
  return error.message
    .replace(`${quote(path)}: `, '')
    .replaceAll(quote(path), 'it')
    .replaceAll(`${path}/`, '')
    .replaceAll(`${path}: `, '')
    .replaceAll(path, 'it');
}

function stateOf(path: string): string {
  const of = (one: string): string => {
    const { size, mtimeMs, ino } = statSync(one, { throwIfNoEntry: false }) ?? {};
    return `${size} ${mtimeMs} ${ino}`;
  };
  return [path, ...['config.json', 'tokenizer.json', 'model.safetensors'].map((name) => join(path, name))]
    .map(of)
    .join();
}

function json(file: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text(file, 10_000_000));
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** A text file; empty if it is missing or longer than `most` bytes. */
function text(file: string, most: number): string {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return size === 0 || size > most ? '' : readFileSync(file, 'utf8');
}
