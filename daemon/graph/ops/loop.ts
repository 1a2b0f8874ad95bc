import { defineOperator } from '../operator.ts';
import type { Subgraph, Value } from '../value.ts';

/**
 * A body run a number of times (ONNX Loop-16). Inputs: trip count, nothing, then the carried values; outputs: the carried
 * values, then what each round gave, stacked (`$rounds` names that axis). Written only by lowering.
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
