// A provider whose every byte and pause is the test's, on plain sockets.
import fs from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';

import { bill } from './provider.mjs';
import { parseMessage } from './wire.mjs';
import { until } from './wait.mjs';

/// One request as it came, and the ways to answer it.
class Exchange {
  constructor(socket, message, raw, connection) {
    this.socket = socket;
    this.raw = raw; // the exact bytes, head and body
    this.head = raw.subarray(0, raw.length - message.rawBodyLength).toString('latin1');
    this.body = message.body;
    this.fields = message.fields;
    this.headers = message.headers;
    [this.method, this.target] = message.first.split(' ');
    this.connection = connection; // 1, 2, … in the order they were opened
    this.at = performance.now();
    this.gone = socket.gone; // resolves with the time when the connection ends
  }

  get text() {
    return this.body.toString();
  }
  get json() {
    return JSON.parse(this.text);
  }
  get isGone() {
    return this.socket.destroyed;
  }

  /// Raw bytes; resolves when the kernel took them.
  write(data) {
    return new Promise((resolve) => {
      if (this.socket.destroyed) resolve();
      else this.socket.write(data, () => resolve());
    });
  }

  reply(status, body, headers = {}) {
    const data = Buffer.isBuffer(body)
      ? body
      : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const all = { 'content-type': 'application/json', 'content-length': data.length, ...headers };
    return this.write(Buffer.concat([head(status, all), data]));
  }

  /// Opens a chunked reply; follow with chunk() and finish().
  begin(status = 200, headers = { 'content-type': 'text/event-stream' }) {
    return this.write(head(status, { ...headers, 'transfer-encoding': 'chunked' }));
  }
  chunk(text) {
    const data = Buffer.from(text);
    return this.write(
      Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]),
    );
  }
  event(value) {
    return this.chunk(`data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`);
  }
  finish() {
    return this.write('0\r\n\r\n');
  }

  end() {
    this.socket.end();
  }
  reset() {
    this.socket.resetAndDestroy?.() ?? this.socket.destroy();
  }
}

const reasons = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};
function head(status, headers) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${status} ${reasons[status] ?? 'Status'}\r\n${lines.join('')}\r\n`);
}

export class Upstream {
  /// `handler(exchange)` answers each request; it may be changed at any time. `tls`: {key, cert}.
  static async start({ handler = bill(), secret = 'upstream-secret-4f1c9a', tls: options } = {}) {
    const upstream = new Upstream();
    upstream.handler = handler;
    upstream.secret = secret;
    upstream.requests = []; // every POST, in order of arrival
    upstream.failures = []; // what a handler threw
    upstream.connections = 0;
    upstream.sockets = new Set();
    const accept = (socket) => upstream.#serve(socket);
    upstream.server = options
      ? tls.createServer({ key: fs.readFileSync(options.key), cert: fs.readFileSync(options.cert) }, accept)
      : net.createServer({ noDelay: true }, accept);
    await new Promise((resolve) => upstream.server.listen(0, '127.0.0.1', resolve));
    upstream.port = upstream.server.address().port;
    upstream.url = `${options ? 'https' : 'http'}://127.0.0.1:${upstream.port}/v1`;
    return upstream;
  }

  #serve(socket) {
    const connection = ++this.connections;
    this.sockets.add(socket);
    socket.gone = new Promise((resolve) => {
      socket.on('close', () => {
        this.sockets.delete(socket);
        resolve(performance.now());
      });
    });
    socket.on('error', () => {});
    let bytes = Buffer.alloc(0);
    let busy = false;
    const next = async () => {
      if (busy) return;
      const message = parseMessage(bytes);
      if (!message) return;
      const raw = bytes.subarray(0, message.length);
      const headLength = raw.indexOf('\r\n\r\n') + 4;
      message.rawBodyLength = raw.length - headLength;
      bytes = bytes.subarray(message.length);
      busy = true;
      const exchange = new Exchange(socket, message, raw, connection);
      try {
        await this.#answer(exchange);
      } catch (error) {
        this.failures.push(error);
        socket.destroy();
      }
      busy = false;
      if (!socket.destroyed) next();
    };
    socket.on('data', (data) => {
      bytes = bytes.length ? Buffer.concat([bytes, data]) : data;
      next();
    });
  }

  #answer(exchange) {
    if (exchange.method === 'GET' && exchange.target.endsWith('/models')) {
      return exchange.reply(200, { object: 'list', data: [{ id: 'test-model', object: 'model' }] });
    }
    this.requests.push(exchange);
    return this.handler(exchange);
  }

  /// The `index`-th request, waiting for it to arrive.
  async request(index, ms = 10_000) {
    await until(() => this.requests.length > index, ms, `request ${index} at the upstream`);
    return this.requests[index];
  }
  get last() {
    return this.requests.at(-1);
  }
  clear() {
    this.requests.length = 0;
    this.handler = bill();
  }

  async stop() {
    this.sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => this.server.close(resolve));
    if (this.failures.length) throw this.failures[0];
  }
}
