import { protocolPage } from './protocolPage.ts';

/** What is generated of docs/. */
export const GENERATED: Record<string, () => string> = { 'docs/protocol.md': protocolPage };
