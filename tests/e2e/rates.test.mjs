// Calls and tokens per minute, calls at once: per key, capped by the group, and honest about it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import OpenAI from 'openai';

import { chat, openStream } from './support/client.mjs';
import { patience, short } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { bill, completion, usage } from './support/provider.mjs';
import { until } from './support/wait.mjs';

const fields = { max_tokens: 20 };
const seconds = (text) => {
  const match = /^(?:(\d+)m)?(?:([\d.]+)s|(\d+)ms)$/.exec(text);
  assert.ok(match, `a duration: ${text}`);
  return Number(match[1] ?? 0) * 60 + Number(match[2] ?? 0) + Number(match[3] ?? 0) / 1000;
};
const tally = (replies, status) => replies.filter((reply) => reply.status === status).length;

describe('rates', () => {
  const h = house({ args: ['--hold-wait', '0s'] });

  it('rpm: 50 calls at once, 10 pass; the rest are told when', async () => {
    const key = await h.daemon.key({ name: 'rpm', rpm: 10 });
    const replies = await Promise.all(Array.from({ length: 50 }, () => chat(h.port, key.key, fields)));
    assert.equal(tally(replies, 200), 10);
    assert.equal(tally(replies, 429), 40);
    assert.equal(h.upstream.requests.length, 10);
    for (const { status, headers, json } of replies) {
      assert.equal(headers['x-ratelimit-limit-requests'], '10');
      assert.equal(headers['x-ratelimit-limit-tokens'], undefined);
      assert.ok(seconds(headers['x-ratelimit-reset-requests']) < 60);
      if (status === 200) continue;
      assert.equal(headers['x-ratelimit-remaining-requests'], '0');
      assert.equal(json.error.type, 'requests');
      assert.equal(json.error.code, 'rate_limit_exceeded');
      assert.match(json.error.message, /^Rate limit reached: key 'rpm' has used 10 of its 10 requests per minute/);
      assert.equal(json.error.nufi.reason, 'rpm');
      assert.equal(json.error.nufi.limit, 'key');
      const wait = Number(headers['retry-after']);
      assert.ok(Number.isInteger(wait) && wait >= 50, `Retry-After ${headers['retry-after']}`);
      const exact = Number(headers['retry-after-ms']);
      assert.ok(exact <= wait * 1000 && exact > (wait - 1) * 1000);
    }
    const left = replies.filter((reply) => reply.status === 200).map((reply) => Number(reply.headers['x-ratelimit-remaining-requests']));
    assert.ok(Math.min(...left) === 0 && Math.max(...left) <= 9, `remaining: ${left}`);
    const [totals] = [(await h.daemon.json(['usage', '--key', 'rpm'])).totals];
    assert.equal(totals.requests, 10);
    assert.equal(totals.refused, 40);
  });

  it('a client that waits as it is told is served', { skip: short }, async () => {
    const key = await h.daemon.key({ name: 'patient', rpm: 2 });
    const client = new OpenAI({ baseURL: h.daemon.url, apiKey: key.key, maxRetries: 1 });
    const ask = () => client.chat.completions.create({ model: 'test-model', messages: [{ role: 'user', content: 'hi' }], ...fields });
    await ask();
    await ask();
    assert.ok(await ask());
    assert.equal(h.upstream.requests.length, 3);
  });

  it('a limit given, changed or taken away counts for the next call', async () => {
    const key = await h.daemon.key({ name: 'edited', rpm: 1 });
    assert.equal((await chat(h.port, key.key, fields)).status, 200);
    assert.equal((await chat(h.port, key.key, fields)).status, 429);
    await h.daemon.ok(['keys', 'edit', 'edited', '--rpm', '2']);
    assert.equal((await chat(h.port, key.key, fields)).status, 200);
    assert.equal((await chat(h.port, key.key, fields)).status, 429);
    await h.daemon.ok(['keys', 'edit', 'edited', '--rpm', 'none']);
    const free = await chat(h.port, key.key, fields);
    assert.equal(free.status, 200);
    assert.equal(free.headers['x-ratelimit-limit-requests'], undefined);
  });

  it("an upstream's own rate headers give way to the key's, and pass when it has none", async () => {
    h.upstream.handler = (exchange) =>
      exchange.reply(200, completion({ usage: usage(5, 5) }), { 'x-ratelimit-limit-requests': '99999', 'x-ratelimit-reset-requests': '1ms' });
    const limited = await h.daemon.key({ rpm: 5 });
    const free = await h.daemon.key();
    assert.equal((await chat(h.port, limited.key, fields)).headers['x-ratelimit-limit-requests'], '5');
    assert.equal((await chat(h.port, free.key, fields)).headers['x-ratelimit-limit-requests'], '99999');
  });

  it('tpm: what was really used counts once it is known', async () => {
    h.upstream.handler = bill({ prompt: () => 40, output: () => 10 });
    const key = await h.daemon.key({ name: 'tpm', tpm: 1000 });
    const first = await chat(h.port, key.key, { max_tokens: 900 });
    assert.equal(first.status, 200);
    const second = await chat(h.port, key.key, { max_tokens: 900 });
    assert.equal(second.status, 200, second.text);
    assert.equal(second.headers['x-ratelimit-limit-tokens'], '1000');
    // Before it is known: 50 used and this call's own 900 and a few.
    assert.ok(Number(second.headers['x-ratelimit-remaining-tokens']) < 60);
    const third = await chat(h.port, key.key, { max_tokens: 940 });
    assert.equal(third.status, 429);
    assert.equal(third.json.error.type, 'tokens');
    assert.equal(third.json.error.nufi.reason, 'tpm');
    assert.equal(third.json.error.nufi.used_tokens, 100);
    assert.ok(Number(third.headers['retry-after']) > 50);
    const never = await chat(h.port, key.key, { max_tokens: 1001 });
    assert.equal(never.status, 429);
    assert.match(never.json.error.message, /^Request too large/);
    assert.equal(never.headers['retry-after'], undefined);
    assert.equal(never.headers['x-should-retry'], 'false');
  });

  it('tpm: at once, the calls that are let in ask for no more than the limit', async () => {
    h.upstream.handler = bill({ prompt: () => 1, delay: 300 });
    const key = await h.daemon.key({ tpm: 1000 });
    const replies = await Promise.all(Array.from({ length: 30 }, () => chat(h.port, key.key, { max_tokens: 150 })));
    const served = tally(replies, 200);
    assert.ok(served >= 4 && served * 150 <= 1000, `${served} served`);
  });

  it('max_parallel: never more at once, and a place is free again when a call ends', async () => {
    let now = 0;
    let most = 0;
    const plain = bill({ delay: 30 });
    h.upstream.handler = async (exchange) => {
      most = Math.max(most, ++now);
      await plain(exchange);
      now--;
    };
    const key = await h.daemon.key({ name: 'three', 'max-parallel': 3 });
    const replies = await Promise.all(Array.from({ length: 40 }, () => chat(h.port, key.key, fields)));
    assert.ok(most <= 3 && most > 0, `${most} at once`);
    const refused = replies.find((reply) => reply.status === 429);
    assert.equal(refused.json.error.type, 'requests');
    assert.equal(refused.json.error.nufi.reason, 'parallel');
    assert.equal(refused.headers['retry-after'], '1');
    assert.equal((await chat(h.port, key.key, fields)).status, 200);
  });

  it('max_parallel: a client that leaves frees its place', async () => {
    let begun = 0;
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      begun++;
      return new Promise(() => {});
    };
    const key = await h.daemon.key({ 'max-parallel': 1 });
    const stream = await openStream(h.port, key.key, fields);
    await until(() => begun, 10_000 * patience, 'the stream');
    assert.equal((await chat(h.port, key.key, fields)).status, 429);
    stream.close();
    h.upstream.handler = bill();
    await until(async () => (await chat(h.port, key.key, fields)).status === 200, 10_000 * patience, 'the place');
  });

  it("a group's ceilings hold for each of its keys", async () => {
    await h.daemon.ok(['groups', 'create', 'small', '--rpm', '2', '--tpm', '100000']);
    const keys = [await h.daemon.key({ group: 'small' }), await h.daemon.key({ group: 'small', rpm: 50 }), await h.daemon.key({ group: 'small', rpm: 1 })];
    for (const [key, most] of [[keys[0], 2], [keys[1], 2], [keys[2], 1]]) {
      const replies = [];
      for (let i = 0; i < 4; i++) replies.push(await chat(h.port, key.key, fields));
      assert.equal(tally(replies, 200), most);
      assert.equal(replies[3].json.error.nufi.limit, most === 1 ? 'key' : 'group');
    }
  });

  it('max_parallel of the group caps each of its keys', async () => {
    await h.daemon.ok(['groups', 'create', 'narrow', '--max-parallel', '1']);
    h.upstream.handler = bill({ delay: 300 });
    const key = await h.daemon.key({ group: 'narrow', 'max-parallel': 5 });
    const replies = await Promise.all(Array.from({ length: 6 }, () => chat(h.port, key.key, fields)));
    assert.equal(tally(replies, 200), 1);
    const refused = replies.find((reply) => reply.status === 429);
    assert.deepEqual([refused.json.error.nufi.reason, refused.json.error.nufi.limit], ['parallel', 'group']);
  });

  it('a budget that is used up is told before a rate limit: waiting would not help', async () => {
    h.upstream.handler = bill({ prompt: () => 5 });
    const key = await h.daemon.key({ rpm: 1, budget: 0.0005 });
    assert.equal((await chat(h.port, key.key, fields)).status, 200);
    const refused = await chat(h.port, key.key, { max_tokens: 50 });
    assert.match(refused.json.error.message, /^Budget reached/);
    assert.equal(refused.headers['x-should-retry'], 'false');
  });

  it('a call that a budget refuses does not use up the rate', async () => {
    const key = await h.daemon.key({ rpm: 2, budget: 0.0005 });
    for (let i = 0; i < 5; i++) assert.match((await chat(h.port, key.key, { max_tokens: 1000 })).json.error.message, /^Budget/);
    assert.equal((await chat(h.port, key.key, { max_tokens: 1 })).status, 200);
  });
});
