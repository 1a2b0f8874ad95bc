import { Graph } from '../graph/graph.ts';
import { deadCode } from '../graph/passes/deadCode.ts';
import { lower } from '../graph/passes/lower.ts';
import type { Adaptation } from '../models/adaptation.ts';
import { adaptedNetwork, cachedTokens } from '../models/adapted.ts';
import type { BaseModel } from '../models/base.ts';
import { familyOf } from '../models/registry.ts';
import { logits } from '../objectives/causalLm.ts';

export interface DecodeOptions {
  readonly base: BaseModel;
  readonly adaptation: Adaptation;
  /** The name of a weight format. */
  readonly precision: string;
  /** Most positions, prompt and answer together. */
  readonly maxLength: number;
}

/**
 * The graph that reads some tokens of one row after those already in the cache. theta: [parameters], and the inputs of
 * `cachedTokens` -> logits of the last token [1, vocabulary], keys and values of the new tokens [layers, kvHeads, tokens,
 * headDim].
 */
export function decodeGraph({ base, adaptation, precision, maxLength }: DecodeOptions): Graph {
  const { config } = base;
  const family = familyOf(config);
  const g = new Graph();
  // Choose between equal products for one token, because most runs have only one.
  const net = adaptedNetwork(g, { base, adaptation, precision, tokens: 1, differentiable: false });
  const tokens = cachedTokens(g, maxLength);
  const hidden = family.forward(net, config, tokens);
  const last = g.gather(hidden, g.sub(g.dimension('tokens'), g.indices(1)));
  g.output('logits', logits(net, config, family.finalNorm(net, config, last)));
  g.output('keys', g.concat(tokens.attention.keys, 0));
  g.output('values', g.concat(tokens.attention.values, 0));
  return deadCode(lower(g));
}
