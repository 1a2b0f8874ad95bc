import { Graph } from '../graph/graph.ts';
import { createSession, Tensor } from './session.ts';

/** What `probe` found out about onnxruntime. */
export interface Probe {
  readonly version: string;
  readonly providers: readonly { readonly name: string; readonly bundled: boolean }[];
  /** The largest difference between a small product and the same product computed in JavaScript. */
  readonly largestError: number;
  /** Whether telemetry was switched off before the library was loaded. */
  readonly telemetryOff: boolean;
}

const [ROWS, INNER, COLUMNS] = [5, 7, 3];

/** Loads onnxruntime, computes a small product and compares it. Run it in a separate process: a broken library may crash. */
export async function probe(): Promise<Probe> {
  const { default: ort } = await import('onnxruntime-node'); // session.ts has switched off its telemetry
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
