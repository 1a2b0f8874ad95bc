import type { Job } from '../protocol/jobs.ts';
import type { RunEvent } from '../protocol/runEvents.ts';
import { type GivenSettings, storedSettings } from '../train/settings.ts';
import type { JobWatcher } from './follow.ts';
import { plain, print, printJson } from './output.ts';
import { trainPrinter } from './trainPrinter.ts';

export interface JobPrinter extends JobWatcher {
  /** Clears the line of progress, so that another line can be printed. */
  clear(): void;
  /** Prints nothing until `release`, so that a question can be asked. */
  hold(): void;
  release(): void;
  /** Prints the last lines if the job rests; otherwise nothing more. */
  end(job?: Job): void;
}

/** The events with which a training run ends: they are printed after the job's own last state. */
const LAST: readonly RunEvent['event'][] = ['done', 'stopped'];

/** Prints a job as it runs: the events of its worker, as vera train prints them, and its own states in between. */
export function jobPrinter(job: Job, json: boolean): JobPrinter {
  const lines = json ? jsonLines() : textLines(job);
  let held: (() => void)[] | undefined;
  let last: RunEvent | undefined;
  const now = (act: () => void): void => {
    if (held === undefined) act();
    else held.push(act);
  };
  const release = (): void => {
    const waiting = held ?? [];
    held = undefined;
    for (const act of waiting) act();
  };
  return {
    job: (state) => now(() => lines.job(state)),
    worker: (event) => {
      // An attempt that went on after it was stopped, and the one before it, did not end the job.
      last = undefined;
      if (LAST.includes(event.event)) last = event;
      else now(() => lines.worker(event));
    },
    skipped: () =>
      now(() =>
        lines.worker({ event: 'note', text: 'some events are left out: they came too fast, or are no longer stored' }),
      ),
    clear: () => lines.clear(),
    hold: () => {
      lines.clear();
      held ??= [];
    },
    release,
    end: (rested) => {
      if (rested !== undefined) release();
      if (rested !== undefined && last !== undefined) lines.worker(last);
      lines.clear();
    },
  };
}

interface Lines {
  job(job: Job): void;
  worker(event: RunEvent): void;
  clear(): void;
}

/** Equal for states that look the same to a reader; the progress is printed from the worker's events. */
const stateOf = ({ state, waitingFor, attempts }: Job): string => JSON.stringify([state, waitingFor, attempts.length]);

function jsonLines(): Lines {
  let before = '';
  return {
    job: (job) => {
      const { id, state, waitingFor, result } = job;
      if (stateOf(job) === before) return;
      before = stateOf(job);
      const waiting = waitingFor === null ? {} : { waitingFor };
      printJson({ event: 'job', job: id, state, ...waiting, ...(result === null ? {} : { result }) });
    },
    worker: printJson,
    clear: () => undefined,
  };
}

function textLines({ spec }: Job): Lines {
  // Other kinds print notes and progress, which need no settings.
  const printer = trainPrinter(spec.kind === 'train' ? storedSettings(spec['settings'] as GivenSettings) : {});
  let before = '';
  return {
    job: (job) => {
      if (stateOf(job) === before) return;
      before = stateOf(job);
      const text = stateText(job);
      if (text === undefined) return;
      printer.end();
      print(text);
    },
    worker: (event) => printer.print(event),
    clear: () => printer.end(),
  };
}

/** What a person should know about a job's new state. What its worker prints, or the end of the command, is left out. */
function stateText({ id, state, waitingFor, attempts }: Job): string | undefined {
  const last = attempts.at(-1);
  if (state === 'queued') {
    const again = last?.outcome === 'crashed' || last?.outcome === 'lost';
    const why = again
      ? `attempt ${last.number} ended: ${plain(last.reason ?? last.outcome ?? '')}; it resumes from there`
      : undefined;
    const waits = waitingFor === null ? undefined : `is waiting: ${plain(waitingFor)}`;
    const words = [why, waits].filter((word) => word !== undefined);
    return words.length === 0 ? undefined : `Job ${id} ${words.join('; ')}`;
  }
  if (state === 'pausing') return `Job ${id} is stopping at a checkpoint`;
  if (state === 'cancelling') return `Job ${id} is being cancelled`;
  return undefined;
}
