import type { Walk } from './walk.ts';

/** A place where base models may lie. A new one is a file in `sources/` and a line in `registry.ts`. */
export interface BaseSource {
  readonly name: string;
  /** For people: 'Hugging Face cache'. */
  readonly label: string;
  /** What may be a model. It reads lists of files and small texts only. What cannot be read is not there. */
  readonly find: (place: Place) => AsyncIterable<Candidate>;
}

/** What sources may look at. */
export interface Place {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** Folders that the asking program named. */
  readonly folders: readonly string[];
  /** Bases that were used, the last used first. */
  readonly used: readonly UsedBase[];
  /** The folder for downloaded models. */
  readonly cache: string;
  /** Folders and files below a folder, within the limits of the whole search. */
  readonly walk: Walk;
}

export interface UsedBase {
  readonly spec: string;
  readonly usedAt: number;
}

export interface Candidate {
  /** What names the model as the base of a run. */
  readonly spec: string;
  /** Its folder or GGUF file. */
  readonly path: string;
  readonly name?: string;
  readonly licence?: string | undefined;
  readonly usedAt?: number;
}
