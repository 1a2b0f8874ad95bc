import { createMessageConnection, ErrorCodes } from 'vscode-jsonrpc/node';
import type { WebSocket } from 'ws';
import { METHODS } from '../protocol/registry.ts';
import { checkedParams, checkedResult, responseError, told } from './answer.ts';
import type { Context, Daemon } from './context.ts';
import type { Feed } from './feed.ts';
import { HANDLERS } from './handlers/registry.ts';
import { watchHeartbeat } from './heartbeat.ts';
import { Intake, SocketReader, SocketWriter } from './messages.ts';
import type { Send } from './messages.ts';
import type { Metrics } from './metrics.ts';
import { openSubscriptions } from './subscriptions.ts';

/** Serves the protocol to one client that has been let in, until it goes. */
export function serve(socket: WebSocket, daemon: Daemon, feed: Feed, metrics: Metrics): void {
  const { limits, log } = daemon;
  const intake = new Intake(socket, limits);
  /** What has left makes room for answers and events alike. */
  const left = (): void => {
    intake.goOn();
    subscriptions.goOn();
  };
  const send: Send = (text) => socket.send(text, { binary: false }, left);
  const connection = createMessageConnection(
    new SocketReader(socket, intake),
    new SocketWriter(socket, send, intake, limits),
  );
  const subscriptions = openSubscriptions(socket, send, feed, daemon);
  const context: Context = { daemon, subscriptions };
  connection.onRequest((method, params) => answer(context, metrics, method, params));

  watchHeartbeat(socket, limits.pingMs, () => !intake.isBusy());
  // A frame that is too long, has too many parts or is none: ws closes the connection, and that is all that becomes of it.
  socket.on('error', (error) => log.debug({ reason: error.message }, 'a client was cut off'));
  socket.once('close', () => {
    subscriptions.close();
    connection.dispose();
  });
  connection.listen();
}

async function answer(context: Context, metrics: Metrics, name: string, params: unknown): Promise<unknown> {
  const method = METHODS.get(name);
  if (method === undefined)
    return told(
      ErrorCodes.MethodNotFound,
      `there is no method ${name}: client and daemon are of different versions`,
      'daemon',
    );
  const done = metrics.rpc.startTimer({ method: name });
  try {
    const result = await HANDLERS.get(name)!(context, checkedParams(method, params));
    const checked = checkedResult(method, result);
    done({ outcome: 'result' });
    return checked;
  } catch (error) {
    done({ outcome: 'error' });
    return responseError(error, context.daemon.log, name);
  }
}
