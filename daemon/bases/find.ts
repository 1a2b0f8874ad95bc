import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { baseName } from '../protocol/baseName.ts';
import type { FoundBase } from '../protocol/bases.ts';
import { describeBase } from './describe.ts';
import { SOURCES } from './registry.ts';
import type { Candidate, Place } from './source.ts';
import { type Budget, isSpent, walkWithin } from './walk.ts';

export interface FindOptions extends Pick<Place, 'folders' | 'used' | 'cache'> {
  readonly home?: string;
  readonly env?: Place['env'];
  readonly platform?: NodeJS.Platform;
  /** Most time, and most entries of folders that are read. */
  readonly ms?: number;
  readonly entries?: number;
  readonly signal?: AbortSignal;
}

/**
 * Base models on this machine, source by source. Configs and headers are read, no weights, and nothing is hashed. The daemon's other
 * requests are answered in between.
 */
export async function findBases(options: FindOptions): Promise<{ items: FoundBase[]; stopped: string | null }> {
  const { home = homedir(), env = process.env, platform = process.platform, ms = 5000, entries = 50_000 } = options;
  const { folders, used, cache, signal } = options;
  const budget: Budget = { entries, until: Date.now() + ms };
  const place: Place = { home, env, platform, folders, used, cache, walk: walkWithin(budget) };
  const items: FoundBase[] = [];
  const seen = new Set<string>();
  for (const { name: source, label: from, find } of SOURCES) {
    for await (const candidate of find(place)) {
      signal?.throwIfAborted();
      if (isSpent(budget)) break;
      const real = realPath(candidate.path);
      if (real === undefined || seen.has(real)) continue;
      seen.add(real);
      items.push(foundBase(source, from, candidate));
      await setImmediate();
    }
  }
  const stopped = isSpent(budget)
    ? 'There are too many files to look at all of them, so more models may be on this machine.'
    : null;
  return { items, stopped };
}

function foundBase(source: string, from: string, { spec, path, name, licence, usedAt }: Candidate): FoundBase {
  const facts = describeBase(path);
  return {
    ...{ source, from, spec, name: name ?? baseName(spec) },
    ...{ ...facts, licence: facts.licence ?? licence ?? null, usedAt: usedAt ?? null },
  };
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
