// Keys for one run: children of another key's limits, which live as long as their lease is renewed.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { call, chat, openStream } from './support/client.mjs';
import { patience } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { bill, chunk, completion, usage } from './support/provider.mjs';
import { sleep, until } from './support/wait.mjs';

const refusal = (reply) => [reply.status, reply.json?.error?.code];
const inSeconds = (seconds) => seconds * 1000 * patience;

/// Makes a key over the API; its JSON with `key`.
async function mint(h, body, project = 'default') {
  const made = await h.daemon.api('POST', `/v1/projects/${project}/inference/keys`, body);
  assert.equal(made.status, 201, JSON.stringify(made.json));
  return made.json;
}
const renew = (h, key, seconds) =>
  h.daemon.api('POST', `/v1/inference/keys/${key}/lease`, { lease_seconds: seconds });
const show = async (h, key) => (await h.daemon.api('GET', `/v1/inference/keys/${key}`)).json;
const audit = async (h, id) =>
  (await h.daemon.api('GET', '/v1/audit?last=100')).json.data.filter((entry) => entry.subject === id);

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
async function verified(h) {
  const proof = await h.daemon.json(['ledger', 'verify']);
  assert.equal(proof.ok, true, JSON.stringify(proof));
}

describe('leases', () => {
  const h = house();

  it('a key lives by its lease: renewals keep it, without one it dies, and its name is free', async () => {
    const made = await mint(h, { name: 'run-a', lease_seconds: 5 });
    assert.equal(made.parent, null);
    const left = Date.parse(made.lease_expires_at) - Date.now();
    assert.ok(left > 2000 && left <= 5000, `${left} ms`);
    assert.equal((await chat(h.port, made.key)).status, 200);
    const renewed = await renew(h, 'run-a', 6);
    assert.equal(renewed.status, 200);
    assert.ok(Date.parse(renewed.json.lease_expires_at) > Date.parse(made.lease_expires_at));
    const end = Date.parse(renewed.json.lease_expires_at);

    const stream = await running(h, made.key);
    await stream.untilBody('key_revoked');
    const cut = Date.now() - end;
    assert.ok(cut > -100 && cut < inSeconds(1), `cut ${cut} ms after the lease`);
    assert.equal((await chat(h.port, made.key)).status, 401);

    const shown = await show(h, made.id);
    assert.deepEqual([shown.status, shown.archived], ['revoked', true]);
    const listed = async (query) =>
      (await h.daemon.api('GET', `/v1/inference/keys${query}`)).json.data.map((key) => key.name);
    assert.ok(!(await listed('')).includes('run-a'));
    assert.ok((await listed('?archived=true')).includes('run-a'));
    const entries = await audit(h, made.id);
    assert.deepEqual(
      entries.map((entry) => entry.action),
      ['key.revoke', 'key.create'],
    );
    assert.equal(entries[0].account, 'nufid');
    const late = await renew(h, made.id, 10);
    assert.equal(late.status, 409);
    assert.ok(late.json.error.hint);
    await mint(h, { name: 'run-a' });
  });

  it('what is no lease is refused', async () => {
    for (const seconds of [4, 3601, -1, 1.5, 'soon']) {
      const made = await h.daemon.api('POST', '/v1/projects/default/inference/keys', {
        name: 'never',
        lease_seconds: seconds,
      });
      assert.equal(made.status, 400, String(seconds));
    }
    await mint(h, { name: 'forever', lease_seconds: null, parent: null });
    assert.equal((await renew(h, 'forever', 10)).status, 409);
    assert.equal((await renew(h, 'forever', 1)).status, 400);
    const edit = await h.daemon.api('PATCH', '/v1/inference/keys/forever', { lease_seconds: 10 });
    assert.equal(edit.status, 400);
  });

  it('a restart leaves a running lease some time to be renewed', async () => {
    const made = await mint(h, { name: 'run-b', lease_seconds: 5 });
    await h.daemon.kill9();
    await h.daemon.launch();
    h.port = h.daemon.port;
    assert.equal((await chat(h.port, made.key)).status, 200);
    const shown = await show(h, 'run-b');
    assert.ok(Date.parse(shown.lease_expires_at) - Date.now() > 10_000);
    assert.equal((await renew(h, 'run-b', 5)).status, 200, 'it can be made shorter again');
    const revoked = await h.daemon.api('DELETE', '/v1/inference/keys/run-b');
    assert.deepEqual([revoked.json.status, revoked.json.archived], ['revoked', true]);
  });
});

describe('parents', () => {
  const h = house();

  it('a child takes over project and group, and has no children', async () => {
    await h.daemon.ok(['projects', 'create', 'web']);
    const parent = await mint(h, { name: 'ci', budget_usd: 5 }, 'web');
    const child = await mint(h, { name: 'ci-1', parent: 'ci' });
    assert.deepEqual([child.parent, child.project, child.budget_usd], [parent.id, 'web', null]);
    const grandchild = await h.daemon.api('POST', '/v1/projects/default/inference/keys', {
      name: 'ci-1-1',
      parent: 'ci-1',
    });
    assert.equal(grandchild.status, 400);
    const orphan = await h.daemon.api('POST', '/v1/projects/default/inference/keys', {
      name: 'ci-x',
      parent: 'nobody',
    });
    assert.equal(orphan.status, 404);
    const moved = await h.daemon.api('PATCH', '/v1/inference/keys/ci-1', { parent: 'ci' });
    assert.equal(moved.status, 400);
  });

  it('50 calls at once of 5 children never spend more than their parent may', async () => {
    // A call costs 3 * 1000 + 100 * 10000 nano-USD and holds a little more for its prompt.
    h.upstream.handler = async (exchange) => {
      await sleep(20);
      await exchange.reply(200, completion({ usage: usage(3, 100) }));
    };
    const parent = await mint(h, { name: 'purse', budget_usd: 0.0025 });
    const children = [];
    for (let i = 0; i < 5; i++) {
      children.push(await mint(h, { name: `purse-${i}`, parent: 'purse', lease_seconds: 600 }));
    }
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, i) => chat(h.port, children[i % 5].key, { max_tokens: 100 })),
    );
    const served = replies.filter((reply) => reply.status === 200).length;
    assert.equal(served, 2);
    const refused = replies.find((reply) => reply.status === 429);
    assert.match(refused.json.error.message, /^Budget reached: key 'purse', the parent of key 'purse-\d'/);
    assert.equal(refused.json.error.nufi.limit, 'key');
    assert.equal(h.upstream.requests.length, 2);

    const spent = (await show(h, 'purse')).spent_usd;
    assert.ok(Math.abs(spent - 2 * 0.001003) < 1e-9, String(spent));
    const own = await Promise.all(children.map(async (child) => (await show(h, child.id)).spent_usd));
    assert.ok(Math.abs(own.reduce((sum, each) => sum + each, 0) - spent) < 1e-9);
    const check = await h.daemon.nufi(['check', '--key', 'purse-0', '--model', 'test-model', '--tokens', '500']);
    assert.equal(check.code, 6, check.stdout);
    assert.match(check.stdout + check.stderr, /purse/);
    const usageOf = await h.daemon.api('GET', `/v1/inference/keys/${parent.id}/usage`);
    assert.equal(usageOf.json.totals.requests, 2, "a key's report counts its children's calls in");
    await verified(h);
    await h.daemon.kill9();
    await h.daemon.launch();
    h.port = h.daemon.port;
    assert.equal((await show(h, 'purse')).spent_usd, spent);
    await verified(h);
  });

  it('a crash in the middle charges the parent what its children held', async () => {
    await mint(h, { name: 'till', budget_usd: 1 });
    const child = await mint(h, { name: 'till-1', parent: 'till' });
    const stream = await running(h, child.key);
    await until(async () => (await show(h, 'till')).held_usd > 0, inSeconds(5), 'the hold');
    const held = (await show(h, 'till')).held_usd;
    await h.daemon.kill9();
    stream.close();
    await h.daemon.launch();
    h.port = h.daemon.port;
    const shown = await show(h, 'till');
    assert.deepEqual([shown.spent_usd, shown.held_usd], [held, 0]);
    await verified(h);
  });

  it("the parent's state, lists and rates hold for its children at the very next call", async () => {
    h.upstream.handler = bill();
    const parent = await mint(h, { name: 'boss' });
    const child = await mint(h, { name: 'boss-1', parent: 'boss', budget_usd: 3 });
    const edit = async (fields) => {
      const edited = await h.daemon.api('PATCH', '/v1/inference/keys/boss', fields);
      assert.equal(edited.status, 200, JSON.stringify(edited.json));
    };
    assert.equal((await chat(h.port, child.key)).status, 200);
    await edit({ allowed_models: ['other'] });
    assert.deepEqual(refusal(await chat(h.port, child.key)), [403, 'model_not_allowed']);
    await edit({ allowed_models: [], allowed_ips: ['10.0.0.0/8'] });
    assert.deepEqual(refusal(await chat(h.port, child.key)), [403, 'ip_not_allowed']);
    await edit({ allowed_ips: [], rpm: 1 });
    assert.equal((await chat(h.port, parent.key)).status, 200);
    const late = await chat(h.port, child.key);
    assert.deepEqual(refusal(late), [429, 'rate_limit_exceeded']);
    assert.match(late.json.error.message, /key 'boss' has used 1 of its 1/);
    await edit({ rpm: null, budget_usd: 2 });
    const { data: own } = (await call(h.port, { method: 'GET', path: '/v1/key', key: child.key })).json;
    const { spent_usd: spent } = await show(h, 'boss');
    assert.equal(own.limit, 2, "the parent's, which runs out first");
    assert.ok(Math.abs(own.limit_remaining + spent - 2) < 1e-9 && own.usage < spent, JSON.stringify(own));
    await h.daemon.ok(['keys', 'disable', 'boss']);
    const disabled = await chat(h.port, child.key);
    assert.deepEqual(refusal(disabled), [401, 'key_disabled']);
    assert.match(disabled.json.error.message, /'boss'/);
    await h.daemon.ok(['keys', 'enable', 'boss']);
    assert.equal((await chat(h.port, child.key)).status, 200);
  });

  it('no edit takes a child out of the limits of its parent, and it goes where its parent goes', async () => {
    h.upstream.handler = bill({ prompt: () => 10, output: () => 10 }); // 110,000 nano-USD
    await h.daemon.ok(['projects', 'create', 'pen', '--model', 'test-*', '--budget', '0.5']);
    await h.daemon.ok(['projects', 'create', 'cage', '--model', 'other']);
    await h.daemon.ok(['groups', 'create', 'dear', '--multiplier', '3']);
    await mint(h, { name: 'dam' }, 'pen');
    const child = await mint(h, { name: 'dam-1', parent: 'dam', lease_seconds: 600 });
    const patch = (key, fields) => h.daemon.api('PATCH', `/v1/inference/keys/${key}`, fields);
    for (const fields of [{ project: 'default' }, { group: 'dear' }]) {
      const refused = await patch('dam-1', fields);
      assert.equal(refused.status, 409);
      assert.match(refused.json.error.message, /child of key 'dam'/);
    }
    const astray = { name: 'dam-2', parent: 'dam' };
    const born = await h.daemon.api('POST', '/v1/projects/cage/inference/keys', astray);
    assert.equal(born.status, 409);
    const edit = await h.daemon.nufi(['keys', 'edit', 'dam-1', '--project', 'default']);
    assert.deepEqual([edit.code, /keys edit dam --project/.test(edit.stderr)], [1, true], edit.stderr);
    const runs = await h.daemon.nufi(['run', '--key', 'dam', '--project', 'cage', '--', 'true']);
    assert.equal(runs.code, 2, runs.stderr);

    const project = async (name) => (await h.daemon.api('GET', `/v1/projects/${name}`)).json.spent_usd;
    const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);
    assert.equal((await chat(h.port, child.key, { max_tokens: 10 })).status, 200);
    near(await project('pen'), 0.00011);
    // A call in flight settles where it was held, and the next one goes by the new place.
    let go;
    h.upstream.handler = async (exchange) => {
      await new Promise((resolve) => (go = resolve));
      await exchange.reply(200, completion({ usage: usage(10, 10) }));
    };
    const inFlight = chat(h.port, child.key, { max_tokens: 10 });
    await until(() => go, inSeconds(5), 'the call in flight');
    assert.equal((await patch('dam', { project: 'default', group: 'dear' })).status, 200);
    h.upstream.handler = bill({ prompt: () => 10, output: () => 10 });
    assert.equal((await chat(h.port, child.key, { max_tokens: 10 })).status, 200);
    go();
    assert.equal((await inFlight).status, 200);
    await until(async () => (await show(h, 'dam')).held_usd === 0, inSeconds(5), 'no hold');
    near(await project('pen'), 0.00022);
    near((await show(h, 'dam')).spent_usd, 0.00055);
    const at = await show(h, child.id);
    assert.deepEqual([at.project, at.group], ['default', 'dear']);
    assert.equal((await audit(h, child.id))[0].action, 'key.edit');

    assert.equal((await patch('dam', { project: 'cage' })).status, 200);
    assert.deepEqual(refusal(await chat(h.port, child.key)), [403, 'model_not_allowed']);
    await verified(h);
  });

  it("the parent's strictness, expiry and number of calls at once hold for its children", async () => {
    h.upstream.handler = bill({ prompt: () => 3, output: () => 100 });
    const ends = new Date(Date.now() + 3_600_000).toISOString();
    await mint(h, { name: 'stern', budget_usd: 0.0015, max_parallel: 1, expires_at: ends });
    const child = await mint(h, { name: 'stern-1', parent: 'stern', enforce: 'soft', budget_usd: 9 });
    assert.equal((await chat(h.port, child.key, { max_tokens: 100 })).status, 200);
    assert.deepEqual(refusal(await chat(h.port, child.key, { max_tokens: 100 })), [429, 'insufficient_quota']);
    const edited = await h.daemon.api('PATCH', '/v1/inference/keys/stern', { budget_usd: 1 });
    assert.equal(edited.status, 200);
    const stream = await running(h, child.key);
    const crowded = await chat(h.port, child.key);
    assert.equal(crowded.status, 429);
    assert.match(crowded.json.error.message, /'stern'/);
    stream.close();
    await until(async () => (await h.daemon.json(['status'])).held_usd === 0, inSeconds(5), 'no hold');
    await verified(h);
  });

  it('a revoke or delete of the parent cuts and revokes its children', async () => {
    for (const end of ['', '?purge=true']) {
      await mint(h, { name: 'old' });
      const child = await mint(h, { name: 'old-1', parent: 'old', lease_seconds: 600 });
      const stream = await running(h, child.key);
      const at = Date.now();
      assert.equal((await h.daemon.api('DELETE', `/v1/inference/keys/old${end}`)).status, 200);
      assert.deepEqual(refusal(await chat(h.port, child.key)), [401, 'key_revoked']);
      await stream.untilBody('key_revoked');
      assert.ok(Date.now() - at < inSeconds(1));
      assert.equal((await show(h, child.id)).status, 'revoked');
    }
    await verified(h);
  });
});
