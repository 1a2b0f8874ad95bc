import { number, numbers } from '../operator.ts';
import type { Attributes, Builder, Dim, Inferred, RuleArguments, Value } from '../value.ts';

/** Shape rule of the reductions: drops `$axes`, or keeps them with size 1 if `keepdims` is 1. */
export function reducedShape(inputs: readonly Value[], attributes: Attributes): Inferred[] {
  const [x] = inputs as [Value];
  const axes = numbers(attributes, '$axes');
  const keep = number(attributes, 'keepdims', 1);
  return [{ type: x.type, shape: x.shape.flatMap((dim, i): Dim[] => (axes.includes(i) ? (keep ? [1] : []) : [dim])) }];
}

/** The gradient of a sum over axes: dy, with the reduced axes added back and broadcast to the input's shape. */
export function expandBack(g: Builder, { inputs, gradients, node }: RuleArguments): Value {
  const [x] = inputs as [Value];
  const axes = numbers(node.attributes, '$axes');
  const kept = g.reshape(
    gradients[0] as Value,
    x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim)),
  );
  return g.expand(kept, x.shape);
}
