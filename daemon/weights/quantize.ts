/** A matrix in int8 with one scale a column: value = q * scale. */
export interface Quantized {
  /** [rows, columns]. */
  readonly q: Int8Array;
  /** [columns]. */
  readonly scale: Float32Array;
}

/** A column of smaller numbers counts as zero: a 127th part of them has too few bits left in float32. */
const SMALLEST = 1e-30;

/** Quantises each column of a matrix [rows, columns] symmetrically to -127..127 by its largest absolute value. */
export function quantizeColumns(matrix: Float32Array, rows: number, columns: number): Quantized {
  const scale = new Float32Array(columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const size = Math.abs(matrix[r * columns + c] as number);
      if (size > (scale[c] as number)) scale[c] = size;
    }
  }
  for (let c = 0; c < columns; c++) scale[c] = (scale[c] as number) > SMALLEST ? (scale[c] as number) / 127 : 1;
  const q = new Int8Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++)
      q[r * columns + c] = Math.round((matrix[r * columns + c] as number) / (scale[c] as number));
  }
  return { q, scale };
}

/** The transpose of a matrix [rows, columns]. */
export function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(matrix.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) out[c * rows + r] = matrix[r * columns + c] as number;
  return out;
}
