// What calls cost: prices set, imported and corrected, and the past charged anew.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';

import { chat } from './support/client.mjs';
import { patience, short } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { times, until } from './support/wait.mjs';

const million = 1_000_000;
/// 5 tokens of prompt and `output` of answer, at USD per million tokens.
const cost = (input, output, answer = 16) => (5 * input + answer * output) / million;
const nano = (usd) => Math.round(usd * 1e9);

describe('prices', () => {
  const h = house({ add: { input: undefined } });
  const set = (model, input, output) =>
    h.daemon.ok(['prices', 'set', model, '--input', String(input), '--output', String(output)]);
  const call = (key, model, fields = {}) => chat(h.port, key.key, { model, max_tokens: 16, ...fields });
  const verified = async () => {
    const report = await h.daemon.json(['ledger', 'verify']);
    assert.deepEqual(report.faults, []);
    return report;
  };
  const rowsOf = (model) => h.daemon.rows(`&model=${model}`);

  it('a tier whose price is not known is refused under a limit, and named', async () => {
    await set('tiered', 1, 10);
    const reply = await call(await h.daemon.key({ budget: 1 }), 'tiered', { service_tier: 'priority' });
    assert.deepEqual([reply.status, reply.json.error.param], [400, 'service_tier']);
    assert.equal((await call(await h.daemon.key(), 'tiered', { service_tier: 'priority' })).status, 200);
    assert.equal((await call(await h.daemon.key({ budget: 1 }), 'tiered', { service_tier: 'auto' })).status, 200);
  });

  it('a price that was set later leaves the rows before it alone', async () => {
    const key = await h.daemon.key({ budget: 1 });
    await set('changing', 1, 10);
    assert.equal((await call(key, 'changing')).status, 200);
    await set('changing', 2, 20);
    assert.equal((await call(key, 'changing')).status, 200);
    const [second, first] = await rowsOf('changing');
    assert.equal(nano(first.cost_usd), nano(cost(1, 10)));
    assert.equal(nano(second.cost_usd), nano(cost(2, 20)));
    assert.match(first.price_id, /^set\/changing@/);
    assert.notEqual(first.price_id, second.price_id);
  });

  it('an imported list counts for the next call, and what can not be trusted is named', async () => {
    const key = await h.daemon.key({ budget: 1 });
    const entry = (input, output, more = {}) => ({
      litellm_provider: 'acme',
      mode: 'chat',
      input_cost_per_token: input,
      output_cost_per_token: output,
      max_output_tokens: 4096,
      ...more,
    });
    const list = {
      sample_spec: { mode: 'one of: chat' },
      'acme/listed': entry(3e-6, '1.2e-05'),
      'acme/wrong-unit': entry(2.5, 10),
      'acme/negative': entry(-1e-6, 1e-6),
      'acme/film': { litellm_provider: 'acme', mode: 'video_generation' },
    };
    // The real one is over a megabyte.
    for (let i = 0; i < 4000; i++) {
      list[`acme/filler-${i}`] = entry(1e-6, 2e-6, { source: 'x'.repeat(300), supports_vision: true });
    }
    const file = path.join(h.daemon.home, 'prices.json');
    fs.writeFileSync(file, JSON.stringify(list));

    const before = await call(key, 'listed');
    assert.equal(before.status, 400);
    assert.equal(before.json.error.code, 'model_price_unknown');

    const planned = await h.daemon.json(['prices', 'import', file, '--dry-run']);
    assert.equal(planned.applied, false);
    assert.equal(planned.added.length, 4001);
    assert.equal(planned.skipped, 2);
    const why = Object.fromEntries(planned.refused.map(({ model, reason }) => [model, reason]));
    assert.match(why['wrong-unit'], /looks like USD per million/);
    assert.match(why.negative, /is negative/);
    assert.equal((await call(key, 'listed')).status, 400);

    const unsure = await h.daemon.nufi(['prices', 'import', file]);
    assert.equal(unsure.code, 2);
    assert.match(unsure.stdout, /^new\tlisted\tacme\tinput 3, output 12$/m);
    assert.match(unsure.stdout, /^refused\twrong-unit\tacme\t/m);

    await h.daemon.ok(['prices', 'import', file, '--yes']);
    assert.equal((await call(key, 'listed')).status, 200);
    const [row] = await rowsOf('listed');
    assert.equal(nano(row.cost_usd), nano(cost(3, 12)));
    assert.match(row.price_id, /^import\/acme\/listed@/);

    const again = await h.daemon.json(['prices', 'import', '-', '--yes'], { input: JSON.stringify(list) });
    assert.equal(again.unchanged, 4001);
    assert.deepEqual([again.added, again.changed], [[], []]);
    const log = (await h.daemon.json(['audit'])).data.filter(({ action }) => action === 'price.import');
    assert.equal(log.length, 1);
  });

  it('what is no list is refused', async () => {
    const refused = await h.daemon.nufi(['prices', 'import', '-', '--yes'], { input: 'model,price\n' });
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /error: this is no price list/);
  });

  it('reprice charges the past anew: rows, reports and windows, and a budget may be over by it', async () => {
    const key = await h.daemon.key({ budget: 0.01 });
    await set('mispriced', 1, 1);
    await times(4, 1, async () => assert.equal((await call(key, 'mispriced')).status, 200));
    const old = 4 * cost(1, 1);
    assert.equal(nano((await h.daemon.showKey(key.id)).spent_usd), nano(old));
    await set('mispriced', 100, 1000);
    const fresh = 4 * cost(100, 1000);

    const range = ['reprice', '--since', '1h', '--model', 'mispriced'];
    const planned = await h.daemon.json([...range, '--dry-run']);
    assert.deepEqual([planned.applied, planned.rows, planned.changed], [false, 4, 4]);
    assert.equal(nano(planned.old_cost_usd), nano(old));
    assert.equal(nano(planned.new_cost_usd), nano(fresh));
    assert.equal(nano((await h.daemon.showKey(key.id)).spent_usd), nano(old));
    assert.equal((await h.daemon.nufi(range)).code, 2);

    await h.daemon.ok([...range, '--yes']);
    const shown = await h.daemon.showKey(key.id);
    assert.equal(nano(shown.spent_usd), nano(fresh));
    assert.ok(shown.spent_usd > shown.budget_usd);
    for (const row of await rowsOf('mispriced')) assert.equal(nano(row.cost_usd), nano(cost(100, 1000)));
    const usage = await h.daemon.json(['usage', '--days', '7', '--key', key.id]);
    assert.equal(nano(usage.totals.cost_usd), nano(fresh));
    assert.equal((await call(key, 'mispriced')).status, 429);
    await verified();
    assert.equal((await h.daemon.json([...range, '--dry-run'])).changed, 0);
  });

  it('calls that had no price get one', async () => {
    const key = await h.daemon.key();
    assert.equal((await call(key, 'unknown-yet')).status, 200);
    assert.equal((await rowsOf('unknown-yet'))[0].cost_basis, 'none');
    await set('unknown-yet', 1, 10);
    await h.daemon.ok(['reprice', '--since', '1h', '--model', 'unknown-yet', '--yes']);
    const [row] = await rowsOf('unknown-yet');
    assert.equal(row.cost_basis, 'exact');
    assert.equal(nano(row.cost_usd), nano(cost(1, 10)));
    await verified();
  });

  it('under load and through a kill -9 rows, rollups and windows agree, and the rest is made up for', async () => {
    const key = await h.daemon.key({ budget: 100 });
    await set('loaded', 1, 10);
    let served = 0;
    let enough = false;
    const clients = times(8, 8, async () => {
      while (!enough) {
        const reply = await call(key, 'loaded').catch(() => undefined);
        if (reply?.status === 200) served += 1;
      }
    });
    const atLeast = (count) =>
      until(() => served >= count, 60_000 * patience, `${count} calls`);
    await atLeast(short ? 200 : 1000);
    const range = ['reprice', '--since', '1h', '--model', 'loaded', '--yes'];
    for (const price of [2, 3]) {
      await set('loaded', price, 10 * price);
      const before = served;
      await h.daemon.ok(range);
      await atLeast(before + 1);
      await verified();
    }
    await set('loaded', 5, 50);
    const running = h.daemon.nufi(range);
    // Somewhere between the first batch and the last.
    await until(
      async () => (await rowsOf('loaded')).some((row) => nano(row.cost_usd) === nano(cost(5, 50))),
      60_000 * patience,
      'a row that was charged anew',
    );
    await h.daemon.kill9();
    enough = true;
    await Promise.all([clients, running]);

    await h.daemon.launch();
    h.port = h.daemon.port;
    await verified();
    await h.daemon.ok(range);
    await verified();
    const rows = (await rowsOf('loaded')).filter(({ cost_basis }) => cost_basis === 'exact');
    assert.ok(rows.length >= served);
    for (const row of rows) assert.equal(nano(row.cost_usd), nano(cost(5, 50)));
  });
});
