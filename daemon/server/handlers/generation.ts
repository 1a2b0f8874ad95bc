import { limitsOf, type Use } from '../../protocol/abilityText.ts';
import { VeraError } from '../../protocol/errors.ts';
import { type CatalogModel, offeredModels } from '../../catalog/offered.ts';
import { refuseLargeSchema } from '../../protocol/jsonSchema.ts';
import type * as generation from '../../protocol/generation.ts';
import { abilitiesOf, recommendedBy } from '../../serve/abilities.ts';
import { chooseModel } from '../../serve/chooseModel.ts';
import { given } from '../../serve/given.ts';
import type { Handlers } from '../context.ts';
import { tooMany } from '../tooMany.ts';

export const generationHandlers: Handlers<typeof generation> = {
  async generate({ daemon, signal, progress }, params) {
    const { adapter, base, model: name, project, workspace, user, sampling = {}, defaults, ...rest } = params;
    if (rest.json !== undefined) refuseLargeSchema(rest.json.schema);
    const refusal = tooMany(daemon, 1);
    if (refusal !== undefined) throw new VeraError('conflict', refusal);
    const model = await chooseModel(daemon.catalog.db, { adapter, base, model: name, project, workspace, user });
    await progress({ model });
    const logitBias = sampling.logitBias?.map(({ token, bias }) => [token, bias] as const);
    const request = {
      ...{ ...rest, sampling: given({ ...sampling, logitBias }), adapter: model.adapter?.hash },
      ...(defaults && { defaults: given(defaults) }),
    };
    let text = '';
    for await (const piece of daemon.engines.submit(model.base, request, signal)) {
      if (piece.type === 'end') {
        const { reason, unstarted, usage, timing } = piece;
        return { model, text, reason, ...given({ unstarted }), usage, timing };
      }
      text += piece.text;
      if (piece.text !== '') await progress({ text: piece.text });
    }
    throw new Error('the engine gave no end');
  },

  async describe({ daemon }, choice) {
    const model = await chooseModel(daemon.catalog.db, choice);
    const abilities = (await abilitiesOf(model.base)) ?? null;
    const limits = (use: Use): string[] => (abilities === null ? [] : limitsOf(abilities, use));
    const { sampling, ignored } = await recommendedBy(model.base);
    return {
      ...{ model, abilities, temperature: sampling.temperature ?? null },
      limits: { completion: limits('completion'), chat: [...limits('chat'), ...ignored] },
    };
  },

  async models({ daemon: { catalog } }, params) {
    const { active, bases, adapters, more } = await offeredModels(catalog.db, params);
    const offered = async ({ model, fingerprint, createdAt }: CatalogModel): Promise<generation.OfferedModel> => {
      return { model, fingerprint, createdAt, ...(await abilitiesOrProblem(model.base)) };
    };
    const all = (models: readonly CatalogModel[]): Promise<generation.OfferedModel[]> =>
      Promise.all(models.map(offered));
    return {
      active: active === null ? null : await offered(active),
      bases: await all(bases),
      ...{ adapters: await all(adapters), more },
    };
  },
  async countTokens({ daemon: { catalog, reader } }, { prompt, ...which }) {
    const model = await chooseModel(catalog.db, which);
    return { model, tokens: await reader.ask('count', { base: model.base, prompt }) };
  },
};

/** A base that cannot be used now is listed with the reason. */
async function abilitiesOrProblem(base: string): Promise<Pick<generation.OfferedModel, 'abilities' | 'problem'>> {
  try {
    return { abilities: (await abilitiesOf(base)) ?? null, problem: null };
  } catch (error) {
    if (!(error instanceof VeraError)) throw error;
    return { abilities: null, problem: error.message };
  }
}
