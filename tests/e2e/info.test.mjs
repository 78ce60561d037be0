// The small GET endpoints: models, key, health.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { call, chat } from './support/client.mjs';
import { house } from './support/house.mjs';

describe('models, key and health', () => {
  const h = house({
    add: { more: ['--model', 'test-model', '--model', 'org/*', '--model', 'gpt-4o-m*', '--alias', 'nick=test-model'] },
  });
  const get = (path, key, more = {}) => call(h.port, { method: 'GET', path, key, ...more });

  it("GET /v1/models lists what this key may use, in OpenAI's shape", async () => {
    const all = await h.daemon.key();
    const reply = await get('/v1/models', all.key);
    assert.equal(reply.status, 200);
    assert.equal(reply.json.object, 'list');
    const names = reply.json.data.map((model) => model.id);
    assert.ok(names.includes('test-model') && names.includes('nick'), names.join());
    assert.ok(names.includes('gpt-4o-mini') && !names.includes('gpt-4o'), `by a glob: ${names.join()}`);
    for (const model of reply.json.data) {
      assert.equal(model.object, 'model');
      assert.equal(typeof model.id, 'string');
      assert.equal(typeof model.created, 'number');
      assert.equal(typeof model.owned_by, 'string');
    }
    const few = await h.daemon.key({ model: 'nick' });
    assert.deepEqual(
      (await get('/v1/models', few.key)).json.data.map((model) => model.id),
      ['nick'],
    );
  });

  it('GET /v1/models/{id}: one model, a slash in the name as it came, 404 for what the key can not use', async () => {
    const key = await h.daemon.key();
    assert.equal((await get('/v1/models/test-model', key.key)).json.id, 'test-model');
    for (const path of ['/v1/models/org/name', '/v1/models/org%2Fname']) {
      const reply = await get(path, key.key);
      assert.deepEqual([reply.status, reply.json.id], [200, 'org/name'], path);
    }
    const none = await get('/v1/models/absent', key.key);
    assert.deepEqual([none.status, none.json.error.code], [404, 'model_not_found']);
    const few = await h.daemon.key({ model: 'nick' });
    assert.ok([403, 404].includes((await get('/v1/models/test-model', few.key)).status));
  });

  it('GET /v1/models needs a key', async () => {
    const reply = await get('/v1/models');
    assert.deepEqual([reply.status, reply.json.error.code], [401, 'invalid_api_key']);
  });

  it("GET /v1/key tells own limits and usage with OpenRouter's field names", async () => {
    const key = await h.daemon.key({ name: 'own', budget: 1 });
    await chat(h.port, key.key, { max_tokens: 100 });
    const { status, json } = await get('/v1/key', key.key);
    assert.equal(status, 200);
    const spent = (await h.daemon.showKey('own')).spent_usd;
    assert.ok(spent > 0);
    assert.equal(json.data.usage, spent);
    assert.equal(json.data.limit, 1);
    assert.ok(Math.abs(json.data.limit_remaining - (1 - spent)) < 1e-9);
    assert.equal(typeof json.data.label, 'string');
    assert.ok(!JSON.stringify(json).includes(key.key), 'never the key itself');
  });

  it('/healthz and /readyz answer without a key', async () => {
    for (const path of ['/healthz', '/readyz']) {
      assert.equal((await get(path)).status, 200, path);
    }
  });

  it('every reply of ours carries a request id', async () => {
    const key = await h.daemon.key();
    const ids = new Set();
    for (const path of ['/v1/models', '/v1/key', '/v1/nothing']) {
      const reply = await get(path, key.key);
      assert.match(reply.headers['x-request-id'] ?? '', /\S/, path);
      ids.add(reply.headers['x-request-id']);
    }
    assert.equal(ids.size, 3);
  });

  it('the console door knows only health for now, and refuses foreign hosts and inference keys', async () => {
    const key = await h.daemon.key();
    const at = (path, more) => call(h.daemon.consolePort, { method: 'GET', path, ...more });
    assert.equal((await at('/healthz')).status, 200);
    assert.equal((await at('/v1/status', { key: key.key })).status, 401);
    assert.equal((await at('/v1/status', { host: 'evil.example' })).status, 403);
  });
});
