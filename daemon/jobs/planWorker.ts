/**
 * The process that plans jobs: plan.ts starts it and sends it tasks, and it sends a plan for each as soon as it has it. It reads
 * each dataset once and measures the machine at most once, however many tasks there are.
 */
import { cacheFolder } from '../home.ts';
import { errorMessage, toParent } from '../process/child.ts';
import { openPlanning } from '../train/planning.ts';
import { kindNamed } from './kinds/registry.ts';
import type { FromPlanner, ToPlanner } from './messages.ts';

const parent = toParent<ToPlanner, FromPlanner>((asked) => void plan(asked));

async function plan({ tasks, rates, read, hubToken }: ToPlanner): Promise<void> {
  const planning = openPlanning(rates, read);
  for (const [index, { kind, task }] of tasks.entries()) {
    try {
      const options = { cache: cacheFolder(), signal: parent.stop, planning, hubToken };
      const estimate = await kindNamed(kind).estimate(task, options);
      await parent.send({ type: 'plan', index, estimate });
    } catch (error) {
      await parent.send({ type: 'fault', index, fault: errorMessage(error) });
    }
  }
  await planning.close();
  parent.finish({ type: 'measured', rates: planning.measured() });
}
