import { cpus } from 'node:os';
import manifest from '../../package.json' with { type: 'json' };
import type { Dataset } from '../data/dataset.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { loadTokenizer } from '../data/tokenizer.ts';
import { startOf } from '../methods/start.ts';
import type { MachineRates } from '../protocol/plans.ts';
import { openData } from './prepare.ts';
import { methodOptions, type TrainSettings } from './settings.ts';
import { startTokens } from './startTokens.ts';
import { measureThroughput } from './throughput.ts';
import type { Throughput } from './throughput.ts';

/** Work that several plans share: each dataset is read once, and the machine is measured at most once. */
export interface Planning {
  /** How fast this machine is with a weight format: the known rates, or newly measured ones. */
  rates(format: string, threads: number): Promise<Throughput>;
  /** The dataset of some settings, tokenised by the tokenizer in a folder; undefined if no data should be read. */
  dataset(settings: TrainSettings & { length: number }, tokenizer: string): Promise<Dataset | undefined>;
}

/** A planning with its end. */
export interface OpenPlanning extends Planning {
  /** The rates that were measured because no fresh ones were known. */
  measured(): MachineRates[];
  close(): Promise<void>;
}

const FRESH_MS = 7 * 86_400_000; // after a while, cooling, clock and load of a machine may differ

/** `known`: rates that were measured before. `read`: also read datasets. */
export function openPlanning(known: readonly MachineRates[], read: boolean): OpenPlanning {
  const measuring = new Map<string, Promise<Throughput>>();
  const measured: MachineRates[] = [];
  const datasets = new Map<string, Promise<Dataset>>();
  const tokenizers = new Map<string, Tokenizer>();

  const measure = async (format: string, threads: number): Promise<Throughput> => {
    const fresh = known.find((one) => one.format === format && one.threads === threads && isFresh(one));
    if (fresh !== undefined) return fresh;
    const throughput = await measureThroughput(format, threads);
    measured.push({ ...machine(), threads, format, measuredAt: Date.now(), ...throughput });
    return throughput;
  };
  const tokenizerIn = (folder: string): Tokenizer => {
    const loaded = tokenizers.get(folder) ?? loadTokenizer(folder);
    tokenizers.set(folder, loaded);
    return loaded;
  };
  return {
    rates(format, threads) {
      const key = `${format} ${threads}`;
      const rates = measuring.get(key) ?? measure(format, threads);
      measuring.set(key, rates);
      return rates;
    },
    async dataset(settings, folder) {
      if (!read) return undefined;
      const { data, lossOn, onBadRow, heldOut, fimRate, format, columns, encoding, maxExamples, length } = settings;
      const tokenizer = tokenizerIn(folder);
      const options = startTokens(methodOptions(settings), tokenizer);
      const start = startOf(options);
      const how = [format, columns, encoding, maxExamples, start];
      const key = JSON.stringify([data, folder, lossOn, onBadRow, heldOut, fimRate, ...how]);
      const opened = datasets.get(key) ?? openData(settings, tokenizer, options);
      datasets.set(key, opened);
      return (await opened).ofLength(length);
    },
    measured: () => measured,
    async close() {
      for (const opened of datasets.values()) await opened.then((dataset) => dataset.close()).catch(() => undefined);
    },
  };
}

const machine = (): { processor: string; version: string } => ({
  processor: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
  version: manifest.version,
});

function isFresh({ processor, version, measuredAt }: MachineRates): boolean {
  const here = machine();
  const age = Date.now() - measuredAt;
  return processor === here.processor && version === here.version && age >= 0 && age < FRESH_MS;
}
