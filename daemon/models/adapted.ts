import type { Graph } from '../graph/graph.ts';
import type { Value } from '../graph/value.ts';
import { layoutOf } from '../layout.ts';
import { weightFormat } from '../weights/registry.ts';
import type { Adaptation } from './adaptation.ts';
import { cachedAttention, type CachedAttention, packedAttention } from './attention.ts';
import { type BaseModel, shapeOf } from './base.ts';
import { bindOne } from './binding.ts';
import type { Tokens } from './model.ts';
import { Network, type NetworkOptions } from './network.ts';

export interface AdaptedOptions extends Pick<NetworkOptions, 'tokens' | 'differentiable'> {
  readonly base: Pick<BaseModel, 'dir' | 'tensors'>;
  readonly adaptation: Adaptation;
  /** The name of a weight format. */
  readonly precision: string;
  readonly noise?: Value | undefined;
}

/**
 * A base with an adaptation on it, in a graph. The graph gets the input `theta`, the trainable vector, if there is one, and for an
 * adaptation that starts late `active` [tokens] float32.
 */
export function adaptedNetwork(g: Graph, options: AdaptedOptions): Network {
  const { base, adaptation, precision, tokens, differentiable, noise } = options;
  const active = adaptation.late ? g.reshape(g.input('active', 'float32', ['tokens']), ['tokens', 1]) : undefined;
  return new Network(g, {
    format: weightFormat(precision),
    adaptation,
    shapeOf: (name) => shapeOf(base, name),
    trained: bindOne(g, layoutOf(adaptation.parameters)),
    tokens,
    differentiable,
    ...(noise === undefined ? {} : { noise }),
    ...(active === undefined ? {} : { active }),
  });
}

/** Rows that may hold several examples. The graph gets the inputs `ids` [tokens], `positions` and `segments` [batch, length]. */
export function packedTokens(g: Graph, maxLength: number): Tokens {
  const ids = g.input('ids', 'int64', ['tokens']);
  const positions = g.input('positions', 'int64', ['batch', 'length']);
  const segments = g.input('segments', 'int64', ['batch', 'length']);
  return { ids, positions, maxLength, attention: packedAttention(g, positions, segments) };
}

/**
 * New tokens of one row, which follow those in a cache. The graph gets the inputs `ids` [tokens] and `positions` [1, tokens],
 * and those of the cache (`cachedAttention`).
 */
export function cachedTokens(g: Graph, maxLength: number): Tokens & { readonly attention: CachedAttention } {
  const ids = g.input('ids', 'int64', ['tokens']);
  const positions = g.input('positions', 'int64', [1, 'tokens']);
  return { ids, positions, maxLength, attention: cachedAttention(g, positions) };
}
