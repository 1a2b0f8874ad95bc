import { Option } from 'commander';
import { WEIGHT_FORMATS } from '../weights/registry.ts';

/** The choice of a weight format for commands that have no other settings of a run. */
export const weightFormatOption = (): Option =>
  new Option('--precision <name>', 'number format of the frozen weights')
    .choices(WEIGHT_FORMATS.map(({ name }) => name))
    .default(WEIGHT_FORMATS[0]!.name);
