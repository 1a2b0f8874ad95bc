/** How the daemon ends: in order, once, and not for ever. */
export interface Step {
  readonly name: string;
  readonly run: () => void | Promise<void>;
}

const PATIENCE_MS = 120_000; // all of it; workers have a grace time of their own, which is shorter

/**
 * Runs every step in order, also after one failed. Steps that take longer than `patience` together are left alone. Returns
 * what went wrong.
 */
export async function endInOrder(steps: readonly Step[], patience = PATIENCE_MS): Promise<string[]> {
  const problems: string[] = [];
  const all = async (): Promise<void> => {
    for (const { name, run } of steps) {
      try {
        await run();
      } catch (error) {
        problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      problems.push(`not over after ${patience / 1000} s`);
      resolve();
    }, patience);
  });
  await Promise.race([all(), late]);
  clearTimeout(timer);
  return problems;
}
