import { createHash } from 'node:crypto';
import { closeSync, readdirSync } from 'node:fs';
import { basename, dirname, extname, join, relative, sep } from 'node:path';
import { VeraError } from '../../protocol/errors.ts';
import { isCodeName, SKIPPED_FOLDERS } from './code-kinds.ts';
import { cannotRead, openRegularFile } from './file.ts';
import { openFile } from './open.ts';
import type { ReaderOptions, RowReader } from './reader.ts';
import { isNoDataset, PACKED } from './names.ts';
import { headOf } from './source.ts';
import { type Split, splitOf } from './splits.ts';

/** Files of a dataset folder, at most. */
const MOST_FILES = 2000;
/** Folders below the dataset folder that are looked at: data/, and one for each configuration with data/ in it. */
const DEPTH = 2;
/** Markup and configuration also stand beside datasets; any other source file means a folder of code. */
const NOT_CODE = new Set(['.md', '.rst', '.tex', '.yaml', '.yml', '.toml', '.html', '.htm']);
/** Files that `datasets` writes beside the data. */
const MARKS = new Set(['dataset_infos.json', 'dataset_info.json', 'dataset_dict.json', 'state.json']);
/** How files are read if a folder has several kinds of the same data: the one with the most certain types first. */
const KINDS = ['.parquet', '.jsonl', '.ndjson', '.json', '.csv', '.tsv'];

interface DataFile {
  path: string;
  /** Its ending, without that of a compressed file. */
  ending: string;
  split: Split | undefined;
  /** The folder of a configuration that it belongs to; '' if it belongs to none. */
  configuration: string;
}

interface Contents {
  files: DataFile[];
  arrow: string | undefined;
  code: boolean;
  marked: boolean;
}

/**
 * The dataset in a folder as the Hugging Face hub and its tools lay it out: files of rows, in the folder, in data/ or in a folder for
 * each configuration, with their split in their name. Undefined if the folder holds no dataset, such as a folder of code. `measures`: the rows
 * are only measured. Throws VeraError 'data' for a dataset that cannot be read, with what helps.
 */
export async function openDatasetFolder(
  dir: string,
  options: ReaderOptions & { measures: boolean },
): Promise<RowReader | undefined> {
  const found = contentsOf(dir);
  if (found.code && !found.marked) return undefined;
  if (found.files.length === 0) {
    if (found.arrow !== undefined) throw isArrow(dir, found.arrow);
    return undefined;
  }
  const configured = oneConfiguration(dir, found.files);
  const files = oneKind(configured);
  const train = files.filter(({ split = 'train' }) => split === 'train');
  const validation = files.filter(({ split }) => split === 'validation');
  const test = files.filter(({ split }) => split === 'test');
  const preferred = options.measures ? [test, validation] : [validation, test];
  const apart = train.length === 0 ? [] : (preferred.find((some) => some.length > 0) ?? []);
  const used = train.length === 0 ? files : [...train, ...apart];
  const unused = found.files.filter((one) => !used.includes(one));
  const opened = await openAll(used, options);
  const trained = train.length === 0 ? opened.length : train.length;
  return {
    ...joined(opened, trained),
    note: [
      `read from ${namesOf(dir, used.slice(0, trained))}`,
      ...(apart.length === 0 ? [] : [`held out: ${namesOf(dir, apart)}`]),
      ...(unused.length === 0 ? [] : [`not used: ${namesOf(dir, unused)}`]),
      ...new Set(opened.flatMap(({ note }) => note ?? [])),
    ].join('; '),
  };
}

/** Files by name, at most three. */
function namesOf(dir: string, files: readonly DataFile[]): string {
  const names = files.slice(0, 3).map(({ path }) => relative(dir, path).split(sep).join('/'));
  return names.join(', ') + (files.length > 3 ? ` and ${files.length - 3} more` : '');
}

function contentsOf(dir: string): Contents {
  const found: Contents = { files: [], arrow: undefined, code: false, marked: false };
  const visit = (folder: string, depth: number): void => {
    let entries;
    try {
      entries = readdirSync(folder, { withFileTypes: true });
    } catch (cause) {
      throw cannotRead(folder, cause);
    }
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (depth < DEPTH && !entry.name.startsWith('.') && !SKIPPED_FOLDERS.has(entry.name)) visit(path, depth + 1);
      } else if (entry.isFile()) note(path, entry.name);
    }
  };
  const note = (path: string, name: string): void => {
    const ending = extname(name.replace(PACKED, '')).toLowerCase();
    if (MARKS.has(name)) found.marked ||= name !== 'state.json';
    else if (name === 'README.md') found.marked ||= isCard(path);
    else if (ending === '.arrow') found.arrow ??= path;
    else if (KINDS.includes(ending) && !isNoDataset(name)) {
      if (found.files.length >= MOST_FILES)
        throw new VeraError('data', `${dir} has more than ${MOST_FILES} dataset files; choose a folder with fewer`);
      found.files.push({ path, ending, split: splitFor(dir, path), configuration: configurationOf(dir, path) });
    } else if (isCodeName(name) && !NOT_CODE.has(ending)) found.code = true;
  };
  visit(dir, 0);
  return found;
}

/** A card of the hub begins with what is known about the dataset. */
function isCard(path: string): boolean {
  const file = openRegularFile(path);
  try {
    const text = headOf(file, 16 * 1024).toString();
    return text.startsWith('---') && /^(dataset_info|configs|task_categories|size_categories):/m.test(text);
  } finally {
    closeSync(file.fd);
  }
}

/** The name of a file says its split, else that of a folder above it. */
function splitFor(dir: string, path: string): Split | undefined {
  const own = splitOf(
    basename(path)
      .replace(PACKED, '')
      .replace(/\.[^.]*$/, ''),
  );
  if (own) return own;
  const folders = relative(dir, dirname(path)).split(sep);
  return folders.map(splitOf).find((split) => split !== undefined);
}

function configurationOf(dir: string, path: string): string {
  const [first = '', ...more] = relative(dir, path).split(sep);
  return more.length === 0 || first === 'data' || splitOf(first) !== undefined ? '' : first;
}

function oneConfiguration(dir: string, files: DataFile[]): DataFile[] {
  const names = [...new Set(files.map(({ configuration }) => configuration))];
  const standard = ['', 'default', 'main'].find((name) => names.includes(name));
  if (standard === undefined && names.length > 1) {
    const listed = names.slice(0, 20).join(', ');
    throw new VeraError('data', `${dir} has several datasets (${listed}); choose one of these folders in it`);
  }
  return files.filter(({ configuration }) => configuration === (standard ?? names[0]));
}

/** If the same data are there as several kinds of file, one is enough. */
function oneKind(files: DataFile[]): DataFile[] {
  const best = [...files].sort((a, b) => KINDS.indexOf(a.ending) - KINDS.indexOf(b.ending))[0]!.ending;
  const splits = (some: DataFile[]): string => [...new Set(some.map(({ split = 'train' }) => split))].sort().join();
  const chosen = files.filter(({ ending }) => ending === best);
  const stem = ({ path }: DataFile): string => path.replace(/\.[^/\\]*$/, '');
  const others = files.filter((one) => !chosen.includes(one) && !chosen.some((same) => stem(same) === stem(one)));
  // Files of another kind that hold other splits belong to the same dataset.
  return others.some(({ split }) => split !== undefined && !splits(chosen).includes(split))
    ? [...chosen, ...others]
    : chosen;
}

function isArrow(dir: string, file: string): VeraError {
  return new VeraError(
    'data',
    `${dir} is a dataset that save_to_disk wrote as Arrow (${basename(file)}), which is not read here; write it as Parquet, in Python: load_from_disk(FOLDER).to_parquet(NEW_FILE), for each split, then choose the new files or their folder`,
  );
}

async function openAll(files: readonly DataFile[], options: ReaderOptions): Promise<RowReader[]> {
  const opened: RowReader[] = [];
  let left = options.maxRows;
  try {
    for (const { path } of files) {
      const one = await openFile(path, { ...options, maxRows: Math.max(1, left) });
      opened.push(one);
      left -= one.count;
    }
    return opened;
  } catch (error) {
    for (const one of opened) one.close();
    throw error;
  }
}

/** The rows of several readers, one after another. Those of the readers from `trained` on are set apart. */
function joined(opened: readonly RowReader[], trained: number): RowReader {
  const starts: number[] = [];
  let count = 0;
  for (const one of opened) {
    starts.push(count);
    count += one.count;
  }
  /** Asks the reader that has row i for it. */
  const of = <T>(i: number, ask: (reader: RowReader, row: number) => T): T => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const half = (low + high) >> 1;
      if (starts[half]! <= i) low = half;
      else high = half;
    }
    return ask(opened[low]!, i - starts[low]!);
  };
  const hash = createHash('sha256');
  for (const one of opened) hash.update(one.hash);
  const apart = trained < opened.length ? starts[trained]! : count;
  const own = (i: number): boolean => of(i, (reader, row) => reader.isHeldOut?.(row) ?? false);
  const kinds = [...new Set(opened.map(({ name }) => name))].join(' and ');
  return {
    name: opened.length === 1 ? kinds : `${kinds} in ${opened.length} files`,
    count,
    bytes: opened.reduce((sum, { bytes }) => sum + bytes, 0),
    hash: hash.digest('hex'),
    ...(apart < count || opened.some((one) => one.isHeldOut !== undefined)
      ? { isHeldOut: (i) => i >= apart || own(i) }
      : {}),
    key: (i) => of(i, (reader, row) => reader.key(row)),
    source: (i) => of(i, (reader, row) => reader.source(row)),
    read: (i) => of(i, (reader, row) => reader.read(row)),
    close: () => {
      for (const one of opened) one.close();
    },
  };
}
