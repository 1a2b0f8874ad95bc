import { Graph } from '../../graph/graph.ts';
import { deadCode } from '../../graph/passes/deadCode.ts';
import { lower } from '../../graph/passes/lower.ts';
import type { Dim } from '../../graph/value.ts';
import { layoutOf } from '../../layout.ts';
import type { Adaptation, LinearSite } from '../../models/adaptation.ts';
import { type BaseModel, shapeOf } from '../../models/base.ts';
import { familyOf } from '../../models/registry.ts';
import { logits } from '../../objectives/causalLm.ts';
import { weightFormat } from '../../weights/registry.ts';
import { joinProducts } from '../../graph/passes/joinProducts.ts';
import { BLOCK, rowAttention } from './attention.ts';
import { bindBatch, frozenMatrices, ServedNetwork } from './network.ts';

export interface EngineGraphOptions {
  readonly base: BaseModel;
  /** The name of a weight format. */
  readonly precision: string;
  /** Most positions of a row. */
  readonly maxLength: number;
  /** What is done to the model, with one vector of parameters per row; and the layers it is on. */
  readonly adaptation: Adaptation;
  readonly sites: readonly LinearSite[];
}

/**
 * The graph that reads `length` new tokens of each of `batch` rows. Inputs: ids [tokens], positions [batch, length], wanted [answers] (the
 * tokens whose logits are needed, counted through all rows), those of `rowAttention` and `bindBatch`, and the frozen matrices of the
 * adaptation. -> logits [answers, vocabulary], and the caches `keyN` and `valueN` with the new tokens, under these names with `new` before them.
 */
export function engineGraph({ base, precision, maxLength, adaptation, sites }: EngineGraphOptions): Graph {
  const { config } = base;
  const family = familyOf(config);
  const g = new Graph();
  const ids = g.input('ids', 'int64', ['tokens']);
  const positions = g.input('positions', 'int64', ['batch', 'length']);
  const wanted = g.input('wanted', 'int64', ['answers']);
  const attention = rowAttention(g, positions, config.kvHeads);
  const net = new ServedNetwork(
    g,
    {
      ...{ format: weightFormat(precision), adaptation, tokens: 1, differentiable: false },
      shapeOf: (name) => shapeOf(base, name),
      trained: bindBatch(g, layoutOf(adaptation.parameters), positions.shape as [Dim, Dim]),
    },
    frozenMatrices(adaptation, sites),
  );
  // Rows that have fewer new tokens than others of their run are filled up, beyond their last position.
  const hidden = family.forward(net, config, { ids, positions, maxLength: maxLength + BLOCK, attention });
  g.output('logits', logits(net, config, family.finalNorm(net, config, g.gather(hidden, wanted))));
  attention.keys.forEach((value, layer) => g.output(`newKey${layer}`, value));
  attention.values.forEach((value, layer) => g.output(`newValue${layer}`, value));
  const lowered = deadCode(lower(joinProducts(g)));
  const read = new Set(lowered.nodes.flatMap(({ inputs }) => inputs));
  lowered.inputs.splice(0, lowered.inputs.length, ...lowered.inputs.filter((value) => read.has(value)));
  return lowered;
}
