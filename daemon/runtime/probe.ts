import { Graph } from '../graph/graph.ts';
import { createSession, Tensor } from './session.ts';

/** What a look at onnxruntime found. */
export interface Probe {
  readonly version: string;
  readonly providers: readonly { readonly name: string; readonly bundled: boolean }[];
  /** Largest difference of a small product from the one computed in JavaScript. */
  readonly largestError: number;
  /** Whether the library was told before it was loaded to send nothing. */
  readonly telemetryOff: boolean;
}

const [ROWS, INNER, COLUMNS] = [5, 7, 3];

/** Loads onnxruntime, computes a small product with it and compares. Run it in a process of its own: what is broken may crash. */
export async function probe(): Promise<Probe> {
  const { default: ort } = await import('onnxruntime-node'); // session.ts has switched its uploader off
  const a = Float32Array.from({ length: ROWS * INNER }, (_, i) => Math.sin(i));
  const b = Float32Array.from({ length: COLUMNS * INNER }, (_, i) => Math.cos(i));
  const g = new Graph();
  g.output('y', g.linear(g.input('a', 'float32', [ROWS, INNER]), g.constant(b, [COLUMNS, INNER])));
  const session = await createSession(
    g,
    () => {
      throw new Error('no weights');
    },
    { threads: 1 },
  );
  const { y } = await session.run({ a: new Tensor('float32', a, [ROWS, INNER]) });
  const computed = y?.data as Float32Array;
  await session.release();
  let largestError = 0;
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0; column < COLUMNS; column++) {
      let sum = 0;
      for (let i = 0; i < INNER; i++) sum += a[row * INNER + i]! * b[column * INNER + i]!;
      largestError = Math.max(largestError, Math.abs(sum - computed[row * COLUMNS + column]!));
    }
  }
  return {
    version: ort.env.versions.node ?? 'unknown',
    providers: ort.listSupportedBackends().map(({ name, bundled }) => ({ name, bundled })),
    largestError,
    telemetryOff: process.env['ORT_DISABLE_TELEMETRY'] === '1',
  };
}
