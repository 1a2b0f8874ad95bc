import { defineOperator } from '../operator.ts';
import type { Subgraph, Value } from '../value.ts';

/**
 * Runs a body several times (ONNX Loop-16). Inputs: the number of rounds, an empty one, then the carried values. Outputs: the
 * carried values after the last round, then the results of all rounds, stacked along a new axis that `$rounds` names.
 * Only lowering writes it, so it has no gradient.
 */
export const loop = defineOperator('Loop', {
  shape: (inputs, attributes) => {
    const { body } = attributes['body'] as { body: Subgraph };
    const carried = inputs.length - 1;
    return body.outputs.slice(1).map((v, i): Pick<Value, 'type' | 'shape'> => ({
      type: v.type,
      shape: i < carried ? v.shape : [attributes['$rounds'] as string, ...v.shape],
    }));
  },
  repeats: ({ attributes }) => ({
    body: (attributes['body'] as { body: Subgraph }).body,
    times: attributes['$rounds'] as string,
  }),
});
