import type { Adapter } from '../adapter.ts';

/** A form in which an adapter leaves this program. */
export interface ExportFormat {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Writes a folder, whole or absent; refuses an occupied one. `projection`: with VeRA's A and B. */
  write(dir: string, adapter: Adapter, options: { projection: boolean }): Promise<void>;
}
