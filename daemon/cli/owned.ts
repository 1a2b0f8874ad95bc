import type { Command } from 'commander';
import { deleteAsking, type Deleted } from './deletion.ts';
import { asking, type Common } from './group.ts';
import { plain, print, printJson } from './output.ts';
import { label, reference, type Reference, trashed, type Trashed, type TrashFilter } from './reference.ts';
import type { Client } from './withDaemon.ts';

/** A user or a project, as lists and answers show it. */
type Named = Record<string, unknown> & { readonly id: number; readonly name: string; readonly note: string };
type Removed = Deleted & Record<string, unknown> & { readonly thing: { readonly id: number } };

/** What the commands need to know of a kind of thing that has a name, a note and a place in the trash. */
export interface Owned<T extends Named> {
  /** 'user' */
  readonly noun: string;
  /** Said of --yes. */
  readonly withoutAsking: string;
  /** What is said of it behind its name. */
  readonly about?: (thing: T) => string;
  readonly update: (client: Client, which: Reference, change: { name: string } | { note: string }) => Promise<T>;
  readonly remove: (client: Client, which: Reference, confirm: boolean) => Promise<Removed>;
  readonly list: (client: Client, filter: TrashFilter) => Promise<{ items: Trashed[] }>;
  readonly restore: (client: Client, id: number) => Promise<T>;
}

const capital = (noun: string): string => noun.charAt(0).toUpperCase() + noun.slice(1);

/** Says what a thing is called now. */
export function sayNamed<T extends Named>({ noun, about }: Owned<T>, thing: T, json: boolean | undefined): void {
  if (json) printJson(thing);
  else
    print(
      `${capital(noun)} ${thing.id} is "${thing.name}"${about?.(thing) ?? ''}${thing.note === '' ? '' : `: ${plain(thing.note)}`}`,
    );
}

/** Adds the commands that rename a thing and change its note. */
export function addNaming<T extends Named>(commands: Command, owned: Owned<T>): void {
  const { noun } = owned;
  const update = async (
    client: Client,
    { json }: Common,
    which: Reference,
    change: { name: string } | { note: string },
  ): Promise<void> => sayNamed(owned, await owned.update(client, which, change), json);
  commands
    .command('rename')
    .description(`rename a ${noun}`)
    .argument(`<${noun}>`, 'name or number', reference)
    .argument('<name>', 'the new name', label)
    .action(asking((client, flags: Common, which: Reference, name: string) => update(client, flags, which, { name })));
  commands
    .command('note')
    .description(`change the note on a ${noun}`)
    .argument(`<${noun}>`, 'name or number', reference)
    .argument('<text>', "the note; '' for none")
    .action(asking((client, flags: Common, which: Reference, note: string) => update(client, flags, which, { note })));
}

/** Adds the commands that put a thing into the trash and take it out. */
export function addTrash<T extends Named>(commands: Command, { noun, withoutAsking, ...owned }: Owned<T>): void {
  commands
    .command('delete')
    .description(`move a ${noun} to the trash for thirty days`)
    .argument(`<${noun}>`, 'name or number', reference)
    .option('--yes', withoutAsking)
    .action(
      asking(async (client, flags: Common & { yes?: boolean }, which: Reference) => {
        await deleteAsking(
          typeof which === 'number' ? `${noun} ${which}` : `${noun} "${which}"`,
          flags,
          (confirm) => owned.remove(client, which, confirm),
          ({ thing }) => `vera ${noun}s restore ${thing.id}`,
        );
      }),
    );
  commands
    .command('restore')
    .description(`restore a ${noun} from the trash`)
    .argument(`<${noun}>`, 'name or number')
    .action(
      asking(async (client, { json }: Common, text: string) => {
        const restored = await owned.restore(client, await trashed(noun, text, (filter) => owned.list(client, filter)));
        if (json) printJson(restored);
        else print(`${capital(noun)} ${restored.id} "${restored.name}" is restored`);
      }),
    );
}
