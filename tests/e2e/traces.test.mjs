// Traces: kept only when asked for, whole, sealed, seen by admins, and no call notices them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';

import { call, chat, chatBody, Connection, openStream, requestBytes } from './support/client.mjs';
import { Daemon, patience } from './support/daemon.mjs';
import { Upstream } from './support/upstream.mjs';
import { until } from './support/wait.mjs';

const secret = 'sk-real-provider-secret-77aa01';
const said = 'tell-me-of-the-quiet-heron';
const answered = 'it-stands-in-the-reeds';

const reply = (content) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'test-model',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
});
const delta = (content) => ({ object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] });

describe('traces', () => {
  let daemon;
  let upstream;
  let key;
  before(async () => {
    upstream = await Upstream.start({ secret });
    daemon = await Daemon.start();
    await daemon.addUpstream(upstream);
    key = await daemon.key({ name: 'laptop', budget: 100 });
  });
  beforeEach(async () => {
    upstream.clear();
    upstream.handler = (exchange) => exchange.reply(200, reply(answered));
    await daemon.ok(['traces', 'off']);
    await daemon.ok(['traces', 'off', '--key', 'laptop']);
  });
  after(async () => {
    await daemon?.stop();
    await upstream?.stop();
  });

  const file = (suffix = '') => path.join(daemon.home, `data/nufi/traces.db${suffix}`);
  const say = (fields = {}) => chat(daemon.port, key.key, { messages: [{ role: 'user', content: said }], ...fields });
  const idOf = (answer) => answer.headers['x-nufi-request-id'] ?? answer.headers['x-request-id'];
  /// The trace of a call that has ended; it is handed over just behind the last byte.
  const trace = async (id) => {
    let found;
    await until(
      async () => {
        const shown = await daemon.api('GET', `/v1/traces/${id}`);
        found = shown.json;
        return shown.status === 200;
      },
      5_000 * patience,
      `the trace of ${id}`,
    );
    return found;
  };
  const none = async (id) => assert.equal((await daemon.api('GET', `/v1/traces/${id}`)).status, 404);

  it('off: nothing is kept, and no file is made', async () => {
    const answer = await say();
    assert.equal(answer.status, 200);
    const shown = await daemon.nufi(['traces', 'show', idOf(answer)]);
    assert.equal(shown.code, 3);
    assert.match(shown.stderr, /nufi traces on/);
    assert.equal(await daemon.ok(['traces', 'list']), '');
    assert.ok(!fs.existsSync(file()), 'traces.db is there');
  });

  it('on: prompt, answer, attempts and times; sealed in a private file', async () => {
    const on = await daemon.nufi(['traces', 'on']);
    assert.equal(on.code, 0);
    assert.match(on.stderr, /prompts and answers/);
    assert.ok(on.stderr.includes(file()), on.stderr);
    const answer = await say({ max_tokens: 20 });
    const seen = await trace(idOf(answer));
    assert.deepEqual(seen.prompt, [{ role: 'user', text: said }]);
    assert.equal(seen.answer, answered);
    assert.equal(JSON.parse(seen.request.text).max_tokens, 20);
    assert.equal(seen.reply.text, JSON.stringify(reply(answered)));
    assert.equal(seen.key_name, 'laptop');
    assert.equal(seen.status, 'ok');
    assert.equal(seen.http_status, 200);
    assert.equal(seen.upstream, 'mock');
    assert.equal(seen.attempts.length, 1);
    assert.equal(seen.attempts[0].result, 'ok');
    const names = seen.spans.map((span) => span.name);
    assert.ok(names.includes('upstream') && names.includes('reply'), names.join());
    assert.ok(seen.total_ms > 0 && seen.slowest.length > 0);
    const [row] = await daemon.rows();
    assert.equal(row.id, seen.id);
    assert.equal(row.cost_usd, seen.cost_usd);
    assert.deepEqual(row.tokens, seen.tokens);

    for (const suffix of ['', '-wal']) {
      if (!fs.existsSync(file(suffix))) continue;
      assert.equal(fs.statSync(file(suffix)).mode & 0o777, 0o600);
      const bytes = fs.readFileSync(file(suffix));
      for (const word of [said, answered, key.key, secret]) assert.ok(!bytes.includes(word), word);
    }
    const list = await daemon.json(['traces', 'list', '--key', 'laptop']);
    assert.equal(list.data[0].id, seen.id);
    const shown = await daemon.ok(['traces', 'show', seen.id]);
    assert.match(shown, new RegExp(`^answer\\t${answered}$`, 'm'));
    assert.equal((await daemon.ok(['traces', 'show', seen.id, '-q'])).trim(), seen.id);
  });

  it('errors: only calls that fail leave one', async () => {
    await daemon.ok(['traces', 'errors']);
    const good = await say();
    upstream.handler = (exchange) => exchange.reply(500, { error: { message: `no: ${secret}` } });
    const bad = await say();
    assert.equal(bad.status, 500);
    const seen = await trace(idOf(bad));
    assert.equal(seen.status, 'upstream_error');
    assert.deepEqual(seen.prompt, [{ role: 'user', text: said }]);
    assert.ok(!JSON.stringify(seen).includes(secret), 'the upstream told its secret, and it is kept');
    assert.match(seen.reply.text, /no: \[secret\]/);
    await none(idOf(good));
  });

  it('of one key, and for all again: the very next call feels it', async () => {
    const other = await daemon.key({ budget: 1 });
    await daemon.ok(['traces', 'errors', '--key', 'laptop']);
    let shown = await daemon.showKey('laptop');
    assert.deepEqual([shown.trace, shown.trace_errors_only], [true, true]);
    await none(idOf(await say()));
    await daemon.ok(['traces', 'on', '--key', 'laptop']);
    shown = await daemon.showKey('laptop');
    assert.deepEqual([shown.trace, shown.trace_errors_only], [true, false]);
    await trace(idOf(await say()));
    await none(idOf(await chat(daemon.port, other.key)));
    await daemon.ok(['traces', 'off', '--key', 'laptop']);
    await none(idOf(await say()));
    const actions = (await daemon.json(['audit', '--last', '5'])).data.map((entry) => entry.action);
    assert.ok(actions.includes('key.edit'), actions.join());
    await daemon.ok(['traces', 'on']);
    const [entry] = (await daemon.json(['audit', '--last', '1'])).data;
    assert.deepEqual([entry.action, entry.after], ['setting.change', { trace: 'on' }]);
  });

  it('a refused call leaves one under the id it was told', async () => {
    await daemon.ok(['traces', 'on']);
    const refused = await say({ model: 'nobody-has-this' });
    assert.equal(refused.status, 400);
    const seen = await trace(idOf(refused));
    assert.deepEqual([seen.status, seen.error_code], ['client_error', 'model_price_unknown']);
    assert.equal(seen.attempts.length, 0);
    const bad = await call(daemon.port, { key: key.key, body: `{"model": "${said}` });
    assert.equal((await trace(idOf(bad))).request.text, `{"model": "${said}`);
  });

  it('a stream is kept as it came, and its text put together; so is what was asked for in it', async () => {
    await daemon.ok(['traces', 'on']);
    upstream.handler = async (exchange) => {
      await exchange.begin();
      await exchange.event(delta('it-stands'));
      await exchange.event(delta('-in-the-reeds'));
      const piece = (part) => ({ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: part }] } }] });
      await exchange.event(piece({ name: 'look_up', arguments: '{"bird":' }));
      await exchange.event(piece({ arguments: '"heron"}' }));
      await exchange.event({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 9, total_tokens: 14 } });
      await exchange.event('[DONE]');
      await exchange.finish();
    };
    const answer = await say({ stream: true });
    const seen = await trace(idOf(answer));
    assert.equal(seen.answer, answered);
    assert.deepEqual(seen.tool_calls, [{ name: 'look_up', arguments: '{"bird":"heron"}' }]);
    assert.ok(seen.stream && seen.reply.text.endsWith('data: [DONE]\n\n'));
    assert.ok(seen.changes.some((change) => change.includes('stream_options')));
  });

  it('a client that leaves in the middle of a stream', async () => {
    await daemon.ok(['traces', 'errors']);
    upstream.handler = async (exchange) => {
      await exchange.begin();
      await exchange.event(delta('half of it'));
    };
    const connection = await openStream(daemon.port, key.key);
    await connection.untilBody('half of it');
    const id = /x-nufi-request-id: (\S+)/i.exec(connection.bytes.toString('latin1'))[1];
    connection.close();
    const seen = await trace(id);
    assert.equal(seen.status, 'client_gone');
    assert.equal(seen.answer, 'half of it');
  });

  it('says what a call waited for', async () => {
    await daemon.ok(['traces', 'on']);
    upstream.handler = async (exchange) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      await exchange.reply(200, reply(answered));
    };
    const seen = await trace(idOf(await say()));
    assert.equal(seen.slowest[0].part, 'upstream');
    assert.ok(seen.slowest[0].ms >= 140, JSON.stringify(seen.slowest));
  });

  it('a form is told by its parts', async () => {
    await daemon.ok(['traces', 'on']);
    await daemon.ok(['prices', 'set', 'whisper-1', '--per-second', '0.0001']);
    upstream.handler = (exchange) => exchange.reply(200, { text: answered });
    const part = (name, value, more = '') =>
      `--line\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;
    const sound = 'RIFF\u0000\u0001'.repeat(50);
    const body = `${part('model', 'whisper-1')}${part('prompt', said)}${part('file', sound, '; filename="a.wav"')}--line--\r\n`;
    const free = await daemon.key({});
    const answer = await call(daemon.port, {
      path: '/v1/audio/transcriptions',
      key: free.key,
      headers: { 'Content-Type': 'multipart/form-data; boundary=line' },
      body,
    });
    assert.equal(answer.status, 200, answer.text);
    const seen = await trace(idOf(answer));
    const prompt = Object.fromEntries(seen.prompt.map((message) => [message.role, message.text]));
    assert.equal(prompt.prompt, said);
    assert.equal(prompt.file, `[${sound.length} bytes]`);
    assert.equal(Buffer.from(seen.request.base64, 'base64').toString(), body);
    assert.equal(seen.answer, answered);
  });

  it('a body beyond the limit is kept up to it and marked; the call itself is whole', async () => {
    await daemon.ok(['traces', 'on']);
    const long = 'é'.repeat(900_000);
    const answer = await say({ messages: [{ role: 'user', content: `x${long}` }] });
    assert.equal(answer.status, 200, answer.text);
    assert.ok(upstream.last.text.includes(long));
    const seen = await trace(idOf(answer));
    assert.ok(seen.request.cut && seen.request.bytes > 1_800_000);
    assert.ok(Buffer.byteLength(seen.request.text) <= 1 << 20);
    assert.deepEqual(seen.prompt, []);
  });

  it('keys and cookies that were put into the wrong place are not kept', async () => {
    await daemon.ok(['traces', 'on']);
    upstream.handler = (exchange) => exchange.reply(200, reply(`your key is ${key.key}`));
    const answer = await call(daemon.port, {
      key: key.key,
      headers: { Cookie: 'session=very-private' },
      body: JSON.stringify(chatBody({ messages: [{ role: 'user', content: `mine is ${key.key}` }] })),
    });
    assert.ok(answer.text.includes(key.key), 'bytes pass unchanged');
    const text = JSON.stringify(await trace(idOf(answer)));
    assert.ok(!text.includes(key.key.slice(8, 40)) && !text.includes('very-private'), text);
  });

  it('escapes carry no secret into a trace', async () => {
    await daemon.ok(['traces', 'on']);
    const escaped = `\\u0073\\u006b${key.key.slice(2)}`;
    upstream.handler = (exchange) => exchange.reply(200, reply('well'));
    const body = JSON.stringify(chatBody({ messages: [{ role: 'user', content: 'HERE' }] })).replace('HERE', escaped);
    const asked = await trace(idOf(await call(daemon.port, { key: key.key, body })));
    assert.ok(!JSON.stringify(asked).includes(key.key.slice(8, 40)), 'a key with escapes');
    assert.equal(asked.prompt[0].text, 'sk-nufi-…');

    const nested = JSON.stringify({ k: 'HERE' }).replace('HERE', escaped);
    const wanted = { id: 'a', type: 'function', function: { name: 'f', arguments: nested } };
    upstream.handler = (exchange) =>
      exchange.reply(200, { choices: [{ index: 0, message: { role: 'assistant', tool_calls: [wanted] } }] });
    const called = await trace(idOf(await say()));
    assert.ok(!JSON.stringify(called).includes(key.key.slice(8, 40)), 'a key with escapes in arguments');
    assert.equal(called.tool_calls[0].arguments, '{"k":"sk-nufi-…"}');
  });

  it('what a stream spells out in pieces, in whatever field and choice, is not kept', async () => {
    await daemon.ok(['traces', 'on']);
    const token = (await daemon.ok(['tokens', 'create', '--name', 'spelled', '-q'])).trim();
    const chunk = (fields, index = 0) => ({ choices: [{ index, delta: fields }] });
    const ways = {
      content: (piece) => [delta(piece)],
      reasoning: (piece) => [chunk({ reasoning_content: piece })],
      function: (piece) => [chunk({ function_call: { arguments: piece } })],
      tool: (piece) => [chunk({ tool_calls: [{ index: 0, function: { name: '', arguments: piece } }] })],
      turns: (piece) => [chunk({ content: piece }, 1), chunk({ content: 'zz' })],
    };
    for (const [name, hidden] of Object.entries({ key: key.key, token, secret })) {
      for (const [way, events] of Object.entries(ways)) {
        const pieces = ['it is ', ...hidden.match(/.{1,6}/g)];
        upstream.handler = async (exchange) => {
          await exchange.begin();
          for (const piece of pieces) for (const event of events(piece)) await exchange.event(event);
          await exchange.event('[DONE]');
          await exchange.finish();
        };
        const answer = await say({ stream: true, ...(way === 'turns' ? { n: 2 } : {}) });
        assert.equal(answer.status, 200, answer.text);
        const seen = await trace(idOf(answer));
        const text = JSON.stringify(seen);
        const left = pieces.slice(3).filter((piece) => piece.length === 6 && text.includes(piece));
        assert.deepEqual(left, [], `${name} ${way}`);
        assert.match(seen.reply.text, /not kept/);
        const masked = name === 'secret' ? 'it is [secret]' : `it is ${hidden.slice(0, 8)}…`;
        if (way === 'content') assert.equal(seen.answer, masked);
        if (way === 'turns') assert.equal(seen.answer, `${'zz'.repeat(pieces.length)}\n${masked}`);
        if (way === 'tool') assert.equal(seen.tool_calls[0].arguments, masked);
      }
    }
  });

  it('one or all can be forgotten; nothing is without being told to', async () => {
    await daemon.ok(['traces', 'on']);
    const [first, second] = [await say(), await say()];
    await trace(idOf(first));
    await trace(idOf(second));
    assert.equal((await daemon.nufi(['traces', 'delete', idOf(first)])).code, 2);
    assert.equal((await daemon.nufi(['traces', 'delete'])).code, 2);
    await daemon.ok(['traces', 'delete', idOf(first), '--yes']);
    await none(idOf(first));
    const many = await daemon.nufi(['traces', 'show', 'req_']);
    assert.equal(many.code, 3, many.stderr);
    await daemon.ok(['traces', 'delete', '--all', '--yes']);
    assert.deepEqual((await daemon.json(['traces', 'list'])).data, []);
    const [entry] = (await daemon.json(['audit', '--last', '1'])).data;
    assert.equal(entry.action, 'trace.delete');
  });

  it('those that are written survive kill -9; a damaged file harms no call', async () => {
    await daemon.ok(['traces', 'on']);
    const answer = await say();
    await trace(idOf(answer));
    await daemon.kill9();
    await daemon.launch();
    assert.equal((await trace(idOf(answer))).answer, answered, 'and the setting holds');
    await daemon.kill9();
    for (const suffix of ['-wal', '-shm']) fs.rmSync(file(suffix), { force: true });
    fs.writeFileSync(file(), Buffer.alloc(8192, 'not a database '));
    await daemon.launch();
    assert.equal((await say()).status, 200);
    assert.equal((await say()).status, 200);
    const mode = await until(
      async () => {
        const { json } = await daemon.api('GET', '/v1/traces/mode');
        return json.dropped > 0 ? json : null;
      },
      5_000 * patience,
      'a dropped trace',
    );
    assert.match(mode.problem, /traces can't be kept/);
    assert.equal((await daemon.nufi(['traces', 'list'])).code, 1);
    assert.equal((daemon.log().match(/traces are lost/g) ?? []).length, 1);
    fs.rmSync(file());
    await daemon.terminate();
    await daemon.launch();
    await trace(idOf(await say()));
  });

  it('a disk that takes no more harms no call', { skip: !fs.existsSync('/dev/full') }, async () => {
    await daemon.ok(['traces', 'on']);
    await daemon.terminate();
    for (const suffix of ['', '-wal', '-shm']) fs.rmSync(file(suffix), { force: true });
    fs.symlinkSync('/dev/full', file());
    await daemon.launch();
    assert.equal((await say()).status, 200);
    fs.rmSync(file());
  });
});

describe('traces of a client that reads slowly', () => {
  it('say so', { timeout: 20_000 * patience }, async () => {
    const upstream = await Upstream.start({});
    const daemon = await Daemon.start();
    try {
      await daemon.addUpstream(upstream);
      const key = await daemon.key({});
      await daemon.ok(['traces', 'on']);
      const block = 'x'.repeat(60_000);
      upstream.handler = async (exchange) => {
        await exchange.begin();
        for (let i = 0; i < 250; ++i) await exchange.event(delta(block));
        await exchange.event('[DONE]');
        await exchange.finish();
      };
      const connection = await Connection.open(daemon.port);
      connection.write(requestBytes({ key: key.key, body: JSON.stringify(chatBody({ stream: true })) }));
      await connection.head();
      const id = /x-nufi-request-id: (\S+)/i.exec(connection.bytes.toString('latin1'))[1];
      connection.socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 600));
      connection.socket.removeAllListeners('data'); // it would keep all of it
      let tail = '';
      connection.socket.on('data', (data) => (tail = (tail + data.subarray(-64).toString()).slice(-64)));
      connection.socket.resume();
      await until(() => tail.includes('[DONE]'), 15_000 * patience, 'the end');
      connection.close();
      const shown = await until(
        async () => {
          const reply = await daemon.api('GET', `/v1/traces/${id}`);
          return reply.status === 200 ? reply.json : null;
        },
        5_000 * patience,
        'the trace',
      );
      const client = shown.slowest.find((part) => part.part === 'client');
      assert.ok(client?.ms >= 200, JSON.stringify(shown.slowest));
    } finally {
      await daemon.stop();
      await upstream.stop();
    }
  });
});
