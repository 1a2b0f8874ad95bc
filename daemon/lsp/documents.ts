import { closeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type {
  Diagnostic,
  DidChangeTextDocumentParams,
  DidOpenTextDocumentParams,
} from 'vscode-languageserver-protocol';
import { cannotRead, openRegularFile } from '../data/readers/file.ts';
import { VeraError } from '../protocol/errors.ts';
import { Dataset } from './dataset.ts';
import { diagnosticsOf, type About } from './diagnostics.ts';
import { diskOf, NO_DISK } from './disk.ts';
import { kindOf } from './kinds.ts';
import { scan } from './scan.ts';
import type { Settings } from './settings.ts';
import type { Loaded } from './tokenizers.ts';

/** Milliseconds of scanning before requests of the client are answered. */
const SLICE = 8;
/** Milliseconds between diagnostics during a scan. */
const EVERY = 500;

/** Bytes of the largest file that is read: V8 has no strings longer than half a gigabyte. */
const LARGEST = 400 * 2 ** 20;

export interface Open {
  dataset: Dataset;
  about: About;
  /** Problems found so far. */
  count: number;
  published: number;
  /** Something was found that was not published yet. */
  news: boolean;
  scanning: boolean;
  /** How many of its bytes, tokenizer and settings are being read. */
  looking: number;
  /** The editor shows the byte-order mark, so its text decides whether there is one, not the disk. */
  marked: boolean;
}

export interface Outlet {
  publish(uri: string, version: number, diagnostics: Diagnostic[]): void;
  /** A scan ended, so the lenses show other figures now. */
  refresh(): void;
  tokenizer(base: string): Promise<Loaded>;
  /** What the client's settings for this document say; undefined if it has no settings for single documents. */
  own(uri: string): Promise<Pick<Settings, 'columns'> | undefined>;
}

/** The open documents, and the scan that checks them in slices of time. */
export function documents(outlet: Outlet, initial: Settings) {
  const opened = new Map<string, Open>();
  let settings = initial;
  let running = false;
  let closed = false;

  const publish = (open: Open): void => {
    const { diagnostics, count } = diagnosticsOf(open.dataset, open.about);
    open.count = count;
    open.news = false;
    open.published = performance.now();
    outlet.publish(open.dataset.uri, open.dataset.version, diagnostics);
  };

  const slice = (): void => {
    running = false;
    if (closed) return;
    for (const open of opened.values()) {
      if (open.news) publish(open);
      if (!open.scanning) continue;
      open.scanning = scan(open.dataset, performance.now() + SLICE);
      if (!open.scanning) {
        publish(open);
        outlet.refresh();
      } else if (performance.now() - open.published > EVERY) publish(open);
    }
    if ([...opened.values()].some(({ scanning, news }) => scanning || news)) start();
  };
  const start = (): void => {
    if (running) return;
    running = true;
    setImmediate(slice);
  };
  const wake = (open: Open): void => {
    open.news = true;
    open.scanning = true;
    start();
  };

  /** Gives all documents the tokenizer of the chosen base. */
  const equip = async (): Promise<void> => {
    const { base } = settings;
    const loaded = base === undefined ? undefined : await outlet.tokenizer(base);
    if (settings.base !== base) return; // another base was chosen meanwhile, and its own call follows
    for (const open of opened.values()) {
      const tokenizer = loaded && 'tokenizer' in loaded ? loaded.tokenizer : undefined;
      const { base: _, ...about } = open.about;
      open.about = { ...about, ...(loaded && 'reason' in loaded ? { base: loaded.reason } : {}) };
      if (open.dataset.tokenizer !== tokenizer) {
        open.dataset.tokenizer = tokenizer;
        open.dataset.forgetAll();
      }
      wake(open);
    }
  };

  /** Reads the bytes on disk. They are those of the last opening or saving, so later edits move the lines. */
  const look = async (open: Open): Promise<void> => {
    const path = pathOf(open.dataset.uri);
    if (path === undefined) return;
    const { version } = open.dataset;
    const doubtful = open.dataset.blocks.some(({ text }) => text.includes('\uFFFD'));
    const disk = await diskOf(path, doubtful);
    if (opened.get(open.dataset.uri) !== open) return;
    // Lines have moved since, so only what concerns the whole file is still right.
    const bad = open.dataset.version === version ? disk.bad : [];
    open.about = { ...open.about, disk: { ...disk, bad, mark: disk.mark && !open.marked } };
    wake(open);
  };

  /** Takes what the settings say of this document alone. */
  const scope = async (open: Open): Promise<void> => {
    const own = await outlet.own(open.dataset.uri);
    if (!own || own.columns === open.dataset.settings.columns) return;
    open.dataset.settings = { ...open.dataset.settings, columns: own.columns };
    open.dataset.detect();
    open.dataset.forgetAll();
    wake(open);
  };
  const busy = async (open: Open, work: Promise<void>): Promise<void> => {
    open.looking++;
    await work.finally(() => open.looking--);
  };

  return {
    get: (uri: string): Open | undefined => opened.get(uri),
    open({ textDocument: { uri, languageId, version, text } }: DidOpenTextDocumentParams): void {
      const kind = kindOf(uri, languageId);
      if (!kind) return;
      const dataset = new Dataset(uri, kind, text, version, settings);
      const open = {
        dataset,
        about: { disk: { ...NO_DISK, lossy: text.includes('\uFFFD') } }, // until the disk was looked at
        count: 0,
        published: 0,
        news: true,
        scanning: true,
        looking: 0,
        marked: text.charCodeAt(0) === 0xfeff,
      };
      opened.set(uri, open);
      void busy(open, equip());
      void busy(open, look(open));
      void busy(open, scope(open));
    },
    /**
     * Opens a file from the disk, for editors that do not send large documents (VS Code above 50 MB). Throws VeraError if it
     * cannot be read or is not a dataset.
     */
    async openFile(uri: string): Promise<void> {
      const path = pathOf(uri);
      if (path === undefined || !kindOf(uri, '')) throw new VeraError('usage', `${uri} is not a dataset file`);
      const file = openRegularFile(path);
      closeSync(file.fd);
      if (file.size > LARGEST)
        throw new VeraError(
          'data',
          `${path} is larger than ${LARGEST / 2 ** 20} MiB, too large to check here; training still reads it`,
        );
      let text: string;
      try {
        text = await readFile(path, 'utf8');
      } catch (cause) {
        throw cannotRead(path, cause);
      }
      this.open({ textDocument: { uri, languageId: '', version: 0, text } });
    },
    change({ textDocument: { uri, version }, contentChanges }: DidChangeTextDocumentParams): void {
      const open = opened.get(uri);
      if (!open) return;
      for (const { line, removed, lines } of open.dataset.change(contentChanges, version)) {
        const bad = open.about.disk.bad
          .filter((one) => one.line < line || one.line >= line + removed)
          .map((one) => (one.line < line ? one : { ...one, line: one.line + lines - removed }));
        open.about = { ...open.about, disk: { ...open.about.disk, bad } };
      }
      wake(open);
    },
    save(uri: string): void {
      const open = opened.get(uri);
      if (!open) return;
      void busy(open, look(open));
    },
    close(uri: string): void {
      if (opened.delete(uri)) outlet.publish(uri, 0, []);
    },
    configure(next: Settings): void {
      const same = JSON.stringify(next) === JSON.stringify(settings);
      if (same) for (const open of opened.values()) void busy(open, scope(open));
      if (same) return;
      settings = next;
      for (const open of opened.values()) {
        open.dataset.settings = next;
        open.dataset.detect();
        open.dataset.forgetAll();
        void busy(open, scope(open));
      }
      void equip();
    },
    settings: (): Settings => settings,
    end(): void {
      closed = true;
      opened.clear();
    },
  };
}

/** The path of a file's URI; undefined for another kind of URI. */
export function pathOf(uri: string): string | undefined {
  try {
    return uri.startsWith('file:') ? fileURLToPath(uri) : undefined;
  } catch {
    return undefined;
  }
}
