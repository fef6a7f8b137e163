// Serves the built page and answers its commands from a fixture, on loopback: the test host's place in tests that
// need no core.

import { readFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

import type { CommandName, Commands, Event } from '../../src/lib/api';

/** Answers to commands; a function sees the arguments. */
export type Fixture = { [Name in CommandName]?: (args: Commands[Name]['args']) => Commands[Name]['result'] };

/** A server with its fixture. */
export interface FixtureServer {
  url: string;
  /** Commands that were called, in order. */
  called: { name: string; args: unknown }[];
  tell(event: Event): void;
  close(): Promise<void>;
}

/** The nonce that stands for the app's: the page's own style element carries it. */
const NONCE = 'bG9vaw==';

/** The policy of the app's page, as in `tauri.conf.json`, with this server in place of the app's own channel. */
const POLICY = [
  "default-src 'none'", "script-src 'self'", `style-src 'self' 'nonce-${NONCE}'`, "style-src-attr 'unsafe-inline'", "img-src 'self'",
  "font-src 'self'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'",
].join('; ');

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

export async function serve(dist: string, fixture: () => Fixture): Promise<FixtureServer> {
  const called: FixtureServer['called'] = [];
  const hearers = new Set<ServerResponse>();
  const server: Server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (path === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(':\n\n');
      hearers.add(response);
      response.on('close', () => hearers.delete(response));
      return;
    }
    if (path.startsWith('/call/')) {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        const name = decodeURIComponent(path.slice('/call/'.length));
        const args: unknown = JSON.parse(body === '' ? '{}' : body);
        called.push({ name, args });
        const answer = (fixture() as Record<string, ((given: unknown) => unknown) | undefined>)[name];
        const [status, result] = answer ? [200, answer(args)] : [404, { code: 'unknown_command', message: `there is no command \`${name}\``, hint: null }];
        response.writeHead(status as number, { 'content-type': 'application/json' });
        response.end(JSON.stringify(result));
      });
      return;
    }
    const file = normalize(path === '/' ? '/index.html' : path);
    readFile(join(dist, file)).then(
      (bytes) => {
        response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-security-policy': POLICY });
        response.end(file.endsWith('.html') ? bytes.toString().replace('<style>', `<style nonce="${NONCE}">`) : bytes);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    called,
    tell(event) {
      for (const hearer of hearers) hearer.write(`data: ${JSON.stringify(event)}\n\n`);
    },
    async close() {
      for (const hearer of hearers) hearer.end();
      server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}
