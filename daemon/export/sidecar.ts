import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { containedFile } from '../formats/contain.ts';
import { isObject, parseJsonObject } from '../formats/json.ts';
import { quote } from '../formats/quote.ts';
import { readText } from '../formats/read.ts';
import type { MethodOptions } from '../methods/method.ts';
import type { OptionValue } from '../protocol/values.ts';
import { isOption } from '../methods/options.ts';
import { VeraError } from '../protocol/errors.ts';

/** The file beside adapter_config.json for what PEFT's configuration has no place for. PEFT ignores it. */
export const SIDECAR = 'vera.json';
const VERSION = 1;
const MAX_BYTES = 10_000_000; // the settings of a run take about a kilobyte; long lists of targets take more

/** What is known about an adapter besides its PEFT files. */
export interface Sidecar {
  readonly targets?: string;
  readonly baseFingerprint?: string;
  readonly basePath?: string;
  readonly options?: MethodOptions;
  /** Settings and figures of the run that made it, for people to read. */
  readonly run?: Record<string, unknown>;
}

export const sidecarText = (sidecar: Sidecar): string =>
  JSON.stringify({ version: VERSION, ...sidecar }, null, 2) + '\n';

/** Reads the sidecar of an adapter's folder; empty if another program wrote the folder. Throws VeraError 'format'. */
export function readSidecar(dir: string): Sidecar {
  if (lstatSync(join(dir, SIDECAR), { throwIfNoEntry: false }) === undefined) return {};
  const file = containedFile(dir, SIDECAR);
  const json = parseJsonObject(readText(file, MAX_BYTES), quote(file));
  const fail = (message: string): never => {
    throw new VeraError('format', `${quote(file)}: ${message}`);
  };
  if (json['version'] !== VERSION) {
    fail(
      `version ${JSON.stringify(json['version'])} is not known here (${VERSION} is): update vera, or remove the file`,
    );
  }
  const text = (name: string): string | undefined => {
    const value = json[name];
    return value === undefined || typeof value === 'string' ? value : fail(`${name} is not a text`);
  };
  const object = (name: string): Record<string, unknown> | undefined => {
    const value = json[name];
    return value === undefined || isObject(value) ? value : fail(`${name} is not an object`);
  };
  const options: Record<string, OptionValue> = {};
  for (const [name, value] of Object.entries(object('options') ?? {}))
    options[name] = isOption(value) ? value : fail(`option ${quote(name)} is not a number, a text, true or false`);
  const [targets, baseFingerprint, basePath] = [text('targets'), text('baseFingerprint'), text('basePath')];
  const run = object('run');
  return {
    ...(targets === undefined ? {} : { targets }),
    ...(baseFingerprint === undefined ? {} : { baseFingerprint }),
    ...(basePath === undefined ? {} : { basePath }),
    options,
    ...(run === undefined ? {} : { run }),
  };
}
