/** How a method is written in adapter_config.json (PEFT 0.21). The keys that all methods share are in export/peft-config.ts. */
export interface PeftForm<O> {
  /** `peft_type`: 'VERA'. */
  readonly type: string;
  /** Its own keys that `read` understands, or that do not change what the adapter computes. */
  readonly known: readonly string[];
  /** Keys that make the adapter something other than this method if they are set, each with a reason for people. */
  readonly refused: Readonly<Record<string, string>>;
  /** Options that `read` finds in this file. The other options are in vera.json beside it. */
  readonly reads: readonly string[];
  /** Options that only vera.json has, for adapters that have them at all. */
  readonly besides?: readonly string[];
  /** What PEFT does otherwise with an adapter of these options than this program, as a sentence; undefined if nothing. */
  differs?(options: O): string | undefined;
  /** Its own keys. `stored`: whether its frozen tensors are stored beside it. */
  write(options: O, stored: boolean): Readonly<Record<string, unknown>>;
  /** All options. Those that the file does not have get their defaults. */
  read(config: PeftReader): O;
  /** Whether the file promises the method's frozen tensors. */
  promisesFrozen?(config: PeftReader): boolean;
}

/** The keys of an adapter_config.json. Errors are VeraError 'adapter', which name the file and the key. */
export interface PeftReader {
  value(key: string): unknown;
  /** A number that is allowed; `what` completes 'has to be ...'. */
  number(key: string, fallback: number, allowed: (value: number) => boolean, what: string): number;
  /** A number of rows or columns: whole and above 0. */
  size(key: string, fallback: number): number;
  /** From 0 to below 1. */
  dropout(key: string): number;
  /** Throws: this value of the key is not supported, and why. */
  refuse(key: string, value: unknown, why: string): never;
}
