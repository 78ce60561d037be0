// Clients of the inference door: one that speaks bytes, and a short one for everything else.
import net from 'node:net';

import { patience } from './daemon.mjs';
import { dechunk, parseHead, parseMessage, sseData } from './wire.mjs';
import { deadline, until } from './wait.mjs';

/// A connection whose every byte is the test's.
export class Connection {
  static async open(port, { host = '127.0.0.1' } = {}) {
    const connection = new Connection();
    connection.socket = net.connect({ port, host, noDelay: true });
    connection.bytes = Buffer.alloc(0);
    connection.ended = false;
    connection.socket.on('data', (data) => {
      connection.bytes = Buffer.concat([connection.bytes, data]);
      connection.lastByteAt = performance.now();
    });
    connection.closed = new Promise((resolve) => {
      const end = () => {
        connection.ended = true;
        connection.endedAt ??= performance.now();
        resolve();
      };
      connection.socket.on('end', end);
      connection.socket.on('close', end);
      connection.socket.on('error', end);
    });
    await new Promise((resolve, reject) => {
      connection.socket.once('connect', resolve);
      connection.socket.once('error', reject);
    });
    return connection;
  }

  write(data) {
    this.socket.write(data);
  }

  /// The next whole reply, taken off what was received. Interim (1xx) replies are returned too.
  async reply({ ms = 20_000 * patience, noBody = false } = {}) {
    const options = () => ({ isReply: true, ended: this.ended, noBody });
    await until(() => parseMessage(this.bytes, options()) || this.ended, ms, 'a reply');
    const message = parseMessage(this.bytes, options());
    if (!message) return undefined; // closed without a whole reply
    this.bytes = this.bytes.subarray(message.length);
    message.text = message.body.toString();
    return message;
  }

  /// Waits for the head of a reply without taking it.
  head(ms = 20_000 * patience) {
    return until(() => parseHead(this.bytes), ms, 'the head of a reply');
  }

  /// What has come of a streamed body so far.
  bodySoFar() {
    const head = parseHead(this.bytes);
    if (!head) return '';
    const rest = this.bytes.subarray(head.length);
    const chunked = /chunked/i.test(head.headers['transfer-encoding'] ?? '');
    return (chunked ? dechunk(rest, { partial: true }).body : rest).toString();
  }

  untilBody(text, ms = 10_000 * patience) {
    return until(() => this.bodySoFar().includes(text), ms, `"${text}" in the body`);
  }

  untilClosed(ms = 10_000 * patience) {
    return deadline(this.closed, ms, 'the connection to close');
  }

  close() {
    this.socket.destroy();
  }
}

/// The bytes of a request as a plain client sends them.
export function requestBytes({
  method = 'POST',
  path = '/v1/chat/completions',
  key,
  headers = {},
  body,
  host = '127.0.0.1',
}) {
  const fields = { Host: host, ...(key ? { Authorization: `Bearer ${key}` } : {}), ...headers };
  const data = body === undefined ? undefined : Buffer.isBuffer(body) ? body : Buffer.from(body);
  if (data !== undefined) {
    fields['Content-Type'] ??= 'application/json';
    if (!fields['Transfer-Encoding']) fields['Content-Length'] ??= String(data.length);
  }
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  const lines = set.map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
  return data ? Buffer.concat([head, data]) : head;
}

/// One call on a connection of its own: { status, headers, text, json, events }.
export async function call(port, request, { ms = 60_000 * patience } = {}) {
  const connection = await Connection.open(port);
  try {
    connection.write(requestBytes({ ...request, headers: { Connection: 'close', ...request.headers } }));
    const reply = await connection.reply({ ms });
    if (!reply) throw new Error(`closed without a reply: ${connection.bytes.toString('latin1')}`);
    try {
      reply.json = JSON.parse(reply.text);
    } catch {
      reply.json = undefined;
    }
    reply.events = /event-stream/.test(reply.headers['content-type'] ?? '') ? sseData(reply.text) : [];
    return reply;
  } finally {
    connection.close();
  }
}

/// A chat call with a body made of `fields`.
export const chat = (port, key, fields = {}, options) =>
  call(port, { key, body: JSON.stringify(chatBody(fields)) }, options);

export const chatBody = (fields = {}) => ({
  model: 'test-model',
  messages: [{ role: 'user', content: 'hello' }],
  ...fields,
});

/// Starts a streamed chat call and leaves it open.
export async function openStream(port, key, fields = {}) {
  const connection = await Connection.open(port);
  connection.write(requestBytes({ key, body: JSON.stringify(chatBody({ stream: true, ...fields })) }));
  return connection;
}
