// Endpoints that take forms: bytes in = bytes out, what they cost, and bodies that pass as they come.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import OpenAI, { toFile } from 'openai';

import { call, Connection, requestBytes } from './support/client.mjs';
import { patience, run, short } from './support/daemon.mjs';
import { form, formType } from './support/form.mjs';
import { house } from './support/house.mjs';
import { wave } from './support/sound.mjs';
import { sseData } from './support/wire.mjs';
import { until } from './support/wait.mjs';

const nano = (usd) => Math.round(usd * 1e9);
const used = (row) =>
  Object.fromEntries(Object.entries(row.tokens).filter(([name, count]) => count && name !== 'total'));
const error = (reply) => [reply.status, reply.json?.error.code, reply.json?.error.param];

describe('forms', () => {
  const h = house({ args: ['--hold-wait', '0s', '--max-body', '40MiB'], add: { more: ['--alias', 'nick=test-model'] } });
  let key;
  let poor;
  before(async () => {
    await h.daemon.ok(['prices', 'set', 'listen', '--per-second', '0.0001']);
    await h.daemon.ok(['prices', 'set', 'paint', '--per-image', '0.04']);
    key = (await h.daemon.key({ budget: 100 })).key;
    poor = (await h.daemon.key({ budget: 0.000001 })).key;
  });
  const post = (name, body, more = {}) =>
    call(h.port, { key, path: `/v1/${name}`, body, ...more, headers: { 'Content-Type': formType, ...more.headers } });
  const lastRow = async () => (await h.daemon.rows())[0];
  const answer = (reply, type = 'application/json', status = 200) => {
    h.upstream.handler = (exchange) => exchange.reply(status, reply, { 'content-type': type });
  };
  const sound = wave(2, 32_000);
  const speech = (model, more = []) => form([['file', sound, 'a.wav'], ['model', model], ...more]);

  for (const [name, fileField] of [
    ['audio/transcriptions', 'file'],
    ['audio/translations', 'file'],
    ['images/edits', 'image[]'],
    ['images/variations', 'image'],
  ]) {
    describe(name, () => {
      const usage = name.startsWith('audio')
        ? '{"type":"tokens","input_tokens":20,"input_token_details":{"text_tokens":6,"audio_tokens":14},"output_tokens":5,"total_tokens":25}'
        : '{"input_tokens":20,"input_tokens_details":{"text_tokens":6,"image_tokens":14},"output_tokens":5,"total_tokens":25}';
      const bytes = Buffer.from([...Array(3000).keys()].map((i) => (i * 7) % 256));
      for (const order of ['file first', 'model first']) {
        it(`passes byte for byte, ${order}, and is charged what it used`, async () => {
          const parts = [['model', 'test-model'], [fileField, bytes, 'ä "x".png'.replaceAll('"', '%22')], ['prompt', 'hé\r\n']];
          const body = form(order === 'model first' ? parts : parts.reverse());
          const reply = `{"text":"x", "data":[{}] ,"usage":${usage}}`;
          answer(reply);
          const got = await post(name, body);
          assert.deepEqual([got.status, got.text], [200, reply]);
          assert.ok(h.upstream.last.body.equals(body));
          assert.equal(h.upstream.last.headers['content-type'], formType);
          assert.equal(h.upstream.last.headers['content-length'], String(body.length));
          assert.equal(h.upstream.last.target, `/v1/${name}`);
          const row = await lastRow();
          const kind = name.startsWith('audio') ? 'audio_input' : 'image_input';
          const made = name.startsWith('audio') ? 'output' : 'image_output';
          assert.deepEqual(
            [row.endpoint, row.status, row.cost_basis, used(row), nano(row.cost_usd)],
            [name, 'ok', 'exact', { input: 6, [kind]: 14, [made]: 5 }, 20_000 + 50_000],
          );
        });
      }

      it('is renamed in its text, and only there', async () => {
        answer('{}');
        const parts = (model) => form([[fileField, bytes, 'f'], ['model', model], ['user', 'nick']]);
        assert.equal((await post(name, parts('nick'))).status, 200);
        assert.ok(h.upstream.last.body.equals(parts('test-model')));
      });

      it('is refused in one shape', async () => {
        const parts = [['model', 'test-model'], [fileField, bytes, 'f']];
        const json = { headers: { 'Content-Type': 'application/json' } };
        assert.deepEqual(error(await post(name, form(parts), { key: undefined })), [401, 'invalid_api_key', null]);
        assert.deepEqual(error(await post(name, form(parts), { key: poor })), [429, 'insufficient_quota', null]);
        assert.deepEqual(error(await post(name, form(parts.slice(1)))), [400, 'invalid_value', 'model']);
        assert.deepEqual(error(await post(name, form([...parts, parts[0]]))), [400, 'invalid_value', 'model']);
        assert.deepEqual(error(await post(name, form([...parts, ['MODEL', 'x']]))), [400, 'invalid_value', 'model']);
        assert.deepEqual(error(await post(name, form(parts).subarray(0, -9))), [400, 'invalid_multipart', null]);
        assert.deepEqual(error(await post(name, '', {})), [400, 'invalid_multipart', null]);
        const bare = { headers: { 'Content-Type': 'multipart/form-data' } };
        assert.deepEqual(error(await post(name, form(parts), bare)), [400, 'invalid_multipart', null]);
        const coded = { headers: { 'Content-Encoding': 'gzip' } };
        assert.equal((await post(name, form(parts), coded)).status, 415);
        assert.equal((await post(name, Buffer.alloc(41 << 20))).status, 413);
        const wrong = await post(name, '{"model":"test-model"', json);
        assert.deepEqual(error(wrong), [400, name === 'images/edits' ? 'invalid_json' : 'invalid_content_type', null]);
        assert.equal(h.upstream.requests.length, 0);
      });
    });
  }

  it('edits may come as JSON', async () => {
    answer('{"data":[{},{}]}');
    const body = JSON.stringify({ model: 'paint', prompt: 'p', images: [{ image_url: 'data:image/png;base64,AAAA' }], n: 2 });
    const reply = await post('images/edits', body, { headers: { 'Content-Type': 'application/json' } });
    assert.equal(reply.status, 200, reply.text);
    assert.equal(h.upstream.last.text, body);
    assert.equal(h.upstream.last.headers['content-type'], 'application/json');
    assert.equal(nano((await lastRow()).cost_usd), 80_000_000);
  });

  it('pictures are counted where the price is by the picture', async () => {
    answer('{"data":[{},{},{}]}');
    const body = form([['image', 'x', 'f'], ['n', '3'], ['model', 'paint']]);
    assert.equal((await post('images/edits', body)).status, 200);
    const row = await lastRow();
    assert.deepEqual([row.cost_basis, nano(row.cost_usd)], ['exact', 120_000_000]);
  });

  describe('seconds of sound', () => {
    const captions = '1\n00:00:00,000 --> 00:00:01,500\nHello\n\n';
    for (const [what, reply, type, basis, cost] of [
      ['usage', '{"text":"x","usage":{"type":"duration","seconds":9}}', 'application/json', 'exact', 900_000],
      ['duration', '{"task":"t","duration":8.5,"text":"x"}', 'application/json', 'exact', 850_000],
      ['captions', captions, 'application/x-subrip', 'estimated', 150_000],
      ['a text', 'Hello\n', 'text/plain; charset=utf-8', 'estimated', 200_200],
      ['no usage', '{"text":"Hello"}', 'application/json', 'estimated', 200_200],
    ]) {
      it(`are charged by ${what}`, async () => {
        answer(reply, type);
        const got = await post('audio/transcriptions', speech('listen'));
        assert.deepEqual([got.status, got.text], [200, reply]);
        const row = await lastRow();
        assert.deepEqual([row.status, row.cost_basis, nano(row.cost_usd)], ['ok', basis, cost]);
      });
    }

    it('that cannot be are charged as the hold', async () => {
      answer('{"text":"x","usage":{"type":"duration","seconds":-9}}');
      await post('audio/transcriptions', speech('listen'));
      const row = await lastRow();
      // Two seconds and the rest of a millisecond that the head of the file may be.
      assert.deepEqual([row.error_code, row.cost_basis, nano(row.cost_usd)], ['usage_invalid', 'held', 300_000]);
    });

    it('are held before anything is sent', async () => {
      const { key: narrow } = await h.daemon.key({ budget: 0.00025 });
      const refused = await post('audio/transcriptions', speech('listen'), { key: narrow });
      assert.deepEqual([refused.status, h.upstream.requests.length], [429, 0]);
      answer('{"text":"x","usage":{"type":"duration","seconds":1}}');
      const body = form([['model', 'listen'], ['file', wave(1, 32_000), 'a.wav']]);
      assert.equal((await post('audio/transcriptions', body, { key: narrow })).status, 200);
    });
  });

  it('a streamed transcript is charged by its last event, and settled before it passes', async () => {
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      await exchange.event({ type: 'transcript.text.delta', delta: 'Hello' });
      await exchange.event({
        type: 'transcript.text.done',
        text: 'Hello',
        usage: { type: 'tokens', input_tokens: 14, input_token_details: { audio_tokens: 14 }, output_tokens: 3, total_tokens: 17 },
      });
      await exchange.event('[DONE]');
      await exchange.finish();
    };
    const reply = await post('audio/transcriptions', speech('test-model', [['stream', 'true']]));
    assert.equal(reply.status, 200);
    assert.equal(sseData(reply.text).at(-1), '[DONE]');
    const row = await lastRow();
    assert.deepEqual(
      [row.stream, row.status, row.cost_basis, used(row)],
      [true, 'ok', 'exact', { audio_input: 14, output: 3 }],
    );
  });

  describe('real clients', () => {
    it('the openai package sends files, and reads transcripts and pictures', async () => {
      const client = new OpenAI({ apiKey: key, baseURL: h.daemon.url, maxRetries: 0 });
      answer('{"text":"Hello","usage":{"type":"duration","seconds":2}}');
      const file = await toFile(sound, 'a.wav');
      const transcript = await client.audio.transcriptions.create({ file, model: 'listen' });
      assert.equal(transcript.text, 'Hello');
      assert.ok(h.upstream.last.body.includes(sound));
      const translation = await client.audio.translations.create({ file, model: 'listen' });
      assert.equal(translation.text, 'Hello');
      answer('{"created":1,"data":[{"b64_json":"AA=="}]}');
      const image = await toFile(Buffer.alloc(5000, 3), 'a.png', { type: 'image/png' });
      const edited = await client.images.edit({ image: [image, image], prompt: 'p', model: 'paint' });
      assert.equal(edited.data.length, 1);
      const varied = await client.images.createVariation({ image, model: 'paint' });
      assert.equal(varied.data.length, 1);
      h.upstream.handler = async (exchange) => {
        await exchange.begin();
        await exchange.event({ type: 'transcript.text.delta', delta: 'Hi' });
        await exchange.event({ type: 'transcript.text.done', text: 'Hi' });
        await exchange.finish();
      };
      const events = [];
      const stream = await client.audio.transcriptions.create({ file, model: 'listen', stream: true });
      for await (const event of stream) events.push(event.type);
      assert.deepEqual(events, ['transcript.text.delta', 'transcript.text.done']);
    });

    it('curl sends a form', async (t) => {
      const file = path.join(h.daemon.home, 'a.wav');
      fs.writeFileSync(file, sound);
      answer('{"text":"Hello"}');
      const words = ['-sS', '--fail', '-H', `Authorization: Bearer ${key}`, '-F', `file=@${file}`, '-F', 'model=listen'];
      const result = await run('curl', [...words, `${h.daemon.url}/audio/transcriptions`]).catch(() => undefined);
      if (!result) return t.skip('curl is missing');
      assert.deepEqual([result.code, result.stdout], [0, '{"text":"Hello"}']);
      assert.ok(h.upstream.last.body.includes(sound));
    });
  });
});

/// An upstream that takes bodies at the test's pace.
class Taker {
  static async start() {
    const taker = new Taker();
    taker.takes = [];
    taker.server = net.createServer((socket) => {
      const take = { socket, head: '', bytes: 0, ended: false };
      taker.takes.push(take);
      socket.on('error', () => {});
      socket.on('close', () => (take.ended = true));
      socket.on('data', (data) => {
        const all = take.head.includes('\r\n\r\n') ? undefined : take.head + data.toString('latin1');
        if (all === undefined) take.bytes += data.length;
        else {
          const end = all.indexOf('\r\n\r\n');
          take.head = end < 0 ? all : all.slice(0, end + 4);
          if (end >= 0) take.bytes = all.length - end - 4;
        }
        taker.on?.(take, data);
      });
    });
    await new Promise((resolve) => taker.server.listen(0, '127.0.0.1', resolve));
    taker.url = `http://127.0.0.1:${taker.server.address().port}/v1`;
    return taker;
  }
  clear() {
    this.takes.forEach((take) => take.socket.destroy());
    this.takes.length = 0;
    this.on = undefined;
  }
  async stop() {
    this.clear();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

describe('long bodies', () => {
  const h = house({ args: ['--hold-wait', '0s', '--max-body', '64MiB'], add: { more: ['--model', 'other'] } });
  const size = (short ? 4 : 20) << 20;
  const file = Buffer.alloc(size, 'sound');
  const body = form([['model', 'listen'], ['file', file, 'a.ogg']]);
  const reply = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"text":"x"}';
  let key;
  let taker;
  before(async () => {
    taker = await Taker.start();
    await h.daemon.addUpstream(taker, { name: 'taker', input: undefined, more: ['--model', 'listen'] });
    await h.daemon.ok(['prices', 'set', 'listen', '--per-second', '0.0001']);
    key = (await h.daemon.key({ budget: 1000 })).key;
  });
  after(() => taker?.stop());

  const request = (data, headers = {}) =>
    requestBytes({ key, path: '/v1/audio/transcriptions', body: data, headers: { 'Content-Type': formType, ...headers } });
  const memory = () => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${h.daemon.pid}/status`, 'utf8'))[1]) * 1024;
  const lastRow = async () => (await h.daemon.rows())[0];
  const begin = async (data, headers) => {
    taker.clear();
    const connection = await Connection.open(h.port);
    connection.write(request(data, headers));
    return connection;
  };
  const taken = (ms = 20_000 * patience) => until(() => taker.takes[0]?.bytes > 0, ms, 'the upstream to be sent something');

  it('pass while they come, no faster than the upstream takes them, without being kept', async () => {
    const before = memory();
    taker.clear();
    const connection = await Connection.open(h.port);
    taker.on = (take) => take.bytes > 0 && take.socket.pause();
    connection.write(request(body));
    await taken();
    // The client is held up: not all of it fits the kernel's buffers.
    let left = -1;
    await until(() => {
      const same = left === connection.socket.writableLength;
      left = connection.socket.writableLength;
      return same;
    }, 10_000 * patience, 'the client to be held up');
    if (!short) assert.ok(connection.socket.writableLength > size / 4, `${connection.socket.writableLength} bytes are left`);
    const [take] = taker.takes;
    taker.on = (one) => one.bytes === body.length && one.socket.write(reply);
    take.socket.resume();
    const got = await connection.reply();
    assert.deepEqual([got.status, got.text], [200, '{"text":"x"}']);
    assert.equal(take.bytes, body.length);
    if (!short) assert.ok(memory() - before < 6 << 20, `${memory() - before} bytes more`);
    const row = await lastRow();
    assert.deepEqual([row.status, row.endpoint], ['ok', 'audio/transcriptions']);
    connection.close();
  });

  it('come in chunks and pass in chunks', async () => {
    const { key: free } = await h.daemon.key();
    taker.clear();
    const chunk = (data) => Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]);
    const connection = await Connection.open(h.port);
    taker.on = (take, data) => data.subarray(-5).equals(Buffer.from('0\r\n\r\n')) && take.socket.write(reply);
    connection.write(requestBytes({ key: free, path: '/v1/audio/transcriptions', headers: { 'Content-Type': formType, 'Transfer-Encoding': 'chunked' } }));
    const half = body.length >> 1;
    connection.write(Buffer.concat([chunk(body.subarray(0, half)), chunk(body.subarray(half)), Buffer.from('0\r\n\r\n')]));
    const got = await connection.reply();
    assert.equal(got.status, 200, got.text);
    assert.match(taker.takes[0].head, /transfer-encoding: chunked/i);
    connection.close();
  });

  it('that break off cost nothing, and the upstream is left at once', async () => {
    const connection = await begin(body.subarray(0, size >> 1), { 'Content-Length': String(body.length) });
    await taken();
    connection.close();
    await until(() => taker.takes[0].ended, 10_000 * patience, 'the upstream to be left');
    await until(async () => (await lastRow()).status === 'client_gone', 10_000 * patience, 'the row');
    const row = await lastRow();
    assert.deepEqual([row.cost_usd, row.cost_basis], [0, 'exact']);
    assert.equal((await h.daemon.json(['status'])).in_flight ?? 0, 0);
  });

  it('are refused in the middle when a field would change what was decided', async () => {
    const twice = form([['model', 'listen'], ['file', file, 'a.ogg'], ['model', 'dear']]);
    const connection = await begin(twice);
    const got = await connection.reply();
    assert.deepEqual([got.status, JSON.parse(got.text).error.param], [400, 'model']);
    await until(() => taker.takes[0].ended, 10_000 * patience, 'the upstream to be left');
    assert.ok(taker.takes[0].bytes < twice.length);
    const row = await lastRow();
    assert.deepEqual([row.status, row.http_status, row.cost_usd], ['client_error', 400, 0]);
    connection.close();
  });

  it("pass an upstream's early reply on, though the client still sends or waits", async () => {
    for (const part of [body.length, size >> 1]) {
      taker.clear();
      taker.on = (take) => {
        if (take.bytes < 300_000 || take.told) return;
        take.told = true;
        take.socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large');
      };
      const connection = await Connection.open(h.port);
      connection.write(request(body.subarray(0, part), { 'Content-Length': String(body.length) }));
      const got = await connection.reply();
      assert.deepEqual([got.status, got.text], [413, 'too large']);
      // Where the client has sent all of it, its connection may go on.
      if (part < body.length) assert.equal(got.headers.connection, 'close');
      assert.equal((await lastRow()).cost_usd, 0);
      connection.close();
    }
  });

  it('are cut when the key is revoked', async () => {
    const own = await h.daemon.key({ budget: 1000 });
    taker.clear();
    const connection = await Connection.open(h.port);
    const head = { key: own.key, path: '/v1/audio/transcriptions' };
    const headers = { 'Content-Type': formType, 'Content-Length': String(body.length) };
    connection.write(requestBytes({ ...head, headers, body: body.subarray(0, size >> 1) }));
    await taken();
    await h.daemon.ok(['keys', 'revoke', own.name, '--yes']);
    const got = await connection.reply();
    assert.deepEqual([got.status, JSON.parse(got.text).error.code], [401, 'key_revoked']);
    await until(() => taker.takes[0].ended, 10_000 * patience, 'the upstream to be left');
    const row = await lastRow();
    assert.deepEqual([row.status, row.cost_usd], ['cut', 0]);
    connection.close();
  });

  it('leave the connection of a client as it was, for the next call', async () => {
    taker.clear();
    taker.on = (take) => take.bytes === body.length && take.socket.write(reply);
    const connection = await Connection.open(h.port);
    const whole = request(body, { Expect: '100-continue' });
    const head = whole.length - body.length;
    for (let i = 0; i < 2; i++) {
      connection.write(whole.subarray(0, head));
      assert.equal((await connection.reply()).status, 100);
      connection.write(whole.subarray(head));
      const got = await connection.reply();
      assert.deepEqual([got.status, got.text], [200, '{"text":"x"}']);
    }
    connection.close();
  });

  it('are kept until the model is known, when it stands behind the file', async () => {
    const late = form([['file', file, 'a.ogg'], ['model', 'listen']]);
    taker.clear();
    taker.on = (take) => take.bytes === late.length && take.socket.write(reply);
    const connection = await Connection.open(h.port);
    connection.write(request(late));
    const got = await connection.reply();
    assert.equal(got.status, 200, got.text);
    connection.close();
  });
});
