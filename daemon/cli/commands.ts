import type { Command } from 'commander';

type Register = (program: Command) => void;

/**
 * Every command of `vera`, in the order of its help. Each is loaded when it is used, so that `vera doctor` works even if
 * onnxruntime does not.
 */
export const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  train: async () => (await import('./train.ts')).registerTrain,
  preview: async () => (await import('./preview.ts')).registerPreview,
  eval: async () => (await import('./eval.ts')).registerEval,
  generate: async () => (await import('./generate.ts')).registerGenerate,
  chat: async () => (await import('./chat.ts')).registerChat,
  merge: async () => (await import('./merge.ts')).registerMerge,
  export: async () => (await import('./export.ts')).registerExport,
  import: async () => (await import('./import.ts')).registerImport,
  models: async () => (await import('./models.ts')).registerModels,
  jobs: async () => (await import('./jobs.ts')).registerJobs,
  adapters: async () => (await import('./adapters.ts')).registerAdapters,
  runs: async () => (await import('./runs.ts')).registerRuns,
  completions: async () => (await import('./completions.ts')).registerCompletions,
  projects: async () => (await import('./projects.ts')).registerProjects,
  users: async () => (await import('./users.ts')).registerUsers,
  plan: async () => (await import('./plan.ts')).registerPlan,
  demo: async () => (await import('./demo.ts')).registerDemo,
  daemon: async () => (await import('./daemon.ts')).registerDaemon,
  lsp: async () => (await import('./lsp.ts')).registerLsp,
  doctor: async () => (await import('./doctor.ts')).registerDoctor,
};
