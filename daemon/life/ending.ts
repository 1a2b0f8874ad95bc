/** How the daemon ends: in order, once, and within a limited time. */
export interface Step {
  readonly name: string;
  readonly run: () => void | Promise<void>;
}

const PATIENCE_MS = 120_000; // for all steps together; the grace time of workers is shorter

/**
 * Runs every step in order, even after one failed. Gives up when all steps together take longer than `patience`. Returns the
 * problems.
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
