// Collects the pretraining corpus: the packages of sources.json and the Python standard library, cleaned and deduplicated.
// Run as `node daemon/demo/recipe/corpus.ts OUT`; writes OUT/train.jsonl, valid.jsonl, chat.jsonl, mix.jsonl and corpus.json.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { VeraError } from '../../protocol/errors.ts';
import { chatsOf, renderChat } from './chat.ts';
import { cleanText, copyDetector, rejection, textHash } from './clean.ts';
import { fimDocuments, random } from './fim.ts';

interface Selection {
  name: string;
  version: string;
  licence: string;
  include?: string[];
  exclude: string[];
  maxBytes: number;
}

interface NpmSource extends Selection {
  integrity: string;
}

interface Sources {
  python: Selection;
  npm: NpmSource[];
}

interface Document {
  source: string;
  path: string;
  text: string;
  hash: string;
}

const VALID_FRACTION = 0.01;
const FIM_FRACTION = 0.3;
const CHAT_FRACTION = 0.04;

/** Downloads a pinned package (once), checks its integrity and licence, and returns the folder with its files. */
function fetchPackage(source: NpmSource, cache: string): string {
  const tarball = join(cache, `${source.name.replace('@', '').replace('/', '-')}-${source.version}.tgz`);
  if (!existsSync(tarball)) {
    const args = [
      'pack',
      '--silent',
      '--ignore-scripts',
      '--pack-destination',
      cache,
      `${source.name}@${source.version}`,
    ];
    execFileSync('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (integrity !== source.integrity) {
    throw new VeraError('data', `${tarball} is not the file pinned in sources.json; delete it and run again`);
  }
  const folder = tarball.slice(0, -'.tgz'.length);
  if (!existsSync(folder)) {
    mkdirSync(`${folder}.part`, { recursive: true });
    execFileSync('tar', ['-xzf', tarball, '-C', `${folder}.part`, '--strip-components=1']);
    renameSync(`${folder}.part`, folder);
  }
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { license?: unknown };
  if (manifest.license !== source.licence) {
    throw new VeraError(
      'data',
      `${source.name}: sources.json says ${source.licence}, its package.json another licence`,
    );
  }
  return folder;
}

function pythonLibrary(source: Selection): string {
  const script = 'import sys,sysconfig;print("%d.%d"%sys.version_info[:2]);print(sysconfig.get_paths()["stdlib"])';
  const [version, folder] = execFileSync('python3', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
  if (version !== source.version || folder === undefined) {
    throw new VeraError('data', `python3 is ${version ?? 'not installed'}; the corpus was made with ${source.version}`);
  }
  return folder;
}

/** The cleaned files of one source, sorted by hash and cut at its byte limit, so that no source outweighs the others. */
function collect(folder: string, source: Selection, rejected: Map<string, number>): Document[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => /\.(?:ts|tsx|mts|js|mjs|py|md)$/.test(path) && !/\.d\.[mc]?ts$|\.min\.js$/.test(path))
    .filter((path) => source.include?.some((prefix) => path.startsWith(prefix)) ?? path.endsWith('.py'))
    .filter((path) => !source.exclude.some((part) => path.startsWith(part) || path.includes(`/${part}`)))
    .filter((path) => !/(?:^|\/)(?:node_modules|vendor|third_party)\//.test(path));
  // README and change log are the English text of a package. They are at its root, outside the included folders.
  if (source.include) {
    paths.push(...readdirSync(folder).filter((path) => /^(?:readme|contributing|migration)\.md$/i.test(path)));
  }
  const documents: Document[] = [];
  for (const path of [...new Set(paths)].sort()) {
    const text = cleanText(readFileSync(join(folder, path), 'utf8'), path);
    const reason = rejection(text);
    if (reason === undefined) documents.push({ source: source.name, path, text, hash: textHash(text) });
    else rejected.set(reason, (rejected.get(reason) ?? 0) + 1);
  }
  documents.sort((x, y) => (x.hash < y.hash ? -1 : 1));
  let bytes = 0;
  return documents.filter((document) => (bytes += Buffer.byteLength(document.text)) <= source.maxBytes);
}

function writeRows(file: string, rows: object[]): void {
  writeFileSync(`${file}.part`, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  renameSync(`${file}.part`, file);
}

/** What pretraining reads: every file once, a part of them rewritten for fill-in-the-middle, and the chats, shuffled. */
function mixture(documents: Document[], chats: string[]): string[] {
  const texts = documents.flatMap(({ text, hash }) =>
    random(hash)() < FIM_FRACTION ? fimDocuments(text, random(`fim ${hash}`)) : [text],
  );
  return [...texts, ...chats]
    .map((text) => ({ text, key: textHash(text) }))
    .sort((x, y) => (x.key < y.key ? -1 : 1))
    .map(({ text }) => text);
}

function main(out: string): void {
  const sources = JSON.parse(readFileSync(new URL('sources.json', import.meta.url), 'utf8')) as Sources;
  const cache = resolve(process.env['VERA_HOME'] ?? join(homedir(), '.vera'), 'cache', 'demo-corpus');
  mkdirSync(cache, { recursive: true });
  mkdirSync(out, { recursive: true });
  const rejected = new Map<string, number>();
  const found = [
    ...sources.npm.flatMap((source) => collect(fetchPackage(source, cache), source, rejected)),
    ...collect(pythonLibrary(sources.python), sources.python, rejected),
  ];
  const isCopy = copyDetector();
  const kept = found.filter(({ text }) => !isCopy(text)).sort((x, y) => (x.hash < y.hash ? -1 : 1));
  rejected.set('copy', found.length - kept.length);

  const isValid = ({ hash }: Document): boolean => random(`split ${hash}`)() < VALID_FRACTION;
  const train = kept.filter((document) => !isValid(document));
  const valid = kept.filter(isValid);
  const trainBytes = train.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  let chatBytes = 0;
  const chats = train
    .flatMap(({ text, path, hash }) => chatsOf(text, path, random(`chat ${hash}`)))
    .map((messages) => ({ messages, text: renderChat(messages) }))
    .sort((x, y) => (textHash(x.text) < textHash(y.text) ? -1 : 1))
    .filter(({ text }) => (chatBytes += Buffer.byteLength(text)) <= CHAT_FRACTION * trainBytes);

  const row = ({ text, source, path }: Document): object => ({ text, source, path });
  writeRows(join(out, 'train.jsonl'), train.map(row));
  writeRows(join(out, 'valid.jsonl'), valid.map(row));
  writeRows(
    join(out, 'chat.jsonl'),
    chats.map(({ messages }) => ({ messages })),
  );
  const mix = mixture(
    train,
    chats.map(({ text }) => text),
  );
  writeRows(
    join(out, 'mix.jsonl'),
    mix.map((text) => ({ text })),
  );

  const tally = (documents: Document[], key: (document: Document) => string): Record<string, object> =>
    Object.fromEntries(
      Object.entries(Object.groupBy(documents, key)).map(([name, group = []]) => [
        name,
        { files: group.length, bytes: group.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) },
      ]),
    );
  const report = {
    train: { files: train.length, bytes: trainBytes },
    valid: tally(valid, () => 'all')['all'],
    chats: chats.length,
    mix: mix.length,
    languages: tally(kept, ({ path }) => path.split('.').at(-1) ?? ''),
    sources: tally(kept, ({ source }) => source),
    rejected: Object.fromEntries(rejected),
    digest: textHash(kept.map(({ hash }) => hash).join('\n')),
  };
  writeFileSync(join(out, 'corpus.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  console.log(JSON.stringify(report, undefined, 2));
}

const out = process.argv[2];
if (out === undefined)
  throw new VeraError('usage', 'node daemon/demo/recipe/corpus.ts OUT: the folder to write to is missing');
main(resolve(out));
