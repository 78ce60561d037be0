// The life of a key end to end: rotated, archived, deleted, revoked with all others, checked.
import assert from 'node:assert/strict';
import os from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';

import { chat, openStream } from './support/client.mjs';
import { patience, run } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { bill, chunk } from './support/provider.mjs';
import { until } from './support/wait.mjs';

const refusal = (reply) => [reply.status, reply.json?.error?.code];
const inSeconds = (seconds) => seconds * 1000 * patience;

/// Leaves a stream of `key` open with its first piece received.
async function running(h, key) {
  h.upstream.handler = async (exchange) => {
    await exchange.begin();
    await exchange.event(chunk({ content: 'first' }));
  };
  const stream = await openStream(h.port, key);
  await stream.untilBody('first');
  return stream;
}

describe('rotate', () => {
  const h = house();

  it('makes a new secret for the same key and budget; the old one ends at once', async () => {
    const made = await h.daemon.key({ name: 'now', budget: 5 });
    assert.equal((await chat(h.port, made.key)).status, 200);
    const spent = (await h.daemon.showKey('now')).spent_usd;
    assert.ok(spent > 0);

    const rotated = await h.daemon.json(['keys', 'rotate', 'now', '--yes']);

    assert.match(rotated.key, /^sk-nufi-[0-9A-Za-z]{49}$/);
    assert.notEqual(rotated.key, made.key);
    assert.equal(rotated.masked, `sk-nufi-…${rotated.key.slice(-3)}`);
    assert.deepEqual([rotated.id, rotated.budget_usd, rotated.spent_usd], [made.id, 5, spent]);
    assert.ok(rotated.rotated_at);
    assert.equal(rotated.overlap_ends_at, null);
    const old = await chat(h.port, made.key);
    assert.deepEqual(refusal(old), [401, 'key_revoked']);
    assert.match(old.json.error.message, /rotated/);
    assert.equal((await chat(h.port, rotated.key)).status, 200);
    const shown = await h.daemon.showKey('now');
    assert.ok(shown.spent_usd > spent, 'one budget for both secrets');
    assert.equal('key' in shown, false);
  });

  it('with an overlap both secrets work, also after a restart, until it ends', async () => {
    const made = await h.daemon.key({ name: 'both' });
    const rotated = await h.daemon.json(['keys', 'rotate', 'both', '--overlap', '1h']);
    assert.ok(Date.parse(rotated.overlap_ends_at) - Date.parse(rotated.rotated_at) === 3_600_000);
    for (const key of [made.key, rotated.key]) assert.equal((await chat(h.port, key)).status, 200);
    await h.daemon.kill9();
    await h.daemon.launch();
    h.port = h.daemon.port;
    for (const key of [made.key, rotated.key]) assert.equal((await chat(h.port, key)).status, 200);

    const again = await h.daemon.nufi(['keys', 'rotate', 'both']);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /rotated before/);
    assert.match(again.stderr, /hint:/);
    const api = await h.daemon.api('POST', `/v1/inference/keys/${made.id}/rotate`);
    assert.equal(api.status, 409);
    assert.equal((await chat(h.port, rotated.key)).status, 200, 'the refused one changed nothing');
  });

  it('the old secret ends with its overlap, and then the key can be rotated again', async () => {
    const made = await h.daemon.key({ name: 'brief' });
    const second = await h.daemon.json(['keys', 'rotate', 'brief', '--overlap', '2s']);
    assert.equal((await chat(h.port, made.key)).status, 200);
    await until(async () => (await chat(h.port, made.key)).status === 401, inSeconds(10), 'the end');
    const old = await chat(h.port, made.key);
    assert.deepEqual(refusal(old), [401, 'key_revoked']);
    assert.match(old.json.error.message, /rotated/);
    const third = (await h.daemon.ok(['keys', 'rotate', 'brief', '--quiet'])).trim();
    assert.equal((await chat(h.port, third)).status, 200);
    assert.equal((await chat(h.port, second.key)).status, 401);
    assert.equal((await chat(h.port, made.key)).status, 401);
  });

  it('prints as create does, and a dead key has no more secrets', async () => {
    await h.daemon.key({ name: 'shown' });
    const lines = await h.daemon.ok(['keys', 'rotate', 'shown', '--env']);
    assert.match(lines, /^export OPENAI_BASE_URL=\S+\nexport OPENAI_API_KEY=sk-nufi-\w{49}\n$/);
    await h.daemon.ok(['keys', 'revoke', 'shown', '--yes']);
    assert.equal((await h.daemon.nufi(['keys', 'rotate', 'shown'])).code, 1);
    assert.equal((await h.daemon.nufi(['keys', 'rotate', 'nobody'])).code, 3);
    assert.equal((await h.daemon.nufi(['keys', 'rotate', 'shown', '--overlap', 'soon'])).code, 2);
  });

  it('does not cut a running stream on the old secret; a revoke does', async () => {
    const made = await h.daemon.key({ name: 'streams' });
    const stream = await running(h, made.key);
    const rotated = await h.daemon.json(['keys', 'rotate', 'streams']);
    await h.upstream.requests[0].event(chunk({ content: 'second' }));
    await stream.untilBody('second');
    const other = await running(h, rotated.key);
    await h.daemon.ok(['keys', 'revoke', 'streams', '--yes']);
    await Promise.all([stream, other].map((each) => each.untilClosed(inSeconds(3))));
    assert.deepEqual(refusal(await chat(h.port, rotated.key)), [401, 'key_revoked']);
  });
});

describe('a call that waits', () => {
  const h = house();

  it('is not forwarded when its key was revoked meanwhile', async () => {
    await h.daemon.ok(['config', 'set', 'hold_wait', '30s']);
    const made = await h.daemon.key({ name: 'waits', budget: '0.02' });
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      await exchange.event(chunk({ content: 'first' }));
    };
    // All but a little is held, so the second call waits for the first to settle.
    const holder = await openStream(h.port, made.key, { max_tokens: 1900 });
    await holder.untilBody('first');
    const waiting = chat(h.port, made.key, { max_tokens: 1000 });
    const waiter = await openStream(h.port, made.key, { max_tokens: 1000 });
    await h.daemon.ok(['keys', 'revoke', 'waits', '--yes']);
    assert.deepEqual(refusal(await waiting), [401, 'key_revoked']);
    await waiter.head();
    assert.match(waiter.bytes.toString(), /^HTTP\/1\.1 401/);
    await holder.untilClosed(inSeconds(3));
    assert.equal(h.upstream.requests.length, 1, 'only the first was forwarded');
    await h.daemon.ok(['ledger', 'verify']);
  });

  const changes = {
    'its key is disabled': [({ key }) => ['keys', 'disable', key.id], [401, 'key_disabled']],
    'its model is taken away': [({ key }) => ['keys', 'edit', key.id, '--model', 'other'], [403, 'model_not_allowed']],
    "its key's budget is lowered": [({ key }) => ['keys', 'edit', key.id, '--budget', '0.0001'], [429, 'insufficient_quota']],
    "its project's budget is lowered": [({ project }) => ['projects', 'edit', project, '--budget', '0.0001'], [429, 'insufficient_quota']],
    "its account's budget is lowered": [() => ['accounts', 'edit', os.userInfo().username, '--budget', '0.0001'], [429, 'insufficient_quota']],
  };
  for (const [what, [change, expected]] of Object.entries(changes)) {
    it(`is not forwarded when ${what} meanwhile`, async () => {
      const project = `waits-${Object.keys(changes).indexOf(what)}`;
      await h.daemon.ok(['projects', 'create', project]);
      const key = await h.daemon.key({ budget: 0.0013, project });
      let answer;
      h.upstream.handler = (exchange) =>
        new Promise((resolve) => (answer = () => resolve(bill({ prompt: () => 100, output: () => 1 })(exchange))));
      const first = chat(h.port, key.key, { max_tokens: 100 });
      await until(() => answer, inSeconds(10), 'the first at the upstream');
      const second = openStream(h.port, key.key, { max_tokens: 100 });
      await chat(h.port, 'sk-nufi-nobody'); // what was sent before it has been read by now
      await h.daemon.ok(change({ key, project }));
      answer();
      assert.equal((await first).status, 200);
      const reply = await (await second).reply();
      assert.deepEqual(refusal({ status: reply.status, json: JSON.parse(reply.text) }), expected);
      assert.equal(h.upstream.requests.length, 1, 'only the first was forwarded');
      assert.equal((await h.daemon.showKey(key.id)).held_usd, 0);
      await h.daemon.ok(['ledger', 'verify']);
    });
  }
});

describe('archive, delete, revoke --all', () => {
  const h = house();

  it('archive hides a dead key from the list, unarchive brings it back', async () => {
    const made = await h.daemon.key({ name: 'old' });
    const live = await h.daemon.nufi(['keys', 'archive', 'old']);
    assert.equal(live.code, 1);
    assert.match(live.stderr, /can still be used/);
    assert.equal((await h.daemon.api('POST', `/v1/inference/keys/${made.id}/archive`)).status, 409);
    await h.daemon.ok(['keys', 'revoke', 'old', '--yes']);
    await h.daemon.ok(['keys', 'archive', 'old']);
    const ids = async (...more) =>
      (await h.daemon.json(['keys', 'list', ...more])).data.map((key) => key.id);
    assert.ok(!(await ids()).includes(made.id));
    assert.deepEqual(await ids('--archived'), [made.id]);
    await h.daemon.ok(['keys', 'unarchive', made.id]);
    assert.ok((await ids()).includes(made.id));
    assert.deepEqual(await ids('--archived'), []);
  });

  it('delete ends a live key at once; its calls keep its name and the books stay right', async () => {
    const made = await h.daemon.key({ name: 'gone', budget: 5 });
    assert.equal((await chat(h.port, made.key)).status, 200);
    const stream = await running(h, made.key);
    const pipe = await h.daemon.nufi(['keys', 'delete', 'gone']);
    assert.equal(pipe.code, 2);
    assert.equal((await h.daemon.showKey('gone')).status, 'active');

    await h.daemon.ok(['keys', 'delete', 'gone', '--yes']);

    const calls = h.upstream.requests.length;
    assert.deepEqual(refusal(await chat(h.port, made.key)), [401, 'invalid_api_key']);
    assert.equal(h.upstream.requests.length, calls, 'nothing was forwarded');
    await stream.untilClosed(inSeconds(3));
    assert.equal((await h.daemon.nufi(['keys', 'show', 'gone'])).code, 3);
    await until(
      async () => (await h.daemon.rows(`&key=${made.id}`)).some((row) => row.status === 'cut'),
      inSeconds(5),
      'the cut call in the ledger',
    );
    for (const word of ['gone', made.id]) {
      const rows = (await h.daemon.json(['requests', '--key', word])).data;
      assert.equal(rows.length, 2);
      assert.ok(rows.every((row) => row.key_name === 'gone' || row.key === 'gone'));
    }
    const usage = await h.daemon.json(['usage', '--by', 'key']);
    assert.ok(usage.by.some((entry) => entry.name === 'gone'));
    await h.daemon.ok(['ledger', 'verify']);
    h.upstream.clear();
    const again = await h.daemon.key({ name: 'gone' });
    await h.daemon.kill9();
    await h.daemon.launch();
    h.port = h.daemon.port;
    assert.equal((await chat(h.port, made.key)).status, 401);
    assert.equal((await chat(h.port, again.key)).status, 200);
    await h.daemon.ok(['ledger', 'verify']);
  });

  it('revoke --all ends every live key and says how many', async () => {
    const keys = [await h.daemon.key(), await h.daemon.key()];
    await h.daemon.ok(['keys', 'disable', keys[1].id]);
    const pipe = await h.daemon.nufi(['keys', 'revoke', '--all']);
    assert.equal(pipe.code, 2);
    assert.match(pipe.stderr, /all your \d+ live keys/);
    const done = await h.daemon.nufi(['keys', 'revoke', '--all', '--yes']);
    assert.equal(done.code, 0);
    assert.match(done.stderr, /^\d+ live keys are revoked\n$/);
    for (const key of keys) {
      assert.deepEqual(refusal(await chat(h.port, key.key)), [401, 'key_revoked']);
    }
    const none = await h.daemon.nufi(['keys', 'revoke', '--all', '--yes']);
    assert.equal(none.code, 0);
    assert.match(none.stderr, /no live key/);
    const { data } = await h.daemon.json(['audit', '--last', '200']);
    const of = (action) => data.filter((entry) => entry.action === action);
    assert.ok(of('key.revoke').length >= 3);
    assert.equal(of('key.delete').length, 1);
    assert.equal(of('key.archive').length, 1);
    assert.equal(of('key.unarchive').length, 1);
  });
});

describe('edit and check', () => {
  const h = house();

  it('--reset-spend forgives what is spent, and the audit log says it', async () => {
    const made = await h.daemon.key({ name: 'forgiven', budget: '0.0015', 'budget-period': 'total' });
    const messages = [{ role: 'user', content: 'x' }];
    const call = () => chat(h.port, made.key, { max_tokens: 100, messages });
    assert.equal((await call()).status, 200);
    assert.equal((await call()).status, 429);
    await h.daemon.ok(['keys', 'edit', 'forgiven', '--reset-spend']);
    assert.equal((await h.daemon.showKey('forgiven')).spent_usd, 0);
    assert.equal((await call()).status, 200);
    await h.daemon.ok(['ledger', 'verify']);
    const { data } = await h.daemon.json(['audit']);
    assert.ok(data.some((entry) => entry.action === 'key.reset_spend'), JSON.stringify(data[0]));
  });

  it('an edit of the period is counted from the running cycle, also across a crash', async () => {
    const made = await h.daemon.key({ name: 'turned', budget: 5 });
    assert.equal((await chat(h.port, made.key)).status, 200);
    const before = (await h.daemon.showKey('turned')).spent_usd;
    await h.daemon.ok(['keys', 'edit', 'turned', '--budget-period', 'day']);
    await h.daemon.kill9();
    await h.daemon.launch();
    h.port = h.daemon.port;
    const shown = await h.daemon.showKey('turned');
    assert.deepEqual([shown.budget_period, shown.spent_usd], ['day', before]);
    await h.daemon.ok(['ledger', 'verify']);
  });

  it('a start mends a window that a crash left at its old period', async () => {
    const made = await h.daemon.key({ name: 'mended', budget: 5 });
    assert.equal((await chat(h.port, made.key)).status, 200);
    const before = (await h.daemon.showKey('mended')).spent_usd;
    await h.daemon.terminate();
    // As if nufid had died between writing the new period and starting its window.
    const file = path.join(h.daemon.home, 'data', 'nufi', 'nufi.db');
    const sql = `UPDATE keys SET budget_period = 'total' WHERE id = '${made.id}'`;
    assert.equal((await run('sqlite3', [file, sql])).code, 0);
    await h.daemon.launch();
    h.port = h.daemon.port;
    const shown = await h.daemon.showKey('mended');
    assert.deepEqual([shown.budget_period, shown.spent_usd], ['total', before]);
    assert.equal((await chat(h.port, made.key)).status, 200);
    assert.ok((await h.daemon.showKey('mended')).spent_usd > before);
    await h.daemon.ok(['ledger', 'verify']);
  });

  it('a key that moves leaves what it spent with its old project', async () => {
    for (const name of ['from', 'to']) await h.daemon.ok(['projects', 'create', name, '--budget', '5']);
    const made = await h.daemon.key({ name: 'moves', project: 'from' });
    assert.equal((await chat(h.port, made.key)).status, 200);
    const spent = async (name) => (await h.daemon.json(['projects', 'show', name])).spent_usd;
    const first = await spent('from');
    assert.ok(first > 0);
    await h.daemon.ok(['keys', 'edit', 'moves', '--project', 'to']);
    assert.equal((await chat(h.port, made.key)).status, 200);
    assert.equal(await spent('from'), first);
    const second = await spent('to');
    assert.ok(second > 0);
    assert.ok(Math.abs((await h.daemon.showKey('moves')).spent_usd - first - second) < 1e-12);
    await h.daemon.ok(['ledger', 'verify']);
  });

  it('check says what the next call will be told, and holds nothing', async () => {
    const made = await h.daemon.key({ name: 'asked', budget: '0.012', 'budget-period': 'total' });
    const check = (...more) =>
      h.daemon.nufi(['check', '--key', 'asked', '--model', 'test-model', '--json', ...more]);
    const free = await check('--tokens', '10');
    assert.equal(free.code, 0, free.stderr);
    const allowed = JSON.parse(free.stdout);
    assert.equal(allowed.allowed, true);
    assert.ok(allowed.ask_usd > 0 && allowed.ask_tokens >= 10);
    assert.equal((await h.daemon.showKey('asked')).held_usd, 0);

    const messages = [{ role: 'user', content: 'x' }];
    const call = (cap) => chat(h.port, made.key, { max_tokens: cap, messages });
    assert.equal((await call(1000)).status, 200);
    const before = h.upstream.requests.length;
    const refused = await check();
    assert.equal(refused.code, 6);
    const said = JSON.parse(refused.stdout);
    const told = (await chat(h.port, made.key, { messages })).json.error;
    assert.equal(h.upstream.requests.length, before);
    assert.equal(said.allowed, false);
    for (const field of ['reason', 'limit', 'limit_usd', 'spent_usd', 'held_usd', 'in_flight', 'resets_at']) {
      assert.equal(said[field], told.nufi[field], field);
    }
    assert.match(said.message, /^Budget reached: key 'asked' has used/);
    // The prompt of the real call is longer than the one that was asked about.
    const sentence = (text) => text.replace(/needs up to \S+/, '');
    assert.equal(sentence(said.message), sentence(told.message));
    const person = await h.daemon.nufi(['check', '--key', 'asked', '--model', 'test-model', '-q']);
    assert.equal(person.code, 6);
    assert.match(person.stderr, /^error: Budget reached/);
  });

  it('check knows state, models and prices', async () => {
    const made = await h.daemon.key({ name: 'other', model: 'test-*' });
    const reason = async (model) => {
      const result = await h.daemon.nufi(['check', '--key', 'other', '--model', model, '--json']);
      return [result.code, JSON.parse(result.stdout).reason];
    };
    assert.deepEqual(await reason('test-model'), [0, null]);
    assert.deepEqual(await reason('gpt-4o'), [6, 'model_not_allowed']);
    await h.daemon.ok(['keys', 'edit', 'other', '--budget', '5']);
    assert.deepEqual(await reason('test-unpriced'), [6, 'model_price_unknown']);
    await h.daemon.ok(['keys', 'disable', 'other']);
    assert.deepEqual(await reason('test-model'), [6, 'key_disabled']);
    assert.equal((await h.daemon.nufi(['check', '--key', 'nobody', '--model', 'm'])).code, 3);
    const body = { model: 'test-model', tokens: 'many' };
    assert.equal((await h.daemon.api('POST', `/v1/inference/keys/${made.id}/check`, body)).status, 400);
  });
});
