/** Makes elements without HTML: every string becomes an attribute or a text node. */
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
export type Child = Node | string | undefined;

/** `true` makes an attribute without a value; false and undefined make none. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes?: Attributes,
  ...children: Child[]
): HTMLElementTagNameMap[K];
export function element(tag: string, attributes?: Attributes, ...children: Child[]): HTMLElement;
export function element(tag: string, attributes: Attributes = {}, ...children: Child[]): HTMLElement {
  const made = document.createElement(tag);
  setAttributes(made, attributes);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

export function setAttributes(target: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) target.removeAttribute(name);
    else {
      const text = value === true ? '' : String(value);
      if (target.getAttribute(name) !== text) target.setAttribute(name, text);
    }
  }
}

/** Sets a text only if it differs, so that nothing is painted or read aloud without need. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

export const icon = (name: string): HTMLElement =>
  element('span', { class: `codicon codicon-${name}`, 'aria-hidden': 'true' });

/** A button of @vscode-elements. */
export function button(
  label: string,
  pressed: () => void,
  options: { icon?: string; primary?: boolean; class?: string } = {},
) {
  const made = element('vscode-button', { secondary: options.primary !== true, class: options.class }, label);
  if (options.icon !== undefined) {
    const before = icon(options.icon);
    before.slot = 'content-before';
    made.prepend(before);
  }
  made.addEventListener('click', () => {
    if (!made.hasAttribute('disabled')) pressed();
  });
  return made;
}

/** A toggle button with few words, for a row above a chart. */
export function toggle(
  label: string,
  on: boolean,
  changed: (on: boolean) => void,
  iconName?: string,
): HTMLButtonElement {
  const made = element(
    'button',
    { type: 'button', class: 'toggle', 'aria-pressed': String(on) },
    iconName === undefined ? undefined : icon(iconName),
    label,
  );
  made.addEventListener('click', () => {
    const now = made.getAttribute('aria-pressed') !== 'true';
    made.setAttribute('aria-pressed', String(now));
    changed(now);
  });
  return made;
}

/** A small button beside the thing that it acts on. */
export function action(label: string, iconName: string, pressed: () => void): HTMLButtonElement {
  const made = element('button', { type: 'button', class: 'toggle' }, icon(iconName), label);
  made.addEventListener('click', pressed);
  return made;
}

/** A choice of one among several: radio buttons in one row. `changed` receives the chosen value. */
export function choice<T extends string | number>(
  label: string,
  values: readonly (readonly [value: T, text: string])[],
  chosen: T,
  changed: (value: T) => void,
): HTMLElement {
  const name = `choice-${++choices}`;
  const options = values.map(([value, text]) => {
    const input = element('input', { type: 'radio', name, value, class: 'visually-hidden' });
    input.checked = value === chosen;
    input.addEventListener('change', () => changed(value));
    return element('label', { class: 'option' }, input, element('span', {}, text));
  });
  return element('div', { role: 'radiogroup', 'aria-label': label, class: 'choice' }, ...options);
}
let choices = 0;
