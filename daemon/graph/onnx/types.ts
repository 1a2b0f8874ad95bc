import type { ElementType } from '../value.ts';

/** ONNX's numbers for the element types (TensorProto.DataType in onnx.proto). */
export const ONNX_TYPES: Record<ElementType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  uint32: 12,
};

export function elementTypeOf(onnxType: number): ElementType {
  const found = Object.entries(ONNX_TYPES).find(([, number]) => number === onnxType);
  if (!found) throw new Error(`ONNX element type ${String(onnxType)} is not used here`);
  return found[0] as ElementType;
}
