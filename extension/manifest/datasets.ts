import { datasetEndings, readers } from '../../daemon/data/readers/registry.ts';
import type { Datasets } from '../datasets.ts';

/** The readers whose files the extension declares a language for, and checks in the editor. */
export const checkedReaders = readers.flatMap(({ language, label, extensions, ambiguous = [] }) =>
  language ? [{ ...language, name: label, extensions: extensions.filter((one) => !ambiguous.includes(one)) }] : [],
);

/** What package.json says of dataset files. */
export const datasets = (): Datasets => ({
  endings: datasetEndings,
  languages: checkedReaders.map(({ id }) => id),
});
