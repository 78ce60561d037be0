// Long replies and slow clients: everything passes as it comes, and memory stays bounded.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { before, describe, it } from 'node:test';
import zlib from 'node:zlib';

import { chatBody, requestBytes } from './support/client.mjs';
import { patience, short } from './support/daemon.mjs';
import { ask, http, plain, stream } from './support/faults.mjs';
import { house } from './support/house.mjs';
import { chunk, completion, eventStream, usage } from './support/provider.mjs';
import { times, until } from './support/wait.mjs';

const MB = 1 << 20;
/// Sanitizers keep what was freed for a while: there memory says nothing.
const saysSomething = !short;
const used = usage(7, 3);
const long = 'y'.repeat(10 * MB);
const forms = {
  'a plain reply': { ...plain, sends: JSON.stringify(completion({ text: long, usage: used })) },
  'an event': {
    ...stream,
    sends: `data: ${JSON.stringify(chunk({ content: long }))}\n\n${eventStream(['x'], { used })}`,
  },
};

describe('a reply of 10 MB', () => {
  const h = house();
  let key;
  before(async () => {
    key = (await h.daemon.key()).key;
  });
  const resident = () =>
    Number(/VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${h.daemon.pid}/status`, 'utf8'))[1]) * 1024;
  const lastRow = async () => (await h.daemon.api('GET', '/v1/requests?last=1')).json.data[0];

  for (const [what, form] of Object.entries(forms)) {
    for (const framing of ['length', 'chunked']) {
      it(`${what}, ${framing}`, async () => {
        h.upstream.handler = (exchange) => exchange.write(http(form.sends, { ...form, framing, size: 64 * 1024 }));
        const reply = await ask(h.port, key, 'test-model', { isStream: form.isStream });
        const gets = form.isStream ? form.sends.replace(/data: [^\n]*"choices":\[\],"usage"[^\n]*\n\n/, '') : form.sends;
        assert.ok(reply.whole && reply.text === gets, `${reply.text.length} of ${gets.length} bytes`);
        const row = await lastRow();
        assert.deepEqual([row.status, row.cost_basis, row.tokens.output], ['ok', 'exact', 3]);
      });
    }

    it(`${what}: slow clients keep it at the upstream`, async () => {
      const count = short ? 2 : 6;
      const bytes = http(form.sends, { ...form, framing: 'chunked', size: 64 * 1024 });
      let sent = 0;
      h.upstream.handler = async (exchange) => {
        for (let at = 0; at < bytes.length; at += 256 * 1024) {
          const piece = bytes.subarray(at, at + 256 * 1024);
          await exchange.write(piece);
          sent += piece.length;
        }
      };
      const before = resident();
      const clients = await times(count, count, async () => {
        const socket = net.connect({ port: h.port, host: '127.0.0.1' });
        socket.pause();
        const client = { socket, size: 0 };
        socket.write(requestBytes({ key, body: JSON.stringify(chatBody({ stream: form.isStream })) }));
        return client;
      });
      // What the kernel does not take stays where it was made.
      let last = -1;
      let still = 0;
      await until(
        () => {
          still = sent > 0 && sent === last ? still + 1 : 0;
          last = sent;
          return still > 60;
        },
        20_000 * patience,
        'everybody to stand still',
      );
      assert.ok(sent < count * bytes.length, 'the upstream could not get rid of it all');
      const grown = resident() - before;
      assert.ok(grown < count * MB || !saysSomething, `${(grown / MB / count).toFixed(2)} MB for each slow client`);
      for (const client of clients) {
        client.socket.on('data', (data) => (client.size += data.length));
        client.socket.resume();
      }
      await until(() => clients.every(({ size }) => size > 10 * MB), 30_000 * patience, 'all of it');
      clients.forEach(({ socket }) => socket.destroy());
    });
  }

  it('a little that unpacks to 100 MB comes in pieces', async () => {
    const unpacked = 100 * MB;
    const bomb = zlib.gzipSync(Buffer.alloc(unpacked, ' '));
    h.upstream.handler = (exchange) =>
      exchange.write(http(bomb, { ...plain, fields: ['Content-Encoding: gzip'] }));
    const before = resident();
    let most = 0;
    let size = 0;
    const socket = net.connect({ port: h.port, host: '127.0.0.1' });
    let ended = false;
    socket.on('data', (data) => (size += data.length));
    socket.on('end', () => (ended = true));
    const headers = { Connection: 'close' };
    socket.write(requestBytes({ key, headers, body: JSON.stringify(chatBody()) }));
    await until(
      () => {
        most = Math.max(most, resident());
        return ended;
      },
      60_000 * patience,
      'all of it',
    );
    assert.ok(size > unpacked, `${size} bytes`);
    assert.ok(most - before < 8 * MB || !saysSomething, `${(most - before) / MB} MB more`);
    const row = await lastRow();
    assert.deepEqual([row.status, row.cost_usd], ['upstream_error', 0], 'white space is no answer');
  });
});

describe('a reply that comes before the request was taken', () => {
  const h = house();
  let key;
  before(async () => {
    key = (await h.daemon.key()).key;
  });
  const answer = '{"error":{"message":"too long","type":"invalid_request_error","param":null,"code":"too_long"}}';

  for (const [how, then] of Object.entries({
    'and reads no more': (socket) => socket.pause(),
    'and closes': (socket) => socket.end(),
    'and reads on': () => {},
  })) {
    it(`an upstream that refuses early ${how}`, async (t) => {
      const sockets = [];
      const hasty = net.createServer((socket) => {
        sockets.push(socket);
        socket.on('error', () => {});
        socket.once('data', () => {
          socket.write(http(answer, { ...plain, status: '413 Too Large', fields: ['Connection: close'] }));
          then(socket);
        });
      });
      await new Promise((resolve) => hasty.listen(0, '127.0.0.1', resolve));
      const model = `hasty ${how}`.replaceAll(' ', '-');
      const url = `http://127.0.0.1:${hasty.address().port}/v1`;
      t.after(() => {
        sockets.forEach((socket) => socket.destroy());
        hasty.close();
      });
      await h.daemon.ok(['upstreams', 'add', model, '--url', url, '--no-key', '--model', model, '--priority', '1']);
      const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'z'.repeat(12 * MB) }] });
      const reply = await ask(h.port, key, model, { body });
      assert.deepEqual([reply.status, reply.text], [413, answer]);
    });
  }
});
