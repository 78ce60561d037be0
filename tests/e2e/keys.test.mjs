// Keys from the command line: their life, their JSON, their exit codes.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { chat, openStream } from './support/client.mjs';
import { house } from './support/house.mjs';
import { chunk } from './support/provider.mjs';
import { until } from './support/wait.mjs';
import { patience } from './support/daemon.mjs';

const fields = [
  'id',
  'name',
  'masked',
  'status',
  'archived',
  'account',
  'project',
  'group',
  'created_at',
  'last_used_at',
  'expires_at',
  'revoked_at',
  'budget_usd',
  'budget_period',
  'spent_usd',
  'held_usd',
  'remaining_usd',
  'budget_resets_at',
  'token_limit',
  'token_limit_period',
  'tokens_used',
  'tokens_held',
  'tokens_remaining',
  'rpm',
  'tpm',
  'max_parallel',
  'allowed_models',
  'allowed_ips',
  'enforce',
  'trace',
  'trace_errors_only',
  'rotated_at',
  'overlap_ends_at',
  'parent',
  'lease_expires_at',
];

describe('keys', () => {
  const h = house();

  it('create prints every field of the manual, and the key once', async () => {
    const made = await h.daemon.json([
      'keys',
      'create',
      '--name',
      'all',
      '--budget',
      '5',
      '--budget-period',
      'day',
      '--token-limit',
      '1000',
      '--token-limit-period',
      'week',
      '--rpm',
      '10',
      '--tpm',
      '2000',
      '--max-parallel',
      '3',
      '--model',
      'gpt-*',
      '--model',
      'test-model',
      '--ip',
      '127.0.0.0/8',
      '--expires',
      '30d',
      '--enforce',
      'soft',
    ]);
    assert.deepEqual(
      Object.keys(made).filter((name) => name !== 'key'),
      fields,
    );
    assert.match(made.key, /^sk-nufi-[0-9A-Za-z]{49}$/);
    assert.equal(made.masked, `sk-nufi-…${made.key.slice(-3)}`);
    assert.equal(made.status, 'active');
    assert.equal(made.project, 'default');
    assert.equal(made.group, 'default');
    assert.deepEqual(
      [made.budget_usd, made.budget_period, made.spent_usd, made.held_usd, made.remaining_usd],
      [5, 'day', 0, 0, 5],
    );
    assert.deepEqual(
      [made.token_limit, made.token_limit_period, made.tokens_remaining],
      [1000, 'week', 1000],
    );
    assert.deepEqual(
      [made.rpm, made.tpm, made.max_parallel, made.enforce, made.trace],
      [10, 2000, 3, 'soft', false],
    );
    assert.deepEqual(made.allowed_models, ['gpt-*', 'test-model']);
    assert.deepEqual(made.allowed_ips, ['127.0.0.0/8']);
    assert.equal(made.last_used_at, null);
    const days = (Date.parse(made.expires_at) - Date.parse(made.created_at)) / 86_400_000;
    assert.ok(Math.abs(days - 30) < 0.01, made.expires_at);
    assert.match(made.budget_resets_at, /T00:00:00(\.000)?Z$/);

    const shown = await h.daemon.showKey('all');
    assert.deepEqual(Object.keys(shown), fields);
    const list = await h.daemon.json(['keys', 'list']);
    assert.deepEqual(Object.keys(list).slice(0, 2), ['data', 'next']);
    assert.ok(list.data.some((key) => key.id === made.id && !('key' in key)));
  });

  it('a key without options has no limits: null', async () => {
    const made = await h.daemon.key();
    for (const name of [
      'budget_usd',
      'remaining_usd',
      'token_limit',
      'tokens_remaining',
      'rpm',
      'tpm',
      'max_parallel',
      'expires_at',
      'revoked_at',
    ]) {
      assert.equal(made[name], null, name);
    }
    assert.equal(made.budget_period, 'month');
    assert.equal(made.enforce, 'strict');
  });

  it('KEY is a name, an id or a unique prefix of an id', async () => {
    const made = await h.daemon.key({ name: 'named' });
    for (const word of ['named', made.id, made.id.slice(0, -2)]) {
      assert.equal((await h.daemon.showKey(word)).id, made.id, word);
    }
    const prefix = made.id.slice(0, made.id.indexOf('_') + 1);
    const many = await h.daemon.nufi(['keys', 'show', prefix]);
    assert.equal(many.code, 3, 'ambiguous');
    assert.match(many.stderr, /^error: /m);
  });

  it('exit codes: not found 3, usage 2, refused in a pipe without --yes 2, name taken 1', async () => {
    const none = await h.daemon.nufi(['keys', 'show', 'nobody']);
    assert.equal(none.code, 3);
    assert.match(none.stderr, /^error: .*[^.]\n/);
    assert.equal((await h.daemon.nufi(['keys', 'create'])).code, 2);
    assert.equal((await h.daemon.nufi(['keys', 'create', '--name', 'x', '--budget', 'much'])).code, 2);
    await h.daemon.key({ name: 'twice' });
    const twice = await h.daemon.nufi(['keys', 'create', '--name', 'twice']);
    assert.equal(twice.code, 1, twice.stderr);
    assert.match(twice.stderr, /twice/);
    const pipe = await h.daemon.nufi(['keys', 'revoke', 'twice']);
    assert.equal(pipe.code, 2);
    assert.match(pipe.stderr, /--yes/);
    assert.equal((await h.daemon.showKey('twice')).status, 'active');
    const typo = await h.daemon.nufi(['keys', 'creat', '--name', 'x']);
    assert.equal(typo.code, 2);
    assert.match(typo.stderr, /did you mean.*create/i);
  });

  it('edit changes, none clears, and the next call feels it', async () => {
    const made = await h.daemon.key({ name: 'edited', budget: 1, model: 'other-model' });
    assert.equal((await chat(h.port, made.key)).status, 403);
    await h.daemon.ok(['keys', 'edit', 'edited', '--model', 'none', '--budget', '2.5', '--name', 'renamed']);
    assert.equal((await chat(h.port, made.key)).status, 200);
    const shown = await h.daemon.showKey('renamed');
    assert.deepEqual([shown.budget_usd, shown.allowed_models.length], [2.5, 0]);
    await h.daemon.ok(['keys', 'edit', 'renamed', '--budget', 'none']);
    assert.equal((await h.daemon.showKey('renamed')).budget_usd, null);
    assert.equal((await h.daemon.nufi(['keys', 'show', 'edited'])).code, 3);
  });

  it('disable and enable, felt by the very next call', async () => {
    const made = await h.daemon.key({ name: 'switch' });
    assert.equal((await chat(h.port, made.key)).status, 200);
    await h.daemon.ok(['keys', 'disable', 'switch']);
    const off = await chat(h.port, made.key);
    assert.deepEqual([off.status, off.json.error.code], [401, 'key_disabled']);
    assert.equal((await h.daemon.showKey('switch')).status, 'disabled');
    await h.daemon.ok(['keys', 'enable', 'switch']);
    assert.equal((await chat(h.port, made.key)).status, 200);
  });

  it('revoke is final, frees the name, and is felt by the next call', async () => {
    const made = await h.daemon.key({ name: 'gone' });
    assert.equal((await chat(h.port, made.key)).status, 200);
    await h.daemon.ok(['keys', 'revoke', 'gone', '--yes']);
    const calls = h.upstream.requests.length;
    const refused = await chat(h.port, made.key);
    assert.deepEqual([refused.status, refused.json.error.code], [401, 'key_revoked']);
    assert.equal(h.upstream.requests.length, calls, 'nothing was forwarded');
    const enabled = await h.daemon.nufi(['keys', 'enable', made.id]);
    assert.equal(enabled.code, 1, 'a revoked key stays revoked');
    const again = await h.daemon.key({ name: 'gone' });
    assert.notEqual(again.id, made.id);
    assert.notEqual(again.key, made.key);
    assert.equal((await h.daemon.showKey(made.id)).status, 'revoked');
  });

  it('revoke cuts the running streams of the key within a second, and only those', async () => {
    const mine = await h.daemon.key({ name: 'cut' });
    const other = await h.daemon.key({ name: 'kept' });
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      await exchange.event(chunk({ content: 'first' }));
    };
    const streams = await Promise.all([mine, mine, other].map((key) => openStream(h.port, key.key)));
    await Promise.all(streams.map((stream) => stream.untilBody('first')));
    const before = performance.now();
    await h.daemon.ok(['keys', 'revoke', 'cut', '--yes']);
    await Promise.all(streams.slice(0, 2).map((stream) => stream.untilClosed(3000 * patience)));
    const took = streams[0].endedAt - before;
    assert.ok(took < 1000 * patience, `cut after ${took} ms (with the start of nufi)`);
    assert.match(streams[0].bodySoFar(), /"error"/, 'the cut is said, not silent');
    assert.equal(streams[2].ended, false, 'the other key streams on');
    const cut = h.upstream.requests.filter((request) => request !== h.upstream.requests[2]);
    assert.ok(cut.length >= 2);
    await until(
      () => h.upstream.requests.filter((request) => request.isGone).length === 2,
      5000 * patience,
      'the upstream calls to be closed',
    );
    await until(
      async () => {
        const rows = await h.daemon.rows(`&key=${mine.id}`);
        return rows.length === 2 && rows.every((row) => row.status === 'cut');
      },
      5000 * patience,
      'both rows to say cut',
    );
    streams.forEach((stream) => stream.close());
  });

  it('an expired key is refused and says so', async () => {
    const soon = new Date(Date.now() + 2500).toISOString().replace(/\.\d+/, '');
    const made = await h.daemon.key({ name: 'short', expires: soon });
    await until(async () => (await chat(h.port, made.key)).status === 401, 10_000, 'the key to expire');
    const refused = await chat(h.port, made.key);
    assert.equal(refused.json.error.code, 'key_expired');
    assert.equal((await h.daemon.showKey('short')).status, 'expired');
    assert.notEqual(
      (await h.daemon.nufi(['keys', 'create', '--name', 'past', '--expires', '2001-01-01'])).code,
      0,
    );
  });

  it('a total budget that is used up makes the key exhausted', async () => {
    const made = await h.daemon.key({ name: 'used', budget: '0.0015', 'budget-period': 'total' });
    const last = await chat(h.port, made.key, {
      max_tokens: 100,
      messages: [{ role: 'user', content: 'x' }],
    });
    assert.equal(last.status, 200, last.text);
    assert.equal((await h.daemon.showKey('used')).status, 'active', 'something is left');
    await h.daemon.ok(['keys', 'edit', 'used', '--budget', '0.0005']);
    assert.equal((await h.daemon.showKey('used')).status, 'exhausted');
  });
});
