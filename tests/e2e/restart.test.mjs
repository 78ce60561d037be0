// nufi up, down and restart: flags, mistakes, a port that is taken, systemd.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { chunk } from './support/provider.mjs';
import { openStream } from './support/client.mjs';
import { nufidPath, nufiPath, patience, run } from './support/daemon.mjs';
import { ctrlC, Terminal } from './support/pty.mjs';
import { Upstream } from './support/upstream.mjs';
import { until } from './support/wait.mjs';

describe('nufi up, down, restart', () => {
  let home;
  let env;
  const nufi = (args, more = {}) =>
    run(nufiPath, args, { timeout: 30_000 * patience, ...more, env: { ...env, ...more.env } });
  const status = async () => JSON.parse((await nufi(['status', '--json'])).stdout);
  const flags = (pid) => fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(1, -1);

  before(() => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-restart-'));
    env = {
      PATH: `${path.dirname(nufidPath)}:${process.env.PATH}`,
      LANG: 'C.UTF-8',
      HOME: home,
      NUFI_LISTEN: '127.0.0.1:0',
      NUFI_CONSOLE_LISTEN: 'off',
      ...Object.fromEntries(Object.entries(process.env).filter(([k]) => /SAN_OPTIONS$/.test(k))),
    };
  });
  after(async () => {
    await nufi(['down']);
    fs.rmSync(home, { recursive: true, force: true });
  });

  it('up says that it runs already; other flags are refused', async () => {
    assert.match((await nufi(['up', '--demo'])).stderr, /is running on/);
    const { pid } = await status();
    const again = await nufi(['up']);
    assert.equal(again.code, 0);
    assert.match(again.stderr, new RegExp(`is running already .*pid ${pid}`));
    assert.equal((await nufi(['up', '--demo'])).code, 0, 'the same flags');
    const other = await nufi(['up', '--', '--log-level', 'debug']);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /^hint: .*nufi restart -- --log-level=debug/m);
    assert.equal((await nufi(['up', '-q'])).stderr, '');
    assert.equal(JSON.parse((await nufi(['up', '--json'])).stdout).pid, pid);
  });

  it('a mistake is found before the running one is stopped', async () => {
    const { pid } = await status();
    const wrong = await nufi(['restart', '--', '--log-level', 'loud']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /^error: .*--log-level/m);
    assert.match(wrong.stderr, /^hint: .*the running nufid goes on/m);
    const file = path.join(home, 'bad.toml');
    fs.writeFileSync(file, 'no-such-flag = 1\n', { mode: 0o600 });
    assert.equal((await nufi(['restart', '--', '--config', file])).code, 2);
    // A flag without its value must not take another one for it.
    for (const words of [['--data-dir', path.join(home, 'x'), '--socket'], ['--data-dir'], ['--listen']]) {
      const half = await nufi(['restart', '--', ...words]);
      assert.equal(half.code, 2, half.stderr);
      assert.match(half.stderr, new RegExp(`^error: .*${words.at(-1)}`, 'm'));
    }
    assert.ok(!fs.existsSync(path.join(home, 'x')));
    for (const other of ['--version', '--help', '--check-config', '--restore=/nowhere']) {
      assert.equal((await nufi(['restart', '--', other])).code, 2, other);
    }
    assert.equal((await status()).pid, pid);
  });

  it('restart keeps the flags, adds those given, and puts others in their place', async () => {
    await nufi(['restart', '--', '--log-level=debug', '--drain-timeout', '9s']);
    assert.deepEqual(flags((await status()).pid), ['--demo', '--log-level=debug', '--drain-timeout=9s']);
    await nufi(['restart', '--', '--log-level=info']);
    assert.deepEqual(flags((await status()).pid), ['--demo', '--drain-timeout=9s', '--log-level=info']);
    assert.equal((await nufi(['restart'])).code, 0);
    assert.deepEqual(flags((await status()).pid), ['--demo', '--drain-timeout=9s', '--log-level=info']);
  });

  it('what only a start can find brings the old one back', async () => {
    const taken = http.createServer().listen(0, '127.0.0.1');
    await until(() => taken.listening, 5_000, 'a port');
    const before = flags((await status()).pid);
    for (const wrong of [
      ['--listen', `127.0.0.1:${taken.address().port}`],
      ['--data-dir', '/proc/1/nothing'],
    ]) {
      const failed = await nufi(['restart', '--', ...wrong]);
      assert.notEqual(failed.code, 0);
      assert.match(failed.stderr, /^error: .*; it runs again with its flags of before/m);
      assert.ok(!failed.stderr.includes('nufi up --'), failed.stderr);
      assert.deepEqual(flags((await status()).pid), before);
    }
    taken.close();
  });

  it('restart goes where the new socket is', async () => {
    const socket = path.join(home, 'else.sock');
    const moved = await nufi(['restart', '--', '--socket', socket]);
    assert.equal(moved.code, 0, moved.stderr);
    assert.equal((await nufi(['--socket', socket, 'down'])).code, 0);
    assert.equal((await nufi(['up', '--', '--demo', '--drain-timeout=9s', '--log-level=info'])).code, 0);
  });

  it('a secret that the next nufid will not have is said', async () => {
    await nufi(['restart'], { env: { SOME_SECRET: 'sk-1' } });
    await nufi(['upstreams', 'add', 'other', '--url', 'http://127.0.0.1:9/v1', '--key-env', 'SOME_SECRET']);
    const warned = await nufi(['restart']);
    assert.equal(warned.code, 0);
    assert.match(warned.stderr, /^warning: SOME_SECRET is not set here.*'other'/m);
    assert.ok(!warned.stderr.includes('sk-1'));
    const fine = await nufi(['restart'], { env: { SOME_SECRET: 'sk-1' } });
    assert.ok(!fine.stderr.includes('SOME_SECRET'));
    await nufi(['upstreams', 'remove', 'other', '--yes']);
  });

  it('down waits for calls, and says for how many', async () => {
    const upstream = await Upstream.start();
    let finish;
    upstream.handler = async (exchange) => {
      await exchange.begin();
      await exchange.event(chunk({ content: 'before' }));
      await new Promise((resolve) => (finish = resolve));
      await exchange.event('[DONE]');
      await exchange.finish();
    };
    await nufi(['upstreams', 'add', 'mock', '--url', upstream.url, '--key-stdin'], { input: upstream.secret });
    await nufi(['prices', 'set', 'test-model', '--input', '1', '--output', '10']);
    const key = (await nufi(['keys', 'create', '--name', 'k', '-q'])).stdout.trim();
    const stream = await openStream(new URL((await status()).inference_url).port, key);
    await stream.untilBody('before');
    // Whoever does not wait leaves nufid to stop by itself.
    const terminal = Terminal.open([nufiPath, 'down'], { env });
    await terminal.shows(/waiting for 1 call to end\nCtrl-C ends the waiting only/);
    await until(async () => (await status()).draining, 5_000 * patience, 'the drain');
    terminal.type(ctrlC);
    assert.equal(await terminal.ends(), 130);
    const stopping = nufi(['down', '--json']);
    await until(() => finish, 5_000 * patience, 'the call');
    await until(async () => (await status()).draining, 5_000 * patience, 'the drain in the status');
    setTimeout(finish, 300);
    const stopped = await stopping;
    assert.equal(stopped.code, 0, stopped.stderr);
    assert.match(stopped.stderr, /^waiting for 1 call to end$/m);
    assert.equal(JSON.parse(stopped.stdout).calls_in_flight, 1);
    const again = await nufi(['down', '--json']);
    assert.equal(again.code, 0);
    assert.equal(JSON.parse(again.stdout).stopped, false);
    await upstream.stop();
  });

  it('a port that is taken: who has it, and where the log is', async () => {
    const server = http.createServer((_, response) => response.end('hello'));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    const failed = await nufi(['up'], { env: { NUFI_LISTEN: `127.0.0.1:${port}` } });
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, new RegExp(`^error: nufid can't start: .*${port}.*not nufid.*pid ${process.pid}`, 'm'));
    assert.match(failed.stderr, /^hint: .*nufi up -- --listen HOST:PORT; .*nufid\.log$/m);
    assert.match(failed.stderr, /^error: /, 'the log stands before the error');
    const misplaced = await nufi(['up', '--listen', '127.0.0.1:0']);
    assert.equal(misplaced.code, 2);
    assert.match(misplaced.stderr, /^hint: .*nufi up -- --listen$/m);
    await new Promise((resolve) => server.close(resolve));
  });

  it('with a unit of systemd, systemd starts, restarts and stops it', async () => {
    const bin = path.join(home, 'bin');
    fs.mkdirSync(bin);
    const log = path.join(home, 'systemctl.log');
    const pid = path.join(home, 'unit.pid');
    fs.writeFileSync(
      path.join(bin, 'systemctl'),
      `#!/bin/sh
echo "$*" >> '${log}'
test "$1" = --user || exit 1
start() { nufid < /dev/null > /dev/null 2>&1 & echo $! > '${pid}'; }
stop() { p=$(cat '${pid}'); kill $p; while test -d /proc/$p && ! grep -q '^State:.Z' /proc/$p/status; do sleep 0.02; done; rm '${pid}'; }
case $2 in
  cat) exit 0;;
  start) start;;
  stop) stop;;
  restart) stop; start;;
  show) cat '${pid}';;
  *) exit 1;;
esac
`,
      { mode: 0o755 },
    );
    const more = { env: { PATH: `${bin}:${env.PATH}` } };
    const orders = () =>
      fs.readFileSync(log, 'utf8').split('\n').filter((line) => /^--user (start|stop|restart)/.test(line));
    assert.equal((await nufi(['up'], more)).code, 0);
    const first = (await status()).pid;
    assert.equal(String(first), fs.readFileSync(pid, 'utf8').trim());
    const refused = await nufi(['restart', '--', '--demo'], more);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /systemctl --user edit nufid/);
    assert.equal((await nufi(['restart'], more)).code, 0);
    assert.notEqual((await status()).pid, first);
    assert.equal((await nufi(['down'], more)).code, 0);
    assert.equal((await nufi(['status'])).code, 5);
    assert.deepEqual(orders(), [
      '--user start nufid.service',
      '--user restart nufid.service',
      '--user stop nufid.service',
    ]);
  });
});
