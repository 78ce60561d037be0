// Which upstream is asked, and which after it: names, order, failures, rests, limits, and the way there.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { makeCertificate } from './support/certificate.mjs';
import { call, chat, chatBody, Connection, requestBytes } from './support/client.mjs';
import { Daemon, patience, short } from './support/daemon.mjs';
import { bill } from './support/provider.mjs';
import { Upstream } from './support/upstream.mjs';
import { times, until } from './support/wait.mjs';

const started = [];
after(() => Promise.all(started.map((each) => each.stop())));

/// A scripted upstream that costs nothing, known to `daemon` as `name`, which is its model's name too.
async function add(daemon, name, { handler = bill(), model = name, more = [], url } = {}) {
  const upstream = await Upstream.start({ handler });
  started.push(upstream);
  const models = [model].flat().flatMap((glob) => ['--model', glob]);
  await daemon.ok(
    ['upstreams', 'add', name, '--url', url?.(upstream) ?? upstream.url, '--key-stdin', '--free', ...models, ...more],
    { input: upstream.secret },
  );
  return upstream;
}

const fails = (status, headers = {}) => (exchange) =>
  exchange.reply(status, { error: { message: `it says ${status}`, type: 'x', param: null, code: 'y' } }, headers);
const via = (reply) => reply.headers['x-nufi-upstream'];
const isRefusal = (reply, status, code) =>
  assert.deepEqual([reply.status, reply.json?.error.code], [status, code], reply.text);
const closedPort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/// A handler whose replies wait for release().
function held() {
  let release;
  const open = new Promise((resolve) => (release = resolve));
  const handler = async (exchange) => {
    await open;
    await bill()(exchange);
  };
  return { handler, release };
}

describe('routing', { concurrency: !short }, () => {
  let daemon;
  let key;
  before(async () => {
    daemon = await Daemon.start();
    key = (await daemon.key()).key;
  });
  after(() => daemon?.stop());
  const ask = (model, headers = {}) =>
    call(daemon.port, { key, headers, body: JSON.stringify(chatBody({ model })) });
  const rowOf = async (reply) =>
    (await daemon.rows()).find((row) => row.id === reply.headers['x-nufi-request-id']);
  /// Two upstreams of one model: the first is asked first.
  async function pair(name, handler) {
    const first = await add(daemon, `${name}-1`, { handler, model: name, more: ['--priority', '10'] });
    const second = await add(daemon, `${name}-2`, { model: name });
    return { first, second };
  }
  const fail = async (model, count) => {
    for (let i = 0; i < count; i++) await ask(model);
  };

  it('finds a model by its pattern, and gives it the name that the upstream knows', async () => {
    const upstream = await add(daemon, 'names', {
      model: ['red-*', 'one'],
      more: ['--alias', 'fast=red-small'],
    });
    for (const [asked, sent] of [['red-large', 'red-large'], ['one', 'one'], ['fast', 'red-small']]) {
      const reply = await ask(asked);
      assert.deepEqual([reply.status, via(reply), upstream.last.json.model], [200, 'names', sent]);
    }
    isRefusal(await ask('reds'), 404, 'model_not_found');
  });

  it('asks the highest priority first, and divides the calls inside one by weight', async () => {
    const more = (priority, weight) => ['--priority', `${priority}`, '--weight', `${weight}`];
    const heavy = await add(daemon, 'heavy', { model: 'weighed', more: more(5, 3) });
    const light = await add(daemon, 'light', { model: 'weighed', more: more(5, 1) });
    const low = await add(daemon, 'low', { model: 'weighed', more: more(4, 100) });
    const count = short ? 40 : 240;
    await times(count, 8, () => ask('weighed'));
    const share = heavy.requests.length / count;
    assert.equal(heavy.requests.length + light.requests.length, count);
    // Four standard deviations of a draw with p = 0.75.
    const spread = 4 * Math.sqrt((0.75 * 0.25) / count);
    assert.ok(Math.abs(share - 0.75) < spread, `${share} of the calls`);
    assert.equal(low.requests.length, 0);
  });

  it('sends a model where it surely is, with two providers and a server of our own side by side', async () => {
    const daemon = await Daemon.start();
    try {
      const { key } = await daemon.key();
      const names = ['openai', 'groq'];
      for (const name of names) await add(daemon, name, { model: [], more: ['--preset', name] });
      await add(daemon, 'local', { model: 'own-model' });
      const places = [['gpt-4o-mini', 'openai'], ['llama-3.3-70b-versatile', 'groq'], ['own-model', 'local']];
      for (const [model, name] of places) {
        for (let i = 0; i < 4; i++) {
          assert.equal(via(await chat(daemon.port, key, { model })), name, model);
        }
        const shown = await call(daemon.port, { method: 'GET', path: `/v1/models/${model}`, key });
        assert.equal(shown.json.owned_by, name, model);
      }
      const listed = (await daemon.json(['models'])).data.find((each) => each.name === 'gpt-4o-mini');
      assert.deepEqual(listed.upstreams, ['openai']);
    } finally {
      await daemon.stop();
    }
  });

  it('names who rests and why, and asks again once it is mended', async () => {
    const upstream = await add(daemon, 'mended', { handler: fails(500) });
    await fail('mended', 2);
    const reply = await ask('mended');
    isRefusal(reply, 503, 'no_upstream_available');
    assert.match(reply.json.error.message, /'mended' \(HTTP 500\) is asked again in \d+ s/);
    upstream.handler = bill();
    await daemon.ok(['upstreams', 'edit', 'mended', '--header', 'x-team=web']);
    assert.equal((await ask('mended')).status, 200);

    upstream.handler = fails(500);
    await fail('mended', 2);
    isRefusal(await ask('mended'), 503, 'no_upstream_available');
    upstream.handler = bill();
    await daemon.nufi(['upstreams', 'test', 'mended', '--model', 'mended']);
    assert.equal((await ask('mended')).status, 200);
  });

  it('lists who refuses us, or answers nothing, as failing, and asks on', async () => {
    const upstream = await add(daemon, 'refusing', { handler: fails(401) });
    const health = async () => (await daemon.json(['upstreams', 'show', 'refusing'])).health;
    for (let i = 0; i < 3; i++) isRefusal(await ask('refusing'), 502, 'upstream_auth_failed');
    assert.equal(await health(), 'failing: HTTP 401');
    upstream.handler = (exchange) => exchange.reply(200, { error: { message: 'no', type: 'x' } });
    await ask('refusing');
    assert.equal(await health(), 'failing: HTTP 200 without a whole answer');
    upstream.handler = bill();
    assert.equal((await ask('refusing')).status, 200);
    assert.equal(await health(), 'ok');
  });

  it('says what an unknown URL may have meant', async () => {
    const at = async (path) => (await call(daemon.port, { path, key, body: '{}' })).json.error;
    for (const path of ['/chat/completions', '/messages', '/models']) {
      const error = await at(path);
      assert.deepEqual([error.code ?? 'unknown_url', /forget \/v1/.test(error.message)], ['unknown_url', true], path);
    }
    assert.match((await at('/v1/v1/messages')).message, /Leave out one \/v1/);
    assert.match((await at('/')).message, /base URL/);
    assert.doesNotMatch((await at('/nowhere')).message, /v1/);
  });

  it('keeps upstreams of a group for that group', async () => {
    await daemon.ok(['groups', 'create', 'inner']);
    await add(daemon, 'inner-only', { model: 'grouped', more: ['--group', 'inner', '--priority', '9'] });
    await add(daemon, 'for-all', { model: 'grouped' });
    const member = (await daemon.key({ group: 'inner' })).key;
    assert.equal(via(await ask('grouped')), 'for-all');
    assert.equal(via(await chat(daemon.port, member, { model: 'grouped' })), 'inner-only');
  });

  for (const status of [408, 429, 500, 502, 503, 504, 529]) {
    it(`goes on to the next after ${status}, and notes both on the row`, async () => {
      const { first, second } = await pair(`next-${status}`, fails(status));
      const reply = await ask(`next-${status}`);
      assert.deepEqual([reply.status, via(reply)], [200, `next-${status}-2`]);
      assert.deepEqual([first.requests.length, second.requests.length], [1, 1]);
      const row = await rowOf(reply);
      assert.deepEqual([row.status, row.attempts, row.upstream], ['ok', 2, `next-${status}-2`]);
      assert.deepEqual(
        row.tried.map((attempt) => [attempt.upstream, attempt.result, attempt.http_status]),
        [[`next-${status}-1`, `http_${status}`, status], [`next-${status}-2`, 'ok', 200]],
      );
    });
  }

  it('goes on where nobody listens, but not where the call may have been taken', async () => {
    const port = await closedPort();
    await add(daemon, 'nobody', {
      model: 'gone',
      url: () => `http://127.0.0.1:${port}/v1`,
      more: ['--priority', '1'],
    });
    await add(daemon, 'somebody', { model: 'gone' });
    const reply = await ask('gone');
    assert.deepEqual([reply.status, via(reply)], [200, 'somebody']);
    assert.equal((await rowOf(reply)).tried[0].result, 'connect_failed');
    const { second } = await pair('taken', (exchange) => exchange.reset());
    isRefusal(await ask('taken'), 502, 'upstream_error');
    const refused = await pair('refused', fails(400));
    assert.equal((await ask('refused')).status, 400);
    assert.equal(second.requests.length + refused.second.requests.length, 0);
  });

  it('passes the last reply as it is when all have failed', async () => {
    await add(daemon, 'all-1', { handler: fails(500), model: 'all', more: ['--priority', '1'] });
    await add(daemon, 'all-2', { handler: fails(503, { 'retry-after': '7' }), model: 'all' });
    const reply = await ask('all');
    assert.deepEqual(
      [reply.status, reply.json.error.message, reply.headers['retry-after'], via(reply)],
      [503, 'it says 503', '7', 'all-2'],
    );
    assert.equal((await rowOf(reply)).attempts, 2);
  });

  it('lets an upstream rest after two failures, then one call probe it', async () => {
    const { first } = await pair('rests', fails(500));
    const start = performance.now();
    await fail('rests', 2);
    assert.equal(via(await ask('rests')), 'rests-2');
    // On a machine that took longer than the rest, the third call was a probe.
    const tried = first.requests.length;
    assert.ok(tried === 2 || performance.now() - start > 900, `${tried} attempts`);
    const { health } = (await daemon.json(['upstreams', 'list'])).data.find(({ name }) => name === 'rests-1');
    assert.equal(health, 'failing: HTTP 500');
    const gate = held();
    first.handler = gate.handler;
    // The first call behind the rest waits at the upstream; whoever comes meanwhile goes elsewhere.
    const probe = (async () => {
      for (;;) {
        const reply = await ask('rests');
        if (via(reply) === 'rests-1') return reply;
      }
    })();
    await until(() => first.requests.length > tried, 10_000 * patience, 'the probe');
    const others = await times(5, 5, () => ask('rests'));
    assert.deepEqual(others.map(via), Array(5).fill('rests-2'));
    assert.equal(first.requests.length, tried + 1);
    gate.release();
    assert.equal((await probe).status, 200);
    assert.equal(via(await ask('rests')), 'rests-1');
  });

  it('refuses with the time that is left when the only upstream rests, and does not stand still after', async () => {
    const upstream = await add(daemon, 'alone', { handler: fails(500) });
    const start = performance.now();
    await fail('alone', 2);
    const refused = await ask('alone');
    if (performance.now() - start < 900) {
      isRefusal(refused, 503, 'no_upstream_available');
      assert.equal(refused.headers['retry-after'], '1');
    }
    const gate = held();
    upstream.handler = gate.handler;
    const failed = upstream.requests.length;
    // Hangs up while it probes: the next one probes.
    const leaver = await Connection.open(daemon.port);
    const probes = () => upstream.requests.length > failed;
    while (!probes()) {
      leaver.bytes = Buffer.alloc(0);
      leaver.write(requestBytes({ key, body: JSON.stringify(chatBody({ model: 'alone' })) }));
      await until(() => leaver.bytes.length || probes(), 10_000 * patience, 'a refusal or the probe');
    }
    leaver.close();
    await upstream.requests[failed].gone;
    const waiting = times(4, 4, () => ask('alone'));
    await until(() => upstream.requests.length > failed + 1, 5_000 * patience, 'the next probe');
    gate.release();
    assert.deepEqual((await waiting).map((reply) => reply.status), [200, 200, 200, 200]);
  });

  it('stays away from an upstream as long as that asks for', async () => {
    const { first } = await pair('busy', fails(429, { 'retry-after': '30' }));
    for (let i = 0; i < 3; i++) assert.equal(via(await ask('busy')), 'busy-2');
    assert.equal(first.requests.length, 1);
    const dated = await pair('dated', fails(503, { 'retry-after': new Date(Date.now() + 30_000).toUTCString() }));
    for (let i = 0; i < 3; i++) assert.equal(via(await ask('dated')), 'dated-2');
    assert.equal(dated.first.requests.length, 1);
    const { data } = await daemon.json(['upstreams', 'list']);
    assert.equal(data.find(({ name }) => name === 'busy-1').health, 'busy: HTTP 429');
  });

  it('passes the word of an only upstream that is busy, and rests one that asks for it', async () => {
    const upstream = await add(daemon, 'limited', { handler: fails(429, { 'retry-after': '30' }) });
    for (let i = 0; i < 2; i++) {
      const reply = await ask('limited');
      assert.deepEqual([reply.status, reply.headers['retry-after']], [429, '30']);
    }
    upstream.handler = fails(503, { 'retry-after': '30' });
    assert.equal((await ask('limited')).json.error.message, 'it says 503');
    const reply = await ask('limited');
    isRefusal(reply, 503, 'no_upstream_available');
    assert.ok([28, 29, 30].includes(Number(reply.headers['retry-after'])), reply.headers['retry-after']);
    assert.equal(upstream.requests.length, 3);
  });

  it('does not multiply the attempts of a client that counts its own', async () => {
    const retry = { 'x-stainless-retry-count': '1' };
    const { second } = await pair('counted', fails(500));
    const reply = await ask('counted', retry);
    assert.deepEqual([reply.status, second.requests.length], [500, 0]);
    assert.equal(via(await ask('counted', { 'x-stainless-retry-count': '0' })), 'counted-2');
    const port = await closedPort();
    await add(daemon, 'counted-gone', {
      model: 'unsent',
      url: () => `http://127.0.0.1:${port}/v1`,
      more: ['--priority', '1'],
    });
    await add(daemon, 'counted-there', { model: 'unsent' });
    assert.equal(via(await ask('unsent', retry)), 'counted-there');
  });

  it('opens no more connections than an upstream may have, and lets calls wait in turn', async () => {
    const upstream = await add(daemon, 'narrow', { more: ['--max-connections', '1'] });
    let most = 0;
    let now = 0;
    upstream.handler = async (exchange) => {
      most = Math.max(most, ++now);
      await bill({ delay: 10 })(exchange);
      now--;
    };
    const replies = await times(10, 5, () => ask('narrow'));
    assert.deepEqual(new Set(replies.map((reply) => reply.status)), new Set([200]));
    assert.equal(most, 1);
  });

  it('goes on, or says so, when the wait for a connection takes too long', async () => {
    const gate = held();
    const more = ['--max-connections', '1', '--priority', '1'];
    const upstream = await add(daemon, 'full', { handler: gate.handler, model: ['full', 'spared'], more });
    await add(daemon, 'spare', { model: 'spared' });
    const first = ask('full');
    await upstream.request(0);
    const leaver = await Connection.open(daemon.port);
    leaver.write(requestBytes({ key, body: JSON.stringify(chatBody({ model: 'full' })) }));
    const [refused, spared] = await Promise.all([ask('full'), ask('spared')]);
    isRefusal(refused, 503, 'overloaded');
    assert.equal(refused.headers['retry-after'], '1');
    assert.deepEqual([spared.status, via(spared)], [200, 'spare']);
    assert.equal((await rowOf(spared)).tried[0].result, 'busy');
    leaver.close();
    gate.release();
    assert.equal((await first).status, 200);
    assert.equal((await ask('full')).status, 200);
  });

  it('reaches an upstream over IPv6', async (test) => {
    const target = await Upstream.start();
    started.push(target);
    const relay = net.createServer((socket) => {
      const onward = net.connect(target.port, '127.0.0.1');
      socket.on('error', () => {}).pipe(onward.on('error', () => {})).pipe(socket);
    });
    const port = await new Promise((resolve) => {
      relay.on('error', () => resolve(0));
      relay.listen(0, '::1', () => resolve(relay.address().port));
    });
    if (port === 0) return test.skip('this machine has no IPv6');
    await add(daemon, 'six', { url: () => `http://[::1]:${port}/v1` });
    assert.equal((await ask('six')).status, 200);
    assert.equal(target.last.headers.host, `[::1]:${port}`);
    relay.close();
  });
});

describe('a proxy', () => {
  let dir;
  let upstream;
  let proxy;
  let daemon;
  let key;
  const seen = [];
  const password = 'pr0xy-s3cret';
  const expected = `Basic ${Buffer.from(`ada:${password}`).toString('base64')}`;
  before(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-e2e-proxy-'));
    const files = await makeCertificate(dir, 'DNS:up.example');
    upstream = await Upstream.start({ tls: files });
    proxy = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (data) => {
        const [line, ...fields] = data.toString('latin1').split('\r\n');
        seen.push(line);
        if (!fields.includes(`Proxy-Authorization: ${expected}`)) {
          return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
        }
        if (!line.includes(' up.example:') && !line.includes(' other.example:')) {
          return socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
        }
        const onward = net.connect(upstream.port, '127.0.0.1', () => {
          socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
          socket.pipe(onward).pipe(socket);
        });
        onward.on('error', () => socket.destroy());
      });
    });
    await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const env = {
      HTTPS_PROXY: `http://ada:${password}@127.0.0.1:${proxy.address().port}`,
      NO_PROXY: 'direct.invalid',
    };
    daemon = await Daemon.start({ env, args: ['--ca-file', files.ca] });
    key = (await daemon.key()).key;
    for (const host of ['up.example', 'other.example', 'blocked.example', 'direct.invalid']) {
      await daemon.ok(
        ['upstreams', 'add', host, '--url', `https://${host}:${upstream.port}/v1`, '--key-stdin', '--free', '--model', host],
        { input: upstream.secret },
      );
    }
  });
  after(async () => {
    await daemon?.stop();
    await upstream?.stop();
    proxy?.close();
    fs.rmSync(dir, { recursive: true, force: true });
  });

  it('carries the calls of https upstreams in tunnels that are used again', async () => {
    for (let i = 0; i < 3; i++) {
      const reply = await chat(daemon.port, key, { model: 'up.example', stream: i === 1 });
      assert.equal(reply.status, 200, reply.text);
    }
    assert.ok(seen.every((line) => line === `CONNECT up.example:${upstream.port} HTTP/1.1`), seen.join('\n'));
    assert.ok(seen.length <= os.availableParallelism(), `${seen.length} tunnels`);
    assert.equal(upstream.last.headers['proxy-authorization'], undefined);
  });

  it('does not stand in for the upstream: its name is verified', async () => {
    const reply = await chat(daemon.port, key, { model: 'other.example' });
    isRefusal(reply, 502, 'upstream_error');
    assert.match(reply.json.error.message, /TLS: /);
  });

  it('is named when it refuses, and not asked for what NO_PROXY names', async () => {
    const blocked = await chat(daemon.port, key, { model: 'blocked.example' });
    isRefusal(blocked, 502, 'upstream_error');
    assert.match(blocked.json.error.message, /the proxy refused the connection \(HTTP 403\)/);
    const before = seen.length;
    const direct = await chat(daemon.port, key, { model: 'direct.invalid' });
    assert.match(direct.json.error.message, /can't find the address of direct\.invalid/);
    assert.equal(seen.length, before);
  });

  it('keeps its password out of the log and of what is told', async () => {
    const told = [await daemon.ok(['status', '--json']), await daemon.ok(['upstreams', 'list', '--json']), daemon.log()];
    for (const text of told) {
      assert.ok(!text.includes(password) && !text.includes(expected.slice(6)), text);
    }
  });

  it('that is not understood is told, and not gone past', async () => {
    const other = await Daemon.start({ env: { https_proxy: `socks5://ada:${password}@127.0.0.1:1` } });
    try {
      const theirs = (await other.key()).key;
      await other.ok(['upstreams', 'add', 'far', '--url', 'https://up.example/v1', '--no-key', '--free']);
      const reply = await chat(other.port, theirs, { model: 'm' });
      isRefusal(reply, 502, 'upstream_error');
      assert.match(reply.json.error.message, /HTTPS_PROXY must begin with http:\/\//);
      assert.ok(!reply.text.includes(password) && !other.log().includes(password));
    } finally {
      await other.stop();
    }
  });
});
