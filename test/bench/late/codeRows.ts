import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, sources } from '../../sources.ts';

/** Lines that are given, and lines that follow. */
const [GIVEN, FOLLOW] = [16, 5];

/** Writes rows of code completion from the files of this repository: some lines, and the lines that follow. -> the file. */
export function codeRows(file: string): string {
  const rows = sources(['.ts'])
    .filter((name) => name.startsWith('daemon/') && !name.endsWith('.test.ts'))
    .flatMap((name) => {
      const lines = readFileSync(join(root, name), 'utf8').split('\n');
      return Array.from({ length: Math.floor(lines.length / (GIVEN + FOLLOW)) }, (_, i) => {
        const from = i * (GIVEN + FOLLOW);
        const prompt = `// ${name}\n${lines.slice(from, from + GIVEN).join('\n')}\n`;
        return { prompt, completion: lines.slice(from + GIVEN, from + GIVEN + FOLLOW).join('\n') };
      });
    })
    .filter(({ completion }) => completion.trim() !== '');
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n') + '\n');
  return file;
}
