import type { WholeMethod } from './method.ts';

/** Every tensor of the model is trained: what makes a model from nothing, and the ceiling an adapter is measured against. */
export const full: WholeMethod = {
  name: 'full',
  label: 'full training',
  summary: 'trains every weight of the model, and needs memory for all of them',
  adapts: 'all',
  options: [],
  learningRate: 5e-5,
  rates: [],
  // The weights themselves change.
  weightFormats: ['fp32'],

  create(_, __, tensors) {
    const trained = new Set(tensors.map(({ name }) => name));
    return {
      parameters: tensors.map(({ name, shape, read }) => ({
        name,
        shape,
        group: 'weight',
        decay: shape.length > 1,
        initial: read,
      })),
      linear: (net, site, x) =>
        trained.has(`${site.path}.weight`) ? net.trained.product(x, `${site.path}.weight`) : undefined,
      weight: (net, name) => (trained.has(name) ? net.trained.value(name) : undefined),
      delta: () => undefined,
    };
  },
};
