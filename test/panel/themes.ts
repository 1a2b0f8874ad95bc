/** The editor's colours as VS Code hands them to a webview, of its four default themes. */
export interface EditorTheme {
  readonly body: string;
  readonly kind: string;
  readonly variables: Readonly<Record<string, string>>;
}

const FONTS = {
  'font-family': "system-ui, Ubuntu, 'Droid Sans', sans-serif",
  'font-size': '13px',
  'font-weight': 'normal',
  'editor-font-family': "'Droid Sans Mono', monospace",
  'editor-font-size': '13px',
};

const dark = {
  ...FONTS,
  foreground: '#cccccc',
  descriptionForeground: '#9d9d9d',
  errorForeground: '#f85149',
  'editor-background': '#1f1f1f',
  'editor-foreground': '#cccccc',
  'editor-selectionBackground': '#264f78',
  'editorWidget-background': '#202020',
  'widget-border': '#313131',
  'panel-border': '#2b2b2b',
  focusBorder: '#0078d4',
  'textLink-foreground': '#4daafc',
  'textCodeBlock-background': '#2b2b2b',
  'button-background': '#0078d4',
  'button-foreground': '#ffffff',
  'button-hoverBackground': '#026ec1',
  'button-border': 'rgba(255, 255, 255, 0.07)',
  'button-secondaryBackground': '#313131',
  'button-secondaryForeground': '#cccccc',
  'button-secondaryHoverBackground': '#3c3c3c',
  'toolbar-hoverBackground': 'rgba(90, 93, 94, 0.31)',
  'inputOption-activeBackground': 'rgba(36, 137, 219, 0.51)',
  'inputOption-activeBorder': '#2488db',
  'inputOption-activeForeground': '#ffffff',
  'inputValidation-errorBackground': '#5a1d1d',
  'inputValidation-errorBorder': '#be1100',
  'inputValidation-warningBackground': '#352a05',
  'inputValidation-warningBorder': '#b89500',
  'list-hoverBackground': '#2a2d2e',
  'list-inactiveSelectionBackground': '#37373d',
  'progressBar-background': '#0078d4',
  'charts-foreground': '#cccccc',
  'charts-blue': '#59a4f9',
  'charts-orange': '#d18616',
  'charts-green': '#89d185',
  'charts-purple': '#b180d7',
  'charts-red': '#f14c4c',
  'charts-yellow': '#cca700',
};

const light: typeof dark = {
  ...dark,
  foreground: '#3b3b3b',
  descriptionForeground: '#3b3b3b',
  errorForeground: '#f85149',
  'editor-background': '#ffffff',
  'editor-foreground': '#3b3b3b',
  'editor-selectionBackground': '#add6ff',
  'editorWidget-background': '#f8f8f8',
  'widget-border': '#e5e5e5',
  'panel-border': '#e5e5e5',
  focusBorder: '#005fb8',
  'textLink-foreground': '#005fb8',
  'textCodeBlock-background': '#f8f8f8',
  'button-background': '#005fb8',
  'button-foreground': '#ffffff',
  'button-hoverBackground': '#0258a8',
  'button-border': 'rgba(0, 0, 0, 0.1)',
  'button-secondaryBackground': '#e5e5e5',
  'button-secondaryForeground': '#3b3b3b',
  'button-secondaryHoverBackground': '#cccccc',
  'toolbar-hoverBackground': 'rgba(184, 184, 184, 0.31)',
  'inputOption-activeBackground': '#bed6ed',
  'inputOption-activeBorder': '#005fb8',
  'inputOption-activeForeground': '#000000',
  'inputValidation-errorBackground': '#f2dede',
  'inputValidation-errorBorder': '#be1100',
  'inputValidation-warningBackground': '#f6f5d2',
  'inputValidation-warningBorder': '#b89500',
  'list-hoverBackground': '#f2f2f2',
  'list-inactiveSelectionBackground': '#e4e6f1',
  'progressBar-background': '#005fb8',
  'charts-foreground': '#3b3b3b',
  'charts-blue': '#0063d3',
  'charts-orange': '#d18616',
  'charts-green': '#388a34',
  'charts-purple': '#652d90',
  'charts-red': '#e51400',
  'charts-yellow': '#bf8803',
};

/** High-contrast themes leave many colours out: what is drawn with them must do without. */
const LEFT_OUT = ['widget-border', 'panel-border', 'button-border', 'list-inactiveSelectionBackground', 'inputOption-activeForeground'];
const without = (theme: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(theme).filter(([name]) => !LEFT_OUT.includes(name)));

const contrastDark = {
  ...without(dark),
  foreground: '#ffffff',
  descriptionForeground: 'rgba(255, 255, 255, 0.7)',
  errorForeground: '#f48771',
  contrastBorder: '#6fc3df',
  contrastActiveBorder: '#f38518',
  'editor-background': '#000000',
  'editor-foreground': '#ffffff',
  'editorWidget-background': '#0c141f',
  focusBorder: '#f38518',
  'textCodeBlock-background': '#000000',
  'button-background': '#000000',
  'button-secondaryBackground': '#000000',
  'button-secondaryForeground': '#ffffff',
  'button-border': '#6fc3df',
  'toolbar-hoverBackground': 'transparent',
  'inputOption-activeBackground': 'transparent',
  'inputOption-activeBorder': '#6fc3df',
  'inputValidation-errorBackground': '#000000',
  'inputValidation-warningBackground': '#000000',
  'list-hoverBackground': 'rgba(255, 255, 255, 0.1)',
  'charts-foreground': '#ffffff',
};

const contrastLight = {
  ...without(light),
  foreground: '#292929',
  descriptionForeground: 'rgba(41, 41, 41, 0.7)',
  errorForeground: '#b5200d',
  contrastBorder: '#0f4a85',
  contrastActiveBorder: '#006bbd',
  'editor-background': '#ffffff',
  'editor-foreground': '#292929',
  focusBorder: '#006bbd',
  'textCodeBlock-background': '#f2f2f2',
  'button-background': '#0f4a85',
  'button-secondaryBackground': '#ffffff',
  'button-secondaryForeground': '#292929',
  'button-border': '#0f4a85',
  'inputOption-activeBackground': 'rgba(0, 0, 0, 0)',
  'inputOption-activeBorder': '#0f4a85',
  'list-hoverBackground': 'rgba(15, 74, 133, 0.1)',
  'charts-foreground': '#292929',
};

export const THEMES = {
  light: { body: 'vscode-light', kind: 'vscode-light', variables: light },
  dark: { body: 'vscode-dark', kind: 'vscode-dark', variables: dark },
  'high contrast': { body: 'vscode-high-contrast', kind: 'vscode-high-contrast', variables: contrastDark },
  'high contrast light': {
    body: 'vscode-high-contrast vscode-high-contrast-light',
    kind: 'vscode-high-contrast-light',
    variables: contrastLight,
  },
} satisfies Record<string, EditorTheme>;
export type ThemeName = keyof typeof THEMES;
