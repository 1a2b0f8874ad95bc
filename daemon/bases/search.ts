import type { DownloadOptions } from '../formats/hub.ts';
import { hubModel, type HubModel, searchHub } from '../formats/hubSearch.ts';
import { ARCHITECTURES } from '../models/registry.ts';
import type { HubBase } from '../protocol/bases.ts';
import { hubIdIn } from '../protocol/hubId.ts';

/** Bytes of a number by its type; types of quantised weights are missing. */
const WIDTHS: Readonly<Record<string, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2 };

/**
 * Models of the hub that can be trained here. For an id or the address of a model: that one, with the reason if it cannot be trained;
 * if it does not exist, its last part is searched for.
 */
export async function searchBases(
  text: string,
  options: Pick<DownloadOptions, 'endpoint' | 'token' | 'signal'>,
): Promise<HubBase[]> {
  const id = hubIdIn(text);
  const named = id === undefined ? undefined : await hubModel(id, options);
  if (named !== undefined) return [hubBase(named)];
  const found = await searchHub(id === undefined ? text : id.slice(id.indexOf('/') + 1), options);
  return found.map(hubBase).filter(({ problem }) => problem === null);
}

function hubBase(model: HubModel): HubBase {
  const { id, architecture, licence, gated, downloads, stored } = model;
  const numbers = Object.entries(stored);
  const parameters = numbers.reduce((sum, [, count]) => sum + count, 0);
  const bytes = numbers.reduce((sum, [type, count]) => sum + (WIDTHS[type] ?? 1) * count, 0);
  return {
    ...{ id, architecture, licence, gated, downloads, problem: problemOf(model) },
    ...{ parameters: parameters || null, bytes: bytes || null },
  };
}

function problemOf({ architecture, quantised, stored }: HubModel): string | null {
  if (quantised !== null)
    return `its weights are quantised${quantised === '' ? '' : ` (${quantised})`}, and such weights cannot be trained; choose the model that it was made from`;
  if (architecture === null) return 'it has no config.json that names its architecture';
  if (!ARCHITECTURES.includes(architecture))
    return `its architecture ${architecture} is not supported; supported are ${ARCHITECTURES.join(', ')}`;
  const types = Object.keys(stored);
  if (types.length === 0) return 'it has no weights in safetensors';
  const other = types.find((type) => WIDTHS[type] === undefined);
  if (other !== undefined)
    return `its weights are stored as ${other}, which cannot be trained; choose the model that it was made from`;
  return null;
}
