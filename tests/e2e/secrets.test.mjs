// Keys and provider secrets: in no file, log, error or process list.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { call, chat, chatBody } from './support/client.mjs';
import { Daemon, run } from './support/daemon.mjs';
import { Upstream } from './support/upstream.mjs';

const secret = 'sk-real-provider-secret-9b7e41';

describe('secrets', () => {
  let daemon;
  let upstream;
  let key;
  before(async () => {
    upstream = await Upstream.start({ secret });
    daemon = await Daemon.start({
      args: ['--log-level', 'debug'],
      env: { PROVIDER_KEY: 'from-the-environment-1' },
    });
    await daemon.addUpstream(upstream, { more: ['--model', 'test-model'] });
    key = (await daemon.key({ name: 'mine', budget: 1 })).key;
  });
  after(async () => {
    await daemon?.stop();
    await upstream?.stop();
  });

  const files = (dir) =>
    fs.readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
      const file = path.join(dir, entry.name);
      if (entry.isDirectory()) return files(file);
      return entry.isFile() ? [file] : [];
    });

  it('no file of the daemon holds the key or the secret, also after traffic and errors', async () => {
    await chat(daemon.port, key);
    await chat(daemon.port, `${key}x`);
    await call(daemon.port, { method: 'GET', path: `/v1/models?api_key=${key}`, key });
    upstream.handler = (exchange) =>
      exchange.reply(401, { error: { message: `wrong key ${exchange.headers.authorization}` } });
    const refused = await chat(daemon.port, key);
    assert.equal(refused.status, 502);
    assert.ok(!refused.text.includes(secret));
    upstream.handler = (exchange) =>
      exchange.write(`HTTP/1.1 200 OK\r\nbad ${secret}\r\n\r\n`).then(() => exchange.end());
    const broken = await chat(daemon.port, key);
    assert.ok(broken.status >= 500 && !broken.text.includes(secret));
    const all = files(daemon.home);
    assert.ok(
      all.some((file) => file.endsWith('nufi.db')),
      all.join(),
    );
    for (const file of all) {
      const bytes = fs.readFileSync(file);
      assert.ok(!bytes.includes(secret), `the secret is in ${file}`);
      assert.ok(!bytes.includes(key), `the key is in ${file}`);
      assert.ok(!bytes.includes(key.slice(8, 40)), `part of the key is in ${file}`);
    }
  });

  it('directories are 0700 and files 0600', () => {
    for (const dir of ['data/nufi', 'run/nufi'])
      assert.equal(fs.statSync(path.join(daemon.home, dir)).mode & 0o777, 0o700, dir);
    for (const file of files(path.join(daemon.home, 'data/nufi')))
      assert.equal(fs.statSync(file).mode & 0o777, 0o600, file);
    assert.equal(fs.statSync(daemon.socket).mode & 0o777, 0o600);
  });

  it('the process list and what nufi prints do not show it', async () => {
    assert.ok(!fs.readFileSync(`/proc/${daemon.pid}/cmdline`).includes(secret));
    for (const args of [
      ['upstreams', 'list'],
      ['upstreams', 'show', 'mock'],
      ['keys', 'list'],
      ['status'],
      ['requests'],
      ['config', 'list'],
    ]) {
      for (const more of [[], ['--json']]) {
        const out = await daemon.nufi([...args, ...more]);
        assert.ok(!(out.stdout + out.stderr).includes(secret), args.join(' '));
        assert.ok(!(out.stdout + out.stderr).includes(key), args.join(' '));
      }
    }
    const shown = await daemon.json(['keys', 'show', 'mine']);
    assert.ok(!JSON.stringify(shown).includes(key.slice(8, 40)));
  });

  it('the process writes no core and can not be looked into', async () => {
    const limits = fs.readFileSync(`/proc/${daemon.pid}/limits`, 'utf8');
    assert.match(limits, /Max core file size\s+0\s+0/);
    const owner = fs.statSync(`/proc/${daemon.pid}/environ`).uid;
    assert.equal(owner, 0, 'files of a process that is not dumpable belong to root');
  });

  it('a secret can not be given on the command line', async () => {
    const tried = await daemon.nufi(['upstreams', 'add', 'x', '--url', upstream.url, '--key', secret]);
    assert.equal(tried.code, 2);
    assert.ok(!(tried.stdout + tried.stderr).includes(secret), 'and is not repeated');
  });

  it('references: environment, file, command', async () => {
    const file = path.join(daemon.home, 'key-file');
    fs.writeFileSync(file, 'from-a-file-2\n', { mode: 0o600 });
    const ways = {
      env: [['--key-env', 'PROVIDER_KEY'], 'from-the-environment-1'],
      file: [['--key-file', file], 'from-a-file-2'],
      command: [['--key-command', `tr a-z A-Z < '${file}'`], 'FROM-A-FILE-2'],
      none: [['--no-key'], undefined],
    };
    const { bill } = await import('./support/provider.mjs');
    upstream.handler = bill();
    const free = (await daemon.key()).key;
    for (const [name, [args, value]] of Object.entries(ways)) {
      await daemon.ok(['upstreams', 'add', name, '--url', upstream.url, '--model', `m-${name}`, ...args]);
      const reply = await call(daemon.port, {
        key: free,
        body: JSON.stringify(chatBody({ model: `m-${name}` })),
      });
      assert.equal(reply.status, 200, `${name}: ${reply.text}`);
      assert.equal(upstream.last.headers.authorization, value && `Bearer ${value}`, name);
      const list = JSON.stringify(await daemon.json(['upstreams', 'show', name]));
      assert.ok(!value || !list.includes(value), list);
    }
  });

  it('a stored secret survives a restart, and is useless without its key file', async () => {
    const { bill } = await import('./support/provider.mjs');
    upstream.handler = bill();
    await daemon.terminate();
    await daemon.launch();
    assert.equal((await chat(daemon.port, key)).status, 200);
    assert.equal(upstream.last.headers.authorization, `Bearer ${secret}`);
    const keyFile = files(path.join(daemon.home, 'data')).find((name) => name.endsWith('secret.key'));
    assert.equal(fs.statSync(keyFile).size, 32);
    await daemon.terminate();
    const kept = fs.readFileSync(keyFile);
    fs.writeFileSync(keyFile, Buffer.alloc(32, 7));
    await daemon.launch();
    const calls = upstream.requests.length;
    const reply = await chat(daemon.port, key);
    assert.ok(reply.status >= 500, reply.text);
    assert.equal(upstream.requests.length, calls, 'nothing is sent without the credential');
    await daemon.terminate();
    fs.writeFileSync(keyFile, kept);
    await daemon.launch();
    assert.equal((await chat(daemon.port, key)).status, 200);
  });

  it('strings finds nothing in the database either', async () => {
    const db = files(path.join(daemon.home, 'data')).find((name) => name.endsWith('nufi.db'));
    const dump = await run('sqlite3', [db, '.dump'], { env: process.env });
    assert.equal(dump.code, 0, dump.stderr);
    assert.ok(dump.stdout.includes('mine') && !dump.stdout.includes(secret) && !dump.stdout.includes(key));
  });
});
