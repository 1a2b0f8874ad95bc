/** A process that looks at onnxruntime and sends what it found; its death says as much. */
const { probe } = await import('./probe.ts').catch((cause: unknown) => {
  process.send?.({ error: cause instanceof Error ? cause.message : String(cause) });
  process.disconnect();
  return { probe: undefined };
});
if (probe) {
  try {
    process.send?.({ found: await probe() });
  } catch (cause) {
    process.send?.({ error: cause instanceof Error ? cause.message : String(cause) });
  }
  process.disconnect();
}
