/** The checks of `vera doctor` for the daemon: state folders, lock, discovery file, the running daemon, the catalog. */
import { existsSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import manifest from '../../package.json' with { type: 'json' };
import { schemaOf } from '../catalog/migrate.ts';
import { MIGRATIONS } from '../catalog/migrations/registry.ts';
import { findRunning } from '../client/running.ts';
import type { Running } from '../client/running.ts';
import { compareVersions } from '../client/version.ts';
import { catalogFile, discoveryFile, logsFolder, privateFolders, veraHome } from '../home.ts';
import { lookAtDiscovery } from '../life/discovery.ts';
import { refuseOldNode } from '../process/node.ts';
import { describe } from '../protocol/generation.ts';
import { PROTOCOL } from '../protocol/method.ts';
import { bytesText } from '../protocol/text.ts';
import type { Check } from './check.ts';
import { plain } from './output.ts';
import { dateText } from './table.ts';
import { withDaemon } from './withDaemon.ts';

const LARGE = 500e6; // bytes; beyond it the thorough check of indexes takes minutes

const right = (name: string, message: string): Check => ({ name, status: 'right', message });
const wrong = (name: string, message: string, cure: string): Check => ({ name, status: 'wrong', message, cure });
const poor = (name: string, message: string, cure: string): Check => ({ name, status: 'poor', message, cure });

export async function checkDaemon(): Promise<Check[]> {
  const checks = [checkState(), checkDatabase()];
  if (checks[1]?.status === 'wrong') return checks; // the lock and the catalog need it
  let running: Running;
  try {
    running = await findRunning();
  } catch (error) {
    return [...checks, wrong('daemon', (error as Error).message, 'fix the permissions of the state folder')];
  }
  if (running.state === 'answers') running.connection.close();
  return [
    ...checks,
    ...[checkDiscovery(), ...checkRunning(running), checkCatalog(running)],
    ...(running.state === 'answers' ? [await checkAssistant()] : []),
  ];
}

/** What answers, and what its base cannot do. Nothing is active at first, and a base may have limits: both are no faults. */
async function checkAssistant(): Promise<Check> {
  const name = 'assistant';
  try {
    const { model, limits } = await withDaemon((client) => client.call(describe, { workspace: process.cwd() }));
    const who = `${plain(model.adapter?.name ?? 'the base')} answers here`;
    const [limit] = limits.completion;
    if (limit === undefined) return right(name, who);
    return poor(name, who, limits.completion.join(' '));
  } catch (error) {
    return right(name, plain((error as Error).message));
  }
}

/** Other users must not be able to read the state. */
export function checkState(folders = [veraHome(), ...privateFolders()]): Check {
  const name = 'state';
  if (process.platform === 'win32') return right(name, `${veraHome()} has the permissions of its folder`);
  const open = folders.filter((folder) => ((statSync(folder, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0);
  if (open.length === 0) return right(name, `${veraHome()} cannot be read by other users`);
  return poor(name, `other users can read ${open.join(', ')}`, `chmod 700 ${open.join(' ')}`);
}

function checkDatabase(): Check {
  const name = 'database';
  try {
    refuseOldNode();
    const db = new Database(':memory:');
    const { version } = db.prepare('SELECT sqlite_version() AS version').get() as { version: string };
    db.close();
    return right(name, `SQLite ${version}`);
  } catch (error) {
    return wrong(
      name,
      `SQLite does not work here: ${plain((error as Error).message)}`,
      'run npm ci again, with Node 22 or newer',
    );
  }
}

function checkDiscovery(): Check {
  const name = 'discovery';
  const found = lookAtDiscovery();
  if (found.state === 'whole' && found.open)
    return wrong(
      name,
      `other users may read ${discoveryFile()}, and with it use the daemon`,
      'vera daemon restart: it writes a new file with another token',
    );
  if (found.state === 'damaged')
    return poor(name, `${discoveryFile()} is damaged: ${found.reason}`, 'vera daemon start: it writes a new one');
  return right(name, found.state === 'none' ? 'none: no daemon runs' : discoveryFile());
}

function checkRunning(running: Running): Check[] {
  const name = 'daemon';
  switch (running.state) {
    case 'none':
    case 'damaged':
      return [right(name, 'is not running; commands that need it start it')];
    case 'stale':
      return [
        right(
          name,
          `is not running; the last one (process ${running.discovery.pid}) was killed; its jobs resume with the next one`,
        ),
      ];
    case 'silent':
      return [
        wrong(
          name,
          `a process holds the lock but does not answer: ${plain(running.reason)}`,
          `it may be starting or ending: check again in a minute; if nothing changes, run vera daemon stop --now and see ${logsFolder()}`,
        ),
      ];
    case 'answers': {
      const { version, protocol, pid, port, startedAt } = running.discovery;
      const said = `version ${version}, process ${pid}, port ${port}, since ${dateText(startedAt)}`;
      const mine = `this program has version ${manifest.version}`;
      if (protocol !== PROTOCOL)
        return [
          wrong(
            name,
            `${said}: it speaks protocol ${protocol}; ${mine} and speaks ${PROTOCOL}`,
            protocol > PROTOCOL ? 'update this program' : 'vera daemon restart',
          ),
        ];
      const order = compareVersions(version, manifest.version);
      if (order < 0)
        return [
          poor(name, `${said}: it is older; ${mine}`, 'any command that needs it replaces it, or vera daemon restart'),
        ];
      if (order > 0) return [poor(name, `${said}: it is newer; ${mine}`, 'update this program')];
      const draining = running.status?.draining ? '; it ends when its running jobs are done' : '';
      return [right(name, said + draining)];
    }
  }
}

function checkCatalog(running: Running): Check {
  const name = 'catalog';
  const file = catalogFile();
  const cure = `vera daemon restart: it keeps the damaged file and continues with the data that can be read (backups are beside it)`;
  if (running.state === 'answers' && running.status !== undefined) {
    const { notes, bytes, schema } = running.status.catalog;
    if (notes.length > 0)
      return poor(name, notes.map(plain).join('; '), `see vera daemon logs, and the files beside ${file}`);
    return right(name, `${file}, ${bytesText(bytes)}, schema ${schema}; the daemon checked it when it started`);
  }
  if (!existsSync(file)) return right(name, 'none yet');
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true });
    const schema = schemaOf(db);
    if (schema > MIGRATIONS.length)
      return wrong(
        name,
        `${file} has schema ${schema}, this program knows ${MIGRATIONS.length}`,
        'update this program',
      );
    const { size } = statSync(file);
    const found = db.pragma(size > LARGE ? 'quick_check(1)' : 'integrity_check(1)', { simple: true });
    if (found !== 'ok') return wrong(name, `${file} is damaged: ${plain(String(found))}`, cure);
    return right(name, `${file}, ${bytesText(size)}, schema ${schema}, whole`);
  } catch (error) {
    return wrong(name, `${file} cannot be read: ${plain((error as Error).message)}`, cure);
  } finally {
    db?.close();
  }
}
