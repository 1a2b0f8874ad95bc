/**
 * The layout of a flat float32 vector that holds several tensors one after the other: the trainable vector of a run ("theta"),
 * and the vector of a stored adapter. Everything that needs to know where a tensor lies in such a vector asks here.
 */

/** A tensor by its name and shape. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A tensor and its place in the vector: elements from `start` up to, but not including, `end`. */
export type Entry<T extends NamedTensor = NamedTensor> = T & { readonly start: number; readonly end: number };

export interface Layout<T extends NamedTensor = NamedTensor> {
  /** In the order in which they lie in the vector. */
  readonly entries: readonly Entry<T>[];
  readonly byName: ReadonlyMap<string, Entry<T>>;
  /** Elements of the whole vector. */
  readonly size: number;
}

/** Elements of a tensor. */
export const elementsOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Puts tensors one after the other, row-major, without gaps. Throws where two have the same name. */
export function layoutOf<T extends NamedTensor>(tensors: readonly T[]): Layout<T> {
  let end = 0;
  const entries = tensors.map((tensor): Entry<T> => {
    const start = end;
    end += elementsOf(tensor.shape);
    return { ...tensor, start, end };
  });
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  if (byName.size !== entries.length) throw new Error('two tensors of a layout have the same name');
  return { entries, byName, size: end };
}

/** The elements of one tensor, as a view of the vector. theta: [layout.size]. Throws where the layout has no such tensor. */
export function slice(layout: Layout, theta: Float32Array, name: string): Float32Array {
  const entry = layout.byName.get(name);
  if (!entry) throw new Error(`the layout has no tensor ${name}`);
  return theta.subarray(entry.start, entry.end);
}

/** Makes the vector from the values of each tensor, row-major. Throws where a tensor has another number of values. */
export function pack<T extends NamedTensor>(
  layout: Layout<T>,
  valuesOf: (entry: Entry<T>) => Float32Array,
): Float32Array {
  const theta = new Float32Array(layout.size);
  for (const entry of layout.entries) {
    const values = valuesOf(entry);
    if (values.length !== entry.end - entry.start)
      throw new Error(`tensor ${entry.name} has ${values.length} values, but its shape is [${entry.shape.join(', ')}]`);
    theta.set(values, entry.start);
  }
  return theta;
}

/**
 * The same tensors in a layout whose shapes are at least as large, with zeros in the places that are new. This is how adapters
 * of several ranks share one bank: the bank's layout has the largest rank. The zeros change no result, as long as whatever
 * a method multiplies them with is padded in the same way (VeRA: A gets more rows and B more columns of any values; LoRA:
 * nothing else; but a scale that depends on the rank, such as LoRA's alpha / rank, must be that of the bank).
 */
export function padded(from: Layout, to: Layout, theta: Float32Array): Float32Array {
  return pack(to, ({ name, shape }) => {
    const source = from.byName.get(name);
    if (!source) throw new Error(`the layout has no tensor ${name}`);
    return grown(theta.subarray(source.start, source.end), source.shape, shape);
  });
}

/** A tensor of a larger shape with the given one in its leading corner and zeros elsewhere. */
export function grown(values: Float32Array, small: readonly number[], large: readonly number[]): Float32Array {
  if (small.length !== large.length || small.some((size, axis) => size > large[axis]!))
    throw new Error(`a tensor of shape [${small.join(', ')}] does not fit into [${large.join(', ')}]`);
  const out = new Float32Array(elementsOf(large));
  const columns = small.at(-1) ?? 1;
  for (let row = 0; row * columns < values.length; row++) {
    // The place of this row in the larger tensor, from its index along each leading axis.
    let [rest, place, stride] = [row, 0, large.at(-1) ?? 1];
    for (let axis = small.length - 2; axis >= 0; axis--) {
      place += (rest % small[axis]!) * stride;
      rest = Math.floor(rest / small[axis]!);
      stride *= large[axis]!;
    }
    out.set(values.subarray(row * columns, (row + 1) * columns), place);
  }
  return out;
}
