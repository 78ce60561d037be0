// The promise: a budget is a ceiling, and no call is refused while there is room after settling.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { chat, openStream } from './support/client.mjs';
import { patience, short } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { bill, mostOutput } from './support/provider.mjs';
import { times, until } from './support/wait.mjs';

const nano = (usd) => Math.round(usd * 1e9);
const cost = ({ prompt_tokens, completion_tokens }) => prompt_tokens * 1000 + completion_tokens * 10_000; // nano-USD at 1 and 10
const calls = short ? 80 : 200;
const room = 20;
const fields = { max_tokens: 100 };
/// Every byte of a body may be a token: both kinds are made equally long.
const kindOf = (stream) => ({ stream, user: stream ? 'xx' : 'x' });

describe('budget', () => {
  const h = house({ args: ['--hold-wait', `${4 * patience}s`] });
  let ceiling; // nano-USD one call of `fields` holds
  let promptBound; // tokens of its prompt

  before(async () => {
    const key = await h.daemon.key({ budget: 1 });
    let release;
    h.upstream.handler = (exchange) => new Promise((resolve) => (release = () => resolve(bill()(exchange))));
    const running = chat(h.port, key.key, { ...fields, ...kindOf(false) });
    ceiling = await until(
      async () => nano((await h.daemon.showKey(key.id)).held_usd),
      10_000 * patience,
      'a hold',
    );
    promptBound = (ceiling - 100 * 10_000) / 1000;
    assert.ok(
      Number.isInteger(promptBound) && promptBound >= 5 && promptBound < 1000,
      `a bound of the prompt: ${promptBound}`,
    );
    await until(() => release, 10_000 * patience, 'the call at the upstream');
    release();
    assert.equal((await running).status, 200);
    assert.equal((await h.daemon.showKey(key.id)).held_usd, 0);
  });

  const billed = () => h.upstream.requests.reduce((sum, request) => sum + cost(request.billed), 0);
  const standing = async (name) => {
    const key = await h.daemon.showKey(name);
    return { spent: nano(key.spent_usd), held: nano(key.held_usd), limit: nano(key.budget_usd) };
  };
  const tally = (replies) => ({
    served: replies.filter((reply) => reply.status === 200).length,
    refused: replies.filter((reply) => reply.status === 429).length,
  });

  for (const stream of [false, true]) {
    const kind = stream ? 'streamed' : 'plain';

    it(`${calls} ${kind} calls at once, room for ${room}, an upstream that bills the maximum: exactly ${room} pass`, async () => {
      const key = await h.daemon.key({ name: `dear-${kind}`, budget: (ceiling * room) / 1e9 });
      h.upstream.handler = bill({ prompt: () => promptBound, delay: 20 });
      const replies = await times(calls, calls, () => chat(h.port, key.key, { ...fields, ...kindOf(stream) }));
      assert.deepEqual(tally(replies), { served: room, refused: calls - room });
      const now = await standing(key.id);
      assert.deepEqual(now, { spent: billed(), held: 0, limit: ceiling * room });
      assert.ok(now.spent <= now.limit, 'never above');
      assert.ok(now.limit - now.spent < ceiling, 'no room was left');
    });

    it(`${calls} ${kind} calls at once, room for ${room} holds, an upstream that bills little: all pass`, async () => {
      const key = await h.daemon.key({ name: `cheap-${kind}`, budget: (ceiling * room) / 1e9 });
      h.upstream.handler = bill({ prompt: () => 5, output: () => 1, delay: 5 });
      const replies = await times(calls, calls, () => chat(h.port, key.key, { ...fields, ...kindOf(stream) }));
      assert.deepEqual(tally(replies), { served: calls, refused: 0 });
      assert.deepEqual(await standing(key.id), { spent: billed(), held: 0, limit: ceiling * room });
    });

    it(`${kind} calls of every size: the sum of the bills stays below, the rest is refused honestly`, async () => {
      const key = await h.daemon.key({ name: `mixed-${kind}`, budget: (ceiling * room) / 1e9 });
      h.upstream.handler = bill({
        prompt: () => promptBound,
        output: (body) => Math.ceil(mostOutput(body) * ((body.seed % 10) / 9)),
      });
      const replies = await times(calls, 50, (i) =>
        chat(h.port, key.key, { seed: i, max_tokens: 10 + ((i * 37) % 190), stream }),
      );
      const now = await standing(key.id);
      assert.equal(now.spent, billed());
      assert.ok(now.spent <= now.limit && now.held === 0);
      const { served, refused } = tally(replies);
      assert.equal(served + refused, calls);
      assert.ok(refused > 0);
    });
  }

  it('n multiplies the hold', async () => {
    const key = await h.daemon.key({ budget: (ceiling * 3) / 1e9 });
    assert.equal((await chat(h.port, key.key, { ...fields, n: 4 })).status, 429);
    assert.equal((await chat(h.port, key.key, { ...fields, n: 2 })).status, 200);
    assert.ok((await standing(key.id)).spent <= ceiling * 3);
  });

  it('the budget of the account stands above its keys', async () => {
    const { name, username = name } = await h.daemon.json(['profile']);
    const account = (await h.daemon.json(['accounts', 'list'])).data[0];
    const who = account.username ?? account.name ?? username;
    const spent = nano((await h.daemon.json(['accounts', 'show', who])).spent_usd);
    await h.daemon.ok(['accounts', 'edit', who, '--budget', String((spent + ceiling * 10) / 1e9)]);
    try {
      const keys = [await h.daemon.key({ budget: 1 }), await h.daemon.key()];
      h.upstream.clear();
      h.upstream.handler = bill({ prompt: () => promptBound, delay: 10 });
      const replies = await times(60, 60, (i) => chat(h.port, keys[i % 2].key, { ...fields, ...kindOf(false) }));
      assert.equal(tally(replies).served, 10);
      const refusal = replies.find((reply) => reply.status === 429);
      assert.equal(refusal.json.error.nufi.limit, 'account');
      const now = await h.daemon.json(['accounts', 'show', who]);
      assert.equal(nano(now.spent_usd), spent + billed());
    } finally {
      await h.daemon.ok(['accounts', 'edit', who, '--budget', 'none']);
    }
  });

  it('the refusal is honest: what is spent, held by how many calls, the limit, the reset', async () => {
    const key = await h.daemon.key({ budget: (ceiling * 2) / 1e9, 'budget-period': 'day' });
    h.upstream.handler = () => {};
    const held = { ...fields, ...kindOf(true) };
    const running = [await openStream(h.port, key.key, held), await openStream(h.port, key.key, held)];
    await until(() => h.upstream.requests.length === 2, 10_000 * patience, 'two calls in flight');
    const started = performance.now();
    const reply = await chat(h.port, key.key, { ...fields, ...kindOf(false) });
    assert.ok(performance.now() - started >= 3500 * patience, 'it waited its turn first');
    assert.equal(reply.status, 429);
    const { error } = reply.json;
    assert.match(error.message, /^Budget reached/);
    assert.deepEqual([error.type, error.code], ['insufficient_quota', 'insufficient_quota']);
    const { nufi } = error;
    assert.deepEqual([nufi.reason, nufi.limit, nufi.in_flight], ['budget', 'key', 2]);
    assert.deepEqual(
      [nano(Number(nufi.limit_usd)), nano(Number(nufi.spent_usd)), nano(Number(nufi.held_usd))],
      [ceiling * 2, 0, ceiling * 2],
    );
    assert.match(nufi.resets_at, /^\d{4}-\d\d-\d\dT00:00:00(\.000)?Z$/);
    assert.ok(Date.parse(nufi.resets_at) > Date.now());
    assert.deepEqual(
      [reply.headers['x-should-retry'], reply.headers['retry-after-ms'], reply.headers['retry-after']],
      ['false', '0', undefined],
    );
    running.forEach((stream) => stream.close());
  });

  it('a call that waits goes as soon as another settles', async () => {
    const key = await h.daemon.key({ budget: ceiling / 1e9 });
    let release;
    h.upstream.handler = (exchange) =>
      new Promise(
        (resolve) => (release = () => resolve(bill({ output: () => 0, prompt: () => 0 })(exchange))),
      );
    const first = chat(h.port, key.key, fields);
    await until(() => release, 10_000 * patience, 'the first call');
    const second = chat(h.port, key.key, fields);
    h.upstream.handler = bill({ output: () => 0, prompt: () => 0 });
    release();
    assert.deepEqual([(await first).status, (await second).status], [200, 200]);
  });

  it('a call without an output limit takes at most a quarter of what is left, and is told so', async () => {
    const key = await h.daemon.key({ budget: 0.1 });
    const reply = await chat(h.port, key.key);
    assert.equal(reply.status, 200);
    const cap = Number(reply.headers['x-nufi-max-tokens']);
    const sent = h.upstream.last.json;
    assert.equal(sent.max_tokens ?? sent.max_completion_tokens, cap);
    const quarter = 25_000_000;
    const most = cap * 10_000;
    assert.ok(most < quarter && most > quarter - 10_000 - promptBound * 1000, `the whole quarter: ${most}`);
    const free = await h.daemon.key();
    assert.equal(
      (await chat(h.port, free.key)).headers['x-nufi-max-tokens'],
      undefined,
      'no limit, no clamp',
    );
  });

  it('with too little for 256 tokens of output it is refused', async () => {
    const key = await h.daemon.key({ budget: 0.002 });
    const reply = await chat(h.port, key.key);
    assert.equal(reply.status, 429);
    assert.match(reply.json.error.message, /^Budget reached/);
    assert.equal(h.upstream.requests.length, 0);
  });

  it('an unknown price under a budget is refused, also under the budget of the account only', async () => {
    const limited = await h.daemon.key({ budget: 1 });
    const reply = await chat(h.port, limited.key, { model: 'mystery-model' });
    assert.deepEqual([reply.status, reply.json.error.code], [400, 'model_price_unknown']);
  });

  it('usage that cannot be is charged as the hold and flagged', async () => {
    for (const used of [
      { prompt_tokens: -1, completion_tokens: 5 },
      { prompt_tokens: 'many', completion_tokens: 5 },
      { prompt_tokens: 1e18, completion_tokens: 1e18 },
    ]) {
      const key = await h.daemon.key({ budget: 1 });
      h.upstream.handler = (exchange) =>
        exchange.reply(200, { id: 'x', object: 'chat.completion', choices: [], usage: used });
      assert.equal((await chat(h.port, key.key, { ...fields, ...kindOf(false) })).status, 200);
      assert.equal((await standing(key.id)).spent, ceiling, JSON.stringify(used));
      const [row] = await h.daemon.rows();
      assert.equal(row.cost_basis, 'held');
    }
  });

  it('a failed call costs nothing', async () => {
    const key = await h.daemon.key({ budget: 1 });
    h.upstream.handler = (exchange) =>
      exchange.reply(400, {
        error: { message: 'no', type: 'invalid_request_error', param: null, code: null },
      });
    assert.equal((await chat(h.port, key.key, fields)).status, 400);
    assert.deepEqual(await standing(key.id), { spent: 0, held: 0, limit: 1e9 });
    const [row] = await h.daemon.rows();
    assert.deepEqual([row.cost_usd, row.http_status], [0, 400]);
  });

  it('after all this the ledger agrees with itself', async () => {
    const proof = await h.daemon.json(['ledger', 'verify']);
    assert.equal(proof.ok, true, JSON.stringify(proof));
    const rows = await h.daemon.rows();
    const sum = rows.reduce((total, row) => total + nano(row.cost_usd), 0);
    const usage = await h.daemon.json(['usage', '--days', '7']);
    assert.equal(nano(usage.totals.cost_usd), sum);
    assert.equal(usage.totals.requests, rows.length);
  });
});

describe('budget without a wait', () => {
  const h = house({ args: ['--hold-wait', '0s', '--budget-status', '402'] });
  it('--budget-status 402 for agents that take every 429 for passing', async () => {
    const key = await h.daemon.key({ budget: 0.0001 });
    const reply = await chat(h.port, key.key, fields);
    assert.equal(reply.status, 402);
    assert.match(reply.json.error.message, /^Budget reached/);
    assert.equal(reply.json.error.code, 'insufficient_quota');
  });
});
