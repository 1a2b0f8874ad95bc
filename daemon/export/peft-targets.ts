import { VeraError } from '../protocol/errors.ts';
import type { LinearSite } from '../models/adaptation.ts';

/**
 * The layers that adapter_config.json means. PEFT's rule: a module is adapted if an item of target_modules is its path or the
 * end of its path, and its layer is in layers_to_transform. Undefined if target_modules is a regular expression: it is in
 * Python's syntax, and one from a stranger may run forever. The stored tensors then say which layers are adapted.
 */
export function targetedSites(config: Record<string, unknown>, sites: readonly LinearSite[]): LinearSite[] | undefined {
  const { target_modules: targets, exclude_modules: excluded, layers_to_transform: layers } = config;
  if (typeof excluded === 'string' && excluded !== '') return undefined;
  const out = excluded === undefined || excluded === null || excluded === '' ? [] : names(excluded, 'exclude_modules');
  const left = sites.filter(({ path }) => !out.some((name) => endsWith(path, name)));
  if (targets === 'all-linear') return left;
  if (typeof targets === 'string') return undefined;
  const wanted = names(targets, 'target_modules');
  const chosen = left.filter(({ path }) => wanted.some((name) => endsWith(path, name)));
  if (layers === undefined || layers === null) return chosen;
  const numbers = Array.isArray(layers) ? layers : [layers];
  if (!numbers.every(Number.isSafeInteger)) throw bad('layers_to_transform', 'a whole number or a list of them');
  if (numbers.length === 0) return chosen;
  const pattern = config['layers_pattern'];
  const patterns =
    pattern === undefined || pattern === null
      ? []
      : names(typeof pattern === 'string' ? [pattern] : pattern, 'layers_pattern');
  // Every layer of these models is in "layers". A pattern that does not name it matches nothing, as in PEFT.
  if (patterns.length > 0 && !patterns.some((name) => name === 'layers' || name === 'model.layers')) return [];
  return chosen.filter(({ layer }) => layer !== undefined && numbers.includes(layer));
}

/**
 * The configuration without the items of rank_pattern and alpha_pattern that name no adapted layer: they have no effect in PEFT
 * either. Only plain names are judged, because a regular expression from a stranger may run forever.
 */
export function withoutIdlePatterns(
  config: Record<string, unknown>,
  sites: readonly LinearSite[],
): Record<string, unknown> {
  const adapted = targetedSites(config, sites) ?? sites;
  const acts = (name: string): boolean => !/^[\w.]+$/.test(name) || adapted.some(({ path }) => endsWith(path, name));
  const patterns = ['rank_pattern', 'alpha_pattern'].flatMap((key) => {
    const value = config[key];
    if (typeof value !== 'object' || value === null) return [];
    return [[key, Object.fromEntries(Object.entries(value).filter(([name]) => acts(name)))] as const];
  });
  return { ...config, ...Object.fromEntries(patterns) };
}

const endsWith = (path: string, name: string): boolean => path === name || path.endsWith(`.${name}`);

function names(value: unknown, key: string): string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw bad(key, 'a list of names');
  return value;
}

const bad = (key: string, what: string): VeraError =>
  new VeraError('adapter', `adapter_config.json: "${key}" has to be ${what}`);

/** target_modules as `--targets` writes it. `sites`: the adapted layers, which name the modules where some are excluded. */
export function targetsText(
  { target_modules: targets, exclude_modules: excluded }: Record<string, unknown>,
  sites: readonly LinearSite[],
): string {
  const isSet = Array.isArray(excluded) ? excluded.length > 0 : typeof excluded === 'string' && excluded !== '';
  if (isSet) return [...new Set(sites.map(({ path }) => path.slice(path.lastIndexOf('.') + 1)))].sort().join(',');
  if (Array.isArray(targets)) return targets.map(String).sort().join(',');
  return typeof targets === 'string' ? targets : '';
}
