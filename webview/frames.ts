/**
 * Cuts work into pieces. Each animation frame works for a few milliseconds and leaves the rest to the next one, so that
 * keys and clicks never wait for a chart. A task that is requested twice before it ran runs once, in its newest version.
 * Drawing on a canvas costs as much again when the browser paints it, so a frame contains only one drawing.
 */
const BUDGET = 8; // milliseconds of a frame of sixteen: the browser paints in the rest

/** Does a piece of work. Returns true if there is more to do. */
type Task = () => boolean | undefined | void; // eslint-disable-line @typescript-eslint/no-invalid-void-type -- most tasks are done at once

const waiting = new Map<string, { task: Task; kind: 'drawing' | 'other' }>();
let asked = false;

export function soon(name: string, task: Task, kind: 'drawing' | 'other' = 'other'): void {
  waiting.set(name, { task, kind });
  ask();
}

function ask(): void {
  if (asked) return;
  asked = true;
  requestAnimationFrame(work);
}

function work(): void {
  asked = false;
  const start = performance.now();
  let drawn = false;
  for (const [name, { task, kind }] of [...waiting]) {
    if (kind === 'drawing' && drawn) continue;
    drawn ||= kind === 'drawing';
    waiting.delete(name);
    // A task that is not finished continues after the others.
    if (task() === true) waiting.set(name, { task, kind });
    if (performance.now() - start > BUDGET) break;
  }
  if (waiting.size > 0) ask();
}
