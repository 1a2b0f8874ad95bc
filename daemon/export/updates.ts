import { Graph } from '../graph/graph.ts';
import { deadCode } from '../graph/passes/deadCode.ts';
import { lower } from '../graph/passes/lower.ts';
import { layoutOf, pack, slice } from '../layout.ts';
import type { MethodAdaptation } from '../methods/method.ts';
import type { LinearSite } from '../models/adaptation.ts';
import { bindOne } from '../models/binding.ts';
import { Network } from '../models/network.ts';
import { fp32 } from '../weights/fp32.ts';
import { cpu } from '../runtime/cpu.ts';
import { noWeights } from '../runtime/executor.ts';

/**
 * Computes what an adapter adds to the weight of one layer, row-major [dOut, dIn], in fp32 on onnxruntime, from the method's
 * `delta`. Undefined if the layer is not adapted. theta: laid out as the adaptation's parameters.
 */
export async function weightUpdate(
  adaptation: MethodAdaptation,
  site: LinearSite,
  theta: Float32Array,
): Promise<Float32Array | undefined> {
  const g = new Graph();
  const whole = layoutOf(adaptation.parameters);
  const own = layoutOf(adaptation.parameters.filter(({ name }) => name.startsWith(`${site.path}.`)));
  const net = new Network(g, {
    format: fp32,
    adaptation,
    shapeOf: (name) => {
      throw new Error(`an update does not depend on the base's tensor ${name}`);
    },
    trained: bindOne(g, own),
    tokens: 0,
    differentiable: false,
  });
  const delta = adaptation.delta(net, site);
  if (!delta) return undefined;
  g.output('delta', delta);
  const graph = await cpu.load(deadCode(lower(g)), noWeights);
  try {
    const values = pack(own, ({ name }) => slice(whole, theta, name));
    const results = await graph.run({ theta: { type: 'float32', data: values, dims: [own.size] } });
    return results['delta'];
  } finally {
    await graph.release();
  }
}
