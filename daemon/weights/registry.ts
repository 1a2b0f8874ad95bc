import { VeraError } from '../protocol/errors.ts';
import type { WeightFormat } from './format.ts';
import { fp32 } from './fp32.ts';
import { int8 } from './int8.ts';

/** Every weight format. To add one, write a file beside this one and add a line here. The first is the default. */
export const WEIGHT_FORMATS: readonly WeightFormat[] = [fp32, int8];

/** The format that the daemon serves with unless a person chooses another: a token takes about half the time of fp32. */
export const SERVED_FORMAT = int8;

/** The value of a setting that leaves the weight format to us. */
export const AUTO = 'auto';

/** The weight format of that name. Throws VeraError 'usage' if there is none. */
export function weightFormat(name: string): WeightFormat {
  const found = WEIGHT_FORMATS.find((format) => format.name === name);
  if (!found)
    throw new VeraError(
      'usage',
      `precision ${JSON.stringify(name)} is unknown; the choices are ${WEIGHT_FORMATS.map((one) => one.name).join(', ')}`,
    );
  return found;
}
