import { datasetEndings } from '../../daemon/data/readers/registry.ts';
import { COMMANDS, type CommandName, type ViewName } from '../contributions.ts';

export const VIEW_TITLES: Readonly<Record<ViewName, string>> = { adapters: 'Adapters', runs: 'Runs', models: 'Models' };

const button = (text: string, command: CommandName): string => `[${text}](command:${COMMANDS[command]})`;

/** What a view says while it is empty. */
export const WELCOME: readonly { key: string; view: ViewName; text: string; when?: string }[] = [
  {
    key: 'adapters',
    view: 'adapters',
    text: `An adapter is what a run has learned: a few kilobytes on top of a base model. There is none yet.\n${button('Fine-tune with VeRA...', 'fineTune')}\nYou can also right-click a dataset or a folder of code, or [import](command:${COMMANDS.importAdapter}) an adapter that PEFT has trained.`,
    when: 'isWorkspaceTrusted',
  },
  {
    key: 'adapters.untrusted',
    view: 'adapters',
    text: 'Training needs a trusted workspace.\n[Manage Workspace Trust](command:workbench.trust.manage)',
    when: '!isWorkspaceTrusted',
  },
  {
    key: 'runs',
    view: 'runs',
    text: `Nothing has been trained yet. A run takes a dataset (${datasetEndings.join(', ')}) or a folder of code, and stays on this machine.\n${button('Fine-tune with VeRA...', 'fineTune')}`,
    when: 'isWorkspaceTrusted',
  },
  {
    key: 'models',
    view: 'models',
    text: `No base model is known yet. Take a folder, a GGUF file, or download one by its hub id.\n${button('Add or Download Model...', 'downloadModel')}`,
    when: 'isWorkspaceTrusted',
  },
];

/** Steps of the walkthrough; the picture of each is walkthrough/<id>.md. */
export const STEPS: readonly { id: string; title: string; description: string; done: CommandName }[] = [
  {
    id: 'data',
    title: 'Choose what to learn from',
    description: `A dataset of questions and answers, chats or plain text, or a folder of your own code. Right-click it in the Explorer.\n${button('Fine-tune with VeRA...', 'fineTune')}`,
    done: 'fineTune',
  },
  {
    id: 'watch',
    title: 'Watch it learn',
    description: `Loss, speed and time left as they happen, beside what the same run would cost with LoRA. It goes on when you close the window.\n${button('Open Training Panel', 'openPanel')}`,
    done: 'openPanel',
  },
  {
    id: 'use',
    title: 'Use what it learned',
    description: `Activate the adapter for this project, merge it into a model of its own, or export it for Hugging Face PEFT.\n${button('Choose Active Adapter...', 'pickAdapter')}`,
    done: 'pickAdapter',
  },
];
