import { datasetEndings, offeredEndings, offeredNames, readers } from '../../daemon/data/readers/registry.ts';
import type { Datasets } from '../datasets.ts';

/** The readers of files for which the extension declares a language and which it checks in the editor. */
export const checkedReaders = readers.flatMap(({ language, label, extensions, ambiguous = [] }) =>
  language ? [{ ...language, name: label, extensions: extensions.filter((one) => !ambiguous.includes(one)) }] : [],
);

/** What package.json says about dataset files. */
export const datasets = (): Datasets => ({
  endings: datasetEndings,
  offered: { pattern: offeredNames, endings: offeredEndings },
  languages: checkedReaders.map(({ id }) => id),
});
