// Where a call comes from, and what its headers pretend: an address is the connection's, and nothing
// in a header reaches the upstream as a line, a length or a credential of its own.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { after, before, describe, it } from 'node:test';

import { call, chat, chatBody, Connection, requestBytes } from './support/client.mjs';
import { nufidPath, patience } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { until } from './support/wait.mjs';

const body = JSON.stringify(chatBody());
const pretended = {
  'X-Forwarded-For': '10.1.2.3',
  'X-Forwarded': 'for=10.1.2.3',
  X_Forwarded_For: '10.1.2.3',
  Forwarded: 'for=10.1.2.3;host=evil.example;proto=https',
  'Forwarded-For': '10.1.2.3',
  'X-Real-IP': '10.1.2.3',
  x_real_ip: '10.1.2.3',
  'X-Client-IP': '10.1.2.3',
  'X-Cluster-Client-IP': '10.1.2.3',
  'True-Client-IP': '10.1.2.3',
  'CF-Connecting-IP': '10.1.2.3',
  'Client-IP': '10.1.2.3',
  'X-Remote-Addr': '10.1.2.3',
  'X-Original-Forwarded-For': '10.1.2.3',
  'X-Forwarded-Host': '10.1.2.3',
  'X-Original-URL': '/10.1.2.3',
  'X-Rewrite-URL': '/10.1.2.3',
  'X-HTTP-Method-Override': 'DELETE 10.1.2.3',
  Via: '1.1 10.1.2.3',
  Proxy: 'http://10.1.2.3',
};

describe('pretended origins', () => {
  const h = house();
  let key;
  before(async () => {
    key = (await h.daemon.key()).key;
  });

  it('an address in a header opens no key, closes none and goes nowhere', async () => {
    const far = await h.daemon.key({ ip: '10.0.0.0/8' });
    const near = await h.daemon.key({ ip: '127.0.0.1' });
    const refused = await call(h.port, { key: far.key, body, headers: pretended });
    assert.deepEqual([refused.status, refused.json.error.code], [403, 'ip_not_allowed']);
    assert.equal((await call(h.port, { key: near.key, body, headers: pretended })).status, 200);
    assert.ok(!h.upstream.last.head.includes('10.1.2.3'), h.upstream.last.head);
    assert.equal((await h.daemon.rows())[0].client_ip, '127.0.0.1');
  });

  it('loopback may be written in every form that is one', async () => {
    for (const [ip, status] of [
      ['127.0.0.1', 200],
      ['127.0.0.0/8', 200],
      ['0.0.0.0/0', 200],
      ['::ffff:127.0.0.1', 200],
      ['::ffff:7f00:1', 200],
      ['::ffff:127.0.0.0/104', 200],
      ['::ffff:0.0.0.0/96', 200],
      ['127.0.0.2', 403],
      ['::ffff:127.0.0.2', 403],
      ['::127.0.0.1', 403],
      ['64:ff9b::127.0.0.1', 403],
      ['::1', 403],
    ]) {
      const made = await h.daemon.key({ ip });
      assert.equal((await chat(h.port, made.key)).status, status, ip);
    }
    for (const ip of [
      '127.1',
      '2130706433',
      '0x7f.0.0.1',
      '127.0.0.1/33',
      '127.0.0.1/-1',
      '127.0.0.1/',
      '::/129',
      'localhost',
      '*',
      '127.0.0.1 ',
    ]) {
      const result = await h.daemon.nufi(['keys', 'create', '--name', `bad ${ip}`.trim(), '--ip', ip]);
      assert.equal(result.code, 2, `${ip}: ${result.stdout}${result.stderr}`);
    }
  });

  it('Connection names nothing of ours away, and keeps what it names on its hop', async () => {
    const headers = {
      Connection:
        'close, authorization, host, content-length, content-type, transfer-encoding, accept-encoding, x-one, x_two',
      'X-One': 'marked',
      X_Two: 'marked',
      'Keep-Alive': 'timeout=5',
      TE: 'trailers',
      Trailer: 'X-T',
      Upgrade: 'h2c',
      'HTTP2-Settings': 'AAMAAABk',
      'Proxy-Authorization': 'Basic bWFya2Vk',
      'Proxy-Connection': 'keep-alive',
      'X-Three': 'kept',
    };
    assert.equal((await call(h.port, { key, body, headers })).status, 200);
    const { last } = h.upstream;
    assert.equal(last.headers.authorization, `Bearer ${h.upstream.secret}`);
    assert.equal(last.headers.host, `127.0.0.1:${h.upstream.port}`);
    assert.equal(last.headers['content-length'], String(body.length));
    assert.equal(last.headers['content-type'], 'application/json');
    assert.equal(last.headers['accept-encoding'], 'identity');
    assert.equal(last.headers['x-three'], 'kept');
    for (const name of [
      'connection',
      'x-one',
      'x_two',
      'keep-alive',
      'te',
      'trailer',
      'upgrade',
      'proxy-authorization',
      'proxy-connection',
      'transfer-encoding',
    ]) {
      assert.equal(last.headers[name], undefined, name);
    }
    const names = last.fields.map(([name]) => name.toLowerCase());
    assert.equal(new Set(names).size, names.length, `no field twice: ${names}`);
  });

  it('no value becomes a line', async () => {
    for (const value of [
      'a\r\nX-Evil: 1',
      'a\nX-Evil: 1',
      'a\rX-Evil: 1',
      'a\0X-Evil: 1',
      'a\r\n\r\nGET /evil HTTP/1.1\r\n',
    ]) {
      const known = h.upstream.requests.length;
      const connection = await Connection.open(h.port);
      connection.write(requestBytes({ key, body, headers: { 'User-Agent': value, Connection: 'close' } }));
      await connection.reply();
      await connection.untilClosed();
      connection.close();
      // A line end of its own makes two fields of it before anything is ours: nothing else may.
      for (const request of h.upstream.requests.slice(known)) {
        assert.ok(value.startsWith('a\r\nX-Evil'), JSON.stringify(value));
        assert.equal(request.headers['user-agent'], 'a');
      }
      assert.ok(h.upstream.requests.every((request) => request.method === 'POST'));
    }
    for (const escaped of ['a%0d%0aX-Evil:%201', 'a\\r\\nX-Evil: 1', 'a\xe5\x98\x8a\xe5\x98\x8dX-Evil: 1']) {
      assert.equal((await call(h.port, { key, body, headers: { 'X-A': escaped } })).status, 200);
      assert.equal(h.upstream.last.headers['x-a'], escaped);
      assert.equal(h.upstream.last.headers['x-evil'], undefined);
    }
    const lines = chatBody({ model: 'a\r\nx-nufi-upstream: evil', user: 'a\r\nb' });
    const reply = await call(h.port, { key, body: JSON.stringify(lines) });
    assert.equal(reply.status, 400);
    const query = await call(h.port, { key, body, path: '/v1/chat/completions?a=%0d%0aX-Evil:1' });
    assert.equal(query.status, 200);
    assert.equal(h.upstream.last.headers['x-evil'], undefined);
  });

  it('names and values that are odd but allowed pass; a user agent stays harmless in the ledger', async () => {
    const headers = {
      "!#$%&'*+-.^`|~9": 'odd',
      'X-Empty': '',
      'X-Bytes': '\x80\xff',
      'X-Long': 'x'.repeat(30_000),
      'User-Agent': `\x9b31m\xff\xfe"<script>'; DROP TABLE${'u'.repeat(5000)}`,
    };
    assert.equal((await call(h.port, { key, body, headers })).status, 200);
    const { headers: got } = h.upstream.last;
    for (const [name, value] of Object.entries(headers)) assert.equal(got[name.toLowerCase()], value, name);
    const [row] = await h.daemon.rows();
    assert.ok(row.user_agent.includes('DROP TABLE') && row.user_agent.length <= 512);
    // eslint-disable-next-line no-control-regex
    assert.ok(!/[\x80-\x9f]/.test(await h.daemon.ok(['requests'])), 'no control character is printed');
    await h.daemon.ok(['requests', '--json']);
  });

  it('a second credential is refused, and one in the wrong place goes nowhere', async () => {
    const twice = requestBytes({ key, body })
      .toString('latin1')
      .replace('\r\n', `\r\nAuthorization: Bearer ${key}\r\n`);
    const connection = await Connection.open(h.port);
    connection.write(twice);
    assert.equal((await connection.reply()).status, 400);
    connection.close();
    assert.equal(h.upstream.requests.length, 0);
    const headers = {
      Cookie: `k=${key}`,
      'X-Key': key,
      'Api-Key': key,
      'x-api-key': key,
      x_api_key: key,
      Authorization_: key,
    };
    assert.equal(
      (await call(h.port, { key, body, headers, path: `/v1/chat/completions?key=${key}` })).status,
      200,
    );
    assert.ok(!h.upstream.last.raw.includes('sk-nufi-'), h.upstream.last.head);
  });
});

// A door for both families: IPv4 clients come as mapped addresses there.
const hasIpv6 =
  fs.existsSync('/proc/net/if_inet6') && /00000001 01/.test(fs.readFileSync('/proc/net/if_inet6'));

describe('a door for IPv4 and IPv6', { skip: !hasIpv6 && 'no IPv6 here' }, () => {
  const h = house();
  let child;
  let port;
  const keys = {};
  before(async () => {
    for (const [name, ip] of Object.entries({
      four: '127.0.0.0/8',
      mapped: '::ffff:127.0.0.1',
      six: '::1',
    })) {
      keys[name] = (await h.daemon.key({ ip })).key;
    }
    // Another daemon on the same data, once the first has ended.
    await h.daemon.terminate();
    const args = ['--listen', '[::]:0', '--allow-remote', 'inference', '--console-listen', 'off'];
    child = spawn(nufidPath, args, { env: h.daemon.env, stdio: ['ignore', 'pipe', 'ignore'] });
    let ready = '';
    child.stdout.on('data', (data) => (ready += data));
    await until(() => ready.includes('\n'), 20_000 * patience, 'the ready line');
    port = Number(/:(\d+)\/v1/.exec(ready)[1]);
  });
  after(async () => {
    if (child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.on('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  });

  async function status(key, host) {
    const connection = await Connection.open(port, { host });
    const name = host.includes(':') ? `[${host}]` : host;
    connection.write(requestBytes({ key, body, host: `${name}:${port}`, headers: { Connection: 'close' } }));
    const reply = await connection.reply();
    connection.close();
    return reply.status;
  }

  it('a mapped address counts as the IPv4 one that it is', async () => {
    assert.deepEqual(
      [
        await status(keys.four, '127.0.0.1'),
        await status(keys.mapped, '127.0.0.1'),
        await status(keys.six, '127.0.0.1'),
      ],
      [200, 200, 403],
    );
    assert.deepEqual(
      [await status(keys.four, '::1'), await status(keys.mapped, '::1'), await status(keys.six, '::1')],
      [403, 403, 200],
    );
    const rows = await h.daemon.rows();
    assert.deepEqual(
      rows.map((row) => row.client_ip),
      ['::1', '127.0.0.1', '127.0.0.1'],
    );
  });
});
