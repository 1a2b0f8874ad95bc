import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { downloadModel } from '../formats/hub.ts';
import { quote } from '../formats/quote.ts';
import { readExactly, withFile } from '../formats/read.ts';
import { VeraError } from '../protocol/errors.ts';
import { baseName } from '../protocol/baseName.ts';
import { isHubId } from '../protocol/hubId.ts';
import { inspectBase, openBase } from './base.ts';
import type { BaseModel } from './base.ts';
import { parseConfig, readConfig } from './config.ts';
import { ggufConfig, ggufToFolder, ggufTokenizerToFolder } from './gguf/convert.ts';
import { cachedSnapshot } from './hubCache.ts';
import type { ModelConfig } from './model.ts';
import { readOllamaManifest } from './ollama.ts';
import { recommendedConfig } from './recommended.ts';
import { remember, remembered } from './remembered.ts';

export interface ResolveOptions {
  /** The folder for downloaded and converted models. */
  readonly cache: string;
  /** Receives the name of a slow task and the fraction that is done (0 to 1). */
  readonly onProgress?: (text: string, fraction: number) => void;
  readonly signal?: AbortSignal;
  /** An access token of the hub, for gated and private models. */
  readonly hubToken?: string | undefined;
}

const MAY_BE =
  'a base model is a Hugging Face folder (config.json, *.safetensors), a .gguf file, or a hub id such as HuggingFaceTB/SmolLM2-135M';

/**
 * Opens the model that `spec` names: a Hugging Face folder, a GGUF file (converted once into the cache, where its content
 * identifies it), or a hub id (downloaded once into the cache and then used without asking the hub). Throws VeraError: 'model'
 * if there is no such model, 'format' for a damaged file, 'io' for network and disk.
 */
export async function resolveBase(spec: string, options: ResolveOptions): Promise<BaseModel> {
  return openBase(await resolveFolder(spec, options), options.cache);
}

/** Whether a folder has a config and nothing else of a model: someone wants to know what a model would cost before fetching it. */
const isBare = (dir: string): boolean =>
  !readdirSync(dir).some((name) => /^tokenizer|\.(safetensors|bin|pt|pth|gguf|incomplete)$|\.index\.json$/i.test(name));

/**
 * The config of the model that `spec` names, after its tensors have been checked by their names, types and shapes. Nothing is
 * converted, and for a hub id only config.json is downloaded.
 */
export async function resolveConfig(spec: string, options: ResolveOptions): Promise<ModelConfig> {
  const { kind, path } = locate(spec);
  if (kind === 'gguf') return ggufConfig(path);
  if (kind === 'folder') return isBare(path) ? readConfig(path) : inspectBase(path, options.cache).config;
  const whole = hubModel(spec, options.cache);
  if (whole !== undefined) return inspectBase(whole, options.cache).config;
  const known = recommendedConfig(spec);
  if (known !== undefined) return parseConfig(known, spec);
  const folder = hubFolder(spec, join(options.cache, 'configs'));
  if (!existsSync(join(folder, 'config.json'))) await download(spec, folder, options, false);
  return readConfig(folder);
}

/**
 * The folder with the tokenizer of the model that `spec` names. Nothing is downloaded. For a GGUF file only the tokenizer is
 * converted (into `cache`, once for each state of the file). Throws VeraError 'model' if the tokenizer is not on this machine.
 */
export async function resolveTokenizer(spec: string, { cache }: Pick<ResolveOptions, 'cache'>): Promise<string> {
  if (!spec.includes('\0') && existsSync(join(spec, 'tokenizer.json'))) return spec;
  const place = locate(spec);
  if (place.kind === 'folder') return spec;
  if (place.kind === 'hub') {
    const folder = hubModel(spec, cache) ?? hubFolder(spec, cache);
    if (existsSync(join(folder, 'tokenizer.json'))) return folder;
    throw new VeraError('model', `${quote(spec)} has not been downloaded yet`);
  }
  const path = realpathSync(place.path);
  const key = createHash('sha256').update(contentKey(path)).digest('hex').slice(0, 32);
  const folder = join(cache, 'tokenizers', key);
  const isThere = (): boolean => existsSync(join(folder, 'tokenizer.json'));
  try {
    if (!isThere()) await ggufTokenizerToFolder(path, folder);
  } catch (error) {
    if (!isThere()) throw error; // another process may have written it in the meantime
  }
  return folder;
}

/** As `resolveTokenizer`, but undefined for a model that would have to be downloaded first. */
export async function localTokenizer(
  spec: string,
  options: Pick<ResolveOptions, 'cache'>,
): Promise<string | undefined> {
  return locate(spec).kind === 'hub' && (await localFolder(spec, options)) === undefined
    ? undefined
    : resolveTokenizer(spec, options);
}

/** The folder of a model that is on this machine; undefined if it would have to be downloaded or converted first. */
export async function localFolder(spec: string, options: ResolveOptions): Promise<string | undefined> {
  const { kind, path } = locate(spec);
  if (kind === 'folder') return path;
  if (kind === 'hub') return hubModel(spec, options.cache);
  const folder = await conversionFolder(path, options.cache);
  return existsSync(join(folder, 'config.json')) ? folder : undefined;
}

/** The folder or GGUF file of a model that is on this machine; undefined of one that is not. */
export function localPath(spec: string, cache: string): string | undefined {
  try {
    const { kind, path } = locate(spec);
    return kind === 'hub' ? hubModel(spec, cache) : path;
  } catch (error) {
    if (error instanceof VeraError) return undefined;
    throw error;
  }
}

/** The folder that a GGUF file is or would be converted into. The first time, the whole file is read. */
const conversionFolder = async (path: string, cache: string): Promise<string> =>
  join(cache, 'gguf', await contentId(path, cache, () => undefined));

/** Whether `spec` is a GGUF file that was not converted yet, as far as is known without reading it. */
export function isUnconverted(spec: string, { cache }: Pick<ResolveOptions, 'cache'>): boolean {
  const { kind, path } = locate(spec);
  if (kind !== 'gguf') return false;
  const id = remembered(contentIndex(cache), contentKey(path));
  return id === undefined || !existsSync(join(cache, 'gguf', id, 'config.json'));
}

async function resolveFolder(spec: string, options: ResolveOptions): Promise<string> {
  const { kind, path } = locate(spec);
  if (kind === 'folder') return path;
  if (kind === 'gguf') return converted(path, baseName(spec), options);
  const here = hubModel(spec, options.cache);
  if (here !== undefined) return here;
  const folder = hubFolder(spec, options.cache);
  await download(spec, folder, options, true);
  return folder;
}

/** Throws VeraError 'model' if `spec` cannot be a model. It opens and downloads nothing. */
export const refuseNoModel = (spec: string): void => void locate(spec);

/** What a spec is, and its folder or file; for a hub id the path is the id. */
interface Located {
  readonly kind: 'folder' | 'gguf' | 'hub';
  readonly path: string;
}

/** What is on the disk decides first; only then does the form of the text. */
function locate(spec: string): Located {
  const refuse = (what: string): VeraError => new VeraError('model', `${quote(spec)} ${what}: ${MAY_BE}`);
  if (spec === '' || spec.includes('\0')) throw refuse('names no model');
  const status = statusOf(spec);
  if (status === undefined) {
    if (isHubId(spec)) return { kind: 'hub', path: spec };
    throw refuse('is not there');
  }
  if (status.isDirectory()) {
    if (existsSync(join(spec, 'config.json'))) return { kind: 'folder', path: spec };
    throw refuse(withoutConfig(spec));
  }
  if (!status.isFile()) throw refuse('is neither a file nor a folder');
  if (isGguf(spec, status.size)) return { kind: 'gguf', path: spec };
  const pulled = readOllamaManifest(spec);
  const size = pulled === undefined ? undefined : statusOf(pulled.model)?.size;
  if (pulled !== undefined && size !== undefined && isGguf(pulled.model, size))
    return { kind: 'gguf', path: pulled.model };
  throw refuse(spec.endsWith('.safetensors') ? 'is one file of a model (pass its folder)' : 'is not a GGUF file');
}

/** What a folder without config.json is. */
function withoutConfig(dir: string): string {
  const has = (name: string): boolean => existsSync(join(dir, name));
  if (has('adapter_config.json'))
    return 'is an adapter; choose it as the adapter, and the model it was trained on as the base model';
  const names = readdirSync(dir).sort();
  if (has('params.json') || names.some((name) => name.startsWith('consolidated.')))
    return "has the model in its makers' own form, without config.json; use the folder in Hugging Face's form";
  const snapshots = join(dir, 'snapshots');
  const snapshot = existsSync(snapshots) ? readdirSync(snapshots)[0] : undefined;
  if (snapshot !== undefined) return `is a folder of the hub's cache; choose ${quote(join(snapshots, snapshot))} in it`;
  const checkpoint = names.findLast((name) => has(join(name, 'config.json')));
  if (checkpoint !== undefined) return `has no config.json; ${quote(join(dir, checkpoint))} has one`;
  const gguf = names.filter((name) => name.toLowerCase().endsWith('.gguf'));
  if (gguf[0] !== undefined) return `has no config.json; choose the GGUF file itself: ${quote(join(dir, gguf[0]))}`;
  return 'has no config.json';
}

function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw new VeraError('io', `cannot read ${quote(path)}: ${(cause as Error).message}`, { cause });
  }
}

/** The content decides, whatever the file's name is. */
const isGguf = (file: string, size: number): boolean =>
  size >= 4 && Buffer.from(withFile(file, (fd) => readExactly(fd, file, 0, 4))).toString('latin1') === 'GGUF';

/** Where downloaded models are kept, as OWNER/NAME. */
export const downloadsFolder = (cache: string): string => join(cache, 'hub');

export const hubFolder = (id: string, cache: string): string => join(downloadsFolder(cache), ...id.split('/'));

/** The folder of a hub model that is on this machine: our own download, or the one in Hugging Face's cache. */
function hubModel(id: string, cache: string): string | undefined {
  const own = hubFolder(id, cache);
  return existsSync(join(own, 'config.json')) ? own : cachedSnapshot(id);
}

async function download(id: string, folder: string, options: ResolveOptions, weights: boolean): Promise<void> {
  const { onProgress, signal, hubToken: token } = options;
  try {
    await downloadModel(id, folder, {
      weights,
      ...(token === undefined ? {} : { token }),
      onProgress: (done, total, file) =>
        onProgress?.(`downloading ${id}: ${file}`, total === 0 ? 1 : Math.min(1, done / total)),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    if (!(cause instanceof VeraError) || cause.code !== 'model') throw cause;
    // What looks like an id may be a folder that was mistyped.
    if (cause.remedy !== undefined) throw cause;
    throw new VeraError('model', `${cause.message}; nor is there a file or folder of that name here`, { cause });
  }
}

/** Where a GGUF file's conversion is, if the file was read before. Nothing is hashed. */
export function knownConversion(file: string, cache: string): string | undefined {
  const known = remembered(contentIndex(cache), contentKey(file));
  const folder = known === undefined ? undefined : join(cache, 'gguf', known);
  return folder !== undefined && existsSync(folder) ? folder : undefined;
}

/** The folder that a GGUF file was converted into. Its name comes from the file's content, so a copied or renamed file finds it. */
async function converted(file: string, name: string, { cache, onProgress }: ResolveOptions): Promise<string> {
  const id = await contentId(file, cache, (fraction) => onProgress?.(`reading ${name}`, fraction));
  const folder = join(cache, 'gguf', id);
  const isWhole = (): boolean => existsSync(join(folder, 'config.json'));
  if (isWhole()) return folder;
  try {
    await ggufToFolder(file, folder, (fraction) => onProgress?.(`converting ${name}`, fraction));
  } catch (error) {
    // Another process may have converted the same file in the meantime.
    if (!isWhole()) throw error;
  }
  return folder;
}

/** Where the content of GGUF files is remembered, and the name that a state of a file has there. */
const contentIndex = (cache: string): string => join(cache, 'gguf', 'index.json');
function contentKey(file: string): string {
  const path = realpathSync(file);
  const { size, mtimeMs, ino } = statSync(path);
  return `${path} ${size} ${mtimeMs} ${ino}`;
}

/** The first 32 hex digits of the sha256 of a file. Reading gigabytes takes a while, so it is remembered by path, size and time. */
async function contentId(file: string, cache: string, onProgress: (fraction: number) => void): Promise<string> {
  const [key, index] = [contentKey(file), contentIndex(cache)];
  const known = remembered(index, key);
  if (known !== undefined) return known;
  const { size } = statSync(file);
  const hash = createHash('sha256');
  let done = 0;
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 22 })) {
      hash.update(chunk as Buffer);
      done += (chunk as Buffer).length;
      onProgress(done / size);
    }
  } catch (cause) {
    throw new VeraError('io', `cannot read ${quote(file)}: ${(cause as Error).message}`, { cause });
  }
  const id = hash.digest('hex').slice(0, 32);
  remember(index, key, id);
  return id;
}
