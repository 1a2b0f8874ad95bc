import type { Express } from 'express';
import type { Daemon } from '../context.ts';
import { chatRoute } from './chat.ts';
import { completionRoute } from './completions.ts';
import { ApiError } from './errors.ts';
import { infillRoute } from './infill.ts';
import { modelRoutes } from './models.ts';

/** The routes of OpenAI's API that the daemon has, and llama.cpp's /infill. */
export function openAiRoutes(app: Express, daemon: Daemon): void {
  modelRoutes(app, daemon);
  chatRoute(app, daemon);
  completionRoute(app, daemon);
  infillRoute(app, daemon);
  app.post('/v1/embeddings', () => {
    throw new ApiError(
      404,
      'embeddings are not offered: the models here generate text, and their inner states are poor embeddings; use an embedding model of another server',
      { code: 'not_found' },
    );
  });
}
