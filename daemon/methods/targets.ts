import type { LinearSite } from '../models/adaptation.ts';
import { VeraError } from '../protocol/errors.ts';

/**
 * Selects linear layers. targets: `all-linear`, names of modules separated by commas (`q_proj,v_proj`, each matches the end of
 * a path), or a regular expression that must match a whole path, as in PEFT. layers: `0-5,10`, or undefined for all layers.
 */
export function selectSites(sites: readonly LinearSite[], targets: string, layers?: string): LinearSite[] {
  const chosen = sites.filter(matcher(sites, targets));
  const wanted = layers === undefined ? undefined : layerSet(layers, Math.max(...sites.map((s) => s.layer ?? 0)) + 1);
  const selected = wanted ? chosen.filter((site) => site.layer !== undefined && wanted.has(site.layer)) : chosen;
  if (selected.length === 0) {
    throw new VeraError(
      'usage',
      `targets ${JSON.stringify(targets)} match no linear layer; the model has ${moduleNames(sites).join(', ')} in each layer (or use all-linear)`,
    );
  }
  return selected;
}

const moduleNames = (sites: readonly LinearSite[]): string[] => [
  ...new Set(sites.map(({ path }) => path.slice(path.lastIndexOf('.') + 1))),
];

function matcher(sites: readonly LinearSite[], targets: string): (site: LinearSite) => boolean {
  if (targets === 'all-linear') return () => true;
  const names = targets.split(',').map((name) => name.trim());
  if (names.every((name) => /^[\w.]+$/.test(name) && !name.includes('..'))) {
    const ends = (site: LinearSite, name: string): boolean => site.path === name || site.path.endsWith(`.${name}`);
    const missing = names.find((name) => !sites.some((site) => ends(site, name)));
    if (missing !== undefined && names.length > 1) {
      throw new VeraError(
        'usage',
        `target ${JSON.stringify(missing)} matches no linear layer; the model has ${moduleNames(sites).join(', ')}`,
      );
    }
    return (site) => names.some((name) => ends(site, name));
  }
  let expression: RegExp;
  try {
    expression = new RegExp(`^(?:${targets})$`);
  } catch (cause) {
    throw new VeraError(
      'usage',
      `targets ${JSON.stringify(targets)} are no valid regular expression: ${(cause as Error).message}`,
      { cause },
    );
  }
  return (site) => expression.test(site.path);
}

function layerSet(text: string, count: number): Set<number> {
  const set = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part);
    const from = Number(match?.[1]);
    const to = Number(match?.[2] ?? match?.[1]);
    if (!match || from > to || to >= count)
      throw new VeraError(
        'usage',
        `layers ${JSON.stringify(text)}: write 0-${String(count - 1)} or a list such as 0-3,7; the model has ${String(count)} layers`,
      );
    for (let layer = from; layer <= to; layer++) set.add(layer);
  }
  return set;
}
