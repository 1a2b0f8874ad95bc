import type { MethodAdaptation } from '../../methods/method.ts';
import type { BaseModel } from '../../models/base.ts';
import type { Setting, SettingValues } from '../../settings/setting.ts';
import type { Adapter } from '../adapter.ts';

/** What an export starts from: an adapter and its base, both opened. */
export interface ExportSource {
  readonly adapter: Adapter;
  readonly adaptation: MethodAdaptation;
  readonly base: BaseModel;
}

export interface ExportContext {
  /** The folder where weights of the base are kept in other layouts. */
  readonly cache: string;
  readonly onProgress?: (text: string, fraction: number) => void;
}

/** What is known of an adapter before it is written. Sizes are in bytes. */
export interface ExportSizes {
  /** The adapter's file without what can be made again from a seed, and with it (A and B of VeRA). */
  readonly bytes: number;
  readonly fullBytes: number;
  /** Whether the adapter's update can be added to the base's weights. */
  readonly mergeable: boolean;
  /** Numbers in the base's weights; null where nobody counted them. */
  readonly baseParameters: number | null;
  /** What PEFT does otherwise with this adapter than this program; absent if nothing. */
  readonly differs?: string | undefined;
}

/** What was found out while writing. */
export interface ExportReport {
  /** What the check after writing found, as one sentence; absent where the format has no check. */
  readonly check?: string;
  /** What another program does otherwise with what was written, as a sentence; absent if nothing. */
  readonly warning?: string | undefined;
  /** Figures for programs: plain JSON. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** A command that uses what was written. */
export interface Use {
  readonly label: string;
  readonly program: 'vera' | 'python';
  readonly args: readonly string[];
}

/** A form in which an adapter can leave this program. */
export interface ExportFormat {
  /** The word that `--format` takes. */
  readonly name: string;
  /** The name that people read. */
  readonly label: string;
  /** One line for help and docs. */
  readonly summary: string;
  /** What the format cannot keep, or what it takes to read it. */
  readonly losses: string;
  /** Its own options. Formats may share one, which then has the same name and meaning. */
  readonly options: readonly Setting[];
  /** The kind of job that writes it: a merge computes with the model, an export only copies. */
  readonly job: 'export' | 'merge';
  /** About how many bytes it takes; undefined where that is not known. */
  bytes(sizes: ExportSizes, options: SettingValues): number | undefined;
  /** `bytes` is the most that it can take. */
  readonly atMost?: true;
  /** Writes a folder, whole or absent, and checks it where there is a check. An occupied folder is refused. */
  write(dir: string, source: ExportSource, options: SettingValues, context: ExportContext): Promise<ExportReport>;
  /** How to use what is in the folder `out`. `base`: the base model, as it was given. `loadable`: the base as transformers takes it. */
  uses(out: string, base: string, loadable?: string): readonly Use[];
}
