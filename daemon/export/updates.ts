import { Graph } from '../graph/graph.ts';
import { deadCode } from '../graph/passes/deadCode.ts';
import { lower } from '../graph/passes/lower.ts';
import { elements } from '../graph/value.ts';
import type { Value } from '../graph/value.ts';
import type { MethodAdaptation } from '../methods/method.ts';
import type { LinearSite, Parameter } from '../models/adaptation.ts';
import { Network } from '../models/network.ts';
import { createSession, Tensor } from '../runtime/session.ts';

/**
 * What an adapter adds to the weight of one layer, row-major [dOut, dIn], in fp32 on onnxruntime: the method's own `delta`.
 * Undefined where the layer is not adapted. theta: laid out as the adaptation's parameters.
 */
export async function weightUpdate(
  adaptation: MethodAdaptation,
  site: LinearSite,
  theta: Float32Array,
): Promise<Float32Array | undefined> {
  const g = new Graph();
  const used = new Map<string, Value>();
  const slices = slicesOf(adaptation.parameters);
  const parameters = new Map([...slices].filter(([name]) => name.startsWith(`${site.path}.`)));
  for (const [name, { parameter }] of parameters) used.set(name, g.input(name, 'float32', parameter.shape));
  const net = new Network(g, {
    precision: 'fp32',
    adaptation,
    shapeOf: (name) => {
      throw new Error(`an update does not depend on the base's tensor ${name}`);
    },
    parameters: used,
    tokens: 0,
    differentiable: false,
  });
  const delta = adaptation.delta(net, site);
  if (!delta) return undefined;
  g.output('delta', delta);
  const session = await createSession(deadCode(lower(g)), (key) => {
    throw new Error(`no file for ${key}`);
  });
  try {
    const feeds = [...parameters].map(([name, { start, parameter }]) => {
      const values = theta.subarray(start, start + elements(parameter.shape));
      return [name, new Tensor('float32', values, [...parameter.shape])] as const;
    });
    const results = await session.run(Object.fromEntries(feeds));
    return (results['delta'] as Tensor).data as Float32Array;
  } finally {
    await session.release();
  }
}

/** Where each parameter begins in the flat vector. */
function slicesOf(parameters: readonly Parameter[]): Map<string, { start: number; parameter: Parameter }> {
  let start = 0;
  return new Map(
    parameters.map((parameter) => {
      const slice = { start, parameter };
      start += elements(parameter.shape);
      return [parameter.name, slice];
    }),
  );
}
