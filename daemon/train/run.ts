import type { Adapter } from '../export/adapter.ts';
import { removeTemporaries } from '../formats/atomic.ts';
import { quote } from '../formats/quote.ts';
import { VeraError } from '../protocol/errors.ts';
import { type DataPosition, batchGroups, estimateSteps, type Group, heldOutBatches } from './batchSource.ts';
import { newestCheckpoint, saveCheckpoint } from './checkpoint.ts';
import { checkIds, evaluate, turn } from './evaluate.ts';
import type { Emit, RunEventOf } from '../protocol/runEvents.ts';
import { checkpointsOf, lockFile, metricsFile, writeRun } from './folder.ts';
import { identityDifference, identityOf } from './identity.ts';
import { lockFolder } from './lock.ts';
import { currentRss, peakRss } from './memory.ts';
import { Metrics } from './metrics.ts';
import { dropoutNoise } from './noise.ts';
import { type Failure, numericFailure } from './numeric.ts';
import { AdamW, clip } from './optimizer.ts';
import { estimatedFigures } from './estimatedFigures.ts';
import { createStep, prepare, type Prepared } from './prepare.ts';
import { addEvaluation, addLoss, firstProgress, heldOutFigures, type Progress, trainLoss } from './progress.ts';
import { saveResult } from './result.ts';
import { generateSamples } from './samples.ts';
import { rateFactor } from './schedule.ts';
import type { ReadySettings, TrainSettings } from './settings.ts';
import { trainedOn } from './trainedOn.ts';
import type { Step } from './step.ts';
import { initialTheta, parameterGroups, thetaSize } from './trainable.ts';

export interface RunControl {
  readonly emit: Emit;
  /** Called after every step. True ends the run there, with a checkpoint. */
  readonly stopped: () => boolean;
  /** Continue from the newest checkpoint in the output folder. */
  readonly resume: boolean;
  /** Receives facts about base and dataset, before the first step. */
  readonly onPrepared?: (prepared: Prepared) => void;
  /** Receives the adapter when its folder is whole. `full` makes no adapter. */
  readonly onAdapter?: (adapter: Adapter, prepared: Prepared) => void;
}

/** A run without an evaluation interval of its own has ten evaluations, but not after fewer steps than this. */
const LEAST_BETWEEN_EVALUATIONS = 50;

/**
 * Trains: first evaluation and samples, then steps with evaluations and checkpoints in between, at the end samples and the
 * adapter. The same settings, data and threads give the same bits, wherever the run was interrupted. Undefined if it was
 * stopped.
 */
export async function train(settings: TrainSettings, control: RunControl): Promise<RunEventOf<'done'> | undefined> {
  const release = await lockFolder(lockFile(settings.out));
  try {
    const prepared = await prepare(settings, control.emit);
    control.onPrepared?.(prepared);
    const run = await Run.open(prepared.settings, control, prepared);
    try {
      return (await run.learn()) ? await run.finish() : undefined;
    } finally {
      await run.close();
      prepared.dataset.close();
    }
  } finally {
    release();
  }
}

class Run {
  readonly #settings: ReadySettings;
  readonly #control: RunControl;
  readonly #prepared: Prepared;
  readonly #checkpoints: string;
  readonly #identity: string;
  readonly #optimizer: AdamW;
  readonly #metrics: Metrics;
  readonly #steps: number;
  readonly #evalEvery: number;
  #progress: Progress;
  #theta: Float32Array;
  #best: Float32Array | undefined;
  #savedAt = -1;
  #train: Step | undefined;
  #eval: Step | undefined;

  private constructor(settings: ReadySettings, control: RunControl, prepared: Prepared, estimate: number) {
    this.#settings = settings;
    this.#control = control;
    this.#prepared = prepared;
    this.#steps = estimate;
    this.#evalEvery = settings.evalEvery ?? Math.max(LEAST_BETWEEN_EVALUATIONS, Math.ceil(estimate / 10));
    this.#checkpoints = checkpointsOf(settings.out);
    this.#identity = identityOf(settings, prepared.base.fingerprint, prepared.dataset.hash);
    this.#optimizer = new AdamW(thetaSize(prepared.adaptation), settings);
    this.#progress = firstProgress();
    this.#theta = new Float32Array();
    const restored = control.resume && this.#restore();
    if (!restored) this.#theta = initialTheta(prepared.adaptation);
    this.#metrics = new Metrics(metricsFile(settings.out), this.#progress.metricsBytes);
  }

  static async open(settings: ReadySettings, control: RunControl, prepared: Prepared): Promise<Run> {
    const { base, dataset, adaptation, sites } = prepared;
    const estimate = await estimateSteps(dataset, settings);
    const identity = { base: base.fingerprint, dataset: dataset.hash };
    // Write run.json first: if the run is killed, whatever it leaves behind can be identified. When resuming, check that the
    // folder is ours before overwriting its run.json.
    if (!control.resume) writeRun(settings, identity);
    const run = new Run(settings, control, prepared, estimate);
    if (control.resume) writeRun(settings, identity);
    // The folder is ours, and its lock says that nobody else writes here now.
    for (const folder of [settings.out, run.#checkpoints]) removeTemporaries(folder);
    const { out, method, precision } = settings;
    const step = run.#progress.step;
    control.emit({
      ...{
        event: 'start',
        out,
        base: settings.base,
        method,
        precision,
        layers: sites.length,
        format: dataset.format,
        data: dataset.description,
      },
      ...{
        rows: dataset.rows,
        heldOutRows: dataset.heldOutRows,
        steps: estimate,
        trainableParameters: thetaSize(adaptation),
        step,
      },
    });
    return run;
  }

  /** Loads the newest whole checkpoint. False if there is none yet. */
  #restore(): boolean {
    const note = (text: string): void => {
      this.#control.emit({ event: 'note', text });
    };
    const found = newestCheckpoint(this.#checkpoints, note);
    if (!found) {
      note('there is no checkpoint yet: starting from the beginning');
      return false;
    }
    const { identity, optimizerSteps, ...progress } = found.state as unknown as Progress & {
      identity: string;
      optimizerSteps: number;
    };
    const { theta, mean, variance, best } = found.vectors;
    const size = this.#optimizer.mean.length;
    const difference = identityDifference(identity, this.#identity);
    if (difference !== undefined || theta?.length !== size || mean?.length !== size || variance?.length !== size) {
      const why = difference ?? 'it has another number of trained values';
      throw new VeraError(
        'usage',
        `the checkpoint ${quote(found.file)} belongs to another base, dataset or settings: ${why}`,
      );
    }
    this.#progress = progress;
    this.#theta = theta;
    this.#best = best;
    this.#optimizer.mean.set(mean);
    this.#optimizer.variance.set(variance);
    this.#optimizer.count = optimizerSteps;
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
        if (stopped || ended || progress.step % settings.checkpointEvery === 0) this.#save();
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

  /** Whether the held-out loss no longer falls. */
  #early(): boolean {
    const { patience } = this.#settings;
    return patience > 0 && this.#progress.sinceBest >= patience;
  }

  /** Takes the samples and the evaluation that are due now. */
  async #lookAt(ended: boolean): Promise<void> {
    const { emit, stopped } = this.#control;
    const progress = this.#progress;
    if (progress.step === 0 && !progress.samplesBefore) {
      progress.samplesBefore = await generateSamples(this.#prepared, this.#settings, this.#theta);
      for (const sample of progress.samplesBefore) emit({ event: 'sample', when: 'before', ...sample });
    }
    const due = this.#prepared.dataset.heldOutRows > 0 && (ended || progress.step % this.#evalEvery === 0);
    if (!due || progress.evaluatedAt === progress.step) return;
    this.#eval ??= await createStep(this.#settings, this.#prepared, false);
    const most = this.#settings.evalBatches || Infinity;
    const { vocabulary } = this.#prepared.base.config;
    const evaluation = await evaluate(this.#eval, this.#theta, heldOutBatches(this.#prepared.dataset, this.#settings), {
      vocabulary,
      most,
      stopped,
    });
    const { loss, tokens, accuracy } = evaluation;
    if (stopped()) return; // a resumed run takes the whole evaluation again
    if (!Number.isFinite(loss)) throw this.#failure('the held-out loss is not finite');
    const best = addEvaluation(progress, evaluation);
    if (best) this.#best = this.#theta.slice();
    const guessed = accuracy === undefined ? {} : { accuracy };
    this.#metrics.append({ step: progress.step, heldOutLoss: loss, ...guessed });
    emit({ event: 'eval', step: progress.step, loss, ...guessed, best, tokens });
  }

  /** Takes one optimizer step, with the mean gradient over the counted tokens of its batches. */
  async #take({ parts, epoch, next }: Group): Promise<void> {
    const [settings, progress] = [this.#settings, this.#progress];
    this.#train ??= await createStep(settings, this.#prepared, true);
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
    const { step, seconds, peakRssBytes } = progress;
    const steps = Math.max(this.#steps, step);
    this.#control.emit({
      ...{ event: 'step', step, steps, epoch, ...figures, tokensPerSecond: progress.tokens / seconds },
      ...{ rssBytes: currentRss(), peakRssBytes, secondsLeft: ((steps - step) * seconds) / step },
    });
  }

  /** The factor of the learning rates in the next step. */
  #rate(): number {
    const { schedule, warmup } = this.#settings;
    return rateFactor(schedule, this.#progress.step, warmup, this.#steps);
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
    progress.metricsBytes = this.#metrics.sync();
    const { mean, variance, count } = this.#optimizer;
    const vectors = { theta: this.#theta, mean, variance, ...(this.#best ? { best: this.#best } : {}) };
    const file = saveCheckpoint(this.#checkpoints, progress.step, {
      state: { ...progress, identity: this.#identity, optimizerSteps: count },
      vectors,
    });
    this.#savedAt = progress.step;
    this.#control.emit({ event: 'checkpoint', step: progress.step, file });
  }

  /** Takes the last samples, writes the adapter, and returns the figures. */
  async finish(): Promise<RunEventOf<'done'>> {
    const [settings, progress, prepared] = [this.#settings, this.#progress, this.#prepared];
    await this.#release();
    const theta = this.#best ?? this.#theta;
    const samples = await generateSamples(prepared, settings, theta);
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
    // Read it before the measurements of the plan can add to it.
    const peakRssBytes = Math.max(progress.peakRssBytes, peakRss());
    this.#control.emit({
      ...{ event: 'report', steps: progress.step, adapterStep, stoppedEarly: this.#early(), tokens: progress.tokens },
      ...{
        ...{ heldOutRows: prepared.dataset.heldOutRows, ...heldOutFigures(progress) },
        trainSeconds: progress.seconds,
        optimizerBytes: 3 * this.#theta.byteLength,
        ...(await estimatedFigures(settings, prepared)),
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

function add(sum: Float32Array, term: Float32Array): Float32Array {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (term[i] as number);
  return sum;
}

function scale(values: Float32Array, factor: number): void {
  for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * factor;
}
