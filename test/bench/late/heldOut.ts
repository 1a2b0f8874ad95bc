/** The held-out loss of the base and of adapters that were trained on the same batches, with and without a late start. */
import { batches, type Batch } from '../../../daemon/data/batch.ts';
import { type Dataset, openDataset } from '../../../daemon/data/dataset.ts';
import { optionsOf } from '../../../daemon/methods/options.ts';
import { adapterMethod } from '../../../daemon/methods/registry.ts';
import { linearSites } from '../../../daemon/models/registry.ts';
import { evaluate } from '../../../daemon/train/evaluate.ts';
import { AdamW, clip } from '../../../daemon/train/optimizer.ts';
import { rateFactor } from '../../../daemon/train/schedule.ts';
import { completeSettings } from '../../../daemon/train/settings.ts';
import { Step } from '../../../daemon/train/step.ts';
import { initialTheta, parameterGroups, thetaSize } from '../../../daemon/train/trainable.ts';
import { type LateSetting, STARTS } from './setting.ts';

const SHAPE = { rows: 4, length: 256, packing: 'pack' } as const;
const SEED = 1;
/** Most batches of held-out rows. */
const HELD_OUT = 12;

/** A row of the report. */
export interface Loss {
  readonly method: string;
  readonly start: string;
  readonly trainable: number;
  readonly loss: number;
  /** The share of the gain of the adapter that acts on every token. */
  readonly kept?: number;
  readonly secondsPerStep: number;
}

export async function heldOutLosses(setting: LateSetting, data: string, steps: number): Promise<Loss[]> {
  const { base, tokenizer } = setting;
  const dataset = await openDataset(data, {
    ...{ tokenizer, length: SHAPE.length, lossOn: 'answer', onBadRow: 'skip', heldOut: 0.08, fimRate: 0 },
    start: {}, // the tokens that count are the same for all; an adapter that acts on every token does not ask where it starts
  });
  const { vocabulary } = base.config;
  const rows: Loss[] = [];
  const told = (row: Loss): void => {
    rows.push(row);
    const kept = row.kept === undefined ? '' : `, ${(100 * row.kept).toFixed(0)} % of the gain`;
    console.log(
      `${row.method}, ${row.start}: held-out loss ${row.loss.toFixed(4)}${kept}; ${row.trainable} trained numbers, ${row.secondsPerStep.toFixed(2)} s per step`,
    );
  };
  console.log(`${dataset.description}; ${steps} steps of ${SHAPE.rows} x ${SHAPE.length} tokens`);
  let plain: number | undefined;
  for (const { method, rank, lr } of setting.methods) {
    let gain = 0;
    for (const [name, start] of Object.entries(STARTS)) {
      const options = optionsOf(adapterMethod(method), { rank, ...start });
      const adaptation = adapterMethod(method).create(linearSites(base.config), options, []);
      const step = (train: boolean): Promise<Step> =>
        Step.create(
          {
            ...{ base, adaptation, precision: 'int8', cache: setting.cache, dropout: false },
            ...{ maxLength: SHAPE.length, tokens: SHAPE.rows * SHAPE.length, session: { threads: setting.threads } },
          },
          train,
        );
      const lossOf = async (theta: Float32Array): Promise<number> => {
        const evaluation = await step(false);
        try {
          return (await evaluate(evaluation, theta, batches(dataset.heldOut(), SHAPE), { vocabulary, most: HELD_OUT }))
            .loss;
        } finally {
          await evaluation.release();
        }
      };
      const theta = initialTheta(adaptation);
      if (plain === undefined) {
        plain = await lossOf(theta);
        told({ method: 'base', start: '', trainable: 0, loss: plain, secondsPerStep: 0 });
      }
      const settings = completeSettings({ data, base: '', out: '', method, lr, steps });
      const groups = parameterGroups(adaptation, settings);
      const optimizer = new AdamW(thetaSize(adaptation), settings);
      const trained = await step(true);
      const began = performance.now();
      let taken = 0;
      for await (const batch of stream(dataset)) {
        if (taken === steps) break;
        const { gradient } = await trained.run(theta, batch);
        const mean = gradient.map((value) => value / batch.targets.length);
        clip(mean, settings.clip);
        const factor = rateFactor('cosine', taken, Math.ceil(steps / 20), steps);
        optimizer.step(
          theta,
          mean,
          groups.map((group) => ({ ...group, rate: group.rate * factor })),
        );
        taken++;
      }
      const secondsPerStep = (performance.now() - began) / 1000 / steps;
      await trained.release();
      const loss = await lossOf(theta);
      if (name === 'full') gain = plain - loss;
      const kept = name === 'full' ? {} : { kept: (plain - loss) / gain };
      told({ method, start: name, trainable: theta.length, loss, ...kept, secondsPerStep });
    }
  }
  dataset.close();
  return rows;
}

async function* stream(dataset: Dataset): AsyncGenerator<Batch> {
  for (let epoch = 0; ; epoch++) yield* batches(dataset.train(SEED, epoch), SHAPE);
}
