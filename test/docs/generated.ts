import { protocolPage } from './protocolPage.ts';

/** The generated pages of docs/. */
export const GENERATED: Record<string, () => string> = { 'docs/protocol.md': protocolPage };
