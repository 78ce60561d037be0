// Projects, groups and accounts: their limits and allowlists on real calls, and the audit log.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';

import { chat } from './support/client.mjs';
import { house } from './support/house.mjs';
import { bill } from './support/provider.mjs';
import { Upstream } from './support/upstream.mjs';

describe('projects', () => {
  const h = house();

  it('create, list, show, edit and delete, with every limit', async () => {
    const made = await h.daemon.json([
      ...['projects', 'create', 'agents', '--budget', '5', '--budget-period', 'week'],
      ...['--token-limit', '1000', '--token-limit-period', 'hour', '--model', 'test-*'],
    ]);
    assert.match(made.id, /^proj_/);
    assert.equal(made.budget_usd, 5);
    assert.equal(made.budget_period, 'week');
    assert.equal(made.token_limit, 1000);
    assert.equal(made.token_limit_period, 'hour');
    assert.deepEqual(made.allowed_models, ['test-*']);
    assert.equal(made.live_keys, 0);
    assert.deepEqual(
      (await h.daemon.json(['projects', 'list'])).data.map((one) => one.name),
      ['default', 'agents'],
    );
    const edited = await h.daemon.json([
      ...['projects', 'edit', 'agents', '--name', 'bots'],
      ...['--budget', 'none', '--token-limit', 'none', '--model', 'none'],
    ]);
    assert.deepEqual([edited.name, edited.budget_usd, edited.token_limit], ['bots', null, null]);
    assert.deepEqual(edited.allowed_models, []);
    assert.equal((await h.daemon.nufi(['projects', 'show', 'agents'])).code, 3);
    assert.equal((await h.daemon.json(['projects', 'show', 'bots'])).id, made.id);
    assert.equal((await h.daemon.nufi(['projects', 'delete', 'bots'])).code, 2, 'asks for --yes');
    await h.daemon.ok(['projects', 'delete', 'bots', '--yes']);
    assert.equal((await h.daemon.nufi(['projects', 'show', 'bots'])).code, 3);
  });

  it('default stays, and so does a project with a usable key', async () => {
    for (const args of [
      ['projects', 'delete', 'default', '--yes'],
      ['projects', 'edit', 'default', '--name', 'other'],
    ]) {
      assert.equal((await h.daemon.nufi(args)).code, 1);
    }
    await h.daemon.ok(['projects', 'create', 'busy']);
    const key = await h.daemon.key({ project: 'busy' });
    assert.equal((await chat(h.port, key.key)).status, 200);
    const refused = await h.daemon.api('DELETE', '/v1/projects/busy');
    assert.equal(refused.status, 409);
    assert.match(refused.json.error.hint, /revoke/);
    await h.daemon.ok(['keys', 'revoke', key.id, '--yes']);
    await h.daemon.ok(['projects', 'delete', 'busy', '--yes']);
    assert.equal((await h.daemon.rows())[0].project, 'busy');
    const usage = await h.daemon.json(['usage', '--by', 'project']);
    assert.ok(usage.by.some((one) => one.name === 'busy' && one.requests === 1));
    assert.equal((await chat(h.port, key.key)).status, 401);
    assert.equal((await h.daemon.nufi(['ledger', 'verify'])).code, 0);
  });

  it('its budget is a ceiling over all of its keys, and a reset opens it again', async () => {
    await h.daemon.ok(['projects', 'create', 'small', '--budget', '0.01']);
    const keys = [await h.daemon.key({ project: 'small' }), await h.daemon.key({ project: 'small' })];
    h.upstream.handler = bill({ prompt: () => 9000, output: () => 90 });
    // A call costs 0.0099 USD: there is room for one.
    assert.equal((await chat(h.port, keys[0].key, { max_tokens: 90 })).status, 200);
    const refused = await chat(h.port, keys[1].key, { max_tokens: 90 });
    assert.equal(refused.status, 429);
    assert.equal(refused.json.error.nufi.limit, 'project');
    assert.equal(refused.json.error.nufi.reason, 'budget');
    const before = await h.daemon.json(['projects', 'show', 'small']);
    assert.ok(before.spent_usd > 0.009);
    const after = await h.daemon.json(['projects', 'edit', 'small', '--reset-spend']);
    assert.equal(after.spent_usd, 0);
    assert.equal((await chat(h.port, keys[1].key, { max_tokens: 90 })).status, 200);
    assert.equal((await h.daemon.nufi(['ledger', 'verify'])).code, 0);
  });

  it('its models are all that its keys may use, whatever they say themselves', async () => {
    await h.daemon.ok(['projects', 'create', 'narrow', '--model', 'other-*']);
    const key = await h.daemon.key({ project: 'narrow', model: 'test-*' });
    const refused = await chat(h.port, key.key);
    assert.equal(refused.status, 403);
    assert.equal(refused.json.error.code, 'model_not_allowed');
    await h.daemon.ok(['projects', 'edit', 'narrow', '--model', 'other-*', '--model', 'test-model']);
    assert.equal((await chat(h.port, key.key)).status, 200);
  });
});

describe('groups', () => {
  const h = house();
  let second;

  before(async () => {
    second = await Upstream.start({ secret: 'second-secret' });
    await h.daemon.addUpstream(second, { name: 'second', model: undefined, input: undefined });
  });

  it('a multiplier is charged, and what the upstream costs stays beside it', async () => {
    await h.daemon.ok(['groups', 'create', 'team', '--multiplier', '1.5']);
    const key = await h.daemon.key({ group: 'team', budget: 1 });
    h.upstream.handler = second.handler = bill({ prompt: () => 1001, output: () => 7 });
    assert.equal((await chat(h.port, key.key, { max_tokens: 7 })).status, 200);
    const [row] = await h.daemon.rows();
    assert.equal(row.group, 'team');
    assert.equal(row.upstream_cost_usd, 0.001071); // 1001 × 1 + 7 × 10 USD per million
    assert.equal(row.cost_usd, 0.0016065);
    assert.equal((await h.daemon.showKey(key.id)).spent_usd, 0.0016065);
    assert.equal((await h.daemon.nufi(['ledger', 'verify'])).code, 0);
  });

  it('a change counts for the next call', async () => {
    const key = await h.daemon.key({ group: 'team' });
    await h.daemon.ok(['groups', 'edit', 'team', '--multiplier', '0.000001']);
    h.upstream.handler = second.handler = bill({ prompt: () => 1000, output: () => 0 });
    assert.equal((await chat(h.port, key.key)).status, 200);
    const [row] = await h.daemon.rows();
    assert.equal(row.cost_usd, 0.000000001);
    assert.equal(row.upstream_cost_usd, 0.001);
    await h.daemon.ok(['groups', 'edit', 'team', '--multiplier', '1.5']);
  });

  it('its models and its upstreams are all that its keys get', async () => {
    await h.daemon.ok(['groups', 'create', 'narrow', '--upstream', 'second', '--model', 'test-*']);
    const key = await h.daemon.key({ group: 'narrow' });
    for (let i = 0; i < 5; i++) {
      const reply = await chat(h.port, key.key);
      assert.equal(reply.status, 200);
      assert.equal(reply.headers['x-nufi-upstream'], 'second');
    }
    assert.equal((await chat(h.port, key.key, { model: 'other' })).json.error.code, 'model_not_allowed');
    await h.daemon.ok(['groups', 'edit', 'narrow', '--model', 'none', '--upstream', 'mock']);
    assert.equal((await chat(h.port, key.key)).headers['x-nufi-upstream'], 'mock');
    const wrong = await h.daemon.nufi(['groups', 'edit', 'narrow', '--upstream', 'secnd']);
    assert.equal(wrong.code, 3);
    assert.match(wrong.stderr, /did you mean second/);
  });

  it('an upstream kept for a group serves no other', async () => {
    await h.daemon.ok(['groups', 'create', 'kept']);
    await h.daemon.ok(['upstreams', 'edit', 'second', '--group', 'kept']);
    const key = await h.daemon.key({ group: 'kept' });
    await h.daemon.ok(['groups', 'edit', 'kept', '--upstream', 'second']);
    await h.daemon.ok(['groups', 'edit', 'kept', '--name', 'held']);
    assert.equal((await chat(h.port, key.key)).headers['x-nufi-upstream'], 'second');
    const other = await h.daemon.key({});
    for (let i = 0; i < 5; i++) {
      assert.equal((await chat(h.port, other.key)).headers['x-nufi-upstream'], 'mock');
    }
    assert.equal((await h.daemon.nufi(['groups', 'delete', 'held', '--yes'])).code, 1);
    assert.equal((await h.daemon.nufi(['groups', 'delete', 'default', '--yes'])).code, 1);
    await h.daemon.ok(['keys', 'revoke', key.id, '--yes']);
    await h.daemon.ok(['upstreams', 'edit', 'second', '--group', 'none']);
    await h.daemon.ok(['groups', 'delete', 'held', '--yes']);
    await second.stop();
  });
});

describe('accounts', () => {
  const h = house();

  it('an account’s budget is above all its keys and projects, and can be reset', async () => {
    const [me] = (await h.daemon.json(['accounts', 'list'])).data;
    await h.daemon.ok(['accounts', 'edit', me.username, '--budget', '0.01', '--budget-period', 'day']);
    const keys = [await h.daemon.key({}), await h.daemon.key({})];
    h.upstream.handler = bill({ prompt: () => 9000, output: () => 90 });
    assert.equal((await chat(h.port, keys[0].key, { max_tokens: 90 })).status, 200);
    const refused = await chat(h.port, keys[1].key, { max_tokens: 90 });
    assert.equal(refused.json.error.nufi.limit, 'account');
    const reset = await h.daemon.json(['accounts', 'edit', me.id, '--reset-spend']);
    assert.equal(reset.spent_usd, 0);
    assert.equal((await chat(h.port, keys[1].key, { max_tokens: 90 })).status, 200);
  });

  it('the audit log tells every change by whom, when, before and after', async () => {
    await h.daemon.ok(['projects', 'create', 'told', '--budget', '5']);
    await h.daemon.ok(['projects', 'edit', 'told', '--budget', '7']);
    await h.daemon.nufi(['projects', 'edit', 'told', '--name', 'default']);
    await h.daemon.ok(['config', 'set', 'hold_wait', '1s']);
    await h.daemon.ok(['projects', 'delete', 'told', '--yes']);
    const log = (await h.daemon.json(['audit', '--last', '4'])).data;
    assert.deepEqual(
      log.map((entry) => [entry.action, entry.name ?? entry.subject]),
      [
        ['project.delete', 'told'],
        ['setting.change', 'hold_wait'],
        ['project.edit', 'told'],
        ['project.create', 'told'],
      ],
    );
    assert.equal(log[3].before, null);
    assert.equal(log[3].after.budget_usd, 5);
    assert.deepEqual([log[2].before, log[2].after], [{ budget_usd: 5 }, { budget_usd: 7 }]);
    assert.equal(log[0].after, null);
    for (const entry of log) {
      assert.equal(entry.uid, process.getuid());
      assert.ok(entry.account && entry.account_id.startsWith('acct_'));
      assert.ok(Math.abs(Date.parse(entry.time) - Date.now()) < 60_000);
    }
    const page = await h.daemon.api('GET', `/v1/audit?last=1&before=${log[0].id}`);
    assert.equal(page.json.data[0].id, log[1].id);
    assert.equal(page.json.next, String(log[1].id));
  });

  it('no planted secret is anywhere in the data directory or the log', async () => {
    const key = await h.daemon.key({ name: 'planted' });
    const secret = 'planted-secret-90210';
    await h.daemon.ok(['upstreams', 'edit', 'mock', '--key-stdin'], { input: secret });
    await chat(h.port, key.key);
    const entry = (await h.daemon.json(['audit', '--last', '1'])).data[0];
    assert.deepEqual([entry.action, entry.after], ['upstream.edit', { secret: 'stored' }]);
    const files = execFileSync('find', [h.daemon.home, '-type', 'f']).toString().trim().split('\n');
    assert.ok(files.some((file) => path.basename(file) === 'nufi.db'));
    for (const file of files) {
      const bytes = fs.readFileSync(file).toString('latin1');
      assert.ok(!bytes.includes(secret), `the secret is in ${file}`);
      assert.ok(!bytes.includes(key.key.slice(0, 40)), `the key is in ${file}`);
    }
  });
});
