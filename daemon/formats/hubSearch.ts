import { VeraError } from '../protocol/errors.ts';
import { type DownloadOptions, hubAddress, hubRefusal } from './hub.ts';
import { isObject, parseJson } from './json.ts';
import { quote } from './quote.ts';
import { requestText } from './transfer.ts';

const MAX_ANSWER_BYTES = 20_000_000; // an answer has at most LIMIT models with their configs, some kilobytes each
const LIMIT = 100; // models of one search; most of them cannot be trained
const FIELDS = ['config', 'safetensors', 'gated', 'tags', 'downloads'];

/** What the hub says about a model. null: it does not say. */
export interface HubModel {
  readonly id: string;
  readonly architecture: string | null;
  /** Whether its config names a form of quantised weights: 'gptq', 'bitsandbytes', ''. */
  readonly quantised: string | null;
  /** Numbers of parameters by the type that they are stored in; empty if there are no safetensors files. */
  readonly stored: Readonly<Record<string, number>>;
  readonly licence: string | null;
  readonly gated: boolean;
  readonly downloads: number | null;
}

type SearchOptions = Pick<DownloadOptions, 'endpoint' | 'token' | 'signal'>;

/** Language models with safetensors weights whose names have these words, the most downloaded first. Throws VeraError 'io' or 'usage'. */
export async function searchHub(words: string, options: SearchOptions = {}): Promise<HubModel[]> {
  const asked = { search: words.trim(), pipeline_tag: 'text-generation', filter: 'safetensors' };
  const query = queryOf({ ...asked, sort: 'downloads', direction: '-1', limit: String(LIMIT) });
  const answer = await ask(`/api/models?${query}`, `models for ${quote(words)}`, options);
  if (!Array.isArray(answer)) throw new VeraError('io', "the hub's answer to the search is not a list");
  return (answer as unknown[]).flatMap((one) => modelOf(one) ?? []);
}

/** One model. Undefined if there is none with that id. Throws VeraError 'model' if it is private or gated, 'io', 'usage'. */
export async function hubModel(id: string, options: SearchOptions = {}): Promise<HubModel | undefined> {
  try {
    return modelOf(await ask(`/api/models/${id}?${queryOf({})}`, id, options));
  } catch (error) {
    if (error instanceof NotThere) return undefined;
    throw error;
  }
}

function queryOf(asked: Record<string, string>): string {
  const query = new URLSearchParams(asked);
  for (const field of FIELDS) query.append('expand[]', field);
  return query.toString();
}

class NotThere extends VeraError {}

async function ask(path: string, what: string, { signal, ...options }: SearchOptions): Promise<unknown> {
  const address = hubAddress(options);
  const refuse = (status: number): VeraError =>
    status === 404 ? new NotThere('model', `${what} does not exist`) : hubRefusal(address, what, status);
  const { text } = await requestText(`${address.base}${path}`, MAX_ANSWER_BYTES, {
    headers: address.headers,
    signal,
    refuse,
  });
  return parseJson(text, "the hub's answer");
}

function modelOf(entry: unknown): HubModel | undefined {
  if (!isObject(entry) || typeof entry['id'] !== 'string') return undefined;
  const config = isObject(entry['config']) ? entry['config'] : {};
  const { architectures, quantization_config: quantisation } = config;
  const tags = Array.isArray(entry['tags']) ? entry['tags'].filter((tag) => typeof tag === 'string') : [];
  const safetensors = isObject(entry['safetensors']) ? entry['safetensors'] : {};
  const stored = isObject(safetensors['parameters']) ? Object.entries(safetensors['parameters']) : [];
  const method = isObject(quantisation) ? quantisation['quant_method'] : undefined;
  return {
    id: entry['id'],
    architecture: Array.isArray(architectures) ? String(architectures[0]) : null,
    quantised: isObject(quantisation) ? (typeof method === 'string' ? method : '') : null,
    stored: Object.fromEntries(stored.filter((one): one is [string, number] => typeof one[1] === 'number')),
    licence: tags.find((tag) => tag.startsWith('license:'))?.slice('license:'.length) ?? null,
    gated: entry['gated'] === 'auto' || entry['gated'] === 'manual' || entry['gated'] === true,
    downloads: Number.isSafeInteger(entry['downloads']) ? (entry['downloads'] as number) : null,
  };
}
