// What a key may ask about itself, answered by nufid alone, and the paths that are none.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { call } from './support/client.mjs';
import { house } from './support/house.mjs';
import { deadKeys, quietly } from './support/quiet.mjs';
import { assertError } from './support/refusals.mjs';

/// `path` below /v1, and `check` of the JSON it answers.
const own = [
  {
    path: 'models',
    check: ({ object, data }) => {
      assert.equal(object, 'list');
      const model = data.find(({ id }) => id === 'test-model');
      assert.deepEqual(Object.keys(model), ['id', 'object', 'created', 'owned_by']);
      assert.deepEqual(
        [model.object, typeof model.created, typeof model.owned_by],
        ['model', 'number', 'string'],
      );
    },
  },
  {
    path: 'models/test-model',
    check: ({ id, object }) => assert.deepEqual([id, object], ['test-model', 'model']),
  },
  {
    path: 'models/org%2Fname',
    check: ({ id, object }) => assert.deepEqual([id, object], ['org/name', 'model']),
  },
  {
    path: 'key',
    check: ({ data }, key) => {
      assert.equal(data.label, key.masked);
      assert.deepEqual(
        [data.limit, data.limit_reset, data.usage, data.limit_remaining],
        [10, 'month', 0.00106, 9.99894],
      );
      assert.deepEqual([data.is_free_tier, typeof data.rate_limit], [false, 'object']);
    },
  },
  {
    path: 'dashboard/billing/subscription',
    check: (it) => {
      assert.deepEqual([it.object, it.has_payment_method], ['billing_subscription', true]);
      assert.deepEqual([it.hard_limit_usd, it.system_hard_limit_usd], [10, 10]);
      assert.deepEqual([typeof it.soft_limit_usd, typeof it.access_until], ['number', 'number']);
    },
  },
  {
    path: 'dashboard/billing/usage',
    check: ({ object, total_usage }) => assert.deepEqual([object, total_usage], ['list', 0.106]),
  },
];

describe('conformance of what is read', () => {
  const h = house({
    args: ['--hold-wait', '0s'],
    add: { more: ['--model', 'test-model', '--model', 'org/*'] },
  });
  let rich;
  const refusesDeadKeys = deadKeys(h);
  before(async () => {
    rich = await h.daemon.key({ budget: 10 });
    // 60 tokens in and 100 out at 1 and 10 USD per million.
    const usage = { prompt_tokens: 60, completion_tokens: 100, total_tokens: 160 };
    h.upstream.handler = (exchange) => exchange.reply(200, { choices: [], usage });
    const body =
      '{"model":"test-model","max_tokens":100,"messages":[{"role":"user","content":"for a bound of 60 tokens in the prompt"}]}';
    assert.equal((await call(h.port, { key: rich.key, body })).status, 200);
    h.upstream.clear();
  });

  for (const { path, check } of own) {
    describe(`GET ${path}`, () => {
      const ask = (more = {}) => call(h.port, { method: 'GET', path: `/v1/${path}`, key: rich.key, ...more });

      it('answers what it should, and counts as nothing', async () => {
        const reply = await quietly(h, ask);
        assert.equal(reply.status, 200, reply.text);
        assert.equal(reply.headers['content-type'], 'application/json');
        assert.ok(reply.headers['x-request-id']);
        assert.ok(!reply.text.includes(rich.key));
        check(reply.json, rich);
      });

      it('is for living keys', () => refusesDeadKeys(ask));

      it('knows no other method', async () => {
        for (const method of ['POST', 'PUT', 'DELETE']) {
          const reply = await quietly(h, () => ask({ method, body: '{}' }));
          assertError(reply, { status: 405, code: 'method_not_allowed' });
          assert.equal(reply.headers.allow, 'GET');
        }
      });
    });
  }

  it('everything else is 404 in the same shape', async () => {
    for (const asked of [
      'GET /v1',
      'GET /v1/',
      'GET /',
      'GET /v1/keys',
      'GET /v1/models/',
      'GET /v1/Models',
      'GET /v1/files',
      'GET /v2/models',
      'GET /v1/dashboard',
      'POST /v1/chat',
      'POST /v1//chat/completions',
      'POST /v1/chat/completions/',
      'POST /chat/completions',
      'POST /v1/threads',
      'POST /v1/responses/compact',
      'POST /v1/responses/input_tokens',
      'DELETE /v1/anything',
    ]) {
      const [method, path] = asked.split(' ');
      const body = method === 'POST' ? '{"model":"test-model"}' : undefined;
      const reply = await quietly(h, () => call(h.port, { method, path, key: rich.key, body }));
      assertError(reply, { status: 404, code: 'unknown_url', param: null });
    }
  });
});
