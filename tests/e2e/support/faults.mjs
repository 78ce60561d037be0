// Upstreams that fail in their own way: replies as bytes, and what a call of theirs ends in, in words.
import { Connection, requestBytes } from './client.mjs';
import { patience } from './daemon.mjs';
import { completion, eventStream, usage } from './provider.mjs';
import { until } from './wait.mjs';
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
