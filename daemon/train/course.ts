import { PHASES, type PhaseName, type PhaseSeconds } from '../protocol/runTime.ts';
import type { Emit } from '../protocol/runEvents.ts';

/** How far a run is. */
export interface Reached {
  /** Share of the whole run, from 0 to 1. It never falls. */
  readonly fraction: number;
  /** Absent while the plan of the run is not known. It does not rise, except where the machine became much slower. */
  readonly secondsLeft?: number;
}

/** Least time between two events that only say how far a phase is. */
const TOLD_MS = 250;
/** While so little was measured (seconds), the estimates count more than what was measured. */
const PRIOR_SECONDS = 2;
/** The share of a run that the download of its base is shown as, while nothing else is known of the run. */
const DOWNLOAD_SHARE = 0.2;
/** A run that turns out to take this much longer than was said, and this many seconds longer, says so. */
const MUCH_SLOWER = 2;
const MUCH_SLOWER_SECONDS = 30;

interface Phase {
  estimate: number;
  /** Share that is done. */
  done: number;
  /** Seconds that it took so far. */
  spent: number;
}

/** Evaluations take the same time before and during training, and samples before and after it. */
const ALIKE: Readonly<Partial<Record<PhaseName, PhaseName>>> = {
  evaluations: 'measuringBase',
  samplesAfter: 'samplesBefore',
};

/**
 * The course of a run: which phase it is in, how much of the whole is done, and how much time is left. The phases' estimates are
 * their weights; what was measured so far corrects them.
 */
export class Course {
  readonly #emit: Emit;
  readonly #now: () => number;
  readonly #phases: Record<PhaseName, Phase>;
  #at: PhaseName = 'data';
  #since: number;
  #fraction = 0;
  #left = Infinity;
  #hasPlan = false;
  #isPlanned = false;
  /** Phases with an estimate. */
  readonly #known = new Set<PhaseName>();
  #told = { text: '', at: -Infinity };

  /** `since`: when the run began, on the same clock; what came before the first phase counts as reading the data. */
  constructor(emit: Emit, since?: number, now: () => number = () => performance.now()) {
    this.#emit = emit;
    this.#now = now;
    this.#since = since ?? now();
    const empty = (): Phase => ({ estimate: 0, done: 0, spent: 0 });
    this.#phases = Object.fromEntries(PHASES.map((name) => [name, empty()])) as Record<PhaseName, Phase>;
  }

  /**
   * Sets the estimates. `isFinal`: they count everything, so that the time left can be shown. `done`: phases (shares of them) that
   * an earlier attempt of the run did.
   */
  plan(seconds: PhaseSeconds, isFinal: boolean, done: Readonly<Partial<Record<PhaseName, number>>> = {}): void {
    this.#spend();
    this.#isPlanned = isFinal;
    for (const name of PHASES) {
      if (seconds[name] > 0) this.#known.add(name);
      if (this.#known.has(name) || this.#phases[name].done === 0) this.#phases[name].estimate = seconds[name];
    }
    for (const name of PHASES) {
      const phase = this.#phases[name];
      phase.done = done[name] ?? phase.done;
      // Nobody measured what an earlier attempt did.
      if (phase.spent === 0) phase.spent = phase.estimate * phase.done;
    }
    if (this.#hasPlan) return;
    this.#hasPlan = true;
    const left = this.#secondsLeft();
    const before = PHASES.reduce(
      (sum, name) => sum + Math.max(this.#phases[name].spent, (done[name] ?? 0) * seconds[name]),
      0,
    );
    if (before > 0) this.#fraction = Math.max(this.#fraction, before / (before + left));
  }

  /** Begins a phase, which is not over yet. */
  begin(name: PhaseName, text: string): void {
    this.#spend();
    this.#at = name;
    this.#tell(text, true);
  }

  /** `done`: the share of the phase that is done. `more`: what else is known. */
  reached(name: PhaseName, done: number, text: string, more: { readonly heldOutLoss?: number } = {}): void {
    this.#move(name, done);
    this.#tell(text, false, more);
  }

  /** As `reached`, for an event that carries the result itself. */
  move(name: PhaseName, done: number): Reached {
    this.#move(name, done);
    return this.#where();
  }

  /** Ends a phase. */
  end(name: PhaseName): void {
    this.#move(name, 1);
  }

  /** Measured seconds of each phase. */
  measured(): PhaseSeconds {
    this.#spend();
    return this.#each(({ spent }) => spent);
  }

  estimates(): PhaseSeconds {
    return this.#each(({ estimate }) => estimate);
  }

  #each(of: (phase: Phase) => number): PhaseSeconds {
    return Object.fromEntries(PHASES.map((name) => [name, of(this.#phases[name])])) as PhaseSeconds;
  }

  #move(name: PhaseName, done: number): void {
    this.#at = name;
    const phase = this.#phases[name];
    phase.done = Math.min(1, Math.max(phase.done, done));
    this.#spend();
    // A download, whose speed nobody knows before it.
    if (!this.#known.has(name) && done > 0) phase.estimate = phase.spent / phase.done;
    if (!this.#hasPlan) this.#fraction = Math.max(this.#fraction, DOWNLOAD_SHARE * this.#phases.base.done);
  }

  /** Counts the time since the last call for the phase that is under way. */
  #spend(): void {
    const now = this.#now();
    const seconds = (now - this.#since) / 1000;
    this.#since = now;
    this.#phases[this.#at].spent += seconds;
    if (!this.#hasPlan) return;
    const left = this.#secondsLeft();
    // The rest of the way is as long as the time left: a wrong estimate changes the speed, never the direction.
    if (seconds > 0) this.#fraction += (1 - this.#fraction) * (seconds / (seconds + left));
  }

  #where(): Reached {
    const left = this.#secondsLeft();
    const isSlower = left > MUCH_SLOWER * this.#left && left > this.#left + MUCH_SLOWER_SECONDS;
    if (this.#isPlanned) this.#left = isSlower ? left : Math.min(this.#left, left);
    return { fraction: Math.min(this.#fraction, 0.999), ...(this.#isPlanned ? { secondsLeft: this.#left } : {}) };
  }

  #secondsLeft(): number {
    const all = Object.values(this.#phases);
    const rate = rateOf(all);
    return PHASES.reduce((sum, name) => {
      const phase = this.#phases[name];
      const alike = ALIKE[name];
      const own = [phase, ...(alike === undefined ? [] : [this.#phases[alike]])];
      return sum + phase.estimate * (1 - phase.done) * rateOf(own, rate);
    }, 0);
  }

  #tell(text: string, always: boolean, more: { readonly heldOutLoss?: number } = {}): void {
    const now = this.#now();
    if (!always && now - this.#told.at < TOLD_MS) return;
    this.#told = { text, at: now };
    this.#emit({ event: 'progress', text, ...this.#where(), ...more });
  }
}

/** Measured seconds for an estimated one. `prior`: what is assumed before anything was measured. */
function rateOf(phases: readonly Phase[], prior = 1): number {
  const measured = phases.filter(({ done, estimate }) => done > 0 && estimate > 0);
  const spent = measured.reduce((sum, phase) => sum + phase.spent, 0);
  const estimated = measured.reduce((sum, phase) => sum + phase.estimate * phase.done, 0);
  return (spent + prior * PRIOR_SECONDS) / (estimated + PRIOR_SECONDS);
}
