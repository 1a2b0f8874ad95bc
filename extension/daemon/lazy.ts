/** Code that the extension needs only once it connects (client, protocol, zod), in a bundle of its own that is loaded then. */
export { connect } from '../../daemon/client/connect.ts';
export { daemonLog } from '../../daemon/client/logs.ts';
export { connectLanguage } from '../../daemon/client/language.ts';
export { askDaemon } from '../../daemon/client/inline.ts';
export { findRunning } from '../../daemon/client/running.ts';
export * as adapters from '../../daemon/protocol/adapters.ts';
export * as bases from '../../daemon/protocol/bases.ts';
export * as completions from '../../daemon/protocol/completions.ts';
export * as generation from '../../daemon/protocol/generation.ts';
export * as jobs from '../../daemon/protocol/jobs.ts';
export * as life from '../../daemon/protocol/life.ts';
export * as owners from '../../daemon/protocol/owners.ts';
export * as records from '../../daemon/protocol/records.ts';
export * as runs from '../../daemon/protocol/runs.ts';
export * as settings from '../../daemon/protocol/settings.ts';
export { trainPlan } from '../../daemon/protocol/plans.ts';
export { fromPanel } from '../../daemon/protocol/panel.ts';
