// The error table of the manual: status, type, code, headers.
import assert from 'node:assert/strict';
import net from 'node:net';
import { before, describe, it } from 'node:test';

import { call, chat, chatBody } from './support/client.mjs';
import { house } from './support/house.mjs';
import { Upstream } from './support/upstream.mjs';

function isError(reply, status, type, code) {
  assert.equal(reply.status, status, reply.text);
  const error = reply.json?.error;
  assert.ok(error, reply.text);
  for (const field of ['message', 'type', 'param', 'code']) {
    assert.ok(error[field] === null || typeof error[field] === 'string', `${field} is a string or null`);
  }
  assert.deepEqual([error.type, error.code], [type, code], error.message);
  assert.match(reply.headers['content-type'], /^application\/json/);
  assert.ok(reply.headers['x-request-id']);
  return error;
}

describe('errors', () => {
  const h = house({
    args: ['--max-body', '1048576'],
    add: { more: ['--model', 'test-model', '--model', 'unpriced'] },
  });
  let key;
  before(async () => {
    key = (await h.daemon.key()).key;
  });
  const send = (body, more = {}) =>
    call(h.port, { key, body: typeof body === 'string' ? body : JSON.stringify(body), ...more });

  it('no key, a bad key, a typo, an unknown key', async () => {
    const flipped = key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a');
    for (const authorization of [
      undefined,
      'Bearer',
      'Bearer ',
      'Bearer sk-other',
      `Bearer ${flipped}`,
      `Basic ${key}`,
      `Bearer ${key} ${key}`,
    ]) {
      const reply = await send(chatBody(), { key: undefined, headers: { Authorization: authorization } });
      const error = isError(reply, 401, 'invalid_request_error', 'invalid_api_key');
      assert.ok(
        !error.message.includes(flipped) && !error.message.includes(key),
        'messages never contain a key',
      );
    }
    assert.equal(
      (await send(chatBody(), { key: undefined, headers: { Authorization: `bEARER ${key}` } })).status,
      200,
    );
    assert.equal(h.upstream.requests.length, 1);
  });

  it('model and address not allowed', async () => {
    const model = await h.daemon.key({ model: 'other-*' });
    isError(await chat(h.port, model.key), 403, 'permission_error', 'model_not_allowed');
    const ip = await h.daemon.key({ ip: '10.0.0.0/8' });
    isError(await chat(h.port, ip.key), 403, 'permission_error', 'ip_not_allowed');
    assert.equal(h.upstream.requests.length, 0);
  });

  it('no such model, no such path, no such method', async () => {
    isError(await send(chatBody({ model: 'absent' })), 404, 'invalid_request_error', 'model_not_found');
    for (const [method, path] of [
      ['POST', '/v1/nothing'],
      ['GET', '/'],
      ['GET', '/v1'],
      ['POST', '/chat/completions'],
      ['POST', '/v1/chat/completions/'],
      ['POST', '/v1/../v1/nothing'],
    ]) {
      const body = method === 'POST' ? '{}' : undefined;
      isError(await call(h.port, { method, path, key, body }), 404, 'invalid_request_error', 'unknown_url');
    }
  });

  it('a body that is not JSON, or not an object', async () => {
    for (const body of [
      '',
      '{',
      'model=test-model',
      '[]',
      '"text"',
      'null',
      '{"model":"test-model","messages":[]',
      '{"model":"test-model",}',
      '{"model":"test-model"} x',
      "{'model':'test-model'}",
      '{"model":"test-model","x":01}',
      '{"model":"test-model","x":NaN}',
      '{"model":"\xff"}',
    ]) {
      const bytes = Buffer.from(body, 'latin1');
      isError(await call(h.port, { key, body: bytes }), 400, 'invalid_request_error', 'invalid_json');
    }
    const deep = `{"model":"test-model","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    assert.equal((await send(deep)).status, 400);
    assert.equal(h.upstream.requests.length, 0);
  });

  it('a field of the wrong type names itself', async () => {
    const wrong = {
      model: [1, null, '', [], {}],
      stream: ['yes', 1, {}],
      max_tokens: ['10', -1, 1.5, {}, 1e30, true],
      max_completion_tokens: ['10', -5],
      n: ['2', 0, -1, 1.5],
      stream_options: [1, 'x', []],
    };
    for (const [field, values] of Object.entries(wrong)) {
      for (const value of values) {
        const more = field === 'stream_options' ? { stream: true } : {};
        const error = isError(
          await send(chatBody({ ...more, [field]: value })),
          400,
          'invalid_request_error',
          'invalid_value',
        );
        assert.equal(error.param, field, JSON.stringify(value));
      }
    }
    const none = isError(await send('{"messages":[]}'), 400, 'invalid_request_error', 'invalid_value');
    assert.equal(none.param, 'model');
    assert.equal(h.upstream.requests.length, 0);
  });

  it('null means absent', async () => {
    assert.equal(
      (await send(chatBody({ max_tokens: null, stream: null, n: null, stream_options: null }))).status,
      200,
    );
  });

  it('a deciding field twice, or in another case', async () => {
    for (const body of [
      '{"model":"test-model","model":"test-model","messages":[]}',
      '{"model":"test-model","MODEL":"x","messages":[]}',
      '{"model":"test-model","max_tokens":1,"Max_Tokens":1000000,"messages":[]}',
      '{"model":"test-model","max_tokens":1,"max_tokens":1,"messages":[]}',
      '{"model":"test-model","stream":false,"Stream":true,"messages":[]}',
      '{"model":"test-model","n":1,"N":100,"messages":[]}',
      '{"model":"test-model","\\u006dodel":"x","messages":[]}',
      '{"model":"test-model","mode\\u006C":"x","messages":[]}',
    ]) {
      const reply = await send(body);
      assert.equal(reply.status, 400, `${body} → ${reply.text}`);
      assert.equal(reply.json.error.type, 'invalid_request_error');
    }
    assert.equal(h.upstream.requests.length, 0);
  });

  it('a compressed body is 415', async () => {
    for (const coding of ['gzip', 'br', 'deflate']) {
      const reply = await send(chatBody(), { headers: { 'Content-Encoding': coding } });
      assert.equal(reply.status, 415, reply.text);
      assert.equal(typeof reply.json.error.message, 'string');
    }
    assert.equal((await send(chatBody(), { headers: { 'Content-Encoding': 'identity' } })).status, 200);
  });

  it('a body too large is 413', async () => {
    isError(
      await send(chatBody({ user: 'x'.repeat(1_100_000) })),
      413,
      'invalid_request_error',
      'request_too_large',
    );
  });

  it('an unknown price under a budget is 400 and names the remedy; without a budget it passes', async () => {
    const limited = await h.daemon.key({ budget: 1 });
    const error = isError(
      await chat(h.port, limited.key, { model: 'unpriced' }),
      400,
      'invalid_request_error',
      'model_price_unknown',
    );
    assert.match(error.message, /nufi prices set/);
    assert.equal((await chat(h.port, key, { model: 'unpriced' })).status, 200);
    const [row] = await h.daemon.rows();
    assert.deepEqual([row.cost_basis, row.cost_usd], ['none', 0]);
  });

  it('an upstream that refuses our credential is 502', async () => {
    h.upstream.handler = (exchange) =>
      exchange.reply(401, { error: { message: `bad key ${exchange.headers.authorization}` } });
    const reply = await send(chatBody());
    isError(reply, 502, 'server_error', 'upstream_auth_failed');
    assert.ok(!reply.text.includes(h.upstream.secret));
    const [row] = await h.daemon.rows();
    assert.deepEqual([row.status, row.cost_usd, row.http_status], ['upstream_error', 0, 502]);
  });

  it('a broken upstream is 502 and costs nothing', async () => {
    const broken = [
      (e) => e.write('garbage\r\n\r\n'),
      (e) => e.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'),
    ];
    for (const handler of broken) {
      h.upstream.handler = async (exchange) => {
        await handler(exchange);
        exchange.end();
      };
      await coolsDown();
      isError(await send(chatBody()), 502, 'server_error', 'upstream_error');
      const [row] = await h.daemon.rows();
      assert.equal(row.status, 'upstream_error');
    }
    await coolsDown();
  });

  it('a redirect is not followed: 502', async () => {
    h.upstream.handler = (exchange) => exchange.reply(302, '', { location: 'http://127.0.0.1:1/' });
    await coolsDown();
    isError(await send(chatBody()), 502, 'server_error', 'upstream_error');
    await coolsDown();
  });

  /// A failing upstream cools down for a second or more: waits until it is asked again.
  async function coolsDown() {
    const { handler } = h.upstream;
    const { bill } = await import('./support/provider.mjs');
    const { until } = await import('./support/wait.mjs');
    h.upstream.handler = bill();
    await until(
      async () => (await send(chatBody())).status === 200,
      70_000,
      'the upstream to be asked again',
    );
    h.upstream.handler = handler;
  }
});

describe('errors of unreachable upstreams', () => {
  const h = house({ args: ['--upstream-timeout', '1'], add: { more: ['--model', 'test-model'] } });
  let key;
  before(async () => {
    key = (await h.daemon.key()).key;
    const server = net.createServer();
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    await h.daemon.ok([
      'upstreams',
      'add',
      'dead',
      '--url',
      `http://127.0.0.1:${port}/v1`,
      '--no-key',
      '--model',
      'dead-model',
    ]);
  });

  it('an upstream that nobody answers at is 502, then cooling is 503 with Retry-After', async () => {
    isError(await chat(h.port, key, { model: 'dead-model' }), 502, 'server_error', 'upstream_error');
    isError(await chat(h.port, key, { model: 'dead-model' }), 502, 'server_error', 'upstream_error');
    const cooling = await chat(h.port, key, { model: 'dead-model' });
    isError(cooling, 503, 'server_error', 'no_upstream_available');
    assert.match(cooling.headers['retry-after'], /^\d+$/);
  });

  it('an upstream too slow with its first byte is 504', async () => {
    h.upstream.handler = () => {};
    isError(await chat(h.port, key), 504, 'server_error', 'upstream_timeout');
    assert.equal(h.upstream.requests.length, 1, 'a call that may have been billed is never sent again');
  });

  it('another upstream takes over when the first cannot be reached', async () => {
    const second = await Upstream.start();
    await h.daemon.ok([
      'upstreams',
      'add',
      'second',
      '--url',
      second.url,
      '--no-key',
      '--model',
      'dead-model',
      '--priority',
      '-1',
    ]);
    await h.daemon.ok(['prices', 'set', 'dead-model', '--free']);
    const reply = await chat(h.port, key, { model: 'dead-model' });
    assert.deepEqual([reply.status, reply.headers['x-nufi-upstream']], [200, 'second'], reply.text);
    await second.stop();
  });

  it('without any upstream for the model, the answer is 404 and the row is not written', async () => {
    await h.daemon.ok(['upstreams', 'remove', 'mock', '--yes']);
    const rows = (await h.daemon.rows()).length;
    isError(await chat(h.port, key), 404, 'invalid_request_error', 'model_not_found');
    assert.equal((await h.daemon.rows()).length, rows);
  });
});
