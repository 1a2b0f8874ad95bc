import { isAbsolute } from 'node:path';
import { getAdapter } from '../catalog/adapters.ts';
import type { Db } from '../catalog/schema.ts';
import {
  activeModel,
  BASE,
  baseNamed,
  modelNamed,
  modelOfAdapter,
  type ServedModel,
  type Whose,
} from '../catalog/served.ts';
import { baseName } from '../protocol/baseName.ts';
import { cacheFolder } from '../home.ts';
import { localFolder, refuseNoModel } from '../models/resolve.ts';
import { VeraError } from '../protocol/errors.ts';
import { isHubId } from '../protocol/hubId.ts';

/** How a client says which model is to answer. With nothing, it is the active adapter. */
export interface ModelChoice extends Whose {
  /** One word for it, as `modelNamed` reads it, or the spec of a base on this machine. */
  readonly model?: string | undefined;
  readonly adapter?: number | string | undefined;
  /** The base alone or, with `adapter`, a base for it in place of its own. */
  readonly base?: string | undefined;
}

/** Throws VeraError 'missing' or 'conflict'. */
export async function chooseModel(db: Db, { model, adapter, base, ...whose }: ModelChoice): Promise<ServedModel> {
  if (adapter !== undefined) {
    const { project, user } = whose;
    const found = await modelOfAdapter(db, await getAdapter(db, { adapter, project, user }));
    return base === undefined ? found : { ...found, base: (await baseOf(db, base, whose)).base };
  }
  if (base !== undefined) return baseOf(db, base, whose);
  if (model === undefined || model === '') return activeModel(db, whose);
  return orLocal(modelNamed(db, model, whose), model);
}

const baseOf = (db: Db, base: string, whose: Whose): Promise<ServedModel> =>
  orLocal(base === BASE ? modelNamed(db, base, whose) : baseNamed(db, base), base);

/** What was found in the catalog, or else a base that is on this machine: a request downloads nothing. */
async function orLocal(found: Promise<ServedModel>, spec: string): Promise<ServedModel> {
  try {
    return await found;
  } catch (error) {
    if (!(error instanceof VeraError) || error.code !== 'missing') throw error;
    if (!(await isHere(spec))) throw error;
    return { id: baseName(spec), base: spec, adapter: null, active: false };
  }
}

/** Whether a spec is a folder or a file of this machine, or a hub id that was downloaded. */
async function isHere(spec: string): Promise<boolean> {
  try {
    if (isAbsolute(spec)) refuseNoModel(spec);
    return isAbsolute(spec) || (isHubId(spec) && (await localFolder(spec, { cache: cacheFolder() })) !== undefined);
  } catch {
    return false;
  }
}
