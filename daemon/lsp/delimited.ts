/** A field of a delimited record: half-open offsets, quotes included. */
export interface Field {
  start: number;
  end: number;
}

/** The places of the fields of a record. Quotes are treated as in readers/records.ts. */
export function fieldsOf(text: string, delimiter: string): Field[] {
  const fields: Field[] = [];
  let start = 0;
  let at: 'start' | 'plain' | 'quoted' | 'closing' = 'start';
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (at === 'quoted') {
      if (character === '"') at = 'closing';
    } else if (character === delimiter) {
      fields.push({ start, end: i });
      start = i + 1;
      at = 'start';
    } else if (character === '"' && at !== 'plain') at = 'quoted';
    else at = 'plain';
  }
  fields.push({ start, end: text.length });
  return fields;
}

/** A value written as a field, in quotes if needed. */
export const quoted = (value: string, delimiter: string): string =>
  value.includes(delimiter) || /["\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
