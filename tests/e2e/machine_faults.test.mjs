// What the machine does to a running daemon: no descriptors left, a clock that jumps, a process that
// is stopped. Calls that run are unharmed, refusals are clear, and service is back by itself.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { before, describe, it } from 'node:test';

import { Connection, chat, chatBody, openStream, requestBytes } from './support/client.mjs';
import { Daemon, nufidPath, patience, run } from './support/daemon.mjs';
import { bill, chunk, usage, usageChunk } from './support/provider.mjs';
import { Upstream } from './support/upstream.mjs';
import { times, until } from './support/wait.mjs';

const fields = { max_tokens: 10 };
const nano = (usd) => Math.round(usd * 1e9);

async function withHouse(options, body) {
  const upstream = await Upstream.start();
  let daemon;
  try {
    daemon = await Daemon.start(options);
    await daemon.addUpstream(upstream);
    await body(daemon, upstream);
  } finally {
    await daemon?.stop();
    await upstream.stop();
  }
}
const verified = async (daemon) => {
  const proof = await daemon.json(['ledger', 'verify']);
  assert.equal(proof.ok, true, JSON.stringify(proof));
};

async function isSanitized() {
  const { stdout } = await run('ldd', [nufidPath], { env: process.env });
  return /lib(asan|tsan|ubsan)/.test(stdout);
}

describe('64 descriptors and 200 connections', () => {
  it('those too many are refused clearly, running calls are unharmed, and service is back', async (t) => {
    // Checking an object's type takes a pipe.
    if (await isSanitized()) return t.skip('a sanitizer needs descriptors of its own');
    await withHouse({ under: ['prlimit', '--nofile=64:64'] }, async (daemon, upstream) => {
      const key = await daemon.key({ budget: 5 });
      // Two streams that run all the while.
      const going = [];
      upstream.handler = async (exchange) => {
        await exchange.begin();
        await exchange.event(chunk({ content: 'one' }));
        await new Promise((resolve) => going.push(resolve));
        await exchange.event(chunk({ content: 'two' }));
        await exchange.event(usageChunk(usage(5, 2)));
        await exchange.event('[DONE]');
        return exchange.finish();
      };
      const streams = await times(2, 2, () => openStream(daemon.port, key.key, fields));
      for (const stream of streams) await stream.untilBody('one');
      upstream.handler = bill();

      const many = await times(200, 200, () => Connection.open(daemon.port));
      many.forEach((connection) =>
        connection.write(requestBytes({ key: key.key, body: JSON.stringify(chatBody(fields)) })),
      );
      const replies = await Promise.all(many.map((connection) => connection.reply({ ms: 20_000 * patience })));
      const served = replies.filter((reply) => reply?.status === 200).length;
      const refused = replies.filter((reply) => reply?.status === 503);
      assert.equal(served + refused.length, 200, `${replies.map((reply) => reply?.status)}`);
      assert.ok(served > 0 && refused.length > 0, `${served} served`);
      for (const reply of refused) {
        assert.equal(JSON.parse(reply.text).error.code, 'overloaded', reply.text);
        assert.ok(Number(reply.headers['retry-after']) >= 1);
      }
      assert.equal(upstream.requests.length, served + 2, 'a refused call is not forwarded');
      const status = await daemon.json(['status']); // the socket of the management API still answers
      assert.deepEqual([status.ledger_writable, status.calls_in_flight], [true, 2]);

      going.forEach((go) => go());
      for (const stream of streams) await stream.untilBody('[DONE]');
      [...many, ...streams].forEach((connection) => connection.close());
      await until(
        async () => (await chat(daemon.port, key.key, fields)).status === 200,
        10_000 * patience,
        'service to be back',
      );
      await verified(daemon);
      const rows = await daemon.rows();
      assert.deepEqual(new Set(rows.map((row) => row.status)), new Set(['ok']));
    });
  });
});

describe('a process that is stopped', () => {
  it('SIGSTOP and SIGCONT in the middle of calls: they end as if nothing had been', async () => {
    await withHouse({}, async (daemon, upstream) => {
      const key = await daemon.key({ budget: 5 });
      let go;
      upstream.handler = async (exchange) => {
        await exchange.begin();
        await exchange.event(chunk({ content: 'one' }));
        await new Promise((resolve) => (go = resolve));
        await exchange.event(chunk({ content: 'two' }));
        await exchange.event(usageChunk(usage(5, 2)));
        await exchange.event('[DONE]');
        return exchange.finish();
      };
      const stream = await openStream(daemon.port, key.key, fields);
      await stream.untilBody('one');
      upstream.handler = bill();
      process.kill(daemon.pid, 'SIGSTOP');
      const sent = upstream.requests.length;
      const meanwhile = times(10, 10, () => chat(daemon.port, key.key, fields));
      go();
      // It asks and waits: a stopped daemon says nothing, not even that it is stopped.
      const asked = daemon.nufi(['status', '--json']);
      const stat = () => fs.readFileSync(`/proc/${daemon.pid}/stat`, 'utf8');
      await until(() => stat().includes(') T '), 10_000 * patience, 'the process to stand still');
      assert.equal(upstream.requests.length, sent, 'a stopped process forwards nothing');
      process.kill(daemon.pid, 'SIGCONT');
      assert.equal((await asked).code, 0);
      await stream.untilBody('[DONE]');
      assert.deepEqual(new Set((await meanwhile).map((reply) => reply.status)), new Set([200]));
      stream.close();
      await until(async () => (await daemon.json(['status'])).held_usd === 0, 10_000 * patience, 'no hold');
      await verified(daemon);
      assert.equal((await daemon.rows()).filter((row) => row.status === 'ok').length, 11);
    });
  });
});

describe('a clock that jumps', () => {
  const library = fs
    .readdirSync('/usr/lib', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join('/usr/lib', entry.name, 'faketime', 'libfaketimeMT.so.1'))
    .find((file) => fs.existsSync(file));
  const day = 86_400;
  let why; // the clock can't be moved
  before(async () => {
    if (!library) why = 'faketime is not installed';
    // Either wants to be the first library.
    else if (await isSanitized()) why = 'not with sanitizers';
  });

  /// `under` starts nufid with a clock that `set(seconds)` moves. Only the wall clock: what waits
  /// goes by the steady one, which nobody can set.
  function movableClock(t) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-e2e-clock-'));
    t.after(() => fs.rmSync(dir, { recursive: true }));
    const file = path.join(dir, 'offset');
    const set = (seconds) => {
      fs.writeFileSync(`${file}.new`, `${seconds >= 0 ? '+' : ''}${seconds}`);
      fs.renameSync(`${file}.new`, file);
    };
    set(0);
    const settings = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1', // newer versions call it so
    };
    return { set, under: ['env', ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)] };
  }

  it('forward and back while it runs: no budget opens twice, no call is lost, deadlines hold', async (t) => {
    if (why) return t.skip(why);
    const { set, under } = movableClock(t);
    await withHouse({ under, args: ['--hold-wait', '0s'] }, async (daemon, upstream) => {
      const now = async () => {
        const reply = await chat(daemon.port, (await daemon.key()).key, fields);
        assert.equal(reply.status, 200, reply.text);
        return Date.parse((await daemon.rows())[0].time);
      };
      const ceiling = 200_000; // room for one call of `fields`, not for two
      const key = await daemon.key({ name: 'daily', budget: ceiling / 1e9, 'budget-period': 'day' });
      upstream.handler = bill({ prompt: () => 20, output: () => 10 });
      const status = async () => (await chat(daemon.port, key.key, fields)).status;
      const spent = async () => nano((await daemon.showKey(key.id)).spent_usd);
      assert.equal(await status(), 200);
      assert.equal(await status(), 429, 'the day is used up');

      const start = await now();
      set(2 * day);
      assert.ok((await now()) >= start + 1.9 * day * 1000, 'the clock was moved');
      assert.equal(await status(), 200, 'another day');
      assert.equal(await status(), 429);
      set(0);
      assert.equal(await status(), 429, 'set back: the day that is used up stays so');
      assert.equal(await status(), 429);
      set(-40 * day);
      assert.equal(await status(), 429, 'nor does a day long past open again');
      const before = await spent();
      assert.ok(before <= ceiling);
      await verified(daemon);

      // A stream during which the clock jumps, and a restart with the clock set back.
      const free = await daemon.key({ name: 'free' });
      let go;
      upstream.handler = async (exchange) => {
        await exchange.begin();
        await exchange.event(chunk({ content: 'one' }));
        await new Promise((resolve) => (go = resolve));
        await exchange.event(usageChunk(usage(5, 2)));
        await exchange.event('[DONE]');
        return exchange.finish();
      };
      const stream = await openStream(daemon.port, free.key, fields);
      await stream.untilBody('one');
      set(400 * day);
      go();
      await stream.untilBody('[DONE]');
      stream.close();
      upstream.handler = bill();
      set(-1 * day);
      await daemon.kill9();
      await daemon.launch();
      assert.equal((await chat(daemon.port, free.key, fields)).status, 200);
      await verified(daemon);
      const rows = await daemon.rows();
      assert.equal(rows.length, upstream.requests.length, 'every call is there once');
      assert.equal(new Set(rows.map((row) => row.id)).size, rows.length);
      const shown = await daemon.json(['status']);
      assert.deepEqual([shown.calls_in_flight, shown.held_usd, shown.ledger_writable], [0, 0, true]);
    });
  });

  it('a lease counts by time that passes', async (t) => {
    if (why) return t.skip(why);
    const { set, under } = movableClock(t);
    await withHouse({ under }, async (daemon) => {
      const mint = async (name, seconds) => {
        const wish = { name, lease_seconds: seconds };
        return (await daemon.api('POST', '/v1/projects/default/inference/keys', wish)).json;
      };
      const code = async (key) => {
        const reply = await chat(daemon.port, key.key, fields);
        return reply.json.error?.code ?? reply.status;
      };
      const long = await mint('long', 600);
      const short = await mint('short', 5);
      const at = Date.now();
      for (const jump of [3600, -3600]) {
        set(jump);
        assert.deepEqual([await code(long), await code(short)], [200, 200], 'nothing ends');
        const left = Date.parse((await daemon.showKey(long.id)).lease_expires_at) - Date.now() - jump * 1000;
        assert.ok(left > 500_000 && left <= 600_000, `${left} ms`);
      }
      await until(async () => (await code(short)) !== 200, 8_000 * patience, 'the end of the lease');
      assert.ok(Date.now() - at > 4000);
      set(0);
      const renewed = await daemon.api('POST', '/v1/inference/keys/long/lease', { lease_seconds: 600 });
      assert.equal(renewed.status, 200);
      assert.equal(await code(long), 200);
      await verified(daemon);
    });
  });

  it('an expiry counts by the clock as it is now', async (t) => {
    if (why) return t.skip(why);
    const { set, under } = movableClock(t);
    await withHouse({ under }, async (daemon) => {
      const key = await daemon.key({ expires: '30d' });
      assert.equal((await chat(daemon.port, key.key, fields)).status, 200);
      set(31 * day);
      const late = await chat(daemon.port, key.key, fields);
      assert.deepEqual([late.status, late.json.error.code], [401, 'key_expired']);
    });
  });
});
