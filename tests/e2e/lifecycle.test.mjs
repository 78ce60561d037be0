// The daemon's life: one per data directory, graceful ends, restarts, its configuration.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { call, chat, Connection, openStream, requestBytes } from './support/client.mjs';
import { Daemon, nufidPath, patience, run } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { chunk } from './support/provider.mjs';
import { sseData } from './support/wire.mjs';
import { until } from './support/wait.mjs';

describe('lifecycle', () => {
  const h = house();

  it('a second daemon on the same data says who holds it and exits 1', async () => {
    const second = await run(nufidPath, ['--listen', '127.0.0.1:0', '--console-listen', 'off'], {
      env: h.daemon.env,
    });
    assert.equal(second.code, 1);
    assert.match(second.stderr, new RegExp(`^error: .*\\b${h.daemon.pid}\\b`, 'm'));
    assert.equal(second.stdout, '');
    assert.equal((await h.daemon.nufi(['status'])).code, 0, 'the first is unharmed');
  });

  it('a taken port is said, exit 1', async () => {
    const env = {
      ...h.daemon.env,
      XDG_DATA_HOME: `${h.daemon.home}/d2`,
      XDG_RUNTIME_DIR: `${h.daemon.home}/r2`,
    };
    fs.mkdirSync(env.XDG_RUNTIME_DIR, { mode: 0o700 });
    const second = await run(nufidPath, ['--listen', `127.0.0.1:${h.port}`, '--console-listen', 'off'], {
      env,
    });
    assert.equal(second.code, 1);
    assert.match(second.stderr, new RegExp(`^error: .*${h.port}`, 'm'));
    assert.match(second.stderr, /^hint: /m);
  });

  for (const [address, ok] of Object.entries({
    '0.0.0.0:0': false,
    '10.255.0.1:0': false,
    '127.0.0.2:0': true,
  })) {
    it(`--listen ${address} ${ok ? 'is fine' : 'needs --allow-remote'}`, async () => {
      const result = await run(
        nufidPath,
        ['--check-config', '--listen', address, '--console-listen', 'off'],
        { env: h.daemon.env },
      );
      assert.equal(result.code === 0, ok, result.stderr);
      if (!ok) assert.match(result.stderr, /--allow-remote/);
    });
  }

  it('--version and --check-config', async () => {
    const version = await run(nufidPath, ['--version'], { env: h.daemon.env });
    assert.equal(version.code, 0);
    assert.match(version.stdout, /^nufid \d+\.\d+\.\d+\n$/);
    const nufi = await h.daemon.nufi(['--version']);
    assert.match(nufi.stdout, /^nufi \d+\.\d+\.\d+\n$/);
    const wrong = await run(nufidPath, ['--check-config', '--durability', 'hope'], { env: h.daemon.env });
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /^error: /m);
  });

  it('SIGTERM lets a running stream finish, and takes no new call', async () => {
    const { key } = await h.daemon.key({ name: 'drain' });
    let finish;
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      await exchange.event(chunk({ content: 'before' }));
      await new Promise((resolve) => (finish = resolve));
      await exchange.event(chunk({ content: 'after' }));
      await exchange.event('[DONE]');
      await exchange.finish();
    };
    const stream = await openStream(h.port, key);
    await stream.untilBody('before');
    const idle = await Connection.open(h.port);
    const stopped = h.daemon.terminate();
    const open = async () => {
      const connection = await Connection.open(h.port).catch(() => undefined);
      if (!connection) return false;
      connection.write(requestBytes({ method: 'GET', path: '/v1/models', key }));
      const reply = await connection.reply({ ms: 3000 * patience }).catch(() => undefined);
      connection.close();
      return reply?.status === 200;
    };
    await until(async () => !(await open()), 5000 * patience, 'the door to close');
    const late = await call(h.port, { method: 'GET', path: '/v1/models', key });
    assert.equal(late.status, 503);
    assert.equal(late.json.error.code, 'shutting_down');
    assert.equal(late.headers['retry-after'], '1');
    await idle.untilClosed(5000 * patience);
    finish();
    const reply = await stream.reply();
    assert.equal(sseData(reply.text).at(-1), '[DONE]');
    assert.match(reply.text, /after/);
    assert.equal((await stopped).code, 0);
    assert.equal(fs.existsSync(h.daemon.socket), false, 'the socket is gone');
    await h.daemon.launch();
    h.port = h.daemon.port;
    const row = (await h.daemon.rows())[0];
    assert.equal(row.status, 'ok');
  });

  it('a restart keeps keys, spending, upstreams, prices and settings', async () => {
    const made = await h.daemon.key({ name: 'kept', budget: 1 });
    await h.daemon.ok(['config', 'set', 'timezone', 'Europe/Berlin']);
    assert.equal((await chat(h.port, made.key, { max_tokens: 50 })).status, 200);
    const snapshot = async () => ({
      key: await h.daemon.showKey('kept'),
      upstreams: (await h.daemon.json(['upstreams', 'list'])).data.map(({ name, url, priority }) => ({
        name,
        url,
        priority,
      })),
      timezone: await h.daemon.ok(['config', 'get', 'timezone']),
      requests: (await h.daemon.rows()).length,
    });
    const before_ = await snapshot();
    assert.ok(before_.key.spent_usd > 0);
    assert.match(before_.timezone, /Europe\/Berlin/);
    assert.equal((await h.daemon.terminate('SIGINT')).code, 0);
    await h.daemon.launch();
    h.port = h.daemon.port;
    assert.deepEqual(await snapshot(), before_);
    assert.equal((await chat(h.port, made.key, { max_tokens: 50 })).status, 200);
    await h.daemon.ok(['config', 'set', 'timezone', 'UTC']);
  });

  it('a socket left by a dead daemon is replaced', async () => {
    await h.daemon.kill9();
    assert.ok(fs.existsSync(h.daemon.socket));
    await h.daemon.launch();
    h.port = h.daemon.port;
    assert.equal((await h.daemon.nufi(['status'])).code, 0);
  });

  it('a data directory that others may write to is refused', async () => {
    const home = path.join(h.daemon.home, 'loose');
    fs.mkdirSync(path.join(home, 'nufi'), { recursive: true });
    fs.chmodSync(path.join(home, 'nufi'), 0o777);
    const result = await run(
      nufidPath,
      ['--listen', '127.0.0.1:0', '--console-listen', 'off', '--data-dir', path.join(home, 'nufi')],
      {
        env: { ...h.daemon.env, XDG_RUNTIME_DIR: home },
        timeout: 10_000 * patience,
      },
    );
    assert.equal(result.code, 1, result.stderr);
    assert.match(result.stderr, /^hint: .*chmod/m);
  });
});

describe('the configuration file', () => {
  let daemon;
  after(() => daemon?.stop());
  before(async () => {
    daemon = await Daemon.start();
  });

  it('every flag may stand in nufid.toml; a flag on the command line wins', async () => {
    await daemon.terminate();
    const dir = path.join(daemon.home, 'config/nufi');
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
    fs.writeFileSync(
      path.join(dir, 'nufid.toml'),
      'demo = true\nlisten = "127.0.0.1:1"\nmax-body = 2048\nlog-format = "json"\n',
      { mode: 0o600 },
    );
    fs.truncateSync(daemon.logPath);
    await daemon.launch();
    const { key } = await daemon.key();
    assert.equal((await chat(daemon.port, key, { model: 'nufi-echo' })).status, 200);
    assert.equal((await chat(daemon.port, key, { model: 'nufi-echo', user: 'x'.repeat(3000) })).status, 413);
    await daemon.terminate();
    const lines = daemon.log().trim().split('\n').filter(Boolean);
    assert.ok(lines.length > 0);
    lines.forEach((line) => JSON.parse(line));
    await daemon.launch();
  });

  it('a mistake in it is said with its name, exit 2', async () => {
    const file = path.join(daemon.home, 'bad.toml');
    fs.writeFileSync(file, 'no-such-flag = 1\n', { mode: 0o600 });
    const result = await run(nufidPath, ['--check-config', '--config', file], { env: daemon.env });
    assert.equal(result.code, 2, result.stderr);
    assert.match(result.stderr, /no-such-flag/);
  });
});
