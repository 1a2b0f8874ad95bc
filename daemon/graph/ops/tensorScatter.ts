import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/**
 * A cache in which new entries replace those from a place on, which each row of the batch has for itself (ONNX TensorScatter-24).
 * cache: [batch, room, d], entries: [batch, length, d], places: [batch] int64 -> [batch, room, d]. Where the output has the memory of
 * the cache, only the new entries are written. It has no gradient rule.
 */
export const tensorScatter = defineOperator('TensorScatter', {
  opset: 24,
  shape: (inputs) => {
    const [cache, entries] = inputs as [Value, Value];
    if (cache.shape.length !== entries.shape.length || cache.shape.at(-1) !== entries.shape.at(-1))
      throw new Error(`TensorScatter: [${entries.shape.join(', ')}] does not fit into [${cache.shape.join(', ')}]`);
    return [cache];
  },
});
