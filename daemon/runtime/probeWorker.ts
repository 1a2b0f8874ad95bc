/** A process that runs `probe` and sends the result or the error. If it dies, onnxruntime is broken. */
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
