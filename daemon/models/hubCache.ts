/** Hugging Face's own cache: HUB/models--OWNER--NAME with refs/REVISION (a commit) and snapshots/COMMIT (links into blobs/). */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { INDEX_FILE, parseShardIndex, SINGLE_FILE } from '../formats/shards.ts';
import { isHubId } from '../protocol/hubId.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the cache is, as huggingface_hub looks for it: the first that is set, and the usual place. */
export function hubCacheFolders(env: Environment = process.env, home = homedir()): string[] {
  const set = (name: string, ...below: string[]): string[] => (env[name] ? [join(env[name], ...below)] : []);
  const stated = [
    ...set('HF_HUB_CACHE'),
    ...set('HUGGINGFACE_HUB_CACHE'),
    ...set('HF_HOME', 'hub'),
    ...set('XDG_CACHE_HOME', 'huggingface', 'hub'),
  ].slice(0, 1);
  return [...new Set([...stated, join(home, '.cache', 'huggingface', 'hub')])];
}

/** models--OWNER--NAME -> OWNER/NAME; undefined for the old models without an owner. */
export function idOfRepository(folder: string): string | undefined {
  const id = folder.replace(/^models--/, '').replace('--', '/');
  return isHubId(id) ? id : undefined;
}

/** The snapshot that `main` names, or else the newest. */
export function currentSnapshot(repository: string): string | undefined {
  const snapshots = join(repository, 'snapshots');
  try {
    const main = join(repository, 'refs', 'main');
    const commit = existsSync(main) ? readFileSync(main, 'utf8').trim() : '';
    if (/^[0-9a-f]{7,64}$/.test(commit) && existsSync(join(snapshots, commit))) return join(snapshots, commit);
    const dated = readdirSync(snapshots).map((name) => [statSync(join(snapshots, name)).mtimeMs, name] as const);
    const newest = dated.sort(([a], [b]) => b - a)[0];
    return newest === undefined ? undefined : join(snapshots, newest[1]);
  } catch {
    return undefined; // a cache of another layout
  }
}

/** The folder of a model in that cache with everything that a run needs; undefined if there is none. */
export function cachedSnapshot(id: string): string | undefined {
  for (const root of hubCacheFolders()) {
    const snapshot = currentSnapshot(join(root, `models--${id.replace('/', '--')}`));
    if (snapshot !== undefined && isWhole(snapshot)) return snapshot;
  }
  return undefined;
}

function isWhole(folder: string): boolean {
  const has = (name: string): boolean => existsSync(join(folder, name)); // false for a link whose blob is missing
  if (!has('config.json') || !has('tokenizer.json')) return false;
  if (has(SINGLE_FILE)) return true;
  if (!has(INDEX_FILE)) return false;
  try {
    const index = readFileSync(join(folder, INDEX_FILE), 'utf8');
    return [...new Set(parseShardIndex(index, folder).values())].every(has);
  } catch {
    return false;
  }
}
