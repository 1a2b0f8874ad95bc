import { isAbsolute } from 'node:path';
import type { Express, Request } from 'express';
import { type ListedModel, listModels, type ServedModel, type Whose } from '../../catalog/served.ts';
import { chooseModel } from '../../serve/chooseModel.ts';
import type { Daemon } from '../context.ts';
import { ApiError, apiErrorOf } from './errors.ts';

/** GET /v1/models and /v1/models/NAME: what can be named as the model. */
export function modelRoutes(app: Express, { catalog, limits }: Daemon): void {
  app.get('/v1/models', async (request, response) => {
    const models = await listModels(catalog.db, limits.listedModels, projectOf(request));
    response.json({ object: 'list', data: models.map(modelObject) });
  });
  // A base's own spec has slashes.
  app.get('/v1/models/*model', async (request, response) => {
    const model = await modelOf({ catalog }, request.params.model.join('/'), request);
    const found = (await listModels(catalog.db, limits.listedModels)).find(({ id }) => id === model.id);
    response.json(modelObject(found ?? { ...model, createdAt: 0, user: null }));
  });
}

const modelObject = ({ id, createdAt, user }: ListedModel): object => ({
  ...{ id, object: 'model', created: Math.floor(createdAt / 1000), owned_by: user ?? 'vera' },
});

/** The project that a request is for: the header OpenAI-Project has its name, its number, or a folder in it. */
function projectOf(request: Pick<Request, 'get'>): Whose {
  const project = request.get('OpenAI-Project');
  if (project === undefined || project === '') return {};
  return isAbsolute(project) ? { workspace: project } : { project };
}

/** The model that a request names, or the active adapter of the request's project where it names none. Throws ApiError. */
export async function modelOf(
  { catalog }: Pick<Daemon, 'catalog'>,
  model: string | undefined,
  request: Pick<Request, 'get'>,
): Promise<ServedModel> {
  try {
    return await chooseModel(catalog.db, { model, ...projectOf(request) });
  } catch (error) {
    throw apiErrorOf(error, 'model') ?? error;
  }
}

/** Where a base cannot do what was asked for: said before the engine tries. */
export function refuseUnable(able: boolean, message: string, param: string): void {
  if (!able) throw new ApiError(400, message, { param });
}
