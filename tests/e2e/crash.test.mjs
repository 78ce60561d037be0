// Nothing is lost: kill -9 under load, again and again, and the ledger still knows every call.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { Connection, chatBody, requestBytes } from './support/client.mjs';
import { Daemon, patience, short } from './support/daemon.mjs';
import { bill, chunk, completion, mostOutput, usage, usageChunk } from './support/provider.mjs';
import { random, sleep, until } from './support/wait.mjs';
import { sseData } from './support/wire.mjs';
import { Upstream } from './support/upstream.mjs';

const nano = (usd) => Math.round(usd * 1e9);
const cost = (used) => used.prompt_tokens * 1000 + used.completion_tokens * 10_000;

for (const durability of short ? ['process'] : ['process', 'power']) {
  describe(`kill -9 under load, --durability ${durability}`, () => {
    const rounds = short ? 4 : 20;
    const budget = 1; // USD; 20 crashes in the middle of 24 calls hold about half of it
    let upstream;
    let daemon;
    let key;
    const answered = new Map(); // user → usage, of every call whose whole answer a client has
    before(async () => {
      upstream = await Upstream.start({ handler: provider });
      daemon = await Daemon.start({ args: ['--durability', durability] });
      await daemon.addUpstream(upstream);
      key = await daemon.key({ name: 'loaded', budget });
    });
    after(async () => {
      await daemon?.stop();
      await upstream?.stop();
    });

    /// Bills what it was asked; streams take a while, so that a kill finds some in the middle.
    async function provider(exchange) {
      const body = exchange.json;
      const used = usage(3, Math.ceil(mostOutput(body) / 2));
      exchange.billed = used;
      if (!body.stream) {
        await sleep(body.seed % 7);
        return exchange.reply(200, completion({ usage: used }));
      }
      await exchange.begin();
      for (let i = 0; i < 5; i++) {
        await exchange.event(chunk({ content: `w${i}` }));
        await sleep(body.seed % 5);
      }
      await exchange.event(usageChunk(used));
      await exchange.event('[DONE]');
      return exchange.finish();
    }

    /// One client that calls until it is told to stop or the daemon is gone.
    async function client(name, port, state, next) {
      let connection;
      try {
        connection = await Connection.open(port);
        for (let i = 0; !state.stop; i++) {
          const user = `${name}-${i}`;
          const stream = next() < 0.5;
          const body = JSON.stringify(
            chatBody({
              user,
              stream,
              seed: Math.floor(next() * 1000),
              max_tokens: 10 + Math.floor(next() * 90),
            }),
          );
          connection.write(requestBytes({ key: key.key, body, headers: { 'User-Agent': user } }));
          const reply = await connection.reply();
          if (!reply) return;
          if (reply.status === 429) return;
          assert.equal(reply.status, 200, reply.text);
          if (stream && sseData(reply.text).at(-1) !== '[DONE]') return;
          answered.set(user, true);
        }
      } catch (error) {
        if (!/ECONN|EPIPE/.test(error.code ?? '')) throw error;
      } finally {
        connection?.close();
      }
    }

    it(`${rounds} times, then every call is accounted once`, async () => {
      const next = random(7);
      for (let round = 0; round < rounds; round++) {
        const state = { stop: false };
        const clients = Array.from({ length: 24 }, (_, i) =>
          client(`r${round}-c${i}`, daemon.port, state, next),
        );
        const served = upstream.requests.length;
        const enough = served + 10 + Math.floor(next() * 120);
        await until(() => upstream.requests.length > enough, 20_000 * patience, 'some load');
        await sleep(next() * 20); // between two calls, in the middle of a write, of a fold: anywhere
        await daemon.kill9();
        state.stop = true;
        await Promise.all(clients);
        if (round % 3 === 2) {
          // Again while it is getting up: what it had recovered so far must not count twice.
          const starting = daemon.launch().catch(() => {});
          await sleep(next() * 60);
          await daemon.kill9();
          await starting;
        }
        await daemon.launch();
        const status = await daemon.json(['status']);
        assert.deepEqual([status.calls_in_flight, status.held_usd], [0, 0], 'no hold outlives its call');
        const real = upstream.requests.reduce((sum, request) => sum + cost(request.billed), 0);
        const { spent_usd } = await daemon.showKey('loaded');
        assert.ok(real <= nano(spent_usd), `really ${real}, booked ${nano(spent_usd)}`);
        assert.ok(nano(spent_usd) <= budget * 1e9, 'the budget was never passed');
      }

      const rows = await daemon.rows();
      const byUser = new Map();
      for (const row of rows) {
        assert.ok(!byUser.has(row.user_agent), `${row.user_agent} is there twice`);
        byUser.set(row.user_agent, row);
        assert.notEqual(row.status, 'running', 'nothing runs after a restart');
      }
      const seen = new Set();
      for (const request of upstream.requests) {
        const { user } = request.json;
        assert.ok(!seen.has(user), `${user} was sent twice`);
        seen.add(user);
        const row = byUser.get(user);
        assert.ok(row, `${user} was served and is not in the ledger`);
        assert.ok(
          nano(row.cost_usd) >= cost(request.billed) || row.status === 'client_gone',
          `${user} is booked too low: ${JSON.stringify(row)}`,
        );
        if (answered.has(user)) {
          assert.deepEqual(
            [row.status, nano(row.cost_usd), row.cost_basis],
            ['ok', cost(request.billed), 'exact'],
            user,
          );
        }
      }
      assert.ok(seen.size > 10 * rounds, `only ${seen.size} calls`);
      const interrupted = rows.filter((row) => row.status === 'interrupted');
      assert.ok(interrupted.length > 0, 'no call was in the middle: the test shows nothing');
      assert.ok(interrupted.every((row) => row.cost_basis === 'held' && row.cost_usd > 0));

      const sum = rows.reduce((total, row) => total + nano(row.cost_usd), 0);
      const shown = await daemon.showKey('loaded');
      assert.deepEqual([nano(shown.spent_usd), shown.held_usd], [sum, 0]);
      const report = await daemon.json(['usage', '--days', '7']);
      assert.deepEqual([nano(report.totals.cost_usd), report.totals.requests], [sum, rows.length]);
      const proof = await daemon.json(['ledger', 'verify']);
      assert.equal(proof.ok, true, JSON.stringify(proof));
    });

    it('and it serves on', async () => {
      upstream.handler = bill();
      const connection = await Connection.open(daemon.port);
      connection.write(
        requestBytes({ key: (await daemon.key()).key, body: JSON.stringify(chatBody({ max_tokens: 5 })) }),
      );
      assert.equal((await connection.reply()).status, 200);
      connection.close();
    });
  });
}

describe('kill -9 at the edge of a budget', () => {
  it('a tight budget is not passed over restarts', async () => {
    const upstream = await Upstream.start({ handler: bill({ prompt: () => 5, delay: 10 }) });
    const daemon = await Daemon.start({ args: ['--durability', 'process', '--hold-wait', '0s'] });
    try {
      await daemon.addUpstream(upstream);
      const key = await daemon.key({ name: 'tight', budget: 0.05 });
      for (let round = 0; round < (short ? 3 : 8); round++) {
        const calls = Array.from({ length: 16 }, async () => {
          const connection = await Connection.open(daemon.port).catch(() => undefined);
          connection?.write(
            requestBytes({ key: key.key, body: JSON.stringify(chatBody({ max_tokens: 100 })) }),
          );
          await connection?.reply().catch(() => undefined);
          connection?.close();
        });
        const before = upstream.requests.length;
        // In the middle of the calls; once the budget is used up, when all were refused.
        let allEnded = false;
        const all = Promise.all(calls).then(() => (allEnded = true));
        await until(() => allEnded || upstream.requests.length > before, 20_000 * patience, 'a call');
        await daemon.kill9();
        await all;
        await daemon.launch();
      }
      const real = upstream.requests.reduce((sum, request) => sum + cost(request.billed), 0);
      const shown = await daemon.showKey('tight');
      assert.ok(real <= nano(shown.spent_usd), `really ${real}, booked ${nano(shown.spent_usd)}`);
      assert.ok(nano(shown.spent_usd) <= 0.05e9);
      assert.equal((await daemon.json(['ledger', 'verify'])).ok, true);
    } finally {
      await daemon.stop();
      await upstream.stop();
    }
  });
});
