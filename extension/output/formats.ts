import type { ExportOffer, ExportUse } from '../../daemon/protocol/adapters.ts';
import type { JobSpec } from '../../daemon/protocol/jobs.ts';
import type { HeldOutRow } from '../../daemon/protocol/trial.ts';
import type { SettingValue } from '../../daemon/settings/setting.ts';
import { bytesText } from '../../daemon/protocol/text.ts';

/** 'about 16 kB'; empty where the size is not known. Pure. */
export const sizeText = ({ bytes, atMost }: Pick<ExportOffer, 'bytes' | 'atMost'>): string =>
  bytes === null ? '' : `${atMost ? 'at most' : 'about'} ${bytesText(bytes)}`;

/** The job that writes an adapter in a format. Pure. */
export const specOf = (
  { job, name }: Pick<ExportOffer, 'job' | 'name'>,
  adapter: number,
  out: string,
  options: Readonly<Record<string, SettingValue>>,
): JobSpec =>
  job === 'merge'
    ? { kind: 'merge', adapter, out }
    : { kind: 'export', adapter, format: name, options: { ...options }, out };

/** The name of a new folder for an export; letters, digits and a few signs alone. Pure. */
export const folderName = (adapter: string, { name }: Pick<ExportOffer, 'name'>): string =>
  `${adapter.replace(/[^\p{L}\p{N}._-]+/gu, '-')}-${name}`;

/** A text as one word of a shell's command line. Pure. */
const quoted = (text: string): string => (/^[\w./:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** The arguments of a use that asks something, with a question of the held-out data in place of its own. Pure. */
export function asking(args: readonly string[], row: HeldOutRow | undefined): string[] {
  const at = args.indexOf('--prompt');
  if (at < 0 || row === undefined) return [...args];
  const system = row.before.find(({ role }) => role === 'system');
  return [
    ...args.slice(0, at + 1),
    row.prompt,
    ...args.slice(at + 2),
    ...(row.chat ? ['--chat', ...(system === undefined ? [] : ['--system', system.content])] : []),
  ];
}

/** A text in lines of at most so many characters, for a list whose lines are cut and never wrapped. Pure. */
export function wrapped(text: string, most = 70): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((one) => one !== '')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** The command line of a use. `vera`: how that program is called here. Pure. */
export const lineOf = (
  { program, args }: Pick<ExportUse, 'program'> & { readonly args: readonly string[] },
  vera: string,
): string => [program === 'vera' ? vera : program, ...args.map(quoted)].join(' ');
