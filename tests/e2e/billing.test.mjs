// What chat apps ask to show "used $x of $y".
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { call, chat } from './support/client.mjs';
import { house } from './support/house.mjs';

const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

describe('dashboard/billing', () => {
  const h = house();
  const get = (path, key, method = 'GET') => call(h.port, { method, path, key });

  it("tells the key's own budget and what it spent, exactly, with and without /v1", async () => {
    const key = await h.daemon.key({ name: 'app', budget: 2.5 });
    await chat(h.port, key.key, { max_tokens: 100 });
    const spent = (await h.daemon.showKey('app')).spent_usd;
    assert.ok(spent > 0);
    for (const prefix of ['', '/v1']) {
      const subscription = await get(`${prefix}/dashboard/billing/subscription`, key.key);
      assert.equal(subscription.status, 200);
      assert.equal(subscription.json.hard_limit_usd, 2.5);
      assert.equal(subscription.json.soft_limit_usd, 2.5);
      assert.equal(subscription.json.system_hard_limit_usd, 2.5);
      assert.equal(subscription.json.has_payment_method, true);
      assert.ok(subscription.json.access_until * 1000 > Date.now());
      const range = `start_date=${day(-30)}&end_date=${day(1)}`;
      const usage = await get(`${prefix}/dashboard/billing/usage?${range}`, key.key);
      assert.equal(usage.status, 200);
      assert.ok(Math.abs(usage.json.total_usage / 100 - spent) < 1e-12, usage.text);
      assert.equal(usage.json.nufi.usage_usd, spent);
      assert.equal(usage.json.nufi.period, 'month');
      assert.deepEqual(usage.json.daily_costs, []);
    }
  });

  it('a key without a budget has a large limit, and only its own spending', async () => {
    const key = await h.daemon.key();
    assert.equal((await get('/v1/dashboard/billing/subscription', key.key)).json.hard_limit_usd, 100_000_000);
    assert.equal((await get('/v1/dashboard/billing/usage', key.key)).json.total_usage, 0);
  });

  it("days that are not of the running cycle are refused, not told as 0", async () => {
    const key = await h.daemon.key({ budget: 1, 'budget-period': 'day' });
    const past = await get(`/v1/dashboard/billing/usage?start_date=${day(-9)}&end_date=${day(-7)}`, key.key);
    assert.deepEqual([past.status, past.json.error.code, past.json.error.param], [400, 'invalid_value', 'end_date']);
    const bad = await get('/v1/dashboard/billing/usage?start_date=yesterday', key.key);
    assert.deepEqual([bad.status, bad.json.error.param], [400, 'start_date']);
  });

  it('needs a key; other methods are 405, other subjects 404', async () => {
    const { key } = await h.daemon.key();
    assert.equal((await get('/v1/dashboard/billing/usage')).status, 401);
    const post = await get('/v1/dashboard/billing/usage', key, 'POST');
    assert.deepEqual([post.status, post.headers.allow], [405, 'GET']);
    const grants = await get('/v1/dashboard/billing/credit_grants', key);
    assert.deepEqual([grants.status, grants.json.error.code], [404, 'unknown_url']);
  });
});
