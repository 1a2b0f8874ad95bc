/**
 * An extension for tests: it runs code that is sent to it, as another extension would. It listens on a socket whose path is in
 * VERA_TEST_INSIDE, and answers { value } or { error }.
 */
const { createServer } = require('node:http');
const vscode = require('vscode');

const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor;

exports.activate = (context) => {
  const path = process.env.VERA_TEST_INSIDE;
  if (path === undefined) return;
  const server = createServer(async (request, response) => {
    let code = '';
    for await (const part of request) code += part;
    try {
      const value = await new AsyncFunction('vscode', code)(vscode);
      response.end(JSON.stringify({ value }));
    } catch (error) {
      response.end(JSON.stringify({ error: { name: error.name, message: error.message, code: error.code } }));
    }
  });
  server.listen(path);
  context.subscriptions.push({ dispose: () => server.close() });
};
