/** Makes the parts of package.json that VS Code reads, and the texts of package.nls.json. Pure. */
import {
  CHAT_VENDOR,
  COMMANDS,
  type CommandName,
  CONTAINER,
  CONTEXTS,
  PANEL,
  PARTICIPANT,
  type SettingName,
  VIEWS,
  WALKTHROUGH,
} from '../contributions.ts';
import { COMMAND_TITLES, KEYS, MENUS } from './commands.ts';
import { checkedReaders } from './datasets.ts';
import { RESTRICTED, SETTING_DESCRIPTIONS, settingId } from './settings.ts';
import { STEPS, VIEW_TITLES, WELCOME } from './texts.ts';

type Json = Record<string, unknown>;
/** A part of the daemon's command line, as a regular expression. */
const DAEMON_PROCESS = '.+vera-studio.+[\\\\/]dist[\\\\/]main\\.js.*';
const CATEGORY = 'VeRA Studio';

/** Texts by key, for package.nls.json. A translation would be another file beside it. */
export function manifestTexts(): Record<string, string> {
  const texts: Record<string, string> = {
    'walkthrough.title': 'Get Started with VeRA Studio',
    'walkthrough.description': 'Train a model on your own data, on your own machine.',
    'configuration.title': 'VeRA Studio',
    'trust.description':
      'You can look at adapters, runs and models. Training, merging and exporting need a trusted workspace.',
    'participant.description': 'Ask the active adapter. It answers on this machine.',
    ...Object.fromEntries(Object.entries(COMMAND_TITLES).map(([name, { title }]) => [`command.${name}`, title])),
    ...Object.fromEntries(Object.entries(VIEW_TITLES).map(([name, title]) => [`view.${name}`, title])),
    ...Object.fromEntries(WELCOME.map(({ key, text }) => [`welcome.${key}`, text])),
    ...Object.fromEntries(
      STEPS.flatMap(({ id, title, description }): [string, string][] => [
        [`step.${id}`, title],
        [`step.${id}.description`, description],
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(SETTING_DESCRIPTIONS).flatMap(
        ([name, { description, enumDescriptions = [] }]): [string, string][] => [
          [`setting.${name}`, description],
          ...enumDescriptions.map((text, i): [string, string] => [`setting.${name}.${i}`, text]),
        ],
      ),
    ),
  };
  return texts;
}

export const activationEvents = (): string[] => [
  ...checkedReaders.map(({ id }) => `onLanguage:${id}`),
  `onWebviewPanel:${PANEL}`,
  'onStartupFinished',
];

export const capabilities = (): Json => ({
  untrustedWorkspaces: {
    supported: 'limited',
    description: '%trust.description%',
    restrictedConfigurations: RESTRICTED.map(settingId),
  },
  virtualWorkspaces: false,
});

export const contributes = (): Json => ({
  commands: Object.entries(COMMAND_TITLES).map(([name, { icon, plain }]) => ({
    command: COMMANDS[name as CommandName],
    title: `%command.${name}%`,
    ...(plain === true ? {} : { category: CATEGORY }),
    ...(icon === undefined ? {} : { icon }),
  })),
  menus: MENUS,
  keybindings: KEYS,
  viewsContainers: { activitybar: [{ id: CONTAINER, title: 'VeRA Studio', icon: 'media/activity.svg' }] },
  views: {
    [CONTAINER]: Object.entries(VIEWS).map(([name, id]) => ({
      id,
      name: `%view.${name}%`,
      icon: 'media/activity.svg',
      contextualTitle: 'VeRA Studio',
      ...(name === 'models' ? { visibility: 'collapsed' } : {}),
    })),
  },
  viewsWelcome: WELCOME.map(({ key, view, when }) => ({
    view: VIEWS[view],
    contents: `%welcome.${key}%`,
    ...(when === undefined ? {} : { when }),
  })),
  languageModelChatProviders: [{ vendor: CHAT_VENDOR, displayName: 'VeRA Studio' }],
  chatParticipants: [
    {
      id: PARTICIPANT,
      name: 'vera',
      fullName: 'VeRA Studio',
      description: '%participant.description%',
      isSticky: true,
    },
  ],
  languages: checkedReaders.map(({ id, label, extensions }) => ({ id, extensions, aliases: [label] })),
  // The daemon listens on this machine alone. VS Code must not forward its port from a remote machine.
  configurationDefaults: {
    'remote.portsAttributes': { [DAEMON_PROCESS]: { onAutoForward: 'ignore' } },
  },
  configuration: {
    title: '%configuration.title%',
    properties: Object.fromEntries(
      Object.entries(SETTING_DESCRIPTIONS).map(([name, { description: _, enumDescriptions, ...rest }], order) => [
        settingId(name as SettingName),
        {
          ...rest,
          order,
          markdownDescription: `%setting.${name}%`,
          ...(enumDescriptions === undefined
            ? {}
            : { enumDescriptions: enumDescriptions.map((_text, i) => `%setting.${name}.${i}%`) }),
        },
      ]),
    ),
  },
  walkthroughs: [
    {
      id: WALKTHROUGH,
      title: '%walkthrough.title%',
      description: '%walkthrough.description%',
      steps: STEPS.map(({ id, done }) => ({
        id,
        title: `%step.${id}%`,
        description: `%step.${id}.description%`,
        media: { markdown: `walkthrough/${id}.md` },
        completionEvents: [`onContext:${CONTEXTS[done]}`],
      })),
    },
  ],
});
