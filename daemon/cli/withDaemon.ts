import { connect } from '../client/connect.ts';
import type { Client, ConnectOptions } from '../client/connect.ts';

export type { Client };

/** Works with the daemon, which is started where none runs, and leaves it. */
export async function withDaemon<T>(work: (client: Client) => Promise<T>, options?: ConnectOptions): Promise<T> {
  const client = await connect(options);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
