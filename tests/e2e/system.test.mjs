// nufid for a whole machine: other users of the operating system come to its socket as themselves.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { chat } from './support/client.mjs';
import { Daemon, nufidPath, nufiPath, patience, run } from './support/daemon.mjs';
import { Upstream } from './support/upstream.mjs';
import { until } from './support/wait.mjs';

const isRoot = process.getuid() === 0;
const nobody = 65534; // has a login name
const nameless = 1234; // has none

describe('a system-wide daemon', { skip: isRoot ? false : 'only root can be other users' }, () => {
  let home;
  let daemon;
  let upstream;

  /// Runs nufi as another user of this machine.
  const as = (uid, args, options = {}) =>
    run('setpriv', ['--reuid', uid, '--regid', uid, '--clear-groups', nufiPath, ...args].map(String), {
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: '/nonexistent', NUFI_SOCKET: daemon.socket },
      ...options,
    });
  const json = async (uid, args) => {
    const result = await as(uid, [...args, '--json']);
    assert.equal(result.code, 0, result.stderr);
    return JSON.parse(result.stdout);
  };

  before(async () => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-system-'));
    fs.chmodSync(home, 0o755);
    upstream = await Upstream.start();
    daemon = await Daemon.start({
      args: ['--system', '--data-dir', path.join(home, 'lib')],
      env: { NUFI_SOCKET: path.join(home, 'open', 'nufid.sock') },
      home,
    });
    await daemon.addUpstream(upstream);
  });
  after(async () => {
    await daemon?.stop();
    await upstream?.stop();
    if (home) fs.rmSync(home, { recursive: true, force: true });
  });

  it('everyone may connect to its socket, nobody else may look at its data', () => {
    const mode = (name) => fs.statSync(path.join(home, name)).mode & 0o777;
    assert.equal(mode('open'), 0o755);
    assert.equal(mode('open/nufid.sock'), 0o666);
    assert.equal(mode('lib'), 0o700);
    assert.equal(mode('lib/nufi.db'), 0o600);
  });

  it('a user gets an account at first use, with the defaults an admin set', async () => {
    await daemon.ok(['config', 'set', 'default_budget_usd', '3']);
    await daemon.ok(['config', 'set', 'default_budget_period', 'week']);
    await daemon.ok(['config', 'set', 'default_token_limit', '5000']);
    await daemon.ok(['config', 'set', 'default_token_limit_period', 'day']);
    const profile = await json(nobody, ['profile']);
    assert.equal(profile.username, 'nobody');
    assert.equal(profile.uid, nobody);
    assert.equal(profile.role, 'member');
    assert.deepEqual([profile.budget_usd, profile.budget_period], [3, 'week']);
    assert.deepEqual([profile.token_limit, profile.token_limit_period], [5000, 'day']);
    assert.equal((await json(nameless, ['profile'])).username, `uid-${nameless}`);
    assert.equal((await json(nobody, ['profile'])).id, profile.id);
    assert.equal((await daemon.json(['accounts', 'list'])).data.length, 3);
  });

  it('a member makes keys and projects, calls, and sees its own and no more', async () => {
    await as(nobody, ['projects', 'create', 'mine']);
    const key = await json(nobody, ['keys', 'create', '--name', 'laptop', '--project', 'mine', '--budget', '1']);
    const other = await json(nameless, ['keys', 'create', '--name', 'laptop']);
    assert.equal(key.account, 'nobody');
    assert.equal((await chat(daemon.port, key.key)).status, 200);
    assert.equal((await chat(daemon.port, other.key)).status, 200);
    for (const [uid, own, foreign] of [
      [nobody, key, other],
      [nameless, other, key],
    ]) {
      const names = (list) => list.data.map((one) => one.id);
      assert.deepEqual(names(await json(uid, ['keys', 'list'])), [own.id]);
      assert.deepEqual(
        (await json(uid, ['requests'])).data.map((row) => row.key),
        [own.id],
      );
      assert.equal((await json(uid, ['usage'])).totals.requests, 1);
      assert.equal((await as(uid, ['keys', 'show', foreign.id])).code, 3);
      assert.equal((await as(uid, ['keys', 'revoke', foreign.id, '--yes'])).code, 3);
      assert.equal((await as(uid, ['keys', 'edit', foreign.id, '--budget', '9'])).code, 3);
    }
    assert.equal((await as(nameless, ['projects', 'show', 'mine'])).code, 3);
    assert.equal((await as(nobody, ['projects', 'edit', 'mine', '--budget', '2'])).code, 0);
    assert.equal((await daemon.json(['keys', 'list', '--all'])).data.length, 2);
    assert.equal((await daemon.json(['usage'])).totals.requests, 2);
  });

  it('an account’s budget holds for its keys, whoever else has room', async () => {
    await daemon.ok(['accounts', 'edit', 'nobody', '--budget', '0.000001']);
    const key = await json(nobody, ['keys', 'create', '--name', 'poor']);
    const other = await json(nameless, ['keys', 'create', '--name', 'rich']);
    const refused = await chat(daemon.port, key.key, { max_tokens: 100 });
    assert.equal(refused.status, 429);
    assert.equal(refused.json.error.nufi.limit, 'account');
    assert.equal((await chat(daemon.port, other.key, { max_tokens: 100 })).status, 200);
  });

  it('what is an admin’s business is exit 4 for a member', async () => {
    for (const args of [
      ['accounts', 'list'],
      ['accounts', 'edit', 'nobody', '--budget', '1000'],
      ['groups', 'list'],
      ['groups', 'create', 'cheap', '--multiplier', '0.1'],
      ['groups', 'edit', 'default', '--multiplier', '0.1'],
      ['upstreams', 'add', 'evil', '--url', 'http://127.0.0.1:1/v1', '--no-key'],
      ['upstreams', 'edit', 'mock', '--url', 'http://127.0.0.1:1/v1'],
      ['upstreams', 'remove', 'mock', '--yes'],
      ['prices', 'set', 'test-model', '--free'],
      ['prices', 'unset', 'test-model', '--yes'],
      ['config', 'set', 'hold_wait', '0'],
      ['audit'],
      ['ledger', 'verify'],
      ['reprice', '--since', '2026-01-01', '--yes'],
      ['down'],
      ['keys', 'list', '--all'],
      ['projects', 'list', '--all'],
    ]) {
      const result = await as(nobody, args);
      assert.equal(result.code, 4, `nufi ${args.join(' ')}: ${result.code}\n${result.stderr}`);
      assert.equal(result.stdout, '');
    }
    assert.equal((await daemon.json(['upstreams', 'list'])).data.length, 1);
    const shown = await as(nobody, ['upstreams', 'show', 'mock', '--json']);
    assert.ok(!shown.stdout.includes('stored'));
  });

  it('the audit log knows each by account and uid', async () => {
    const entries = (await daemon.json(['audit', '--last', '200'])).data;
    const made = entries.filter((entry) => entry.action === 'key.create').map((entry) => [entry.account, entry.uid]);
    assert.deepEqual(made.sort(), [
      ['nobody', nobody],
      ['nobody', nobody],
      [`uid-${nameless}`, nameless],
      [`uid-${nameless}`, nameless],
    ]);
    assert.ok(!entries.some((entry) => entry.action.startsWith('group.')), 'refused changes leave no entry');
  });
});

/// The words that run a program with another /etc/group, which nobody else sees.
const withGroups = (file, words) => [
  ...['-m', 'sh', '-c', 'mount --bind "$0" /etc/group && exec "$@"', file],
  ...words,
];
const canMount = isRoot && spawnSync('unshare', withGroups('/etc/group', ['true'])).status === 0;

describe('the group nufi-admin', { skip: canMount ? false : 'no mount namespaces here' }, () => {
  it('makes its members admins, and stops to when they leave it', async () => {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-group-'));
    fs.chmodSync(home, 0o755);
    const groups = path.join(home, 'group');
    const original = fs.readFileSync('/etc/group');
    fs.writeFileSync(groups, `${original}\nnufi-admin:x:4711:nobody\n`, { mode: 0o644 });
    const socket = path.join(home, 'open', 'nufid.sock');
    const flags = ['--system', '--data-dir', path.join(home, 'lib'), '--socket', socket];
    const doors = ['--listen', '127.0.0.1:0', '--console-listen', 'off'];
    const child = spawn('unshare', withGroups(groups, [nufidPath, ...flags, ...doors]), {
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    try {
      let out = '';
      child.stdout.on('data', (data) => (out += data));
      await until(() => out.includes('ready'), 20_000 * patience, 'the ready line');
      const ask = async (uid) => {
        const ids = ['--reuid', uid, '--regid', uid, '--clear-groups'].map(String);
        const env = { PATH: process.env.PATH, HOME: '/nonexistent', NUFI_SOCKET: socket };
        return (await run('setpriv', [...ids, nufiPath, 'accounts', 'list'], { env })).code;
      };
      assert.equal(await ask(nobody), 0);
      assert.equal(await ask(nameless), 4);
      fs.writeFileSync(groups, original);
      await until(async () => (await ask(nobody)) === 4, 10_000 * patience, 'the group to be looked up anew');
    } finally {
      child.kill('SIGTERM');
      await ended;
      fs.rmSync(home, { recursive: true, force: true });
    }
  });
});

describe('a daemon of one user', { skip: isRoot ? false : 'only root can be other users' }, () => {
  it('is closed to others, by the mode of its socket and by who they are', async () => {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-own-'));
    fs.chmodSync(home, 0o755);
    const daemon = await Daemon.start({ home });
    try {
      const ask = () =>
        run('setpriv', ['--reuid', '1234', '--regid', '1234', '--clear-groups', nufiPath, 'status'], {
          env: { PATH: process.env.PATH, HOME: '/nonexistent', NUFI_SOCKET: daemon.socket },
        });
      assert.equal((await ask()).code, 4);
      // Even through a socket that was opened to everyone.
      fs.chmodSync(path.join(home, 'run'), 0o755);
      fs.chmodSync(path.dirname(daemon.socket), 0o755);
      fs.chmodSync(daemon.socket, 0o666);
      const result = await ask();
      assert.equal(result.code, 4);
      assert.match(result.stderr, /belongs to another user/);
    } finally {
      await daemon.stop();
      fs.rmSync(home, { recursive: true, force: true });
    }
  });
});
