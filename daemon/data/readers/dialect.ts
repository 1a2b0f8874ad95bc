/** How the fields of a file are separated, and what comes before its header. */
export interface Dialect {
  readonly delimiter: string;
  /** The line `sep=;`, by which Excel knows the delimiter. */
  readonly skip: { readonly bytes: number; readonly lines: number };
}

const DELIMITERS = [',', ';', '\t', '|'];
/** Records that are looked at. */
const LOOKED_AT = 20;

export const delimiterName = (delimiter: string): string =>
  ({ ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars' })[delimiter] ?? JSON.stringify(delimiter);

/**
 * The dialect of a delimited text: the delimiter that splits the header into columns and the first records into as many fields.
 *
 * @param head the beginning of the text, without a byte-order mark
 * @param usual the delimiter that the ending of the file means
 * @param cut whether there is more text after `head`
 */
export function dialectOf(head: string, usual: string, cut = false): Dialect {
  const said = /^sep=([^\r\n])\r?\n/i.exec(head);
  if (said) return { delimiter: said[1]!, skip: { bytes: said[0].length, lines: 1 } };
  let best = { delimiter: usual, fits: 0, fields: 0 };
  for (const delimiter of [usual, ...DELIMITERS.filter((one) => one !== usual)]) {
    const records = countFields(head, delimiter, cut);
    const fields = records[0] ?? 0;
    if (fields < 2) continue;
    const fits = records.filter((count) => count === fields).length / records.length;
    if (fits > best.fits || (fits === best.fits && fields > best.fields && best.delimiter !== usual))
      best = { delimiter, fits, fields };
  }
  return { delimiter: best.delimiter, skip: { bytes: 0, lines: 0 } };
}

/** The number of fields of the first records. Quotes are treated as in records.ts. */
function countFields(text: string, delimiter: string, cut: boolean): number[] {
  const counts: number[] = [];
  let fields = 1;
  let state: 'start' | 'plain' | 'quoted' | 'closing' = 'start';
  let begun = 0;
  for (let i = 0; i < text.length && counts.length < LOOKED_AT; i++) {
    const character = text[i]!;
    if (state === 'quoted') {
      if (character === '"') state = 'closing';
    } else if (character === '\n') {
      if (text.slice(begun, i).trim() !== '') counts.push(fields);
      [fields, state, begun] = [1, 'start', i + 1];
    } else if (character === delimiter) {
      fields++;
      state = 'start';
    } else if (character === '"' && state !== 'plain') state = 'quoted';
    else state = 'plain';
  }
  const rest = counts.length < LOOKED_AT && !cut && text.slice(begun).trim() !== '';
  return rest ? [...counts, fields] : counts;
}
