// Upstreams over TLS: verified always, private roots by name.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { makeCertificate } from './support/certificate.mjs';
import { call, chat } from './support/client.mjs';
import { Daemon } from './support/daemon.mjs';
import { form, formType } from './support/form.mjs';
import { eventStream, usage } from './support/provider.mjs';
import { times } from './support/wait.mjs';
import { Upstream } from './support/upstream.mjs';

describe('an upstream over TLS', () => {
  let dir;
  let files;
  let upstream;
  let stranger;
  let daemon;
  let key;
  before(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-e2e-tls-'));
    fs.mkdirSync(path.join(dir, 'other'));
    files = await makeCertificate(dir);
    upstream = await Upstream.start({ tls: files });
    stranger = await Upstream.start({
      tls: await makeCertificate(path.join(dir, 'other'), 'DNS:example.com'),
    });
    daemon = await Daemon.start();
    key = (await daemon.key()).key;
    const add = (name, url, ...more) =>
      daemon.ok(['upstreams', 'add', name, '--url', url, '--key-stdin', '--model', name, ...more], {
        input: upstream.secret,
      });
    await add('trusted', upstream.url, '--ca-file', files.ca);
    await add('unknown-root', upstream.url);
    await add('wrong-name', stranger.url, '--ca-file', path.join(dir, 'other/ca.pem'));
    await daemon.ok(['prices', 'set', 'trusted', '--input', '1', '--output', '10']);
  });
  after(async () => {
    await daemon?.stop();
    await upstream?.stop();
    await stranger?.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  });

  it('is served when its root is named with --ca-file', async () => {
    const reply = await chat(daemon.port, key, { model: 'trusted', max_tokens: 9 });
    assert.deepEqual([reply.status, reply.json?.usage.completion_tokens], [200, 9], reply.text);
    assert.equal(upstream.last.headers.host, `127.0.0.1:${upstream.port}`);
    assert.equal(upstream.last.headers.authorization, `Bearer ${upstream.secret}`);
  });

  it('streams, and reuses its connections', async () => {
    const opened = upstream.connections;
    for (let i = 0; i < 10; i++) {
      const reply = await chat(daemon.port, key, { model: 'trusted', stream: true, max_tokens: 9 });
      assert.equal(reply.text, eventStream(['Hello', ' there']).replaceAll('test-model', 'test-model'));
      assert.equal(reply.events.at(-1), '[DONE]');
    }
    assert.ok(upstream.connections - opened <= 2);
    const [row] = await daemon.rows();
    assert.deepEqual([row.tokens.output, row.cost_basis], [usage(5, 9).completion_tokens, 'exact']);
  });

  it('is sent a long form while it comes', async () => {
    const body = form([['model', 'trusted'], ['file', Buffer.alloc(3 << 20, 'sound'), 'a.ogg']]);
    upstream.handler = (exchange) => exchange.reply(200, { text: 'x', usage: { input_tokens: 5, output_tokens: 2 } });
    const headers = { 'Content-Type': formType };
    const reply = await call(daemon.port, { key, path: '/v1/audio/transcriptions', body, headers });
    assert.deepEqual([reply.status, reply.json?.text], [200, 'x'], reply.text);
    assert.ok(upstream.last.body.equals(body));
    upstream.clear();
  });

  it('serves many calls at once', async () => {
    const replies = await times(64, 64, () => chat(daemon.port, key, { model: 'trusted', max_tokens: 9 }));
    assert.ok(replies.every((reply) => reply.status === 200));
  });

  it("is refused when its root is not known, or its name is another's", async () => {
    const calls = upstream.requests.length + stranger.requests.length;
    for (const model of ['unknown-root', 'wrong-name']) {
      const reply = await chat(daemon.port, key, { model });
      assert.deepEqual([reply.status, reply.json.error.code], [502, 'upstream_error'], model);
    }
    assert.equal(upstream.requests.length + stranger.requests.length, calls, 'no byte of the call went out');
  });

  it('is refused when it does not speak TLS at all', async () => {
    const plain = await Upstream.start();
    await daemon.ok([
      'upstreams',
      'add',
      'plain',
      '--url',
      plain.url.replace('http:', 'https:'),
      '--no-key',
      '--model',
      'plain',
    ]);
    assert.equal((await chat(daemon.port, key, { model: 'plain' })).status, 502);
    await plain.stop();
  });

  it('upstreams test says what is wrong', async () => {
    const good = await daemon.nufi(['upstreams', 'test', 'trusted']);
    assert.match(good.stdout, /models/);
    const bad = await daemon.nufi(['upstreams', 'test', 'unknown-root']);
    assert.notEqual(bad.code, 0);
    assert.match(bad.stdout + bad.stderr, /certificate|verif|tls|ssl/i);
  });
});

describe('a root for every upstream', () => {
  it('nufid --ca-file', async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-e2e-tls-'));
    const files = await makeCertificate(dir);
    const upstream = await Upstream.start({ tls: files });
    const daemon = await Daemon.start({ args: ['--ca-file', files.ca] });
    try {
      await daemon.addUpstream(upstream);
      const { key } = await daemon.key();
      assert.equal((await chat(daemon.port, key)).status, 200);
    } finally {
      await daemon.stop();
      await upstream.stop();
      fs.rmSync(dir, { recursive: true, force: true });
    }
  });
});
