import { statSync } from 'node:fs';
import { join } from 'node:path';
import { tokenizerFacts } from '../data/tokenizer.ts';
import { cacheFolder } from '../home.ts';
import { localFolder, resolveConfig } from '../models/resolve.ts';
import { parameterCount } from '../models/tensors.ts';
import type { Abilities } from '../protocol/abilities.ts';
import { type Recommended, recommended } from './generationConfig.ts';

/** By folder; a vocabulary takes a while to read. The key changes with the tokenizer's file. */
const known = new Map<string, { readonly key: string; readonly abilities: Abilities }>();

/**
 * What a base can do, from its config and tokenizer alone: no weights are read and no engine is started. Undefined if the base has
 * to be downloaded or converted first. Throws VeraError 'model' for a base that cannot be used.
 */
export async function abilitiesOf(spec: string): Promise<Abilities | undefined> {
  const options = { cache: cacheFolder() };
  const dir = await localFolder(spec, options);
  if (dir === undefined) return undefined;
  const key = [join(dir, 'config.json'), join(dir, 'tokenizer.json')].map(stateOf).join();
  const found = known.get(dir);
  if (found?.key === key) return found.abilities;
  const config = await resolveConfig(dir, options);
  const abilities: Abilities = {
    ...tokenizerFacts(dir),
    maxLength: config.maxLength,
    parameters: parameterCount(config),
  };
  known.set(dir, { key, abilities });
  return abilities;
}

/** What the author of a base recommends; nothing if the base has to be downloaded or converted first. */
export async function recommendedBy(spec: string): Promise<Recommended> {
  const dir = await localFolder(spec, { cache: cacheFolder() });
  return dir === undefined ? { sampling: {}, ignored: [] } : recommended(dir);
}

function stateOf(file: string): string {
  const { size, mtimeMs, ino } = statSync(file, { throwIfNoEntry: false }) ?? {};
  return `${size} ${mtimeMs} ${ino}`;
}
