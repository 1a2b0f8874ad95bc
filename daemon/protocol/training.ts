import { z } from 'zod';
import { isHubId } from './hubId.ts';
import { settingValue } from './settings.ts';
import { path } from './values.ts';

/** The absolute path of a folder or file, or a hub id: what a relative path is relative to, a daemon cannot know. */
export const base = z
  .string()
  .min(1)
  .max(4096)
  .refine((text) => path.safeParse(text).success || isHubId(text), {
    error: 'a base is an absolute path or a hub id such as HuggingFaceTB/SmolLM2-135M',
  });

/**
 * Settings of a training run by name, as a person gives them. What is left out takes its default. The daemon checks names and
 * ranges, and refuses a setting that the method does not have.
 */
export const trainSettings = z
  .object({
    data: path,
    base,
    /** The folder that becomes the adapter; left out, one in the daemon's state. */
    out: path.optional(),
  })
  .catchall(settingValue.optional());
