// A backup is made while calls go on, and a restore brings back what it has: keys, budgets, calls.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';

import { chat } from './support/client.mjs';
import { nufidPath, run } from './support/daemon.mjs';
import { house } from './support/house.mjs';

const home = house();
const file = (name) => path.join(home.daemon.home, name);
const restore = (name) =>
  run(nufidPath, ['--restore', file(name)], { env: home.daemon.env });

it('copies the database while calls go on, and restores it', async () => {
  const { daemon } = home;
  const { key } = await daemon.key({ name: 'kept' });
  let stop = false;
  let served = 0;
  const load = (async () => {
    while (!stop) {
      const reply = await chat(home.port, key);
      assert.equal(reply.status, 200);
      served += 1;
    }
  })();
  const made = await daemon.json(['backup', file('b.db'), '--with-key']);
  stop = true;
  await load;
  assert.ok(served > 0);
  assert.equal(made.bytes, fs.statSync(file('b.db')).size);
  for (const name of ['b.db', 'b.db.key']) {
    assert.equal(fs.statSync(file(name)).mode & 0o777, 0o600);
  }

  const again = await daemon.nufi(['backup', file('b.db')]);
  assert.equal(again.code, 2, 'an older backup is not replaced without being told to');
  await daemon.key({ name: 'later' });
  const refused = await restore('b.db');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /another nufid \(pid \d+\) uses/);

  await daemon.terminate();
  fs.writeFileSync(file('bad.db'), 'no database');
  const bad = await restore('bad.db');
  assert.notEqual(bad.code, 0);
  assert.match(bad.stderr, /can't be restored: .*no database/);
  const done = await restore('b.db');
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /^nufid: restored .*; the old database is kept as nufi\.db\.before-restore-/);
  await daemon.launch();

  const keys = (await daemon.json(['keys', 'list'])).data.map((each) => each.name);
  assert.deepEqual(keys, ['kept']);
  assert.equal((await daemon.json(['ledger', 'verify'])).ok, true);
  assert.equal((await chat(daemon.port, key)).status, 200, 'the secret of the upstream opens');
});

it('has every call that was settled before it began', async () => {
  const { daemon } = home;
  const { key } = await daemon.key({ name: 'fresh' });
  const before = (await daemon.json(['requests', '--last', '1000'])).data.length;
  assert.equal((await chat(daemon.port, key)).status, 200);
  const spent = (await daemon.json(['keys', 'show', 'fresh'])).spent_usd;
  await daemon.nufi(['backup', file('fresh.db')]);
  await daemon.terminate();
  assert.equal((await restore('fresh.db')).code, 0);
  assert.equal((await restore('fresh.db')).code, 0, 'twice within a second');
  await daemon.launch();

  const calls = (await daemon.json(['requests', '--last', '1000'])).data;
  assert.equal(calls.length, before + 1);
  assert.equal((await daemon.json(['keys', 'show', 'fresh'])).spent_usd, spent);
  const [entry] = (await daemon.json(['audit', '--last', '1'])).data;
  assert.equal(entry.action, 'database.restore');
  assert.equal((await daemon.json(['ledger', 'verify'])).ok, true);
});

it('never stands where nufid keeps its own, nor in the place of what is no file', async () => {
  const { daemon } = home;
  const data = path.join(daemon.home, 'data', 'nufi');
  fs.symlinkSync(data, file('elsewhere'));
  fs.linkSync(path.join(data, 'nufi.db'), file('hard.db'));
  fs.symlinkSync(path.join(data, 'nufi.db'), file('soft.db'));
  assert.equal((await run('mkfifo', [file('pipe')], { env: process.env })).code, 0);
  const inode = fs.statSync(path.join(data, 'nufi.db')).ino;
  const places = [
    ...['nufi.db', 'nufi.db-wal', 'secret.key', 'traces.db', 'mine.db', 'journal/x'].map((name) => path.join(data, name)),
    ...['elsewhere/nufi.db', 'hard.db', 'soft.db', 'pipe', 'data/../data/nufi/nufi.db'].map(file),
  ];
  for (const place of places) {
    const made = await daemon.nufi(['backup', place, '--yes']);
    assert.equal(made.code, 2, place);
    assert.match(made.stderr, /^hint: name another file/m);
  }
  fs.symlinkSync(path.join(data, 'secret.key'), file('k.db.key'));
  const key = await daemon.nufi(['backup', file('k.db'), '--with-key', '--yes']);
  assert.equal(key.code, 2);
  assert.ok(!fs.existsSync(file('k.db')));
  const report = await daemon.nufi(['run', '--json-report', path.join(data, 'nufi.db'), '--', 'true']);
  assert.equal(report.code, 2, report.stderr);
  assert.equal(fs.statSync(path.join(data, 'nufi.db')).ino, inode);
  assert.ok(fs.lstatSync(file('pipe')).isFIFO());
  assert.ok(fs.lstatSync(file('soft.db')).isSymbolicLink());
  assert.equal((await daemon.json(['ledger', 'verify'])).ok, true);
});
