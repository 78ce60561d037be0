// What is kept of a response: its endpoints pass to the upstream that made it, and charge nothing.
import assert from 'node:assert/strict';
import { before, beforeEach, describe, it } from 'node:test';

import { call } from './support/client.mjs';
import { named } from './support/events.mjs';
import { house } from './support/house.mjs';
import { deadKeys, quietly } from './support/quiet.mjs';
import { assertError } from './support/refusals.mjs';

/// Passed to the upstream that made the response: method and what stands behind its id.
const kept = [
  { method: 'GET', behind: '', reply: '{"id":"resp_1" ,"object":"response","n":1.0}' },
  { method: 'GET', behind: '?include[]=a.b&include%5B%5D=%c3%a9', reply: '{"id":"resp_1"}\n' },
  {
    method: 'GET',
    behind: '?stream=true&starting_after=2',
    type: 'text/event-stream',
    reply:
      named('response.output_text.delta', { delta: 'x' }) +
      named('response.completed', { response: { id: 'resp_1' } }),
  },
  { method: 'GET', behind: '/input_items', reply: '{"object":"list", "data":[],"has_more":false}' },
  { method: 'GET', behind: '/input_items?limit=1&order=asc&after=x', reply: '{"object":"list","data":[]}' },
  { method: 'POST', behind: '/cancel', reply: '{"id":"resp_1","status":"cancelled" }' },
  { method: 'DELETE', behind: '', reply: '{"id":"resp_1","object":"response","deleted":true}' },
];

describe('conformance of responses/{id}', () => {
  const h = house({ args: ['--hold-wait', '0s'], add: { more: ['--model', 'test-model'] } });
  const refusesDeadKeys = deadKeys(h);
  let rich;
  before(async () => {
    rich = await h.daemon.key({ budget: 10 });
  });
  let count = 0;
  let id;
  /// Makes a response of its own for each test.
  beforeEach(async () => {
    id = `resp_${String(++count).padStart(4, '0')}aBc-_`;
    const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
    h.upstream.handler = (exchange) =>
      exchange.reply(200, { id, object: 'response', status: 'completed', output: [], usage });
    const body = '{"model":"test-model","input":"x","max_output_tokens":9}';
    assert.equal((await call(h.port, { key: rich.key, path: '/v1/responses', body })).status, 200);
    h.upstream.clear();
  });

  for (const { method, behind, reply: answered, type = 'application/json' } of kept) {
    describe(`${method} responses/{id}${behind}`, () => {
      const at = (which) => `/v1/responses/${which}${behind}`;
      const ask = (more = {}) => call(h.port, { method, path: at(id), key: rich.key, ...more });

      it('passes as it is, both ways, and counts as nothing', async () => {
        const headers = { 'set-cookie': 'a=b', 'access-control-allow-origin': '*', 'x-custom': 'kept' };
        h.upstream.handler = (exchange) =>
          exchange.reply(200, answered, { 'content-type': type, ...headers });
        const own = { Cookie: 'a=b', 'X-Forwarded-For': '10.0.0.1', 'X-Nufi-Trace': '1', 'X-Custom': 'kept' };
        const reply = await quietly(h, () => ask({ headers: own }), { passes: true });
        assert.equal(reply.status, 200, reply.text);
        const { last } = h.upstream;
        assert.deepEqual([last.method, last.target, last.headers['x-custom']], [method, at(id), 'kept']);
        assert.equal(last.headers.authorization, `Bearer ${h.upstream.secret}`);
        for (const name of ['cookie', 'x-forwarded-for', 'x-nufi-trace'])
          assert.equal(last.headers[name], undefined, name);
        assert.equal(reply.text, answered);
        assert.deepEqual(
          [reply.headers['content-type'], reply.headers['x-custom'], reply.headers['set-cookie']],
          [type, 'kept', undefined],
        );
        assert.equal(reply.headers['x-nufi-upstream'], 'mock');
      });

      it('is for living keys', () => refusesDeadKeys(ask));

      it('of an id that nobody made here is 404, and asks nobody', async () => {
        for (const which of ['resp_unknown', 'x', 'resp_%2e%2e', '..']) {
          const reply = await quietly(h, () => ask({ path: at(which) }));
          assert.equal(reply.status, 404, `${which}: ${reply.text}`);
          assertError(reply, { status: 404 });
        }
      });

      it("the upstream's own error comes as it is; its 401 is ours to explain", async () => {
        const error = '{"error":{"message":"gone","type":"invalid_request_error","param":null,"code":null} }';
        h.upstream.handler = (exchange) => exchange.reply(404, error);
        const reply = await quietly(h, ask, { passes: true });
        assert.deepEqual([reply.status, reply.text], [404, error]);
        h.upstream.clear();
        h.upstream.handler = (exchange) => exchange.reply(401, error);
        assertError(await ask(), { status: 502, type: 'server_error', code: 'upstream_auth_failed' });
      });

      it('knows no other method', async () => {
        const allowed = behind.startsWith('/cancel')
          ? 'POST'
          : behind.startsWith('/input_items')
            ? 'GET'
            : 'GET, DELETE';
        for (const other of ['PUT', 'PATCH', 'POST', 'DELETE', 'GET'].filter(
          (each) => !allowed.includes(each),
        )) {
          const reply = await quietly(h, () =>
            ask({ method: other, body: other === 'GET' ? undefined : '{}' }),
          );
          assertError(reply, { status: 405, code: 'method_not_allowed' });
          assert.equal(reply.headers.allow, allowed);
        }
      });
    });
  }

  it('anything else below it is 404', async () => {
    for (const behind of ['/', '/nothing', '/cancel/x', '/input_items/']) {
      const reply = await quietly(h, () =>
        call(h.port, { method: 'GET', path: `/v1/responses/${id}${behind}`, key: rich.key }),
      );
      assertError(reply, { status: 404, code: 'unknown_url' });
    }
  });

  it('is gone once it is deleted', async () => {
    const path = `/v1/responses/${id}`;
    h.upstream.handler = (exchange) => exchange.reply(200, { id, deleted: true });
    assert.equal((await call(h.port, { method: 'DELETE', path, key: rich.key })).status, 200);
    h.upstream.clear();
    assertError(await quietly(h, () => call(h.port, { method: 'GET', path, key: rich.key })), {
      status: 404,
    });
  });
});
