import type { WholeMethod } from './method.ts';

/** Trains every tensor of the model. It makes a model from nothing, and it is the best case that adapters are compared with. */
export const full: WholeMethod = {
  name: 'full',
  label: 'full training',
  summary: 'trains every weight of the model, and needs memory for all of them',
  adapts: 'all',
  options: [],
  learningRate: 5e-5,
  rates: [],
  // The weights themselves are trained, so they must be float32.
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
