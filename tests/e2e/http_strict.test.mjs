// The inference door reads HTTP/1.1 strictly: what two readers could read differently is refused.
import assert from 'node:assert/strict';
import { before, beforeEach, describe, it } from 'node:test';

import { chatBody, Connection, requestBytes } from './support/client.mjs';
import { patience } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { sleep } from './support/wait.mjs';

describe('strict HTTP', () => {
  const h = house({ args: ['--max-body', '65536', '--allow-host', 'gateway.example'] });
  const body = JSON.stringify(chatBody());
  let auth;
  let served; // calls that reached the upstream before a test
  before(async () => {
    auth = `Authorization: Bearer ${(await h.daemon.key()).key}`;
  });
  beforeEach(() => (served = 0));

  const head = (lines, line = 'POST /v1/chat/completions HTTP/1.1') =>
    `${[line, ...lines].join('\r\n')}\r\n\r\n`;
  const good = () => ['Host: 127.0.0.1', auth];
  const length = (text = body) => `Content-Length: ${Buffer.byteLength(text)}`;

  /// Sends bytes, then asserts a refusal with the connection closed and nothing forwarded.
  async function refused(bytes, statuses = [400], what = '') {
    const connection = await Connection.open(h.port);
    try {
      connection.write(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, 'latin1'));
      const reply = await connection.reply({ ms: 5000 * patience });
      if (reply) assert.ok(statuses.includes(reply.status), `${what}: ${reply.first}`);
      await connection.untilClosed(5000 * patience);
      assert.equal(connection.bytes.length, 0, `${what}: a second reply followed`);
      assert.equal(h.upstream.requests.length, served, `${what}: something was forwarded`);
      return reply;
    } finally {
      connection.close();
    }
  }

  async function accepted(bytes, what = '') {
    const connection = await Connection.open(h.port);
    connection.write(Buffer.from(bytes, 'latin1'));
    const reply = await connection.reply();
    assert.equal(reply?.status, 200, `${what}: ${reply?.text}`);
    connection.close();
    served++;
    return reply;
  }

  it('a plain request is served', () => accepted(head([...good(), length()]) + body));

  it('conflicting or doubled lengths', async () => {
    const chunkedBody = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const cases = {
      'two different lengths': head([...good(), length(), `Content-Length: ${body.length + 1}`]) + body,
      'two equal lengths': head([...good(), length(), length()]) + body,
      'a list of lengths': head([...good(), `Content-Length: ${body.length}, ${body.length}`]) + body,
      'length and chunked': head([...good(), length(), 'Transfer-Encoding: chunked']) + chunkedBody,
      'chunked and length': head([...good(), 'Transfer-Encoding: chunked', length()]) + chunkedBody,
      'a negative length': head([...good(), 'Content-Length: -5']) + body,
      'a signed length': head([...good(), `Content-Length: +${body.length}`]) + body,
      'a hexadecimal length': head([...good(), 'Content-Length: 0x10']) + body,
      'an empty length': head([...good(), 'Content-Length:']) + body,
      'a length past 64 bits': head([...good(), 'Content-Length: 18446744073709551617']) + body,
      'a length with text': head([...good(), `Content-Length: ${body.length} x`]) + body,
    };
    for (const [what, bytes] of Object.entries(cases)) await refused(bytes, [400, 413], what);
  });

  it('other transfer codings', async () => {
    const chunkedBody = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    for (const coding of [
      'chunked, chunked',
      'gzip, chunked',
      'chunked, gzip',
      'identity',
      'xchunked',
      'chunked;q=1',
      '"chunked"',
      '\x0bchunked',
      'chunked\x00',
    ]) {
      await refused(
        head([...good(), `Transfer-Encoding: ${coding}`]) + chunkedBody,
        [400, 411, 415, 501],
        coding,
      );
    }
    await refused(
      head([...good(), 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']) + chunkedBody,
      [400, 501],
      'twice',
    );
    await refused(
      head([...good(), 'Transfer-Encoding : chunked']) + chunkedBody,
      [400],
      'space before the colon',
    );
    await refused(head([...good(), ' Transfer-Encoding: chunked']) + chunkedBody, [400], 'a folded line');
    await refused(
      head([...good(), 'Transfer-Encoding: chunked'], 'POST /v1/chat/completions HTTP/1.0') + chunkedBody,
      [400, 505],
      'chunked in 1.0',
    );
    await accepted(head([...good(), 'Transfer-Encoding: chunked']) + chunkedBody, 'chunked');
  });

  it('bad chunking', async () => {
    const chunked = (text) => head([...good(), 'Transfer-Encoding: chunked']) + text;
    const size = body.length.toString(16);
    const cases = {
      'a size that is no number': `zz\r\n${body}\r\n0\r\n\r\n`,
      'a negative size': `-1\r\n${body}\r\n0\r\n\r\n`,
      'a size with 0x': `0x${size}\r\n${body}\r\n0\r\n\r\n`,
      'a size past 64 bits': `10000000000000001\r\n${body}\r\n0\r\n\r\n`,
      'an empty size': `\r\n${body}\r\n0\r\n\r\n`,
      'a space before the size': ` ${size}\r\n${body}\r\n0\r\n\r\n`,
      'data longer than its size': `5\r\n${body}\r\n0\r\n\r\n`,
      'bare LF after the size': `${size}\n${body}\r\n0\r\n\r\n`,
      'bare LF after the data': `${size}\r\n${body}\n0\r\n\r\n`,
      'no CRLF after the data': `${size}\r\n${body}0\r\n\r\n`,
      'a huge extension': `${size};${'x'.repeat(100_000)}\r\n${body}\r\n0\r\n\r\n`,
    };
    for (const [what, text] of Object.entries(cases)) await refused(chunked(text), [400, 413, 431], what);
  });

  it('bare LF, bare CR, NUL and folding in the head', async () => {
    const plain = head([...good(), length()]);
    const cases = {
      'LF only': plain.replaceAll('\r\n', '\n') + body,
      'one LF line': plain.replace('127.0.0.1\r\n', '127.0.0.1\n') + body,
      'LF ends the head': `${plain.slice(0, -4)}\n\n${body}`,
      'a bare CR in a value': head([...good(), 'X-A: b\rc', length()]) + body,
      'NUL in a value': head([...good(), 'X-A: b\0c', length()]) + body,
      'NUL in a name': head([...good(), 'X\0A: b', length()]) + body,
      'a folded value': head([...good(), 'X-A: b\r\n c', length()]) + body,
      'a space in a name': head([...good(), 'X A: b', length()]) + body,
      'a line without a colon': head([...good(), 'nothing', length()]) + body,
      'an empty name': head([...good(), ': b', length()]) + body,
      'a space before the colon': head([...good(), `Content-Length : ${body.length}`]) + body,
    };
    for (const [what, bytes] of Object.entries(cases)) await refused(bytes, [400], what);
  });

  it('request lines that are none', async () => {
    const line = (text) => head([...good(), length()], text) + body;
    for (const text of [
      'POST /v1/chat/completions',
      'POST  /v1/chat/completions HTTP/1.1',
      'POST /v1/chat/completions  HTTP/1.1',
      ' POST /v1/chat/completions HTTP/1.1',
      'POST /v1/chat/ completions HTTP/1.1',
      'POST /v1/chat/completions HTTP/1.1 x',
      'POST /v1/chat/completions http/1.1',
      'POST /v1/chat/completions HTTP/11',
      'POST /v1/chat/completions HTTP/2.0',
      'PO\x01ST /v1/chat/completions HTTP/1.1',
      'POST /v1/\x7fchat HTTP/1.1',
      'POST\t/v1/chat/completions\tHTTP/1.1',
      'CONNECT example.com:443 HTTP/1.1',
    ]) {
      await refused(line(text), [400, 404, 405, 501, 505], text);
    }
    await refused('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400, 505], 'HTTP/2 preface');
    await refused('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', [400], 'a TLS hello');
  });

  it('missing, doubled or foreign Host', async () => {
    const with_ = (...hosts) => head([...hosts.map((host) => `Host: ${host}`), auth, length()]) + body;
    await refused(with_(), [400], 'none');
    await refused(with_('127.0.0.1', '127.0.0.1'), [400], 'twice');
    await refused(with_('127.0.0.1', 'evil.example'), [400], 'two');
    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      '',
      '127.0.0.1@evil.example',
      'evil.example:127',
      '10.0.0.1',
      'localhost, evil.example',
    ]) {
      const reply = await refused(with_(host), [400, 403, 421], host);
      assert.ok(reply, host);
    }
    for (const host of [
      'localhost',
      `localhost:${h.port}`,
      `127.0.0.1:${h.port}`,
      '[::1]',
      'LOCALHOST',
      'gateway.example',
    ])
      await accepted(with_(host), host);
    await refused(
      head([...good(), length()], 'POST http://evil.example/v1/chat/completions HTTP/1.1') + body,
      [400, 403, 404, 421],
      'absolute form',
    );
  });

  it('limits: target, head, number of fields, body', async () => {
    await refused(head(good(), `GET /v1/models/${'x'.repeat(9000)} HTTP/1.1`), [400, 414, 431], 'target');
    await refused(head([...good(), `X-A: ${'x'.repeat(70_000)}`]), [400, 431], 'head');
    await refused(
      head([...good(), ...Array.from({ length: 120 }, (_, i) => `X-${i}: v`)]),
      [400, 431],
      'fields',
    );
    await refused(head([...good(), 'Content-Length: 70000']), [413], 'body, before it is sent');
    const big = 'x'.repeat(70_000);
    await refused(
      `${head([...good(), 'Transfer-Encoding: chunked'])}${big.length.toString(16)}\r\n${big}\r\n0\r\n\r\n`,
      [413],
      'a chunked body',
    );
    await accepted(
      head([...good(), length(), ...Array.from({ length: 90 }, (_, i) => `X-${i}: ${'v'.repeat(300)}`)]) +
        body,
      'many fields below the limits',
    );
  });

  it('whatever is refused with its body unread closes the connection', async () => {
    const inner = head([...good(), length()]) + body; // must never be read as a request
    await refused(
      head(['Host: 127.0.0.1', 'Authorization: Bearer nobody', `Content-Length: ${inner.length + 100_000}`]) +
        inner,
      [401, 413],
    );
    await refused(
      head([...good(), `Content-Length: ${inner.length}`, 'Content-Encoding: gzip']) + inner,
      [415],
    );
  });

  it('pipelined requests are answered in order', async () => {
    const connection = await Connection.open(h.port);
    const one = (user) => {
      const text = JSON.stringify(chatBody({ user }));
      return head([...good(), length(text)]) + text;
    };
    connection.write(one('a') + one('b') + head(good(), 'GET /v1/models HTTP/1.1'));
    assert.equal((await connection.reply()).status, 200);
    assert.equal((await connection.reply()).status, 200);
    assert.equal(JSON.parse((await connection.reply()).text).object, 'list');
    assert.deepEqual(
      h.upstream.requests.map((request) => request.json.user),
      ['a', 'b'],
    );
    connection.close();
  });

  it('a request may come one byte at a time', async () => {
    const connection = await Connection.open(h.port);
    for (const byte of Buffer.from(head([...good(), length()]) + body)) {
      connection.write(Buffer.from([byte]));
      if (byte === 10) await sleep(1);
    }
    assert.equal((await connection.reply()).status, 200);
    connection.close();
  });

  it('keep-alive: many requests on one connection, and Connection: close is obeyed', async () => {
    const connection = await Connection.open(h.port);
    for (let i = 0; i < 50; i++) {
      connection.write(requestBytes({ method: 'GET', path: '/healthz' }));
      assert.equal((await connection.reply()).status, 200);
    }
    connection.write(requestBytes({ method: 'GET', path: '/healthz', headers: { Connection: 'close' } }));
    assert.equal((await connection.reply()).status, 200);
    await connection.untilClosed();
  });

  it('HEAD and HTTP/1.0 end as they should', async () => {
    const old = await Connection.open(h.port);
    old.write('GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n');
    const reply = await old.reply();
    assert.ok([200, 400, 505].includes(reply.status), reply.first);
    await old.untilClosed();
  });

  it('five hundred idle connections do no harm', async () => {
    const idle = await Promise.all(Array.from({ length: 500 }, () => Connection.open(h.port)));
    idle
      .slice(0, 250)
      .forEach((connection) => connection.write('POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0'));
    const started = performance.now();
    await accepted(head([...good(), length()]) + body);
    assert.ok(performance.now() - started < 2000 * patience);
    idle.forEach((connection) => connection.close());
  });
});
