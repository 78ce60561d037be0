// What a caller and an operator see of the limits: money held while calls run, waiting in turn, the
// clamp, soft keys, token windows, and refusals that say the truth.
import assert from 'node:assert/strict';
import os from 'node:os';
import { describe, it } from 'node:test';

import { call, chat, openStream } from './support/client.mjs';
import { patience } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { bill, usage } from './support/provider.mjs';
import { times, until } from './support/wait.mjs';

const nano = (usd) => Math.round(usd * 1e9);
const fields = { max_tokens: 100 };
/// Between :00 and :50 of a minute, so that a window of a minute does not turn within the test.
const earlyInMinute = () =>
  until(() => new Date().getUTCSeconds() < 45, 20_000, 'the first seconds of a minute');

describe('limits', () => {
  const h = house({ args: ['--hold-wait', `${8 * patience}s`] });
  const status = () => h.daemon.json(['status']);
  /// A handler that answers when it is told to; `gates` are the calls that stand at it.
  const gate = (gates, used = usage(5, 1)) => (exchange) =>
    new Promise((resolve) =>
      gates.push({ exchange, open: () => resolve(bill({ prompt: () => used.prompt_tokens, output: () => used.completion_tokens })(exchange)) }),
    );

  it('nufi status shows the money held and by how many calls, and nothing when they have ended', async () => {
    const key = await h.daemon.key({ budget: 1 });
    assert.deepEqual([(await status()).calls_in_flight, (await status()).held_usd], [0, 0]);
    const gates = [];
    h.upstream.handler = gate(gates);
    const running = [
      chat(h.port, key.key, fields),
      chat(h.port, key.key, { ...fields, stream: true }),
      chat(h.port, key.key, fields),
    ];
    await until(() => gates.length === 3, 10_000 * patience, 'three calls at the upstream');
    const during = await status();
    assert.equal(during.calls_in_flight, 3);
    const shown = await h.daemon.showKey(key.id);
    assert.ok(shown.held_usd > 0 && shown.spent_usd === 0);
    assert.equal(nano(during.held_usd), nano(shown.held_usd));
    assert.equal(shown.remaining_usd, 1, 'what is held is shown beside what remains');
    assert.match(await h.daemon.ok(['status'], { env: { COLUMNS: '100' } }), /calls_in_flight\s+3/);
    gates.forEach(({ open }) => open());
    await Promise.all(running);
    const after = await status();
    assert.deepEqual([after.calls_in_flight, after.held_usd], [0, 0]);
    assert.equal((await h.daemon.showKey(key.id)).held_usd, 0);
  });

  it('calls that wait are served in turn', async () => {
    const body = { ...fields, user: 'w' };
    const key = await h.daemon.key();
    const gates = [];
    h.upstream.handler = gate(gates);
    const probe = chat(h.port, key.key, body);
    await until(() => gates.length === 1, 10_000 * patience, 'the probe');
    const ceiling = nano((await status()).held_usd);
    gates.shift().open();
    await probe;
    await h.daemon.ok(['keys', 'edit', key.id, '--budget', ((ceiling * 1.5 + 20_000) / 1e9).toFixed(9)]);
    const order = [];
    const calls = [];
    // Each comes when the one before it stands in the queue: as many wait as have not arrived.
    for (let i = 0; i < 6; i++) {
      calls.push(
        chat(h.port, key.key, { ...body, seed: i }).then((reply) => {
          assert.equal(reply.status, 200, reply.text);
        }),
      );
      if (i === 0) await until(() => gates.length === 1, 10_000 * patience, 'the first');
      // Its bytes are with nufid once another call made after them was answered.
      assert.equal((await call(h.port, { method: 'GET', path: '/v1/models', key: key.key })).status, 200);
    }
    for (let i = 0; i < 6; i++) {
      await until(() => gates.length === 1, 10_000 * patience, `call ${i}`);
      order.push(gates[0].exchange.json.seed);
      gates.shift().open();
    }
    await Promise.all(calls);
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5]);
  });

  it('a call that waits does not outlive its key', async () => {
    const key = await h.daemon.key({ budget: 0.0013 });
    const gates = [];
    h.upstream.handler = gate(gates);
    const first = chat(h.port, key.key, fields);
    await until(() => gates.length === 1, 10_000 * patience, 'the first call');
    const second = chat(h.port, key.key, fields);
    assert.equal((await call(h.port, { method: 'GET', path: '/v1/models', key: key.key })).status, 200);
    await h.daemon.ok(['keys', 'revoke', key.id, '--yes']);
    gates[0].open();
    const reply = await second;
    assert.deepEqual([reply.status, reply.json.error.code], [401, 'key_revoked'], reply.text);
    await first;
    assert.equal(h.upstream.requests.length, 1, 'it was never sent');
    assert.equal((await status()).calls_in_flight, 0);
  });

  it('a call whose caller left while it waited is never sent and holds nothing', async () => {
    const key = await h.daemon.key({ budget: 0.0013 });
    const gates = [];
    h.upstream.handler = gate(gates);
    const first = chat(h.port, key.key, fields);
    await until(() => gates.length === 1, 10_000 * patience, 'the first call');
    const waiting = await openStream(h.port, key.key, fields);
    // Loops get connections in turn: with an answer of each, what came before has been seen.
    const allSeen = () =>
      times(2 * os.availableParallelism(), 1, () =>
        call(h.port, { method: 'GET', path: '/v1/models', key: key.key }),
      );
    await allSeen();
    waiting.close();
    await allSeen();
    gates[0].open();
    h.upstream.handler = bill();
    assert.equal((await first).status, 200);
    await until(async () => (await status()).calls_in_flight === 0, 10_000 * patience, 'no call');
    assert.equal((await chat(h.port, key.key, { ...fields, user: 'next' })).status, 200);
    assert.deepEqual(
      h.upstream.requests.map((request) => request.json.stream ?? false),
      [false, false],
    );
  });

  it('soft: admits while spent is below the limit, holds nothing, and stops behind it', async () => {
    const key = await h.daemon.key({ budget: 0.002, enforce: 'soft' });
    const gates = [];
    h.upstream.handler = gate(gates, usage(5, 100));
    const crowd = Array.from({ length: 5 }, () => chat(h.port, key.key, fields));
    await until(() => gates.length === 5, 10_000 * patience, 'all five, though two would fit');
    assert.equal((await h.daemon.showKey(key.id)).held_usd, 0);
    gates.forEach(({ open }) => open());
    assert.deepEqual((await Promise.all(crowd)).map((reply) => reply.status), [200, 200, 200, 200, 200]);
    const spent = nano((await h.daemon.showKey(key.id)).spent_usd);
    assert.equal(spent, 5 * (5 * 1000 + 100 * 10_000));
    const late = await chat(h.port, key.key, fields);
    assert.equal(late.status, 429);
    assert.match(late.json.error.message, /^Budget reached/);
    assert.equal(h.upstream.requests.length, 5);
  });

  it('soft does not soften the account', async (t) => {
    const [{ username }] = (await h.daemon.json(['accounts', 'list'])).data;
    const spent = (await h.daemon.json(['accounts', 'show', username])).spent_usd;
    await h.daemon.ok(['accounts', 'edit', username, '--budget', (spent + 0.0015).toFixed(9)]);
    t.after(() => h.daemon.ok(['accounts', 'edit', username, '--budget', 'none']));
    const key = await h.daemon.key({ budget: 1, enforce: 'soft' });
    h.upstream.handler = bill({ prompt: () => 50, output: () => 100 });
    const replies = await times(6, 6, () => chat(h.port, key.key, fields));
    assert.equal(replies.filter((reply) => reply.status === 200).length, 1);
    const refused = replies.find((reply) => reply.status === 429);
    assert.equal(refused.json.error.nufi.limit, 'account');
  });

  it('the clamp: the header says it, the upstream gets it, streamed and plain, and n is counted in', async () => {
    const key = await h.daemon.key({ budget: 0.08 });
    for (const more of [{}, { stream: true }, { n: 2 }, { max_tokens: null }]) {
      const before = h.upstream.requests.length;
      h.upstream.handler = bill({ prompt: () => 1, output: () => 1 });
      const left = nano((await h.daemon.showKey(key.id)).remaining_usd);
      const reply = await chat(h.port, key.key, more);
      assert.equal(reply.status, 200, reply.text);
      const cap = Number(reply.headers['x-nufi-max-tokens']);
      const sent = h.upstream.requests[before].json;
      assert.equal(sent.max_tokens ?? sent.max_completion_tokens, cap, JSON.stringify(sent));
      const dearest = cap * (more.n ?? 1) * 10_000;
      assert.ok(dearest <= left / 4, `${dearest} of ${left}`);
      assert.ok(dearest > left / 4 - 400_000, `nearly the quarter: ${dearest} of ${left}`);
    }
    const asked = await chat(h.port, key.key, fields);
    assert.equal(asked.headers['x-nufi-max-tokens'], undefined, 'who says a limit is not clamped');
    assert.equal(h.upstream.last.json.max_tokens, 100);
  });

  it('a token limit per minute: counts all tokens, refuses with the time to wait, opens again', async () => {
    await earlyInMinute();
    const key = await h.daemon.key({ 'token-limit': 400, 'token-limit-period': 'minute' });
    h.upstream.handler = bill({ prompt: () => 40, output: () => 100 });
    const replies = await times(5, 5, () => chat(h.port, key.key, fields));
    const served = replies.filter((reply) => reply.status === 200).length;
    assert.equal(served, 2, 'two of 140 fit beside a hold of more than 180');
    const refused = replies.find((reply) => reply.status === 429);
    const { error } = refused.json;
    assert.match(error.message, /^Token limit reached/);
    assert.deepEqual([error.type, error.code, error.nufi.reason], ['insufficient_quota', 'insufficient_quota', 'token_limit']);
    const wait = Number(refused.headers['retry-after']);
    assert.ok(wait >= 1 && wait <= 60, `Retry-After: ${wait}`);
    assert.ok(Number(refused.headers['retry-after-ms']) >= 1);
    assert.notEqual(refused.headers['x-should-retry'], 'false');
    const resets = Date.parse(error.nufi.resets_at);
    assert.equal(resets % 60_000, 0, 'at the end of the minute');
    const seconds = (resets - Date.parse(refused.headers.date ?? new Date().toUTCString())) / 1000;
    assert.ok(Math.abs(seconds - wait) <= 2, `${seconds} s to the reset, Retry-After ${wait}`);
    const shown = await h.daemon.showKey(key.id);
    assert.deepEqual([shown.tokens_used, shown.tokens_held, shown.tokens_remaining], [280, 0, 120]);
  });

  it('a token limit per month: refused without a word of retrying', async () => {
    const key = await h.daemon.key({ 'token-limit': 150 });
    const reply = await chat(h.port, key.key, fields);
    assert.equal(reply.status, 429);
    assert.deepEqual(
      [reply.headers['retry-after'], reply.headers['retry-after-ms'], reply.headers['x-should-retry']],
      [undefined, '0', 'false'],
    );
    assert.equal(h.upstream.requests.length, 0);
  });

  it('a refusal tells in_flight, held, spent, limit and reset as they are', async () => {
    const key = await h.daemon.key({ budget: 0.0035, 'budget-period': 'week' });
    h.upstream.handler = bill({ prompt: () => 10, output: () => 50 });
    assert.equal((await chat(h.port, key.key, fields)).status, 200);
    const gates = [];
    h.upstream.handler = gate(gates);
    const running = [chat(h.port, key.key, fields), chat(h.port, key.key, fields)];
    await until(() => gates.length === 2, 10_000 * patience, 'two calls in flight');
    const shown = await h.daemon.showKey(key.id);
    // More than is left after settling: refused at once, without a wait.
    const began = performance.now();
    const reply = await chat(h.port, key.key, { max_tokens: 500 });
    assert.ok(performance.now() - began < 4000 * patience, 'what can never fit does not wait');
    const { nufi, message } = reply.json.error;
    assert.deepEqual(
      [nufi.reason, nufi.limit, nufi.in_flight],
      ['budget', 'key', 2],
      JSON.stringify(nufi),
    );
    assert.deepEqual(
      [nano(Number(nufi.limit_usd)), nano(Number(nufi.spent_usd)), nano(Number(nufi.held_usd))],
      [3_500_000, 510_000, nano(shown.held_usd)],
    );
    assert.match(message, /2 calls in flight/);
    const resets = new Date(nufi.resets_at);
    assert.deepEqual([resets.getUTCDay(), resets.getUTCHours(), resets.getUTCMinutes()], [1, 0, 0], 'a Monday');
    assert.ok(resets > Date.now() && resets - Date.now() <= 7 * 86_400_000);
    gates.forEach(({ open }) => open());
    await Promise.all(running);
  });

  it('a raised limit counts for the next call', async () => {
    const key = await h.daemon.key({ budget: 0.0001 });
    assert.equal((await chat(h.port, key.key, fields)).status, 429);
    await h.daemon.ok(['keys', 'edit', key.id, '--budget', '1']);
    assert.equal((await chat(h.port, key.key, fields)).status, 200);
    await h.daemon.ok(['keys', 'edit', key.id, '--budget', '0.0001']);
    assert.equal((await chat(h.port, key.key, fields)).status, 429);
  });

  it('after all this the ledger agrees with itself', async () => {
    assert.equal((await h.daemon.json(['ledger', 'verify'])).ok, true);
    assert.deepEqual([(await status()).calls_in_flight, (await status()).held_usd], [0, 0]);
  });
});
