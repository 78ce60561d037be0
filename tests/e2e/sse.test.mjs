// Event streams cut anywhere: what the client gets does not depend on where the bytes were split.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { chatBody, Connection, requestBytes } from './support/client.mjs';
import { short } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { chunk, eventStream, usage, usageChunk } from './support/provider.mjs';
import { difference } from './support/splice.mjs';
import { sleep, times } from './support/wait.mjs';

const used = usage(7, 3);
const withUsage = eventStream(['He', 'é😀'], { used });
const withoutUsage = eventStream(['He', 'é😀']);
const asked = { stream_options: { include_usage: true } };

const replyHead = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n';
const chunked = (text, size = Infinity) => {
  const data = Buffer.from(text);
  const parts = [Buffer.from(`${replyHead}Transfer-Encoding: chunked\r\n\r\n`)];
  for (let at = 0; at < data.length; at += size) {
    const part = data.subarray(at, at + size);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
};

describe('event streams', () => {
  const h = house();
  let key;
  before(async () => {
    key = (await h.daemon.key()).key;
  });

  /// Sends one streamed call on `connection`; the whole body the client got.
  async function stream(connection, fields = {}) {
    connection.write(requestBytes({ key, body: JSON.stringify(chatBody({ stream: true, ...fields })) }));
    const reply = await connection.reply();
    assert.equal(reply?.status, 200, reply?.text);
    return reply.text;
  }
  async function one(fields) {
    const connection = await Connection.open(h.port);
    try {
      return await stream(connection, fields);
    } finally {
      connection.close();
    }
  }
  const answer = (...parts) => {
    h.upstream.handler = async (exchange) => {
      for (const part of parts) {
        await exchange.write(part);
        await sleep(1);
      }
    };
  };

  /// The reply split in two at every byte position, over a few kept-alive connections.
  async function everywhere(bytes, fields, expected) {
    const step = short ? 13 : 1;
    const positions = [];
    for (let at = 1; at < bytes.length; at += step) positions.push(at);
    h.upstream.handler = async (exchange) => {
      const at = Number(exchange.json.user);
      await exchange.write(bytes.subarray(0, at));
      await sleep(1);
      await exchange.write(bytes.subarray(at));
    };
    const workers = 8;
    await times(workers, workers, async (worker) => {
      const connection = await Connection.open(h.port);
      for (let i = worker; i < positions.length; i += workers) {
        const text = await stream(connection, { ...fields, user: String(positions[i]) });
        assert.equal(text, expected, `split at byte ${positions[i]}`);
      }
      connection.close();
    });
  }

  it('split at every byte position, usage asked for: nothing changes', () =>
    everywhere(chunked(withUsage), asked, withUsage));

  it('split at every byte position, usage not asked for: its chunk is taken out', () =>
    everywhere(chunked(withUsage), {}, withoutUsage));

  it('a chunk of HTTP for every byte', async () => {
    answer(chunked(withUsage, 1));
    assert.equal(await one(), withoutUsage);
    assert.equal(await one(asked), withUsage);
  });

  it('many events in one chunk, CRLF line ends, comments, event names and ids', async () => {
    const crlf = eventStream(['a', 'b'], { used, end: '\r\n\r\n' });
    answer(chunked(crlf));
    assert.equal(await one(asked), crlf);
    assert.equal(await one(), eventStream(['a', 'b'], { end: '\r\n\r\n' }));
    const rich = `: ping\n\nevent: message\nid: 7\ndata: ${JSON.stringify(chunk({ content: 'x' }))}\n\nretry: 10\n\n: OPENROUTER PROCESSING\n\n`;
    answer(chunked(`${rich}data: ${JSON.stringify(usageChunk(used))}\n\ndata: [DONE]\n\n`));
    assert.equal(await one(), `${rich}data: [DONE]\n\n`);
  });

  it('a body that ends with the connection, and one with a length', async () => {
    h.upstream.handler = async (exchange) => {
      await exchange.write(`${replyHead}Connection: close\r\n\r\n${withUsage}`);
      exchange.end();
    };
    assert.equal(await one(), withoutUsage);
    assert.equal(await one(asked), withUsage);
    h.upstream.handler = (exchange) =>
      exchange.write(`${replyHead}Content-Length: ${Buffer.byteLength(withUsage)}\r\n\r\n${withUsage}`);
    assert.equal(await one(), withoutUsage);
    assert.equal(await one(asked), withUsage);
  });

  it('a chunk with choices and usage stays, for it says something', async () => {
    const last = `data: ${JSON.stringify(chunk({}, { finish: 'stop', usage: used }))}\n\ndata: [DONE]\n\n`;
    answer(chunked(last));
    const rows = (await h.daemon.rows()).length;
    assert.equal(await one(), last);
    const all = await h.daemon.rows();
    assert.equal(all.length, rows + 1);
    assert.deepEqual([all[0].tokens.input, all[0].tokens.output, all[0].cost_basis], [7, 3, 'exact']);
  });

  it('usage in every chunk: the last one counts, not the sum', async () => {
    const events = [1, 2, 3]
      .map((n) => `data: ${JSON.stringify(chunk({ content: 'x' }, { usage: usage(7, n) }))}\n\n`)
      .join('');
    answer(chunked(`${events}data: [DONE]\n\n`));
    await one();
    const [row] = await h.daemon.rows();
    assert.deepEqual([row.tokens.input, row.tokens.output], [7, 3]);
  });

  it('a missing usage is estimated and says so', async () => {
    answer(chunked(withoutUsage));
    assert.equal(await one(), withoutUsage);
    const [row] = await h.daemon.rows();
    assert.equal(row.cost_basis, 'estimated');
    assert.ok(row.cost_usd > 0);
  });

  it('an event of 300 kB passes', async () => {
    const big = `data: ${JSON.stringify(chunk({ content: 'y'.repeat(300_000) }))}\n\n`;
    answer(chunked(big + withUsage, 4096));
    assert.equal(await one(), big + withoutUsage);
  });

  describe('include_usage in the request', () => {
    const send = async (body) => {
      answer(chunked(withUsage));
      const connection = await Connection.open(h.port);
      connection.write(requestBytes({ key, body }));
      const reply = await connection.reply();
      connection.close();
      assert.equal(reply.status, 200, `${body} → ${reply.text}`);
      return { reply, sent: h.upstream.last.text };
    };

    it('is spliced in when absent, every other byte stays', async () => {
      const body = '{ "stream" : true, "model":"test-model","t":1e-7,"messages":[ ] }';
      const { sent } = await send(body);
      const { removed, added } = difference(body, sent);
      assert.equal(removed, '');
      assert.match(added, /"stream_options":\s*\{"include_usage":\s*true\}/);
      assert.deepEqual(JSON.parse(sent).stream_options, { include_usage: true });
    });

    it('joins other stream options', async () => {
      for (const options of [
        '{"include_obfuscation":false}',
        '{ }',
        '{}',
        'null',
        '{"include_usage":false}',
        '{"include_usage":null}',
      ]) {
        const body = `{"model":"test-model","stream":true,"stream_options":${options},"messages":[],"t":1.0e0}`;
        const { reply, sent } = await send(body);
        assert.equal(JSON.parse(sent).stream_options.include_usage, true, `${options} → ${sent}`);
        assert.ok(
          sent.endsWith(',"messages":[],"t":1.0e0}') &&
            sent.startsWith('{"model":"test-model","stream":true,"stream_options":'),
        );
        assert.equal(reply.text, withoutUsage, options);
      }
    });

    it('is left alone when it is there, and without a stream', async () => {
      for (const body of [
        '{"model":"test-model","stream":true,"stream_options":{"include_usage": true},"messages":[]}',
        '{"model":"test-model","stream":false,"messages":[]}',
        '{"model":"test-model","messages":[]}',
      ]) {
        assert.equal((await send(body)).sent, body);
      }
    });
  });
});
