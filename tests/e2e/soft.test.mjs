// `--enforce soft`: admitted while spent < limit, held nothing, and cut when the window is truly empty.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import OpenAI from 'openai';

import { chat } from './support/client.mjs';
import { patience } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { bill, chunk } from './support/provider.mjs';
import { deadline, sleep, until } from './support/wait.mjs';

const words = 'a few words of a long story. '; // 7 tokens and a bit
describe('soft keys', () => {
  const h = house({ args: ['--hold-wait', '0s'] });

  const endless = (state) => async (exchange) => {
    await exchange.begin();
    for (state.sent = 0; state.sent < 2000 && !exchange.isGone; state.sent++) {
      await exchange.event(chunk({ content: words }));
      await sleep(1);
    }
    state.ended = true;
    await exchange.finish();
  };

  it('a stream is cut with a final error event when the budget is truly empty', async () => {
    const state = {};
    h.upstream.handler = endless(state);
    const key = await h.daemon.key({ name: 'soft', budget: 0.002, enforce: 'soft' }); // 200 tokens of output
    const reply = await chat(h.port, key.key, { stream: true });
    assert.equal(reply.status, 200);
    const last = JSON.parse(reply.events.at(-1));
    assert.equal(last.error.code, 'insufficient_quota');
    assert.match(last.error.message, /^Budget reached: key 'soft'/);
    assert.equal(last.error.nufi.reason, 'budget');
    await until(() => state.ended, 10_000 * patience, 'the upstream to see it');
    assert.ok(state.sent < 2000, 'the upstream was stopped');
    const [row] = await h.daemon.rows();
    assert.equal(row.status, 'cut');
    assert.equal(row.error_code, 'insufficient_quota');
    assert.equal(row.cost_basis, 'estimated');
    const { spent_usd, held_usd, status } = await h.daemon.showKey('soft');
    assert.equal(held_usd, 0);
    assert.ok(spent_usd >= 0.002 && spent_usd < 0.0026, `spent ${spent_usd}`);
    assert.equal(status, 'active');
    assert.match((await chat(h.port, key.key, {})).json.error.message, /^Budget reached/);
  });

  it('the openai package sees the error', async () => {
    h.upstream.handler = endless({});
    const key = await h.daemon.key({ 'token-limit': 100, enforce: 'soft' });
    const client = new OpenAI({ baseURL: h.daemon.url, apiKey: key.key, maxRetries: 0 });
    const stream = await client.chat.completions.create({ model: 'test-model', messages: [{ role: 'user', content: 'hi' }], stream: true });
    let pieces = 0;
    const reading = (async () => {
      for await (const each of stream) pieces += each.choices.length;
    })();
    await assert.rejects(deadline(reading, 20_000 * patience), /Token limit reached/);
    assert.ok(pieces > 3, `${pieces} pieces`);
  });

  it('holds nothing: as many calls run at once as come, while spent < limit', async () => {
    h.upstream.handler = bill({ delay: 200 });
    const key = await h.daemon.key({ name: 'many', budget: 0.0003, enforce: 'soft' });
    const calls = Array.from({ length: 10 }, () => chat(h.port, key.key, { max_tokens: 20 }));
    await until(() => h.upstream.requests.length === 10, 10_000 * patience, 'all ten');
    assert.equal((await h.daemon.showKey('many')).held_usd, 0);
    assert.ok((await Promise.all(calls)).every((reply) => reply.status === 200));
    assert.equal((await chat(h.port, key.key, { max_tokens: 20 })).status, 429);
  });

  it('a strict stream is never cut: what it may cost is held', async () => {
    const key = await h.daemon.key({ budget: 0.01 });
    h.upstream.handler = bill();
    const reply = await chat(h.port, key.key, { stream: true });
    assert.equal(reply.events.at(-1), '[DONE]');
  });
});
