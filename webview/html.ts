/** The page of the panel, without content. All content comes later, as text, through messages. */
export interface PageOptions {
  /** Addresses from `webview.asWebviewUri`. */
  readonly script: string;
  readonly styles: readonly string[];
  /** `webview.cspSource`: where styles and the icon font may come from. */
  readonly cspSource: string;
  /** A new random text for every page. */
  readonly nonce: string;
}

/**
 * The policy allows only the one script with the nonce, and styles and the font from the extension's own folder. It forbids
 * inline styles. Charts and elements set their styles through the CSSOM and constructed sheets, to which the policy does
 * not apply.
 */
const contentSecurityPolicy = ({ cspSource, nonce }: Pick<PageOptions, 'cspSource' | 'nonce'>): string =>
  [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource}`,
    `font-src ${cspSource}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types lit-html',
  ].join('; ');

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const attribute = (text: string): string => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);

/** Throws if the nonce or source could end the policy that it is put into. */
export function panelHtml(options: PageOptions): string {
  if (!/^[A-Za-z0-9+/_-]{16,}={0,2}$/.test(options.nonce))
    throw new Error('the nonce is not base64 of 16 letters or more');
  if (/[;,\r\n]/.test(options.cspSource)) throw new Error('the source of the policy holds a separator');
  const links = options.styles.map((href) => `    <link rel="stylesheet" href="${attribute(href)}" />`);
  return [
    '<!doctype html>',
    '<html lang="en">',
    '  <head>',
    '    <meta charset="utf-8" />',
    `    <meta http-equiv="Content-Security-Policy" content="${attribute(contentSecurityPolicy(options))}" />`,
    '    <meta name="viewport" content="width=device-width, initial-scale=1" />',
    '    <title>VeRA training</title>',
    ...links,
    '  </head>',
    '  <body>',
    '    <div id="panel"></div>',
    `    <script nonce="${attribute(options.nonce)}" src="${attribute(options.script)}"></script>`,
    '  </body>',
    '</html>',
    '',
  ].join('\n');
}
