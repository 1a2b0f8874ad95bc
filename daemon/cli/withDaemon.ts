import { connect } from '../client/connect.ts';
import type { Client, ConnectOptions } from '../client/connect.ts';

export type { Client };

/** Connects to the daemon (starting it if it is not running), does the work, and disconnects. */
export async function withDaemon<T>(work: (client: Client) => Promise<T>, options?: ConnectOptions): Promise<T> {
  const client = await connect(options);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
