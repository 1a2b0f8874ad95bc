import { layoutOf, slice } from '../layout.ts';
import type { LinearSite } from '../models/adaptation.ts';
import type { LinearMethod, MethodOptions } from './method.ts';

/** Where an adapter learned: figures by [layer][module]. A figure is null if that module of the layer is not adapted. */
export interface Learned {
  readonly layers: number[];
  /** The last part of each module's path, in the order in which the modules run in a layer. */
  readonly modules: string[];
  readonly figures: {
    readonly name: string;
    readonly label: string;
    readonly help: string;
    readonly fromZero: boolean;
    readonly values: (number | null)[][];
  }[];
}

/** The figures of an adapter; null if its method has none. Sites outside the numbered layers (the head) are left out. */
export function learned(
  method: LinearMethod,
  sites: readonly LinearSite[],
  options: MethodOptions,
  theta: Float32Array,
): Learned | null {
  if (!method.figures) return null;
  const nameOf = ({ path }: LinearSite): string => path.slice(path.lastIndexOf('.') + 1);
  const inLayers = sites.filter(({ layer }) => layer !== undefined);
  const layers = [...new Set(inLayers.map(({ layer }) => layer as number))].sort((a, b) => a - b);
  const modules = [...new Set(inLayers.map(nameOf))];
  const layout = layoutOf(method.tensors(sites, options));
  const figures = method.figures.map(({ tensor, ...about }) => {
    const values: (number | null)[][] = layers.map(() => modules.map(() => null));
    for (const site of inLayers) {
      const row = values[layers.indexOf(site.layer as number)]!;
      row[modules.indexOf(nameOf(site))] = meanAbsolute(slice(layout, theta, `${site.path}.${tensor}`));
    }
    return { ...about, values };
  });
  return { layers, modules, figures };
}

function meanAbsolute(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.abs(values[i]!);
  return values.length === 0 ? 0 : sum / values.length;
}
