// What nufid and systemd tell each other, with nobody there but us: sockets, readiness, watchdog.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { chat, openStream } from './support/client.mjs';
import { Daemon, nufidPath, patience, run } from './support/daemon.mjs';
import { chunk } from './support/provider.mjs';
import { Upstream } from './support/upstream.mjs';
import { until } from './support/wait.mjs';

const script = (name) => path.join(import.meta.dirname, 'support', name);

describe('sockets that systemd hands over', () => {
  let home;
  let socket;
  const under = (address) => ['perl', script('activate.pl'), address, socket];
  before(() => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-sockets-'));
    socket = path.join(home, 'given.sock');
  });
  after(() => fs.rmSync(home, { recursive: true, force: true }));

  it('are its doors, and stay when it ends', async () => {
    const daemon = await Daemon.start({ home, under: under('127.0.0.1'), env: { NUFI_SOCKET: socket }, args: ['--demo'] });
    try {
      assert.equal(daemon.socket, socket);
      const { key } = await daemon.key();
      assert.equal((await chat(daemon.port, key, { model: 'nufi-echo' })).status, 200);
      const health = await fetch(`http://127.0.0.1:${daemon.consolePort}/healthz`);
      assert.equal(health.status, 200);
      const status = await daemon.json(['status']);
      assert.equal(status.inference_url, daemon.url);
      assert.equal(status.socket, socket);
    } finally {
      await daemon.stop();
    }
    assert.ok(fs.existsSync(socket), 'the file is not nufid’s to remove');
    fs.rmSync(socket);
  });

  it('need --allow-remote when other machines can reach them', async () => {
    const [program, ...words] = under('0.0.0.0');
    const env = { PATH: process.env.PATH, HOME: home };
    const refused = await run(program, [...words, nufidPath, '--check-config'], { env });
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, /^hint: .*--allow-remote inference/m);
    fs.rmSync(socket);
    const allowed = await run(
      program,
      [...words, nufidPath, '--check-config', '--allow-remote', 'inference,console'],
      { env },
    );
    assert.equal(allowed.code, 0, allowed.stderr);
    fs.rmSync(socket);
  });
});

describe('what systemd is told', () => {
  let home;
  let listener;
  let daemon;
  let upstream;
  let told = '';
  const messages = () => told.split('\n').slice(1, -1);
  const pings = () => messages().filter((message) => message === 'WATCHDOG=1').length;

  before(async () => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-notify-'));
    const socket = path.join(home, 'notify');
    listener = spawn('perl', [script('notified.pl'), socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    listener.stdout.on('data', (data) => (told += data));
    await until(() => told.startsWith('listening\n'), 10_000 * patience, 'the notify socket');
    upstream = await Upstream.start();
    daemon = await Daemon.start({ env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '90000' }, args: ['--drain-timeout', '40s'] });
    await daemon.addUpstream(upstream);
  });
  after(async () => {
    await daemon?.stop();
    await upstream?.stop();
    listener.kill();
    fs.rmSync(home, { recursive: true, force: true });
  });

  it('that it is ready, then again and again that all is well', async () => {
    await until(() => pings() >= 3, 20_000 * patience, 'three signs of life');
    assert.equal(messages()[0], `READY=1 STATUS=serving ${daemon.url}`);
    assert.equal(messages().filter((message) => message.startsWith('READY=1')).length, 1);
  });

  it('that it stops, and how long that may take; it is well until it has stopped', async () => {
    const { key } = await daemon.key();
    let finish;
    upstream.handler = async (exchange) => {
      await exchange.begin();
      await exchange.event(chunk({ content: 'before' }));
      await new Promise((resolve) => (finish = resolve));
      await exchange.event('[DONE]');
      await exchange.finish();
    };
    const stream = await openStream(daemon.port, key);
    await stream.untilBody('before');
    const stopped = daemon.terminate();
    const stopping = () => messages().find((message) => message.startsWith('STOPPING=1'));
    await until(stopping, 10_000 * patience, 'the word that it stops');
    // Its own 40 s, and 30 s to close the house.
    assert.equal(stopping(), 'STOPPING=1 STATUS=draining EXTEND_TIMEOUT_USEC=70000000');
    const before_ = pings();
    await until(() => pings() >= before_ + 3, 20_000 * patience, 'signs of life while it drains');
    finish();
    assert.equal((await stopped).code, 0);
  });
});
