import { binary } from './broadcast.ts';

/** Element-wise sum with broadcasting (ONNX Add-14). Gradient: dy for both inputs. */
export const add = binary(
  'Add',
  (_g, dy) => dy,
  (_g, dy) => dy,
);
