// What the machine does to it: full disk, broken files, no descriptors, a stopped process. Each time
// nothing is forwarded unpaid, the message says why, and service is back by itself.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';

import { chat } from './support/client.mjs';
import { Daemon, nufidPath, patience, run, short } from './support/daemon.mjs';
import { bill } from './support/provider.mjs';
import { Upstream } from './support/upstream.mjs';
import { times, until } from './support/wait.mjs';

const fields = { max_tokens: 10 };
const mib = 1 << 20;

/// A home whose data directory is a file system of its own, of `size` MiB. Undefined if we may not.
async function smallDisk(size) {
  if (process.getuid() !== 0) return undefined;
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-e2e-disk-'));
  const disk = path.join(home, 'data');
  fs.mkdirSync(disk, { mode: 0o700 });
  const options = `size=${size}m,mode=700`;
  const { code } = await run('mount', ['-t', 'tmpfs', '-o', options, 'nufi-e2e', disk], { env: process.env });
  if (code !== 0) {
    fs.rmSync(home, { recursive: true });
    return undefined;
  }
  const drop = async () => {
    await run('umount', ['-l', disk], { env: process.env });
    fs.rmSync(home, { recursive: true, force: true });
  };
  return { home, disk, drop };
}

/// Takes all that is left of a disk; remove the file to give it back.
function fill(file) {
  const fd = fs.openSync(file, 'w');
  for (let size = mib; size >= 1; size = size === mib ? 4096 : size === 4096 ? 1 : 0) {
    const block = Buffer.alloc(size, 'x');
    try {
      for (;;) if (fs.writeSync(fd, block) < size) break;
    } catch (error) {
      assert.equal(error.code, 'ENOSPC');
    }
  }
  fs.closeSync(fd);
}

/// Starts nufid where it is expected to give up; how it ended and what it said.
function startInVain(daemon, { args = [], env = {} } = {}) {
  const flags = ['--listen', '127.0.0.1:0', '--console-listen', 'off', ...daemon.args, ...args];
  return run(nufidPath, flags, { env: { ...daemon.env, ...env }, timeout: 20_000 * patience });
}

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

/// Another process that holds the database's write lock until it is told to let go.
async function lockDatabase(daemon) {
  const db = path.join(daemon.home, 'data', 'nufi', 'nufi.db');
  const holder = spawn('sqlite3', [db], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => holder.on('close', resolve));
  let said = '';
  holder.stdout.on('data', (data) => (said += data));
  holder.stdin.write(".timeout 5000\nBEGIN IMMEDIATE;\nSELECT 'locked';\n");
  await until(() => said.includes('locked'), 10_000 * patience, 'the lock');
  return {
    release() {
      holder.stdin.end('ROLLBACK;\n.quit\n');
      return ended;
    },
  };
}

const isRefusedForStorage = (reply) => {
  assert.deepEqual([reply.status, reply.json.error.code], [503, 'storage_unavailable'], reply.text);
  assert.equal(reply.json.error.type, 'server_error');
  assert.ok(Number(reply.headers['retry-after']) >= 1);
};
const verified = async (daemon) => {
  const proof = await daemon.json(['ledger', 'verify']);
  assert.equal(proof.ok, true, JSON.stringify(proof));
};

describe('a full disk', () => {
  for (const durability of short ? ['power'] : ['power', 'process']) {
    it(`refuses calls, keeps what ran, and serves again when there is room (${durability})`, async (t) => {
      const small = await smallDisk(48);
      if (!small) return t.skip('mounting needs root');
      t.after(small.drop);
      const args = ['--durability', durability];
      await withHouse({ args, home: small.home }, async (daemon, upstream) => {
        const key = await daemon.key({ budget: 1 });
        // One call is on its way when the disk fills up: it must end and be booked.
        let release;
        upstream.handler = (exchange) =>
          new Promise((resolve) => (release = () => resolve(bill()(exchange))));
        const running = chat(daemon.port, key.key, fields);
        await until(() => release, 10_000 * patience, 'a call at the upstream');
        upstream.handler = bill();

        const filler = path.join(small.disk, 'filler');
        fill(filler);
        // Calls pass while the journal has prepared room, and are booked; then they are refused.
        let served = 0;
        const refused = await until(
          async () => {
            const replies = await times(256, 16, () => chat(daemon.port, key.key, fields));
            served += replies.filter((reply) => reply.status === 200).length;
            return replies.find((reply) => reply.status !== 200);
          },
          60_000 * patience,
          'a refusal',
        );
        isRefusedForStorage(refused);
        assert.equal(upstream.requests.length, served + 1, 'a refused call never reaches the upstream');
        const status = await daemon.nufi(['status', '--json']);
        assert.notEqual(status.code, 0);
        const told = JSON.parse(status.stdout);
        assert.equal(told.ledger_writable, false);
        assert.match(told.ledger_problem, /full|space/i);
        assert.match(daemon.log(), /ledger not writable|journal/);
        const show = await daemon.nufi(['keys', 'create', '--name', 'no-room']);
        assert.equal(show.code, 1);
        assert.match(show.stderr, /full|space/i);
        release();
        assert.equal((await running).status, 200, 'a call that was on its way ends');

        fs.rmSync(filler);
        await until(
          async () => (await chat(daemon.port, key.key, fields)).status === 200,
          15_000 * patience,
          'service to be back',
        );
        served += 1;
        const back = await daemon.json(['status']);
        assert.deepEqual([back.ledger_writable, back.calls_in_flight, back.held_usd], [true, 0, 0]);
        await verified(daemon);
        const rows = await daemon.rows();
        assert.equal(rows.filter((row) => row.status === 'ok').length, served + 1);
        assert.equal(upstream.requests.length, served + 1);
      });
    });
  }

  it('is never the work of traces: they stop before calls do, and can all be deleted', async (t) => {
    const small = await smallDisk(64);
    if (!small) return t.skip('mounting needs root');
    t.after(small.drop);
    await withHouse({ home: small.home }, async (daemon, upstream) => {
      const key = await daemon.key({ budget: 100 });
      upstream.handler = bill();
      await daemon.ok(['traces', 'on']);
      const prompt = crypto.randomBytes(400_000).toString('hex');
      const say = () => chat(daemon.port, key.key, { ...fields, messages: [{ role: 'user', content: prompt }] });
      const told = () => daemon.json(['traces', 'on']);
      let problem;
      for (let i = 0; i < 80 && !problem; ++i) {
        assert.equal((await say()).status, 200);
        ({ problem } = await told());
      }
      assert.match(problem, /free, and traces leave 16 MiB of it for calls/);
      for (let i = 0; i < 10; ++i) assert.equal((await say()).status, 200);
      assert.equal((daemon.log().match(/traces are lost/g) ?? []).length, 1);
      const free = fs.statfsSync(small.disk);
      assert.ok(free.bavail * free.bsize > 12 * mib, 'room is left');
      // Somebody else takes the rest: what is wanted now is to get rid of traces.
      fill(path.join(small.disk, 'filler'));
      const deleted = await daemon.nufi(['traces', 'delete', '--all', '--yes']);
      assert.equal(deleted.code, 0, deleted.stderr);
      assert.ok(!fs.existsSync(path.join(small.disk, 'nufi', 'traces.db')));
      await daemon.ok(['traces', 'off']);
      assert.equal((await daemon.json(['audit', '--last', '9'])).data.filter((each) => each.action === 'trace.delete').length, 1);
      await verified(daemon);
    });
  });

  it('at the start says so and exits 1', async (t) => {
    const small = await smallDisk(48);
    if (!small) return t.skip('mounting needs root');
    t.after(small.drop);
    fs.mkdirSync(path.join(small.disk, 'nufi'), { mode: 0o700 });
    fill(path.join(small.disk, 'filler'));
    const env = {
      PATH: process.env.PATH,
      HOME: small.home,
      XDG_DATA_HOME: small.disk,
      XDG_RUNTIME_DIR: path.join(small.home, 'run'),
    };
    fs.mkdirSync(env.XDG_RUNTIME_DIR, { mode: 0o700 });
    const ended = await startInVain({ args: [], env });
    assert.equal(ended.code, 1, ended.stderr);
    assert.match(ended.stderr, /^error: .*(full|space|disk)/im);
  });
});

describe('a database that can not be written', () => {
  it('somebody else holds it: calls are refused when the books can not be kept, then served', async () => {
    await withHouse({}, async (daemon, upstream) => {
      const key = await daemon.key({ budget: 1 });
      const holder = await lockDatabase(daemon);
      // The journal takes calls as long as there is hope that the lock goes away.
      const refused = await until(
        async () => {
          const reply = await chat(daemon.port, key.key, fields);
          return reply.status !== 200 && reply;
        },
        30_000 * patience,
        'a refusal',
      );
      isRefusedForStorage(refused);
      const status = await daemon.nufi(['status']);
      assert.notEqual(status.code, 0);
      assert.match(status.stdout, /locked/);
      const sent = upstream.requests.length;
      isRefusedForStorage(await chat(daemon.port, key.key, fields));
      assert.equal(upstream.requests.length, sent);
      await holder.release();
      await until(
        async () => (await chat(daemon.port, key.key, fields)).status === 200,
        20_000 * patience,
        'service to be back',
      );
      await verified(daemon);
      assert.equal((await daemon.rows()).length, upstream.requests.length, 'every call is booked once');
    });
  });

  it('a read-only disk at the start: nufid says so, exits 1, and starts when it is writable', async (t) => {
    const small = await smallDisk(48);
    if (!small) return t.skip('mounting needs root');
    t.after(small.drop);
    const remount = async (how) => {
      const done = await run('mount', ['-o', `remount,${how}`, small.disk], { env: process.env });
      assert.equal(done.code, 0, done.stderr);
    };
    await withHouse({ home: small.home }, async (daemon, upstream) => {
      const key = await daemon.key();
      await daemon.terminate();
      await remount('ro');
      const ended = await startInVain(daemon);
      await remount('rw');
      assert.equal(ended.code, 1, ended.stderr);
      assert.match(ended.stderr, /^error: .*read-only/im);
      assert.match(ended.stderr, /^hint: /m);
      await daemon.launch();
      assert.equal((await chat(daemon.port, key.key, fields)).status, 200);
      assert.equal(upstream.requests.length, 1);
    });
  });

  it('a file nufid may not open: the start names it', async () => {
    await withHouse({}, async (daemon) => {
      await daemon.terminate();
      const db = path.join(daemon.home, 'data', 'nufi', 'nufi.db');
      fs.renameSync(db, `${db}.away`);
      fs.mkdirSync(db); // root passes permissions by, but can't write into this either
      const ended = await startInVain(daemon);
      assert.equal(ended.code, 1, ended.stderr);
      assert.match(ended.stderr, /^error: the database can't be opened/m);
      assert.match(ended.stderr, /^hint: .*nufi\.db/m);
      fs.rmdirSync(db);
      fs.renameSync(`${db}.away`, db);
      await daemon.launch();
    });
  });
});

describe('broken files', () => {
  const dataOf = (daemon) => path.join(daemon.home, 'data', 'nufi');
  /// Stops it. All is in the one file then: SQLite's log is gone.
  async function stopped(daemon) {
    assert.deepEqual(await daemon.terminate(), { code: 0, signal: null });
    for (const name of ['nufi.db-wal', 'nufi.db-shm']) {
      assert.ok(!fs.existsSync(path.join(dataOf(daemon), name)), name);
    }
  }

  it('a database that is none: the start says so, exits 1 and leaves it as it is', async () => {
    await withHouse({}, async (daemon) => {
      await stopped(daemon);
      const db = path.join(dataOf(daemon), 'nufi.db');
      const good = fs.readFileSync(db);
      const bad = Buffer.alloc(good.length, 'not a database ');
      fs.writeFileSync(db, bad);
      const ended = await startInVain(daemon);
      assert.equal(ended.code, 1, ended.stderr);
      assert.match(ended.stderr, /^error: .*(not a database|damaged)/m);
      assert.match(ended.stderr, /^hint: .*nufi\.db/m);
      assert.ok(fs.readFileSync(db).equals(bad), 'it is left for who can mend it');
      fs.writeFileSync(db, good);
      await daemon.launch();
      await verified(daemon);
    });
  });

  it('a database with pages overwritten: nothing is served on books that can not be read', async () => {
    await withHouse({}, async (daemon, upstream) => {
      const key = await daemon.key({ budget: 1 });
      await times(20, 4, () => chat(daemon.port, key.key, fields));
      await stopped(daemon);
      const db = path.join(dataOf(daemon), 'nufi.db');
      const good = fs.readFileSync(db);
      const bad = Buffer.from(good);
      bad.fill(0x5a, 4096, bad.length);
      fs.writeFileSync(db, bad);
      const sent = upstream.requests.length;
      const ended = await startInVain(daemon);
      assert.equal(ended.code, 1, ended.stderr);
      assert.match(ended.stderr, /^error: .*(malformed|corrupt|damaged|not a database)/m);
      assert.match(ended.stderr, /^hint: /m);
      assert.equal(upstream.requests.length, sent);
      fs.writeFileSync(db, good);
      await daemon.launch();
      await verified(daemon);
    });
  });

  it('a journal with a torn end: what was whole is booked, nothing is invented, the books agree', async () => {
    await withHouse({ args: ['--durability', 'process'] }, async (daemon, upstream) => {
      const key = await daemon.key({ budget: 1 });
      const holder = await lockDatabase(daemon); // so that only the journal knows of the calls
      await times(20, 4, () => chat(daemon.port, key.key, fields));
      await daemon.kill9();
      await holder.release();
      const journal = path.join(dataOf(daemon), 'journal');
      let torn = 0;
      for (const name of fs.readdirSync(journal)) {
        const file = path.join(journal, name);
        const bytes = fs.readFileSync(file);
        let end = bytes.length;
        while (end > 64 && bytes[end - 1] === 0) end--;
        if (end <= 64) continue;
        // As a write that was cut by a dying machine leaves it.
        bytes.fill(0xa5, end, end + 300);
        fs.writeFileSync(file, bytes.subarray(0, end + 300));
        torn += 1;
      }
      assert.equal(torn, 1);
      fs.writeFileSync(path.join(journal, '99999.journal'), 'short');
      fs.writeFileSync(path.join(journal, '7.journal.tmp'), 'left behind');
      await daemon.launch();
      assert.equal((await daemon.rows()).length, upstream.requests.length);
      await verified(daemon);
      assert.equal((await chat(daemon.port, key.key, fields)).status, 200);
      await verified(daemon);
    });
  });

  it('a journal broken in its middle: the start tells, and reads on behind the break', async () => {
    await withHouse({ args: ['--durability', 'process'] }, async (daemon, upstream) => {
      const key = await daemon.key({ budget: 1 });
      const holder = await lockDatabase(daemon);
      await times(20, 4, () => chat(daemon.port, key.key, fields));
      await daemon.kill9();
      await holder.release();
      const journal = path.join(dataOf(daemon), 'journal');
      for (const name of fs.readdirSync(journal)) {
        const file = path.join(journal, name);
        const bytes = fs.readFileSync(file);
        let end = bytes.length;
        while (end > 64 && bytes[end - 1] === 0) end--;
        if (end <= 64) continue;
        bytes[Math.floor(end / 2)] ^= 0xff;
        fs.writeFileSync(file, bytes);
      }
      await daemon.launch();
      // The books agree, and the break is not passed over in silence.
      const { stdout } = await daemon.nufi(['ledger', 'verify', '--json']);
      for (const { what } of JSON.parse(stdout).faults) assert.match(what, /journal .* damaged/);
      const rows = await daemon.rows();
      assert.ok(rows.length >= upstream.requests.length - 1, 'only the broken record is lost');
      assert.match(daemon.log(), /error journal damaged/);
      assert.equal((await chat(daemon.port, key.key, fields)).status, 200);
    });
  });

  it('a lost key file: the daemon says it and what to do, and never makes a new one unasked', async () => {
    await withHouse({}, async (daemon, upstream) => {
      const key = await daemon.key();
      assert.equal((await chat(daemon.port, key.key, fields)).status, 200);
      await daemon.terminate();
      const file = path.join(dataOf(daemon), 'secret.key');
      fs.renameSync(file, `${file}.away`);
      const sent = upstream.requests.length;
      await daemon.launch();
      const reply = await chat(daemon.port, key.key, fields);
      assert.ok(reply.status >= 500, reply.text);
      assert.match(reply.text, /secret|key file|credential/i);
      assert.equal(upstream.requests.length, sent, 'nothing goes out without its secret');
      const shown = await daemon.nufi(['upstreams', 'list', '--json']);
      assert.match(shown.stdout, /secret|key file|can't be/i);
      await daemon.terminate();
      fs.renameSync(`${file}.away`, file);
      await daemon.launch();
      assert.equal((await chat(daemon.port, key.key, fields)).status, 200);
    });
  });
});

describe('a pipe or a device in the place of a file', () => {
  const pipe = async (file) => {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    fs.rmSync(file, { force: true });
    assert.equal((await run('mkfifo', ['-m', '600', file], { env: process.env })).code, 0);
  };

  it('nobody waits for it, and whoever needs the file says what stands there', async () => {
    await withHouse({}, async (daemon) => {
      await daemon.terminate();
      const key = path.join(daemon.home, 'data', 'nufi', 'secret.key');
      fs.renameSync(key, `${key}.away`);
      await pipe(key);
      const keyless = await startInVain(daemon);
      assert.equal(keyless.code, 1);
      assert.match(keyless.stderr, /^error: key file .* is a pipe, not a file/m);
      fs.renameSync(`${key}.away`, key);

      const config = path.join(daemon.home, 'config', 'nufi', 'nufid.toml');
      await pipe(config);
      for (const ended of [await startInVain(daemon), await daemon.nufi(['up'])]) {
        assert.equal(ended.code, 2, ended.stderr);
        assert.match(ended.stderr, /nufid\.toml is a pipe, not a file/);
      }
      assert.match((await daemon.nufi(['doctor'])).stdout, /nufid\.toml is a pipe/);
      fs.rmSync(config);
      fs.symlinkSync('/dev/zero', config);
      assert.match((await startInVain(daemon)).stderr, /nufid\.toml is a device, not a file/);
      fs.rmSync(config);

      await pipe(path.join(daemon.home, 'state', 'nufi', 'nufid.log'));
      const unlogged = await daemon.nufi(['up']);
      assert.notEqual(unlogged.code, 0);
      assert.match(unlogged.stderr, /nufid\.log is a pipe, not a file/);
      await daemon.launch();
    });
  });

  it('a price list has an end', async () => {
    await withHouse({}, async (daemon) => {
      const list = path.join(daemon.home, 'prices.json');
      await pipe(list);
      assert.match((await daemon.nufi(['prices', 'import', list])).stderr, /^error: the price list is empty/);
      assert.match((await daemon.nufi(['prices', 'import', '/dev/zero'])).stderr, /is a device, not a file/);
      const price = { mode: 'chat', litellm_provider: 'acme', input_cost_per_token: 1e-6, output_cost_per_token: 1e-6 };
      const input = JSON.stringify({ '\u001b[31mred': price, 'zz\u202e': price, '': price, plain: price });
      const made = await daemon.json(['prices', 'import', '-', '--yes'], { input });
      assert.deepEqual(made.added.map((each) => each.model ?? each.price?.model), ['plain']);
      assert.equal(made.refused.length, 3);
      const shell = `nufi prices import <(printf '%s' '${JSON.stringify({ piped: price })}') --dry-run --json`;
      const piped = await run('bash', ['-c', shell], { env: daemon.env });
      assert.match(piped.stdout, /"piped"/, piped.stderr);
    });
  });
});

describe('two daemons on one data directory', () => {
  it('the second says who holds it and exits 1; the first serves on', async () => {
    await withHouse({}, async (daemon) => {
      const socket = path.join(daemon.home, 'other.sock');
      const second = await startInVain(daemon, { args: ['--socket', socket] });
      assert.equal(second.code, 1);
      assert.match(second.stderr, new RegExp(`^error: another nufid \\(pid ${daemon.pid}\\) uses .*nufi`, 'm'));
      assert.match(second.stderr, /^hint: .*nufi down/m);
      const key = await daemon.key();
      assert.equal((await chat(daemon.port, key.key, fields)).status, 200);
      // A daemon that was killed leaves no lock behind.
      await daemon.kill9();
      await daemon.launch();
    });
  });
});
