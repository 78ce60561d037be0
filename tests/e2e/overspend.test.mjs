// A budget is a ceiling: providers keep their own bills, and whatever clients, upstreams and people
// do meanwhile, no bill passes the limit, and nobody is refused who could have been served.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { Biller, models } from './support/biller.mjs';
import { mixedScript, play } from './support/caller.mjs';
import { Daemon, patience, short } from './support/daemon.mjs';
import { Upstream } from './support/upstream.mjs';
import { random, times, until } from './support/wait.mjs';

const nano = (usd) => Math.round(usd * 1e9);
const usd = (nanos) => (nanos / 1e9).toFixed(9);
const tokensOf = (row) => Object.values(row.tokens).reduce((sum, each) => sum + each, 0);
const parallel = 48;
const count = short ? 120 : 300;

describe('overspend', () => {
  let daemon;
  let account;
  const biller = new Biller();
  const upstreams = [];
  let fallbacks = 0;

  before(async () => {
    // Nobody may be refused for want of patience: then every refusal is one of the limit's.
    daemon = await Daemon.start({ args: ['--hold-wait', `${25 * patience}s`, '--durability', 'process'] });
    for (const [name, priority] of [
      ['first', 10],
      ['second', 0],
    ]) {
      const upstream = await Upstream.start({ handler: biller.handler });
      upstreams.push(upstream);
      await daemon.addUpstream(upstream, { name, model: '', more: ['--priority', String(priority)] });
    }
    for (const [model, { most, ...rates }] of Object.entries(models)) {
      const args = Object.entries(rates).flatMap(([name, rate]) => [`--${name}`, String(rate)]);
      await daemon.ok(['prices', 'set', model, ...args, '--max-output', String(most)]);
    }
    [account] = (await daemon.json(['accounts', 'list'])).data;
  });
  after(async () => {
    await daemon?.stop();
    for (const upstream of upstreams) await upstream.stop();
  });

  const show = { key: ['keys', 'show'], project: ['projects', 'show'], account: ['accounts', 'show'] };
  /// What a window has spent and holds; of a key, project or account.
  async function standing(scope, name, metric) {
    const it = await daemon.json([...show[scope], name]);
    return metric === 'usd'
      ? { spent: nano(it.spent_usd), held: nano(it.held_usd) }
      : { spent: it.tokens_used, held: it.tokens_held };
  }
  const limitFlag = (metric, amount) =>
    metric === 'usd'
      ? ['--budget', amount === 'none' ? amount : usd(amount)]
      : ['--token-limit', String(amount)];

  /// After a run: nothing is held, the books agree with themselves and cover every bill.
  async function checkBooks(tag) {
    await until(
      async () => (await daemon.json(['status'])).calls_in_flight === 0,
      20_000 * patience,
      'the last call to settle',
    );
    assert.equal((await daemon.json(['status'])).held_usd, 0);
    const proof = await daemon.json(['ledger', 'verify']);
    assert.equal(proof.ok, true, JSON.stringify(proof));
    const rows = (await daemon.rows()).filter((row) => row.user_agent.startsWith(`${tag}-`));
    const byAgent = new Map(rows.map((row) => [row.user_agent, row]));
    assert.equal(byAgent.size, rows.length, 'one row for each call');
    for (const [agent, bill] of biller.bills) {
      if (!agent.startsWith(`${tag}-`)) continue;
      const row = byAgent.get(agent);
      assert.ok(row, `${agent} was billed and is not in the ledger`);
      const told = `${agent}: billed ${JSON.stringify(bill)}, booked ${JSON.stringify(row)}`;
      assert.ok(nano(row.cost_usd) >= bill.cost && tokensOf(row) >= bill.tokens, told);
      if (row.status === 'ok' && row.cost_basis === 'exact') {
        assert.deepEqual([nano(row.cost_usd), tokensOf(row)], [bill.cost, bill.tokens], told);
      }
    }
    return {
      cost: rows.reduce((sum, row) => sum + nano(row.cost_usd), 0),
      tokens: rows.reduce((sum, row) => sum + tokensOf(row), 0),
      rows,
    };
  }

  for (const metric of ['usd', 'tokens']) {
    for (const scope of ['key', 'project', 'account']) {
      it(`${metric} of ${scope}: mixed models, hang-ups, errors, fallbacks, edits and a revoke`, async (t) => {
        const tag = `${metric}-${scope}`;
        const room = (metric === 'usd' ? 100_000 : 50) * count;
        let name = account.username;
        const before = scope === 'account' ? (await standing(scope, name, metric)).spent : 0;
        const limit = before + room;
        const keyOf = (more) => daemon.key({ name: `${tag}-${more.name}`, ...more.terms });
        const keys = [];
        if (scope === 'project') {
          name = tag;
          await daemon.ok(['projects', 'create', name]);
        }
        const terms = scope === 'project' ? { project: name } : {};
        for (const each of scope === 'key' ? ['one'] : ['one', 'two', 'doomed']) {
          keys.push(await keyOf({ name: each, terms }));
        }
        if (scope === 'key') name = keys[0].id;
        const edit = (amount) => daemon.ok([show[scope][0], 'edit', name, ...limitFlag(metric, amount)]);
        if (scope === 'account') t.after(() => edit('none'));
        await edit(limit);
        biller.standing.clear();

        const script = mixedScript(count, random(11), { tag });
        // The doomed key's streams stand still until the revoke cuts them, so that it is certain what
        // had passed.
        for (let i = 2; keys[2] && i < 20; i += 3) {
          const messages = [{ role: 'user', content: 'stay' }];
          const metadata = { plan: 'leave', words: '2', stay: 'yes' };
          Object.assign(script[i], { model: 'small', messages, metadata, stream: true, max_tokens: 20, n: 1 });
        }
        let done = 0;
        let isRevoked = false;
        const keyFor = (i) =>
          keys[2] && i % 3 === 2 && (i < 20 || isRevoked) ? keys[2] : keys[keys[2] ? i % 2 : 0];
        const meddle = (async () => {
          const at = (condition) => until(condition, 60_000 * patience, 'the calls to go on');
          if (keys[2]) {
            await at(() => biller.standing.size >= 3);
            await daemon.ok(['keys', 'revoke', keys[2].id, '--yes']);
            isRevoked = true;
          }
          await at(() => done >= count * 0.2);
          await edit(before + 1);
          await edit(before + Math.floor(room / 3));
          await edit(limit);
        })();
        const results = await times(count, parallel, async (i) => {
          const result = await play(daemon.port, keyFor(i).key, script[i], biller);
          done += 1;
          return result;
        });
        await meddle;
        if (keys[2]) {
          const late = await play(daemon.port, keys[2].key, { ...script[0], user: `${tag}-late` }, biller);
          assert.equal(late.how, 'revoked');
        }

        const booked = await checkBooks(tag);
        const bill = biller.total(`${tag}-`);
        const now = await standing(scope, name, metric);
        const which = metric === 'usd' ? 'cost' : 'tokens';
        assert.ok(bill[which] <= room, `billed ${bill[which]} of ${room}`);
        assert.ok(now.spent <= limit, `spent ${now.spent} of ${limit}`);
        assert.deepEqual(now, { spent: before + booked[which], held: 0 });
        const refused = results.filter(({ how }) => how === 'refused').length;
        const kinds = new Set(booked.rows.map((row) => row.status));
        const wanted = ['ok', 'client_gone', 'upstream_error', ...(keys[2] ? ['cut'] : [])];
        for (const kind of wanted) assert.ok(kinds.has(kind), kind);
        assert.ok(refused > 0, 'nobody was refused');
        fallbacks += booked.rows.filter((row) => row.attempts > 1).length;
        assert.ok(now.spent > before + room * 0.5, `only ${now.spent - before} of ${room} was used`);
      });
    }
  }

  it('some of them were served by the second upstream after the first had failed', () => {
    assert.ok(fallbacks > 0);
  });

  it('200 calls at once on one cent', async () => {
    const key = await daemon.key({ name: 'cent', budget: 0.01 });
    const next = random(3);
    const script = mixedScript(200, next, { tag: 'cent' });
    const results = await times(200, 200, (i) => play(daemon.port, key.key, script[i], biller));
    const booked = await checkBooks('cent');
    const now = await standing('key', key.id, 'usd');
    assert.ok(biller.total('cent-').cost <= 10_000_000);
    assert.ok(now.spent <= 10_000_000 && now.spent === booked.cost && now.held === 0);
    assert.ok(results.some(({ how }) => how === 'served') && results.some(({ how }) => how === 'refused'));
  });

  it('a lowered budget holds for all that were not admitted yet', async () => {
    const key = await daemon.key({ name: 'lowered', budget: 1 });
    const script = mixedScript(count, random(5), { tag: 'lowered' });
    let done = 0;
    const lowered = (async () => {
      await until(() => done > 20, 30_000 * patience, 'some calls');
      await daemon.ok(['keys', 'edit', key.id, '--budget', '0.001']);
      const { spent, held } = await standing('key', key.id, 'usd');
      return spent + held;
    })();
    await times(count, 24, async (i) => {
      await play(daemon.port, key.key, script[i], biller);
      done += 1;
    });
    const most = await lowered;
    await checkBooks('lowered');
    const now = await standing('key', key.id, 'usd');
    assert.ok(now.spent <= Math.max(most, 1_000_000), `${now.spent} of ${most}`);
    assert.ok(biller.total('lowered-').cost <= Math.max(most, 1_000_000));
  });

  for (const metric of ['usd', 'tokens']) {
    it(`${metric}: at least as many are admitted as by the same calls one after the other`, async () => {
      // All hold alike and cost differently. One after the other, the dearest first: no other order
      // of a fair serial run is so sure to be reached, whoever comes first in a crowd.
      const shares = Array.from({ length: 80 }, (_, i) => ((i % 8) + 1) / 8);
      const call = (tag, share, i) => ({
        model: 'large',
        messages: [{ role: 'user', content: 'the same question' }],
        stream: i % 2 === 0,
        max_tokens: 100,
        user: `${tag}-${String(i).padStart(4, '0')}`,
        metadata: { plan: 'serve', share: share.toFixed(3), kind: i % 2 === 0 ? 's' : 'pl' },
      });
      const limit = metric === 'usd' ? 20_000_000 : 2500;
      const served = async (tag, order, width) => {
        const key = await daemon.key({ name: tag });
        await daemon.ok(['keys', 'edit', key.id, ...limitFlag(metric, limit)]);
        const results = await times(order.length, width, (i) =>
          play(daemon.port, key.key, call(tag, order[i], i), biller),
        );
        await checkBooks(tag);
        const now = await standing('key', key.id, metric);
        const bill = biller.total(`${tag}-`);
        assert.equal(metric === 'usd' ? bill.cost : bill.tokens, now.spent);
        assert.ok(now.spent <= limit && now.held === 0);
        for (const { how, reply } of results) {
          if (how !== 'refused') continue;
          const { nufi } = reply.json ?? JSON.parse(reply.text).error;
          assert.equal(nufi.limit, 'key');
        }
        return { admitted: results.filter(({ how }) => how === 'served').length, spent: now.spent };
      };
      const serial = await served(`${metric}serial`, [...shares].sort((a, b) => b - a), 1);
      const crowd = await served(`${metric}crowd`, shares, 80);
      assert.ok(serial.admitted > 5 && serial.admitted < shares.length, `${serial.admitted} of ${shares.length}`);
      assert.ok(crowd.admitted >= serial.admitted, `${crowd.admitted} at once, ${serial.admitted} in turn`);
      const even = Array.from({ length: 80 }, () => 0.5);
      const one = await served(`${metric}evenserial`, even, 1);
      const all = await served(`${metric}evencrowd`, even, 80);
      assert.deepEqual(all, one, 'calls that cost alike: exactly as many');
    });
  }
});
