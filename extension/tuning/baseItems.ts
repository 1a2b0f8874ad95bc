import type { FoundBase, HubBase, RecommendedBase } from '../../daemon/protocol/bases.ts';
import { bytesText } from '../../daemon/protocol/text.ts';
import { lastPart, oneLine, parametersText } from '../text.ts';
import type { Base } from './bases.ts';

/** What a line of the choice of a base does. */
export type BaseChoice =
  | { readonly does: 'take'; readonly base: Base }
  /** Takes a model of the hub, after the hub was asked about it. */
  | { readonly does: 'named' | 'search'; readonly text: string }
  /** Shows the whole reason why a model cannot be trained. */
  | { readonly does: 'problem'; readonly name: string; readonly problem: string; readonly spec: string }
  | { readonly does: 'file' | 'folder' };

export interface BaseLine {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly separator?: true;
  readonly choice?: BaseChoice;
}

export interface KnownBases {
  /** Models of this machine, and the demo model at its end; undefined while they are looked for. */
  readonly here: readonly FoundBase[] | undefined;
  readonly recommended: readonly RecommendedBase[];
  readonly demo: Base | undefined;
  /** What the run would cost with a recommended model, in words, by its id. */
  readonly costs: ReadonlyMap<string, string>;
  readonly stopped: string | null;
  /** The home folder of the person, which is written as ~. */
  readonly home: string;
}

const MOST_PROBLEMS = 20; // models that cannot be trained; a machine may hold hundreds of other kinds

const separator = (label: string): BaseLine => ({ label, separator: true });
const joined = (...parts: (string | null | undefined | false)[]): string =>
  parts.filter((part) => typeof part === 'string' && part !== '').join(' · ');

/** The lines of the choice: what this machine has, recommended models that it lacks, other ways, what cannot be trained. Pure. */
export function baseItems({ here, recommended, demo, costs, stopped, home }: KnownBases): BaseLine[] {
  const good = (here ?? []).filter(({ problem }) => problem === null);
  const bad = (here ?? []).filter(({ problem }) => problem !== null).slice(0, MOST_PROBLEMS);
  const names = new Set(good.map(({ name }) => name));
  const missing = recommended.filter(({ id }) => !names.has(id));
  const others: BaseLine[] = [
    separator('Other models'),
    {
      label: '$(search) Search the Hugging Face hub...',
      detail: 'By words, an id or the address of a model. Only what you type is sent.',
      choice: { does: 'search', text: '' },
    },
    { label: '$(file) GGUF file...', choice: { does: 'file' } },
    { label: '$(folder-opened) Model folder...', choice: { does: 'folder' } },
  ];
  return [
    separator('On this machine'),
    ...good.map((one) => foundLine(one, home)),
    ...(here === undefined ? [{ label: '$(loading~spin) Looking for models...' }] : []),
    ...(demo === undefined ? [] : [demoLine(demo)]),
    ...(stopped === null ? [] : [{ label: `$(info) ${stopped}` }]),
    ...(missing.length === 0 ? [] : [separator('Recommended')]),
    ...missing.map((one) => recommendedLine(one, costs.get(one.id))),
    ...others,
    ...(bad.length === 0 ? [] : [separator('Cannot be trained here')]),
    ...bad.map((one) => problemLine(one.name, one.problem!, one.spec)),
  ];
}

const demoLine = (demo: Base): BaseLine => ({
  label: `$(beaker) ${demo.label}`,
  description: demo.description,
  choice: { does: 'take', base: demo },
});

function foundLine(
  { source, name, spec, from, parameters, bytes, storedAs, licence, usedAt }: FoundBase,
  home: string,
): BaseLine {
  const description = joined(
    parameters === null ? null : parametersText(parameters),
    bytes === null ? null : bytesText(bytes),
    storedAs,
    licence,
  );
  const path = spec.startsWith(home) && home !== '' ? `~${spec.slice(home.length)}` : spec;
  const place = source === 'ollama' ? null : path; // of a manifest, which says no more than the name
  return {
    label: `$(symbol-misc) ${oneLine(lastPart(name))}`,
    description,
    detail: oneLine(joined(from, usedAt !== null && from !== 'used before' && 'used before', place)),
    choice: { does: 'take', base: { spec, label: lastPart(name), description } },
  };
}

function recommendedLine(
  { id, goodAt, bytes, licence, gated, summary }: RecommendedBase,
  cost: string | undefined,
): BaseLine {
  const size = bytes === null ? null : `download of ${bytesText(bytes)}`;
  const description = joined(goodAt.join(', '), size, licence, gated && 'asks for an access token');
  return {
    label: `$(cloud-download) ${lastPart(id)}`,
    description,
    detail: joined(cost, summary),
    choice: { does: 'take', base: { spec: id, label: lastPart(id), description: size ?? '', gated } },
  };
}

const problemLine = (name: string, problem: string, spec: string): BaseLine => ({
  label: `$(circle-slash) ${oneLine(lastPart(name))}`,
  detail: oneLine(problem),
  choice: { does: 'problem', name, problem, spec },
});

/** A model that the hub has, as a line of a search. Pure. */
export function hubLine({ id, parameters, bytes, licence, gated, downloads, problem }: HubBase): BaseLine {
  if (problem !== null) return problemLine(id, problem, id);
  const size = bytes === null ? null : `download of ${bytesText(bytes)}`;
  return {
    label: `$(cloud-download) ${id}`,
    description: joined(size, licence, gated && 'asks for an access token'),
    detail: joined(
      parameters === null ? null : parametersText(parameters),
      downloads === null ? null : `downloaded ${downloads.toLocaleString('en-US')} times in a month`,
    ),
    choice: { does: 'take', base: { spec: id, label: lastPart(id), description: size ?? '', gated } },
  };
}
