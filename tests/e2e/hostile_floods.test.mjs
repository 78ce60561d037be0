// Slow, idle, endless and too many: other calls are served meanwhile, and memory stays bounded.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { before, describe, it } from 'node:test';

import { call, chat, chatBody, Connection, requestBytes } from './support/client.mjs';
import { patience, short } from './support/daemon.mjs';
import { form, formType } from './support/form.mjs';
import { house } from './support/house.mjs';
import { times, until } from './support/wait.mjs';

const MiB = 1024 * 1024;

/// Resident memory in bytes. A sanitizer keeps what was freed, so it is not judged there.
function resident(pid) {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line[1]) * 1024;
}

const open = (port, count) => times(count, 100, () => Connection.open(port));
const closeAll = (connections) => connections.forEach((connection) => connection.close());

describe('floods', () => {
  const h = house({ args: ['--max-body', String(MiB)] });
  let key;
  let before_;
  before(async () => {
    key = (await h.daemon.key()).key;
    await chat(h.port, key);
    before_ = resident(h.daemon.pid);
  });

  const headOf = (fields) =>
    `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\n${fields}\r\n`;

  /// Other calls are served, soon.
  async function othersAreServed() {
    const started = performance.now();
    const replies = await times(20, 4, () => chat(h.port, key));
    for (const reply of replies) assert.equal(reply.status, 200, reply.text);
    assert.ok(performance.now() - started < 5000 * patience, 'they waited for nobody');
  }

  function grewByLessThan(bytes, what) {
    const grown = resident(h.daemon.pid) - before_;
    assert.ok(short || grown < bytes, `${what}: ${Math.round(grown / 1024)} kB more`);
  }

  async function refused(bytes, statuses, what) {
    const connection = await Connection.open(h.port);
    connection.write(bytes);
    const reply = await connection.reply();
    assert.ok(statuses.includes(reply?.status), `${what}: ${reply?.first}`);
    await connection.untilClosed();
    connection.close();
    return reply;
  }

  it('500 slow heads, 500 slow bodies and 2,000 idle connections', async () => {
    const [slow, idle] = short ? [50, 200] : [500, 2000];
    const all = [];
    const heads = await open(h.port, slow);
    heads.forEach((connection) => connection.write('POST /v1/chat/completions HTTP/1.1\r\nHost: 127.'));
    const bodies = await open(h.port, slow);
    bodies.forEach((connection) => connection.write(`${headOf('Content-Length: 1000\r\n')}{"model":`));
    all.push(...heads, ...bodies, ...(await open(h.port, idle)));
    await othersAreServed();
    for (const connection of [...heads, ...bodies]) connection.write('0');
    await othersAreServed();
    grewByLessThan(60 * MiB, 'connections that do nothing');
    assert.ok(all.every((connection) => !connection.ended));
    const status = await h.daemon.json(['status']);
    assert.equal(status.calls_in_flight, 0, 'a call begins when its body is there');
    closeAll(all);
  });

  it('heads without an end are refused when they pass the limits', async () => {
    const one = 'GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n';
    await refused(`GET /${'x'.repeat(20_000)}`, [414], 'a target');
    await refused(`${one}X: ${'x'.repeat(70_000)}`, [431], 'a field');
    await refused(`${one}${'X'.repeat(70_000)}`, [431], 'a name');
    await refused(one + 'X: y\r\n'.repeat(20_000), [431], 'fields');
    await refused(`${one}${'X: y\r\n'.repeat(100)}\r\n`, [431], 'one field too many');
    const connection = await Connection.open(h.port);
    connection.write(one);
    // Written piece by piece until it is refused.
    for (let i = 0; i < 200 && !connection.ended && connection.bytes.length === 0; i++) {
      connection.write(`X-${i}: ${'y'.repeat(1000)}\r\n`);
      await new Promise(setImmediate);
    }
    assert.equal((await connection.reply()).status, 431);
    connection.close();
    await othersAreServed();
  });

  it('bodies beyond the limit are refused, with Expect before they are sent', async () => {
    const big = (fields) => headOf(`Content-Length: ${MiB + 1}\r\n${fields}`);
    await refused(big(''), [413], 'a length');
    const asked = await refused(big('Expect: 100-continue\r\n'), [413], 'a length, asked for first');
    assert.equal(asked.headers.connection, 'close');
    await refused(
      headOf(`Content-Length: ${2 ** 62}\r\nExpect: 100-continue\r\n`),
      [413],
      'an absurd length',
    );

    const piece = `10000\r\n${'x'.repeat(65536)}\r\n`;
    const flood = headOf('Transfer-Encoding: chunked\r\n') + piece.repeat(40);
    const replies = await times(short ? 4 : 40, 10, () => refused(flood, [413], 'chunks'));
    assert.equal(JSON.parse(replies[0].text).error.code, 'request_too_large');
    const expecting = await Connection.open(h.port);
    expecting.write(headOf('Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n'));
    assert.equal((await expecting.reply()).status, 100);
    expecting.write(piece.repeat(40));
    assert.equal((await expecting.reply()).status, 413);
    expecting.close();
    grewByLessThan(80 * MiB, 'bodies too large');
    await othersAreServed();
  });

  it('without a key no body is waited for, however large it is said to be', async () => {
    const head = 'POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n';
    await times(short ? 20 : 200, 20, () => refused(head, [401], 'nobody'));
    grewByLessThan(80 * MiB, 'nobody');
  });

  it('compressed bodies are refused unread', async () => {
    for (const coding of ['gzip', 'br', 'deflate', 'zstd', 'identity, gzip', 'gzip, identity', 'x']) {
      await refused(headOf(`Content-Encoding: ${coding}\r\nContent-Length: 500000\r\n`), [415], coding);
    }
  });

  it('a thousand requests at once on one connection are answered in turn', async () => {
    const count = short ? 100 : 1000;
    const one = requestBytes({ method: 'GET', path: '/healthz' });
    const connection = await Connection.open(h.port);
    connection.write(Buffer.concat(Array.from({ length: count }, () => one)));
    for (let i = 0; i < count; i++) assert.equal((await connection.reply()).status, 200);
    connection.close();
  });

  it('clients that never read their replies hold nobody up', async () => {
    const one = requestBytes({ method: 'GET', path: '/v1/models', key });
    const deaf = await open(h.port, short ? 5 : 50);
    for (const connection of deaf) {
      connection.socket.pause();
      connection.write(Buffer.concat(Array.from({ length: 300 }, () => one)));
    }
    await othersAreServed();
    grewByLessThan(80 * MiB, 'replies that nobody reads');
    closeAll(deaf);
  });

  it('clients that leave at any point leave nothing behind', async () => {
    const bytes = requestBytes({ key, body: JSON.stringify(chatBody()) });
    const cuts = Array.from({ length: short ? 20 : 100 }, (_, i) => Math.floor((i * bytes.length) / 100));
    await times(cuts.length, 20, async (i) => {
      const connection = await Connection.open(h.port);
      connection.write(bytes.subarray(0, cuts[i]));
      if (i % 2) connection.socket.resetAndDestroy();
      else connection.close();
    });
    await othersAreServed();
    await until(async () => (await h.daemon.json(['status'])).calls_in_flight === 0, 10_000, 'no call');
    assert.equal((await h.daemon.json(['status'])).held_usd, 0);
    await h.daemon.ok(['ledger', 'verify']);
  });
});

describe('long bodies that stay open', () => {
  const h = house({ args: ['--max-body', String(MiB), '--max-buffered', '4MiB', '--hold-wait', '0s'] });
  const long = JSON.stringify(chatBody({ messages: [{ role: 'user', content: 'x'.repeat(MiB - 2000) }] }));

  /// What the gateway says about a body that it has no room for.
  function overloaded(reply, what) {
    assert.deepEqual([reply.status, reply.json?.error.code], [503, 'overloaded'], what);
    assert.equal(reply.headers['retry-after'], '1', what);
  }

  it('share the memory there is: others are refused or served, and later all are', async () => {
    const { key } = await h.daemon.key();
    const bytes = requestBytes({ key, body: long });
    const count = 8;
    const slow = await open(h.port, count);
    for (const connection of slow) connection.write(bytes.subarray(0, bytes.length - 1));
    // Kept are at most four; who is beyond is told so while the end of its body is still to come.
    const told = () => slow.filter((connection) => connection.bytes.length > 0);
    await until(() => told().length >= count - 4, 10_000 * patience, 'those beyond the memory to be refused');
    for (const connection of told()) {
      const reply = await connection.reply();
      reply.json = JSON.parse(reply.text);
      overloaded(reply, 'a slow one');
      assert.equal(reply.headers.connection, 'close');
      connection.refused = true;
    }
    const kept = slow.filter((connection) => !connection.refused);
    assert.ok(kept.length >= 3, `${kept.length} are kept`);

    assert.equal((await chat(h.port, key)).status, 200, 'a short call');
    overloaded(await call(h.port, { key, body: long }), 'another long one');
    const message = await call(h.port, { key, path: '/v1/messages', body: long });
    assert.equal(message.status, 503);
    assert.deepEqual([message.json.type, message.json.error.type], ['error', 'overloaded_error']);
    const sound = form([['file', Buffer.alloc(MiB - 2000), 'a.mp3'], ['model', 'test-model']]);
    const upload = { key, path: '/v1/audio/transcriptions', body: sound, headers: { 'Content-Type': formType } };
    overloaded(await call(h.port, upload), 'a form whose model comes last');

    // Kept as it came and as it is sent a body needs room twice: the others must leave for one.
    for (const connection of kept.slice(1)) connection.close();
    await until(async () => (await call(h.port, { key, body: long })).status === 200, 10_000 * patience, 'room');
    kept[0].write(bytes.subarray(bytes.length - 1));
    assert.equal((await kept[0].reply()).status, 200);
    for (let i = 0; i < 6; i++) assert.equal((await call(h.port, { key, body: long })).status, 200);
    h.upstream.handler = (exchange) => exchange.reply(200, '{"text":"x"}', { 'content-type': 'application/json' });
    assert.equal((await call(h.port, upload)).status, 200);
    assert.equal((await h.daemon.json(['status'])).held_usd, 0);
    closeAll(slow);
  });
});

describe('too many connections', () => {
  const h = house({ args: ['--max-connections', '20'] });

  it('the 21st is told 503, and the next is served when one has left', async () => {
    const { key } = await h.daemon.key();
    const idle = await open(h.port, 20);
    // Each is in for certain once it was served.
    for (const connection of idle) {
      connection.write(requestBytes({ method: 'GET', path: '/healthz' }));
      assert.equal((await connection.reply()).status, 200);
    }
    const reply = await chat(h.port, key);
    assert.deepEqual([reply.status, reply.json.error.code], [503, 'overloaded']);
    assert.match(reply.headers['retry-after'], /^\d+$/);
    assert.equal(reply.headers.connection, 'close');
    assert.equal(h.upstream.requests.length, 0);
    idle.pop().close();
    await until(async () => (await chat(h.port, key)).status === 200, 5000 * patience, 'a place');
    closeAll(idle);
  });
});
