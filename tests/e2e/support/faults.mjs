// Upstreams that fail in their own way: replies as bytes, and what a call of theirs ends in, in words.
import assert from 'node:assert/strict';
import net from 'node:net';

import { Connection, requestBytes } from './client.mjs';
import { Daemon, patience } from './daemon.mjs';
import { completion, eventStream, usage } from './provider.mjs';
import { until } from './wait.mjs';
import { Upstream } from './upstream.mjs';
import { dechunk, parseHead, sseData } from './wire.mjs';

/// 7 tokens in, 3 out: 37 000 nano-USD at the prices of addUpstream().
export const used = usage(7, 3);
const words = ['He', 'é😀', 'llo'];
/// The same answer in both forms: what an upstream `sends`, and what the client `gets` of it.
export const plain = {
  type: 'application/json',
  sends: JSON.stringify(completion({ text: words.join(''), usage: used })),
};
plain.gets = plain.sends;
export const stream = {
  isStream: true,
  type: 'text/event-stream',
  sends: eventStream(words, { used }),
  gets: eventStream(words),
};

const chunks = (data, size) => {
  const parts = [];
  for (let at = 0; at < data.length; at += size) {
    const part = data.subarray(at, at + size);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
};

/// A whole reply as bytes. `framing`: length, chunked or close. `fields`: more lines of the head.
export function http(
  body,
  { status = '200 OK', type, fields = [], framing = 'length', version = '1.1', size = 4096, trailers = [] } = {},
) {
  const data = Buffer.from(body);
  const lines = [
    `HTTP/${version} ${status}`,
    ...(type ? [`Content-Type: ${type}`] : []),
    ...(framing === 'length' ? [`Content-Length: ${data.length}`] : []),
    ...(framing === 'chunked' ? ['Transfer-Encoding: chunked'] : []),
    ...fields,
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  if (framing !== 'chunked') return Buffer.concat([head, data]);
  const end = Buffer.from(['0', ...trailers, '', ''].join('\r\n'));
  return Buffer.concat([head, chunks(data, size), end]);
}

/// Makes one call as `model`: { status, headers, text, whole }. `whole`: the reply came to its end.
export async function ask(port, key, model, { isStream = false, path, body, ms = 20_000 * patience } = {}) {
  const connection = await Connection.open(port);
  try {
    const text =
      body ?? JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }], stream: isStream });
    connection.write(requestBytes({ key, path, body: text, headers: { Connection: 'close' } }));
    await until(() => connection.ended, ms, `the reply to ${model} to end`);
    const head = parseHead(connection.bytes);
    if (!head) return { status: 0, headers: {}, text: '', whole: false };
    const rest = connection.bytes.subarray(head.length);
    const reply = { status: Number(head.first.split(' ')[1]), headers: head.headers };
    if (/chunked/i.test(head.headers['transfer-encoding'] ?? '')) {
      const whole = dechunk(rest);
      return { ...reply, text: (whole ?? dechunk(rest, { partial: true })).body.toString(), whole: !!whole };
    }
    const length = head.headers['content-length'];
    return { ...reply, text: rest.toString(), whole: length === undefined || rest.length === Number(length) };
  } finally {
    connection.close();
  }
}

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/// What a client got, in words: "200 the answer", "502 upstream_error", "200 a part, cut off",
/// "200 a part, upstream_error" (its last event says so).
export function clientGot(reply, answer) {
  const { status, text, whole } = reply;
  if (status === 0) return 'nothing';
  if (whole && text === answer) return `${status} the answer`;
  if (whole && parsed(text)?.error?.code) return `${status} ${parsed(text).error.code}`;
  if (!whole && answer.startsWith(text)) return `${status} a part, cut off`;
  const at = text.lastIndexOf('data: {"error"');
  const begins = text.slice(0, Math.max(at, 0));
  if (whole && at >= 0 && (answer.startsWith(begins) || answer.startsWith(begins.trimEnd()))) {
    return `${status} a part, ${parsed(sseData(text.slice(at))[0])?.error?.code}`;
  }
  return `${status} ${whole ? '' : 'cut off '}${text.length} bytes: ${text.slice(0, 300)}`;
}

/// What the ledger says of a call, in words: "ok 200 exact 37000" (nano-USD), then the error's code,
/// and the attempts where there was more than one.
export function ledgerSays(row) {
  const words = [row.status, row.http_status, row.cost_basis, Math.round((row.cost_usd ?? 0) * 1e9)];
  if (row.error_code) words.push(row.error_code);
  if (row.attempts !== 1) words.push(`${row.attempts} attempts`);
  return words.join(' ');
}

/// Sends the bytes, in as many writes as there are arguments; then the connection stays as it is.
export const sends = (...parts) => async (exchange) => {
  for (const part of parts) await exchange.write(part);
};
export const sendsAndCloses = (...parts) => async (exchange) => {
  await sends(...parts)(exchange);
  exchange.end();
};
/// Every byte in a write of its own, as far apart as the event loop makes them.
export const sendsBytes = (bytes) => async (exchange) => {
  for (let at = 0; at < bytes.length; at++) {
    await exchange.write(bytes.subarray(at, at + 1));
    await new Promise((resolve) => setImmediate(resolve));
  }
};
export const sendsAndResets = (...parts) => async (exchange) => {
  await sends(...parts)(exchange);
  await new Promise((resolve) => setImmediate(resolve));
  exchange.reset();
};
export const chunked = { framing: 'chunked' };
export const close = { framing: 'close' };
export const gzip = ['Content-Encoding: gzip'];
export const streamOf = (events) => events.map((event) => `data: ${event}\n\n`).join('');
export const json = (value) => JSON.stringify(value);
export const error = (code) => json({ error: { message: 'it failed', type: 'server_error', param: null, code } });
export const part = stream.sends.slice(0, stream.sends.indexOf('llo') - 30);
/// Its own error of `status`, whole.
export const refuses = (status, body = error('of_its_own')) =>
  sends(http(body, { status: `${status} Status`, type: 'application/json' }));

/// One nufid; every case is an upstream and a model of its own, all played by one server.
export class Matrix {
  answers = new Map();
  count = 0;

  async start(args = []) {
    this.server = await Upstream.start({ secret: '' });
    this.server.handler = (exchange) => this.answers.get(exchange.target.split('/')[1])(exchange);
    this.daemon = await Daemon.start({ args });
    await this.daemon.ok(['prices', 'set', 'test-model', '--input', '1', '--output', '10']);
    this.key = (await this.daemon.key({ budget: 100 })).key;
    const closed = net.createServer();
    await new Promise((resolve) => closed.listen(0, '127.0.0.1', resolve));
    this.deadPort = closed.address().port;
    await new Promise((resolve) => closed.close(resolve));
  }

  async stop() {
    await this.daemon?.stop();
    await this.server?.stop();
  }

  /// Adds an upstream that answers like that; its model.
  async add(answer, { model = `m${++this.count}`, name = model, priority = 0 } = {}) {
    const port = answer === 'refused' ? this.deadPort : this.server.port;
    this.answers.set(name, answer);
    const added = await this.daemon.api('POST', '/v1/upstreams', {
      name,
      url: `http://127.0.0.1:${port}/${name}`,
      models: [model],
      aliases: { [model]: 'test-model' },
      priority,
    });
    assert.ok(added.status < 300, JSON.stringify(added.json));
    return model;
  }

  ask(model, options) {
    return ask(this.daemon.port, this.key, model, options);
  }

  async row(model) {
    const page = await this.daemon.api('GET', `/v1/requests?last=1&model=${model}`);
    return page.json.data[0];
  }

  /// Makes the call and says what came of it.
  async play(answer, { isStream = false, gets = '', model } = {}) {
    model ??= await this.add(answer);
    const reply = await this.ask(model, { isStream });
    const row = await until(
      async () => {
        const last = await this.row(model);
        return last && last.status !== 'running' && last;
      },
      10_000 * patience,
      'the row to be complete',
    );
    return { reply, row, client: clientGot(reply, gets), ledger: ledgerSays(row) };
  }

  async nothingIsHeld() {
    const { json: status } = await this.daemon.api('GET', '/v1/status');
    assert.deepEqual([status.calls_in_flight, status.held_usd], [0, 0]);
    const proof = await this.daemon.json(['ledger', 'verify']);
    assert.equal(proof.ok, true, JSON.stringify(proof));
  }
}
