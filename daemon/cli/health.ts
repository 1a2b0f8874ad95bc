/** The checks of `vera doctor`. Each says what it found, whether that is right, and if not, what to do. */
import { existsSync, lstatSync, mkdirSync, opendirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheFolder, veraHome } from '../home.ts';
import { examine } from '../runtime/examine.ts';
import type { Probe } from '../runtime/probe.ts';
import { bytesText } from '../protocol/text.ts';
import { checkDaemon } from './daemonHealth.ts';
import type { Check } from './check.ts';

const LEAST_NODE = [22, 18] as const; // runs TypeScript files as they are
const LEAST_MEMORY = 1e9; // SmolLM2-135M in int8 with short rows needs about that
const LEAST_DISK = 200e6;
const GOOD_DISK = 5e9; // the int8 and fp32 copies of a model of a billion parameters
const LARGEST_ERROR = 1e-5; // of sums of seven products of numbers below one, in float32

const right = (name: string, message: string): Check => ({ name, status: 'right', message });

export async function examineAll(): Promise<Check[]> {
  return [
    checkNode(process.versions.node),
    ...(await checkRuntime(examine)),
    checkCores(),
    checkMemory(process.availableMemory()),
    checkHome(veraHome()),
    checkDisk(veraHome()),
    checkCache(cacheFolder()),
    ...checkHub(process.env),
    ...(await checkDaemon()),
  ];
}

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  if (enough) return right('node', `Node ${version}`);
  const cure = `install Node ${LEAST_NODE.join('.')} or newer (24 is best), or use the one that npm ci put into node_modules/.bin`;
  return { name: 'node', status: 'wrong', message: `Node ${version} is too old`, cure };
}

export async function checkRuntime(look: () => Promise<Probe>): Promise<Check[]> {
  const name = 'onnxruntime';
  let found: Probe;
  try {
    found = await look();
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    const cure =
      'run npm ci again in this folder; if that does not help, this system may lack a library (glibc 2.28 or newer on Linux)';
    return [{ name, status: 'wrong', message: `it does not work here: ${message}`, cure }];
  }
  const computes = found.largestError <= LARGEST_ERROR;
  const check: Check = computes
    ? right(name, `onnxruntime ${found.version} computes (largest difference ${found.largestError.toExponential(1)})`)
    : {
        ...{
          name,
          status: 'wrong',
          message: `onnxruntime ${found.version} computes wrong results (${found.largestError})`,
        },
        cure: 'run npm ci again; if that does not help, report it with the name of this processor',
      };
  const names = (bundled: boolean): string =>
    found.providers.flatMap((provider) => (provider.bundled === bundled ? [provider.name] : [])).join(', ');
  const providers = right(
    'providers',
    `in the package: ${names(true)}; to be installed by hand: ${names(false) || 'none'}; used for training: cpu`,
  );
  const telemetry: Check = found.telemetryOff
    ? right('telemetry', 'off: nothing is sent anywhere')
    : {
        name: 'telemetry',
        status: 'wrong',
        message: 'onnxruntime may send usage data',
        cure: 'set ORT_DISABLE_TELEMETRY=1',
      };
  return [check, providers, telemetry];
}

function checkCores(): Check {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const usable = availableParallelism();
  const threads = cpus().length; // what sessions take when nothing is said
  const message = `${usable} cores usable (${model}), ${threads} threads by default`;
  if (threads <= usable) return right('cores', message);
  return {
    name: 'cores',
    status: 'poor',
    message,
    cure: `this process is limited to ${usable} cores: pass --threads ${usable}`,
  };
}

export function checkMemory(free: number): Check {
  const message = `${bytesText(free)} of ${bytesText(totalmem())} memory free`;
  if (free >= LEAST_MEMORY) return right('memory', message);
  return {
    name: 'memory',
    status: 'poor',
    message,
    cure: 'close other programs, or train with --precision int8 and a smaller --batch and --length (vera plan shows what is needed)',
  };
}

export function checkHome(home: string): Check {
  const trial = join(home, `.doctor-${process.pid}`);
  try {
    makeFolder(home);
    writeFileSync(trial, 'trial', { flush: true });
    rmSync(trial);
    return right('home', `${home} can be written`);
  } catch (error) {
    const cure = 'set VERA_HOME to a folder of yours, or fix its permissions';
    return { name: 'home', status: 'wrong', message: `${home} cannot be written: ${(error as Error).message}`, cure };
  }
}

/** One level at a time: Node's own way never ends where the kernel lets nobody make a folder, as in /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

function checkDisk(home: string): Check {
  const name = 'disk';
  try {
    const { bavail, bsize } = statfsSync(home);
    const free = bavail * bsize;
    const message = `${bytesText(free)} free at ${home}`;
    if (free >= GOOD_DISK) return right(name, message);
    return {
      name,
      status: free < LEAST_DISK ? 'wrong' : 'poor',
      message,
      cure: 'free some space, or set VERA_HOME to a folder on a larger disk',
    };
  } catch (error) {
    return {
      name,
      status: 'poor',
      message: `free space is unknown: ${(error as Error).message}`,
      cure: 'see the line on home',
    };
  }
}

function checkCache(cache: string): Check {
  return right(
    'cache',
    `${bytesText(sizeOf(cache))} in ${cache}; you may delete it; it is made again when it is needed`,
  );
}

/** Bytes of all files below a folder; links are not followed, and what cannot be read counts nothing. */
function sizeOf(folder: string): number {
  let bytes = 0;
  try {
    const entries = opendirSync(folder);
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) bytes += sizeOf(path);
      else bytes += lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
    }
    entries.closeSync();
  } catch {
    return bytes;
  }
  return bytes;
}

export function checkHub(env: Readonly<Record<string, string | undefined>>): Check[] {
  const endpoint = env['HF_ENDPOINT'] ?? '';
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const known = endpoint === '' || (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '');
  const hub: Check = known
    ? right(
        'hub',
        endpoint === ''
          ? 'hub ids are fetched from https://huggingface.co'
          : `hub ids are fetched from ${url?.origin ?? ''} (HF_ENDPOINT)`,
      )
    : {
        name: 'hub',
        status: 'wrong',
        message: 'HF_ENDPOINT is not a plain http or https address',
        cure: 'set it to one such as https://huggingface.co, or unset it',
      };
  const token = (env['HF_TOKEN'] ?? '').trim();
  if (!/^[\x21-\x7e]*$/.test(token)) {
    return [
      hub,
      { name: 'token', status: 'wrong', message: 'HF_TOKEN has characters that no token has', cure: 'copy it again' },
    ];
  }
  const said = token === '' ? 'HF_TOKEN is not set: gated and private models cannot be fetched' : 'HF_TOKEN is set';
  return [hub, right('token', said)];
}
