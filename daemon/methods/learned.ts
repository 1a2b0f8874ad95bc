import type { LinearSite } from '../models/adaptation.ts';

/** Where a VeRA adapter learned: mean absolute values, [layer][module]; null where a layer has no such module adapted. */
export interface Learned {
  readonly layers: number[];
  /** Last names of the modules, as they come in a layer. */
  readonly modules: string[];
  /** How far each output is moved; 0 before training. */
  readonly b: (number | null)[][];
  /** How much of each random direction is used. */
  readonly d: (number | null)[][];
}

const HEAD = 'head';

/** theta: for each site its b [dOut] and d [rank], in order. A site of no layer (the head) is left out. */
export function learned(sites: readonly LinearSite[], rank: number, theta: Float32Array): Learned {
  const nameOf = ({ path }: LinearSite): string => path.slice(path.lastIndexOf('.') + 1) || HEAD;
  const inLayers = sites.filter(({ layer }) => layer !== undefined);
  const layers = [...new Set(inLayers.map(({ layer }) => layer as number))].sort((a, b) => a - b);
  const modules = [...new Set(inLayers.map(nameOf))];
  const empty = (): (number | null)[][] => layers.map(() => modules.map(() => null));
  const [b, d] = [empty(), empty()];
  let start = 0;
  for (const site of sites) {
    const end = start + site.dOut;
    if (site.layer !== undefined) {
      const [row, column] = [layers.indexOf(site.layer), modules.indexOf(nameOf(site))];
      b[row]![column] = meanAbsolute(theta.subarray(start, end));
      d[row]![column] = meanAbsolute(theta.subarray(end, end + rank));
    }
    start = end + rank;
  }
  return { layers, modules, b, d };
}

function meanAbsolute(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.abs(values[i]!);
  return values.length === 0 ? 0 : sum / values.length;
}
