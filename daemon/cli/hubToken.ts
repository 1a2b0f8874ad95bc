import { hubToken } from '../protocol/hubToken.ts';

/** The token of the hub in HF_TOKEN of this terminal, which the daemon may have been started without. */
export function ownHubToken(): { hubToken?: string } {
  const given = hubToken.safeParse(process.env['HF_TOKEN']?.trim());
  return given.success ? { hubToken: given.data } : {};
}
