/** The loop of a run. Steps, evaluations, samples and checkpoints share its state, so this file is long. */
import type { Adapter } from '../export/adapter.ts';
import { removeTemporaries } from '../formats/atomic.ts';
import type { VeraError } from '../protocol/errors.ts';
import { type DataPosition, batchGroups, type Group } from './batchSource.ts';
import { saveCheckpoint } from './checkpoint.ts';
import { checkIds, turn } from './evaluate.ts';
import { evaluatedShare, type Expected, expectedOf, planCourse, startEvent } from './expected.ts';
import { type LookOptions, measureHeldOut, writeSamples } from './looks.ts';
import type { MachineRates } from '../protocol/plans.ts';
import { type Emit, type RunEventOf, trainingText } from '../protocol/runEvents.ts';
import { cacheFolder } from '../home.ts';
import { resolveConfig } from '../models/resolve.ts';
import { AUTO } from '../weights/registry.ts';
import { type ChosenFormat, chosenFormat } from './chosenFormat.ts';
import { checkpointsOf, holdsRun, lockFile, metricsFile, readRun, writeRun } from './folder.ts';
import { identityOf } from './identity.ts';
import { lockFolder } from './lock.ts';
import { currentRss, peakRss } from './memory.ts';
import { Metrics } from './metrics.ts';
import { dropoutNoise } from './noise.ts';
import { type Failure, numericFailure } from './numeric.ts';
import { AdamW, clip } from './optimizer.ts';
import { Course } from './course.ts';
import { estimatedFigures } from './estimatedFigures.ts';
import { createStep, prepare, type Prepared } from './prepare.ts';
import { addEvaluation, addLoss, firstProgress, heldOutFigures, type Progress, trainLoss } from './progress.ts';
import { restore } from './restore.ts';
import { saveResult } from './result.ts';
import { rateFactor } from './schedule.ts';
import type { ReadySettings, TrainSettings } from './settings.ts';
import { trainedOn } from './trainedOn.ts';
import { openPlanning } from './planning.ts';
import { roughTime } from './roughTime.ts';
import type { Step } from './step.ts';
import type { Throughput } from './throughput.ts';
import { initialTheta, parameterGroups, thetaSize } from './trainable.ts';
import { add, scale } from './vectors.ts';

export interface RunControl {
  readonly emit: Emit;
  /** Called after every step. True ends the run there, with a checkpoint. */
  readonly stopped: () => boolean;
  /** Continue from the newest checkpoint in the output folder. */
  readonly resume: boolean;
  /** What is known of the speed of this machine. It is measured if that is nothing. */
  readonly rates?: readonly MachineRates[] | undefined;
  /** When the work began, as `performance.now()` has it; now if left out. */
  readonly since?: number;
  /** Receives facts about base and dataset, before the first step. */
  readonly onPrepared?: (prepared: Prepared) => void;
  /** Receives the adapter when its folder is whole. `full` makes no adapter. */
  readonly onAdapter?: (adapter: Adapter, prepared: Prepared) => void;
}

/**
 * Trains: first an evaluation of the base and its samples, then steps with evaluations and checkpoints in between, at the end
 * samples and the adapter. It says all the while what is being done, how much of the whole run that is, and how long it takes. The same settings, data and threads give the same bits, wherever the run was interrupted. Undefined if it was
 * stopped.
 */
export async function train(given: TrainSettings, control: RunControl): Promise<RunEventOf<'done'> | undefined> {
  const release = await lockFolder(lockFile(given.out));
  try {
    const course = new Course(control.emit, control.since);
    const weights = await formatOf(given, control.resume);
    const settings = { ...given, precision: weights.precision };
    const rates = await openPlanning(control.rates ?? [], false).rates(settings.precision, settings.threads);
    const rough = await roughTime(settings, rates);
    if (rough !== undefined) course.plan(rough.seconds, !rough.isGuess);
    const prepared = await prepare(settings, course);
    control.onPrepared?.(prepared);
    const run = await Run.open(control, prepared, course, { rates, weights });
    try {
      return (await run.learn()) ? await run.finish(rates) : undefined;
    } finally {
      await run.close();
      prepared.dataset.close();
    }
  } finally {
    release();
  }
}

/** The weight format. A run that is resumed keeps the one that it began with, whatever would be chosen now. */
async function formatOf(settings: TrainSettings, resume: boolean): Promise<ChosenFormat> {
  if (settings.precision !== AUTO) return { precision: settings.precision };
  if (resume && holdsRun(settings.out)) {
    const { precision } = readRun(settings.out);
    if (precision !== AUTO) return { precision };
  }
  const cache = cacheFolder();
  return chosenFormat(settings, await resolveConfig(settings.base, { cache }), cache);
}

/** A checkpoint is written at least so often, whatever the settings say. */
const LONG_AGO_MS = 60_000;

class Run {
  readonly #settings: ReadySettings;
  readonly #control: RunControl;
  readonly #prepared: Prepared;
  readonly #checkpoints: string;
  readonly #identity: string;
  readonly #optimizer: AdamW;
  readonly #metrics: Metrics;
  readonly #expected: Expected;
  readonly #course: Course;
  /** Whether this attempt began at step 0, so that what it measures is the whole run. */
  readonly #isWhole: boolean;
  #weights: ChosenFormat | undefined;
  #progress: Progress;
  #theta: Float32Array;
  #best: Float32Array | undefined;
  #savedAt = -1;
  /** When the last checkpoint was written (or the run began), and how long that took. */
  #saved = { at: performance.now(), tookMs: 0 };
  #train: Step | undefined;
  #eval: Step | undefined;

  private constructor(control: RunControl, prepared: Prepared, expected: Expected, course: Course) {
    const { settings } = prepared;
    this.#settings = settings;
    this.#control = control;
    this.#prepared = prepared;
    this.#expected = expected;
    this.#course = course;
    this.#checkpoints = checkpointsOf(settings.out);
    this.#identity = identityOf(settings, prepared.base.fingerprint, prepared.dataset.hash);
    this.#optimizer = new AdamW(thetaSize(prepared.adaptation), settings);
    this.#progress = firstProgress();
    this.#theta = new Float32Array();
    const restored = control.resume && this.#restore();
    if (!restored) this.#theta = initialTheta(prepared.adaptation);
    this.#metrics = new Metrics(metricsFile(settings.out), this.#progress.metricsBytes);
    this.#isWhole = this.#progress.step === 0;
  }

  static async open(
    control: RunControl,
    prepared: Prepared,
    course: Course,
    { rates, weights }: { rates: Throughput; weights: ChosenFormat },
  ): Promise<Run> {
    const { base, dataset, settings } = prepared;
    const expected = await expectedOf(prepared);
    const identity = { base: base.fingerprint, dataset: dataset.hash };
    // Write run.json first: if the run is killed, whatever it leaves behind can be identified. When resuming, check that the
    // folder is ours before overwriting its run.json.
    if (!control.resume) writeRun(settings, identity);
    const run = new Run(control, prepared, expected, course);
    if (control.resume) writeRun(settings, identity);
    planCourse(course, prepared, expected, run.#progress, rates);
    // The folder is ours, and its lock says that nobody else writes here now.
    for (const folder of [settings.out, run.#checkpoints]) removeTemporaries(folder);
    control.emit({
      ...startEvent(prepared, expected.steps, run.#progress.step),
      ...(weights.why === undefined ? {} : { precisionWhy: weights.why }),
    });
    run.#weights = weights;
    return run;
  }

  /** Loads the newest whole checkpoint. False if there is none yet. */
  #restore(): boolean {
    const note = (text: string): void => {
      this.#control.emit({ event: 'note', text });
    };
    const found = restore(this.#checkpoints, this.#identity, this.#optimizer.mean.length, note);
    if (found === undefined) return false;
    this.#progress = found.progress;
    this.#theta = found.theta;
    this.#best = found.best;
    this.#optimizer.mean.set(found.mean);
    this.#optimizer.variance.set(found.variance);
    this.#optimizer.count = found.optimizerSteps;
    this.#savedAt = found.step;
    return true;
  }

  /** Takes steps until the end; false if the run was stopped. In both cases it ends with a checkpoint. */
  async learn(): Promise<boolean> {
    const { settings, progress } = { settings: this.#settings, progress: this.#progress };
    const epochs = settings.steps === undefined ? settings.epochs : Infinity;
    const groups = batchGroups(this.#prepared.dataset, settings, progress.position, epochs);
    try {
      for (let streamEnded = false; ;) {
        const last = streamEnded || progress.step >= (settings.steps ?? Infinity);
        if (!this.#control.stopped()) await this.#lookAt(last || this.#early());
        const ended = last || this.#early();
        const stopped = this.#control.stopped();
        if (stopped || ended || progress.step % settings.checkpointEvery === 0 || this.#isLongAgo()) this.#save();
        if (stopped) {
          this.#control.emit({ event: 'stopped', step: progress.step, checkpoint: this.#checkpoints });
          return false;
        }
        if (ended) return true;
        const group = await groups.next();
        if (group.done) streamEnded = true;
        else await this.#take(group.value);
      }
    } finally {
      await groups.return(undefined);
    }
  }

  /** Whether an interruption now would lose much work. Large checkpoints, which take long to write, have to wait for their step. */
  #isLongAgo(): boolean {
    const { at, tookMs } = this.#saved;
    return performance.now() - at > Math.max(LONG_AGO_MS, 50 * tookMs);
  }

  /** Whether the held-out loss no longer falls. */
  #early(): boolean {
    const { patience } = this.#settings;
    return patience > 0 && this.#progress.sinceBest >= patience;
  }

  /** Takes the samples and the evaluation that are due now. */
  async #lookAt(ended: boolean): Promise<void> {
    const { emit, stopped } = this.#control;
    const progress = this.#progress;
    const due = this.#prepared.dataset.heldOutRows > 0 && (ended || progress.step % this.#expected.evalEvery === 0);
    if (due && progress.evaluatedAt !== progress.step) await this.#evaluate();
    if (progress.step > 0 || progress.samplesBefore || stopped()) return;
    progress.samplesBefore = await writeSamples('samplesBefore', this.#theta, this.#look());
    for (const sample of progress.samplesBefore) emit({ event: 'sample', when: 'before', ...sample });
  }

  async #evaluate(): Promise<void> {
    const { emit, stopped } = this.#control;
    const [progress, expected] = [this.#progress, this.#expected];
    const isBase = progress.step === 0;
    const place = isBase
      ? ({ phase: 'measuringBase', what: 'measuring the base', from: 0, share: 1 } as const)
      : ({ phase: 'evaluations', what: 'measuring what it has learned' } as const);
    this.#course.begin(place.phase, place.what);
    this.#eval ??= await createStep(this.#settings, this.#prepared, false);
    const evaluation = await measureHeldOut(
      this.#eval,
      this.#theta,
      this.#look(),
      {
        ...{
          from: evaluatedShare(expected, progress),
          share: 1 / Math.max(1, Math.ceil(expected.steps / expected.evalEvery)),
        },
        ...{ ...place, batches: expected.workload.evaluation?.batches ?? 0 },
      },
      stopped,
    );
    const { loss, tokens, accuracy } = evaluation;
    if (stopped()) return; // a resumed run takes the whole evaluation again
    if (!Number.isFinite(loss)) throw this.#failure('the held-out loss is not finite');
    const best = addEvaluation(progress, evaluation);
    if (best) this.#best = this.#theta.slice();
    const guessed = accuracy === undefined ? {} : { accuracy };
    this.#metrics.append({ step: progress.step, heldOutLoss: loss, ...guessed });
    emit({ event: 'eval', step: progress.step, loss, ...guessed, best, tokens });
    this.#course.reached(place.phase, isBase ? 1 : evaluatedShare(expected, progress), place.what);
  }

  #look(): LookOptions {
    return { course: this.#course, prepared: this.#prepared, settings: this.#settings };
  }

  /** Takes one optimizer step, with the mean gradient over the counted tokens of its batches. */
  async #take({ parts, epoch, next }: Group): Promise<void> {
    const [settings, progress] = [this.#settings, this.#progress];
    if (!this.#train) {
      this.#course.begin('steps', trainingText(progress.step + 1, this.#expected.steps));
      this.#train = await createStep(settings, this.#prepared, true);
    }
    const start = performance.now();
    let gradient: Float32Array | undefined;
    let [sum, counted, tokens] = [0, 0, 0];
    for (const [part, batch] of parts.entries()) {
      checkIds(batch, this.#prepared.base.config.vocabulary);
      const noise = this.#prepared.adaptation.noisy
        ? dropoutNoise(settings.seed, progress.step, part, batch.ids.length)
        : undefined;
      const result = await this.#train.run(this.#theta, batch, noise);
      gradient = gradient ? add(gradient, result.gradient) : result.gradient;
      sum += result.loss;
      counted += batch.targets.length;
      tokens += batch.tokens;
    }
    if (!gradient) return;
    // Let the death of the parent or a request to stop be noticed before anything is written.
    await turn();
    const loss = sum / counted;
    if (!Number.isFinite(loss)) throw this.#failure('the loss is not finite');
    scale(gradient, 1 / counted);
    const gradientNorm = clip(gradient, settings.clip || Infinity);
    if (!Number.isFinite(gradientNorm)) throw this.#failure('the gradient is not finite');
    if (gradientNorm === 0) throw this.#failure('the gradient is zero everywhere');
    const factor = this.#rate();
    const groups = parameterGroups(this.#prepared.adaptation, settings).map((group) => ({
      ...group,
      rate: group.rate * factor,
    }));
    this.#optimizer.step(this.#theta, gradient, groups);
    progress.seconds += (performance.now() - start) / 1000;
    this.#record({ loss, gradientNorm, tokens, learningRate: settings.lr * factor }, epoch, next);
  }

  #record(
    figures: { loss: number; gradientNorm: number; tokens: number; learningRate: number },
    epoch: number,
    next: DataPosition,
  ): void {
    const progress = this.#progress;
    progress.step += 1;
    progress.position = next;
    progress.tokens += figures.tokens;
    progress.peakRssBytes = Math.max(progress.peakRssBytes, peakRss());
    addLoss(progress, figures.loss);
    this.#metrics.append({ step: progress.step, epoch, ...figures });
    const { step, peakRssBytes } = progress;
    const steps = Math.max(this.#expected.steps, step);
    const { fraction, secondsLeft = 0 } = this.#course.move('steps', step / steps);
    this.#control.emit({
      ...{ event: 'step', step, steps, epoch, ...figures, tokensPerSecond: progress.tokens / progress.seconds },
      ...{ rssBytes: currentRss(), peakRssBytes, secondsLeft, fraction },
    });
  }

  /** The factor of the learning rates in the next step. */
  #rate(): number {
    const { schedule, warmup } = this.#settings;
    return rateFactor(schedule, this.#progress.step, warmup, this.#expected.steps);
  }

  #failure(fault: Failure['fault']): VeraError {
    const { lr, out } = this.#settings;
    const { step } = this.#progress;
    return numericFailure(
      { fault, step, learningRate: lr * this.#rate(), out, checkpoints: this.#checkpoints },
      this.#prepared.base,
    );
  }

  #save(): void {
    const progress = this.#progress;
    if (this.#savedAt === progress.step) return;
    const begin = performance.now();
    progress.metricsBytes = this.#metrics.sync();
    const { mean, variance, count } = this.#optimizer;
    const vectors = { theta: this.#theta, mean, variance, ...(this.#best ? { best: this.#best } : {}) };
    const file = saveCheckpoint(this.#checkpoints, progress.step, {
      state: { ...progress, identity: this.#identity, optimizerSteps: count },
      vectors,
    });
    this.#savedAt = progress.step;
    const at = performance.now();
    this.#saved = { at, tookMs: at - begin };
    this.#control.emit({ event: 'checkpoint', step: progress.step, file });
  }

  /** Takes the last samples, writes the adapter, and returns the figures. */
  async finish(rates: Throughput): Promise<RunEventOf<'done'>> {
    const [settings, progress, prepared] = [this.#settings, this.#progress, this.#prepared];
    await this.#release();
    const theta = this.#best ?? this.#theta;
    const course = this.#course;
    for (const phase of ['steps', 'evaluations'] as const) course.end(phase); // the run may have stopped early
    const samples = await writeSamples('samplesAfter', theta, this.#look());
    course.begin('end', 'saving');
    for (const sample of samples) this.#control.emit({ event: 'sample', when: 'after', ...sample });
    const losses = {
      trainLoss: trainLoss(progress),
      evalLoss: progress.best?.loss ?? null,
      baseEvalLoss: progress.baseLoss,
    };
    const adapterStep = progress.best?.step ?? progress.step;
    const { seed, lr, batch, length, precision } = settings;
    const run = {
      ...trainedOn(settings, prepared.dataset.hash),
      seed,
      lr,
      batch,
      length,
      precision,
      steps: progress.step,
      adapterStep,
      ...losses,
    };
    const { bytes: adapterBytes, adapter } = await saveResult(settings, prepared, theta, run);
    if (adapter) this.#control.onAdapter?.(adapter, prepared);
    const size = theta.length;
    const peakRssBytes = Math.max(progress.peakRssBytes, peakRss());
    this.#control.emit({
      ...{ event: 'report', steps: progress.step, adapterStep, stoppedEarly: this.#early(), tokens: progress.tokens },
      ...{
        ...{ heldOutRows: prepared.dataset.heldOutRows, ...heldOutFigures(progress) },
        ...(this.#weights === undefined ? {} : { weights: this.#weights }),
        trainSeconds: progress.seconds,
        optimizerBytes: 3 * this.#theta.byteLength,
        ...(this.#isWhole ? { seconds: { estimate: course.estimates(), measured: course.measured() } } : {}),
        ...estimatedFigures(settings, prepared, rates),
      },
    });
    const done: RunEventOf<'done'> = {
      ...{ event: 'done', adapter: settings.out, ...losses, trainableParameters: size, adapterBytes },
      ...{ tokensPerSecond: progress.tokens / progress.seconds, peakRssBytes },
    };
    this.#control.emit(done);
    return done;
  }

  async #release(): Promise<void> {
    const steps = [this.#train, this.#eval];
    this.#train = this.#eval = undefined;
    for (const step of steps) await step?.release();
  }

  async close(): Promise<void> {
    this.#metrics.close();
    await this.#release();
  }
}
