import { rmSync, statfsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeFolder } from './folder.ts';
import { VeraError } from '../protocol/errors.ts';
import { bytesText } from '../protocol/text.ts';
import { isObject, parseJson, parseJsonObject } from './json.ts';
import { isHubId } from '../protocol/hubId.ts';
import { quote } from './quote.ts';
import { ioError, readText } from './read.ts';
import { INDEX_FILE, MAX_INDEX_BYTES, SINGLE_FILE, parseShardIndex } from './shards.ts';
import { bytesHeld, isComplete, requestText, transfer } from './transfer.ts';
import type { Digest, RequestOptions } from './transfer.ts';

const DEFAULT_ENDPOINT = 'https://huggingface.co';
const MAX_LISTING_BYTES = 20_000_000; // one page of a listing has at most 1000 files, some 300 bytes each
const MAX_PAGES = 50; // a model folder with more than 50,000 files at its root is not one
const MAX_TEXT_BYTES = 200_000_000; // tokenizers and configs; the largest published tokenizer.json has some 35 MB

/** The files that a model needs besides its weights, and its licence, which must stay with them. */
const WANTED = new Set([
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'tokenizer.model',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'vocab.txt',
  'merges.txt',
  'chat_template.jinja',
  'chat_template.json',
]);
const LICENCE = /^(licen[cs]e|notice|use_policy)([._-][\w.-]*)?$/i;

export interface DownloadOptions {
  /** The hub's address; by default HF_ENDPOINT, else https://huggingface.co. */
  endpoint?: string;
  /** An access token for gated and private models; by default HF_TOKEN. It is sent only to the endpoint. */
  token?: string;
  /** A branch, tag or commit; by default main. */
  revision?: string;
  /** False: download only config.json, into a folder that is not used for whole models. */
  weights?: boolean;
  /** Called with the bytes on disk of all files together, and the current file. */
  onProgress?: (done: number, total: number, file: string) => void;
  signal?: AbortSignal;
}

interface HubFile {
  name: string;
  size: number;
  digest: Digest | undefined;
}

/**
 * Downloads a model from a Hugging Face hub (`owner/name`): config, tokenizer, licence and safetensors weights, all of one commit,
 * each checked against the hub's size and hash. A download that was stopped continues where it stopped. config.json comes last, so
 * a folder that has it is complete. `outDir` is used for this model and revision only. Throws VeraError: 'usage' for an invalid id
 * or address, 'model' for a model that does not exist or has no safetensors, 'io' for network and disk.
 */
export async function downloadModel(id: string, outDir: string, options: DownloadOptions = {}): Promise<void> {
  const hub = openHub(id, options);
  const commit = await readCommit(hub, options.revision ?? 'main');
  const files = await listFiles(hub, commit);
  const dir = resolve(outDir);
  try {
    makeFolder(dir);
  } catch (error) {
    throw ioError(error, 'write', outDir);
  }

  const fetchFile = async (file: HubFile, onBytes: (done: number) => void) => {
    // While files are replaced, the folder must not look complete.
    if (file.name !== 'config.json') rmSync(join(dir, 'config.json'), { force: true });
    const url = `${hub.base}/${hub.id}/resolve/${encodeURIComponent(commit)}/${encodeURIComponent(file.name)}`;
    const { size, digest } = file;
    await transfer({ ...hub.request(file.name), url, target: join(dir, file.name), size, digest, onBytes });
  };
  const isHere = ({ name, size, digest }: HubFile) => isComplete(join(dir, name), size, digest);

  const withWeights = options.weights ?? true;
  const index = files.has(SINGLE_FILE) || !withWeights ? undefined : files.get(INDEX_FILE);
  if (index !== undefined) {
    if (index.size > MAX_INDEX_BYTES)
      throw new VeraError(
        'model',
        `${quote(id)}: its index has ${index.size} bytes, but only ${MAX_INDEX_BYTES} are allowed`,
      );
    if (!(await isHere(index))) await fetchFile(index, () => undefined);
  }
  const shards = index === undefined ? undefined : readText(join(dir, INDEX_FILE), MAX_INDEX_BYTES);
  const chosen = chooseFiles(id, files, shards, withWeights);
  const here = new Set<HubFile>();
  for (const file of chosen) if (await isHere(file)) here.add(file);
  refuseFullDisk(
    dir,
    chosen.filter((file) => !here.has(file)),
  );

  const total = chosen.reduce((sum, { size }) => sum + size, 0);
  let before = 0;
  for (const file of chosen) {
    const report = (done: number) => options.onProgress?.(before + done, total, file.name);
    if (!here.has(file)) await fetchFile(file, report);
    report(file.size);
    before += file.size;
  }
}

interface Hub extends HubAddress {
  id: string;
  request: (file?: string) => RequestOptions;
}

/** A hub's address, and what a request sends along. */
export interface HubAddress {
  base: string;
  host: string;
  headers: Record<string, string>;
  /** Whether a token may be sent there. */
  isPrivate: boolean;
  hasToken: boolean;
}

/** Checks the hub's address and the token. Throws VeraError 'usage'. */
export function hubAddress({ endpoint, token }: Pick<DownloadOptions, 'endpoint' | 'token'>): HubAddress {
  const stated = endpoint ?? (process.env['HF_ENDPOINT'] || DEFAULT_ENDPOINT);
  const url = URL.canParse(stated) ? new URL(stated) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== '' ||
    url.search !== '' ||
    url.hash !== ''
  ) {
    throw new VeraError(
      'usage',
      'the hub address (HF_ENDPOINT) has to be a plain http or https address, such as https://huggingface.co',
    );
  }
  const base = url.href.replace(/\/+$/, '');
  const secret = (token ?? process.env['HF_TOKEN'] ?? '').trim();
  // fetch would print the whole token in its own error.
  if (!/^[\x21-\x7e]*$/.test(secret))
    throw new VeraError('usage', 'the access token of the hub contains characters that no token has; copy it again');
  const isPrivate = url.protocol === 'https:' || ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  const hasToken = secret !== '';
  const headers: Record<string, string> = hasToken && isPrivate ? { authorization: `Bearer ${secret}` } : {};
  return { base, host: url.host, headers, isPrivate, hasToken };
}

/** The error for a model, or a file of it, that the hub does not give. */
export function hubRefusal(
  { base, host, isPrivate, hasToken }: HubAddress,
  id: string,
  status: number,
  file?: string,
): VeraError {
  const what = `${file === undefined ? '' : `${quote(file)} of `}${quote(id)} on ${host}`;
  const remedy = isPrivate ? ({ remedy: { do: 'giveHubToken' } } as const) : {};
  const access = !isPrivate
    ? 'a token is only sent over https'
    : `accept its terms at ${base}/${id} and give an access token of that account${hasToken ? ' (the one given has no access)' : ''}`;
  if (status === 401)
    return new VeraError(
      'model',
      `${what} does not exist, or is private or gated (HTTP 401): check the spelling, or ${access}`,
      remedy,
    );
  if (status === 403) return new VeraError('model', `${what} is gated (HTTP 403): ${access}`, remedy);
  if (status === 404)
    return new VeraError('model', `${what} does not exist (HTTP 404): check the spelling and the revision`);
  return new VeraError('io', `${what}: the server answered HTTP ${status}; try again later`);
}

function openHub(id: string, options: DownloadOptions): Hub {
  if (!isHubId(id)) {
    throw new VeraError(
      'usage',
      `${quote(id)} is not the id of a model: expected owner/name, such as HuggingFaceTB/SmolLM2-135M`,
    );
  }
  const address = hubAddress(options);
  const refuse = (file?: string) => (status: number) => hubRefusal(address, id, status, file);
  return {
    ...address,
    id,
    request: (file) => ({ headers: address.headers, signal: options.signal, refuse: refuse(file) }),
  };
}

/** The commit that a revision points to now, so that a push during the download cannot mix two versions. */
async function readCommit({ base, id, request }: Hub, revision: string): Promise<string> {
  const { text } = await requestText(
    `${base}/api/models/${id}/revision/${encodeURIComponent(revision)}`,
    MAX_LISTING_BYTES,
    request(),
  );
  const { sha } = parseJsonObject(text, `${quote(id)}: the hub's answer`);
  return typeof sha === 'string' && /^[0-9a-f]{7,64}$/.test(sha) ? sha : revision;
}

/** The files at the root of the repository, page by page. */
async function listFiles({ base, id, request }: Hub, commit: string): Promise<Map<string, HubFile>> {
  const files = new Map<string, HubFile>();
  const where = `${quote(id)}: the hub's list of files`;
  let url: string | undefined = `${base}/api/models/${id}/tree/${encodeURIComponent(commit)}`;
  for (let page = 0; url !== undefined; page++) {
    if (page === MAX_PAGES) throw new VeraError('io', `${where} does not end after ${MAX_PAGES} pages`);
    const { text, headers } = await requestText(url, MAX_LISTING_BYTES, request());
    const entries = parseJson(text, where);
    if (!Array.isArray(entries)) throw new VeraError('io', `${where} is not a list`);
    for (const entry of entries as unknown[]) {
      const file = readHubFile(entry, where);
      if (file !== undefined) files.set(file.name, file);
    }
    const next = /<([^>]+)>;\s*rel="next"/.exec(headers.get('link') ?? '')?.[1];
    const address: URL | undefined = next === undefined ? undefined : new URL(next, url);
    if (address !== undefined && address.origin !== new URL(base).origin)
      throw new VeraError('io', `${where} continues at another host`);
    url = address?.href;
  }
  return files;
}

function readHubFile(entry: unknown, where: string): HubFile | undefined {
  if (!isObject(entry)) throw new VeraError('io', `${where} has an entry that is not an object`);
  const { type, path, size: plainSize, oid, lfs } = entry;
  // Sub-folders contain other formats of the same model. A name that is a path must never be used as one here.
  if (type !== 'file' || typeof path !== 'string' || !/^[\w][\w.+-]{0,200}$/.test(path)) return undefined;
  const large = isObject(lfs) ? lfs : undefined;
  const size = large?.['size'] ?? plainSize;
  if (!Number.isSafeInteger(size) || (size as number) < 0)
    throw new VeraError('io', `${where}: ${quote(path)} has no size`);
  const sha256 = large?.['oid'];
  let digest: Digest | undefined;
  if (typeof sha256 === 'string' && /^[0-9a-f]{64}$/i.test(sha256)) digest = { kind: 'sha256', hex: sha256 };
  else if (large === undefined && typeof oid === 'string' && /^[0-9a-f]{40}$/i.test(oid))
    digest = { kind: 'git', hex: oid };
  return { name: path, size: size as number, digest };
}

/** The order of download: small files first, then the weights, config.json last. The weights are one file, or the shards in the index. */
function chooseFiles(
  id: string,
  files: Map<string, HubFile>,
  index: string | undefined,
  withWeights: boolean,
): HubFile[] {
  const config = files.get('config.json');
  if (config === undefined)
    throw new VeraError('model', `${quote(id)} has no config.json, so it is not a transformers model`);
  const small = [...files.values()].filter(
    ({ name }) => withWeights && name !== 'config.json' && (WANTED.has(name) || LICENCE.test(name)),
  );
  const huge = [config, ...small].find(({ size }) => size > MAX_TEXT_BYTES);
  if (huge !== undefined)
    throw new VeraError(
      'model',
      `${quote(id)}: ${quote(huge.name)} has ${huge.size} bytes, but only ${MAX_TEXT_BYTES} are allowed`,
    );
  if (!withWeights) return [config];
  const weights: HubFile[] = [];
  const single = files.get(SINGLE_FILE);
  if (index !== undefined) {
    const where = `${quote(id)}: ${INDEX_FILE}`;
    for (const name of new Set(parseShardIndex(index, where).values())) {
      const shard = name.endsWith('.safetensors') ? files.get(name) : undefined;
      if (shard === undefined)
        throw new VeraError('model', `${where} names ${quote(name)}, which is not among the model's safetensors files`);
      weights.push(shard);
    }
    weights.unshift(files.get(INDEX_FILE)!);
  } else if (single !== undefined) weights.push(single);
  else throw noSafetensors(id, [...files.keys()]);
  return [...small, ...weights, config];
}

function noSafetensors(id: string, names: string[]): VeraError {
  const has = (pattern: RegExp) => names.some((name) => pattern.test(name));
  if (has(/\.gguf$/i))
    return new VeraError(
      'model',
      `${quote(id)} contains GGUF files; download the one you want and give the file itself`,
    );
  if (has(/\.(bin|pt|pth)$/i)) {
    return new VeraError(
      'model',
      `${quote(id)} has its weights only as pickle, which can run any code when it is opened; use a version in safetensors, or convert it in Python`,
    );
  }
  if (has(/^adapter_model\.safetensors$/))
    return new VeraError('model', `${quote(id)} is an adapter, not a base model`);
  return new VeraError('model', `${quote(id)} has no ${SINGLE_FILE} and no ${INDEX_FILE}`);
}

/** Checks the space on the disk first, because a download can take hours. */
function refuseFullDisk(dir: string, files: HubFile[]): void {
  const missing = files.reduce(
    (sum, { name, size, digest }) => sum + size - bytesHeld(join(dir, name), size, digest),
    0,
  );
  const { bavail, bsize } = statfsSync(dir);
  const free = bavail * bsize;
  if (missing > free) {
    throw new VeraError(
      'io',
      `${quote(dir)}: the download needs ${bytesText(missing)} more, but the disk has ${bytesText(free)} free; make room or choose another folder`,
    );
  }
}
