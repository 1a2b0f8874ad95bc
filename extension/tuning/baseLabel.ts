import { baseName } from '../../daemon/protocol/baseName.ts';
import { lastPart } from '../text.ts';

export const DEMO_NAME = 'Demo model';
/** The folder that the bundled model is copied into. */
export const DEMO_FOLDER = 'vera-demo';

/** Whether a base, by its spec or its name in the catalog, is the bundled model. */
export const isDemo = (base: string): boolean => lastPart(base) === DEMO_FOLDER;

/** What people call a base in a list: the last part of its name. */
export const baseLabel = (spec: string): string => (isDemo(spec) ? DEMO_NAME : lastPart(baseName(spec)));
