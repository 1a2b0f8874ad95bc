/** Colours of the editor's theme, for drawing on a canvas. */
export interface Theme {
  readonly foreground: string;
  readonly muted: string;
  readonly grid: string;
  readonly background: string;
  readonly font: string;
  /** By the number of a run. */
  readonly runs: readonly string[];
  readonly highContrast: boolean;
}

const RUN_COLOURS = [
  ...['charts-blue', 'charts-orange', 'charts-green', 'charts-purple', 'charts-red', 'charts-yellow'],
  ...['terminal-ansiCyan', 'terminal-ansiMagenta'],
];

export function readTheme(): Theme {
  const style = getComputedStyle(document.body);
  const colour = (name: string, otherwise: string): string => style.getPropertyValue(name).trim() || otherwise;
  const foreground = colour('--vscode-editor-foreground', style.color);
  const highContrast = document.body.classList.contains('vscode-high-contrast');
  return {
    foreground,
    muted: colour('--vscode-descriptionForeground', foreground),
    grid: colour('--panel-grid', 'rgba(128,128,128,0.2)'),
    background: colour('--vscode-editor-background', 'transparent'),
    font: `11px ${colour('--vscode-font-family', 'sans-serif')}`,
    runs: RUN_COLOURS.map((name) => opaque(colour(`--vscode-${name}`, foreground))),
    highContrast,
  };
}

/** Some themes use a transparent highlight as orange. A thin line in it could hardly be seen. */
function opaque(colour: string): string {
  const hex = /^#([\da-f]{6})[\da-f]{2}$/i.exec(colour);
  if (hex) return `#${hex[1]!}`;
  const rgb = /^rgba\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)/.exec(colour);
  return rgb ? `rgb(${rgb.slice(1).join(', ')})` : colour;
}

/** VS Code changes the body's class and the root's style when the theme changes. */
export function onTheme(changed: () => void): void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
}

/** Whether the person, or VS Code for them, asks for less movement. */
export const reducedMotion = (): boolean =>
  document.body.classList.contains('vscode-reduce-motion') || matchMedia('(prefers-reduced-motion: reduce)').matches;
