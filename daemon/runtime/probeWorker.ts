/** A process that looks at onnxruntime and sends what it found, or the error; its death says as much. */
import { errorMessage, type ErrorMessage, toParent } from '../process/child.ts';
import type { Probe } from './probe.ts';

export type FromProbe = { readonly type: 'found'; readonly found: Probe } | ErrorMessage;

const parent = toParent<never, FromProbe>();
try {
  const { probe } = await import('./probe.ts');
  parent.finish({ type: 'found', found: await probe() });
} catch (error) {
  parent.finish(errorMessage(error));
}
