import { datasetEndings } from '../../daemon/data/readers/registry.ts';
import { COMMANDS, type CommandName, type ContextName, type ViewName } from '../contributions.ts';

export const VIEW_TITLES: Readonly<Record<ViewName, string>> = { adapters: 'Adapters', runs: 'Runs', models: 'Models' };

const button = (text: string, command: CommandName): string => `[${text}](command:${COMMANDS[command]})`;

/** Text of a view while it is empty. */
export const WELCOME: readonly { key: string; view: ViewName; text: string; when?: string }[] = [
  {
    key: 'adapters',
    view: 'adapters',
    text: `You have no adapters yet. Training makes one: a small file that changes what a base model answers.\n${button('Fine-tune with VeRA...', 'fineTune')}\nYou can also right-click a dataset or a folder of code, or [import](command:${COMMANDS.importAdapter}) an adapter that was trained with PEFT.`,
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
    text: `You have no runs yet. A run trains on a dataset (${datasetEndings.join(', ')}) or on a folder of code. Everything stays on this machine.\n${button('Fine-tune with VeRA...', 'fineTune')}`,
    when: 'isWorkspaceTrusted',
  },
  {
    key: 'models',
    view: 'models',
    text: `You have no base models yet. Choose one that this machine has (Hugging Face, Ollama, LM Studio, GGUF files), a recommended one, or one of the hub.\n${button('Add or Download Model...', 'downloadModel')}`,
    when: 'isWorkspaceTrusted',
  },
];

/** Steps of the walkthrough. walkthrough/<id>.md is shown beside each step. */
export const STEPS: readonly { id: string; title: string; description: string; done: ContextName }[] = [
  {
    id: 'data',
    title: 'Choose the data',
    description: `Use a dataset of questions and answers, chats or plain text, or a folder of your own code. Right-click it in the Explorer.\n${button('Fine-tune with VeRA...', 'fineTune')}`,
    done: 'hasRun',
  },
  {
    id: 'watch',
    title: 'Watch it learn',
    description: `See loss, speed and time left during training, and what the same run would cost with LoRA. The run continues when you close the window.\n${button('Open Training Panel', 'openPanel')}`,
    done: 'panelSeen',
  },
  {
    id: 'use',
    title: 'Use the adapter',
    description: `Compare its answers with those of the base, then make it the active adapter of this project: it answers in chat and completes your code. You can also merge it into a complete model, or export it.\n${button('Try It...', 'tryAdapter')}\n${button('Choose Active Adapter...', 'pickAdapter')}`,
    done: 'hasActive',
  },
];
