// /v1/messages: Anthropic's form, from door to ledger. Its own package is tried in client_anthropic.
import assert from 'node:assert/strict';
import { before, beforeEach, describe, it } from 'node:test';

import { anthropicApi, answer, messageUsage } from './support/anthropic_api.mjs';
import { call, Connection, requestBytes } from './support/client.mjs';
import { patience } from './support/daemon.mjs';
import { named } from './support/events.mjs';
import { house } from './support/house.mjs';
import { lastRow, nano, rowWith, used } from './support/ledger.mjs';
import { bill } from './support/provider.mjs';
import { Upstream } from './support/upstream.mjs';
import { deadline, sleep, until } from './support/wait.mjs';

const path = '/v1/messages';
const asked = (fields = {}) => ({
  model: 'claude-test',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'How is the weather?' }],
  ...fields,
});
/// USD per million tokens, as nano-USD per token: input, cache read, cache write, output.
const rates = [3000, 300, 6000, 15000];
const cost = (...counts) => counts.reduce((sum, count, i) => sum + count * rates[i], 0);
const streamOf = (usage, texts, end = { output_tokens: 15 }) => [
  named('message_start', { message: { id: 'msg_1', type: 'message', role: 'assistant', content: [], usage } }),
  named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  ...texts.map((text) => named('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })),
  ...(end ? [named('message_delta', { delta: { stop_reason: 'end_turn' }, usage: end }), named('message_stop', {})] : []),
];
const streams = (events, { broken = false } = {}) => async (exchange) => {
  await exchange.begin();
  for (const event of events) await exchange.chunk(event);
  await (broken ? exchange.end() : exchange.finish());
};

describe('messages', () => {
  const h = house({
    args: ['--hold-wait', '0s', '--max-body', '1048576'],
    add: { input: undefined, more: ['--preset', 'anthropic', '--model', 'claude-*', '--alias', 'best=claude-test'] },
  });
  let key;
  before(async () => {
    const price = ['--input', '3', '--cached-input', '0.3', '--cache-write', '6', '--output', '15'];
    await h.daemon.ok(['prices', 'set', 'claude-test', ...price]);
    key = (await h.daemon.key({ budget: 100 })).key;
  });
  beforeEach(() => {
    h.upstream.handler = anthropicApi();
  });
  const send = (body, { apiKey = key, headers = {}, ...more } = {}) =>
    call(h.port, {
      path,
      headers: { 'x-api-key': apiKey ?? undefined, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...more,
    });
  /// An error as Anthropic words it; its error object.
  const isError = (reply, status, type) => {
    assert.equal(reply.status, status, reply.text);
    assert.deepEqual([reply.json.type, reply.json.error.type], ['error', type], reply.text);
    assert.equal(typeof reply.json.error.message, 'string');
    assert.equal(reply.json.request_id, reply.headers['request-id']);
    assert.match(reply.json.request_id, /^req_/);
    assert.ok(!reply.text.includes('sk-nufi-'));
    return reply.json.error;
  };
  const held = async (id) => (await h.daemon.showKey(id)).held_usd;

  describe('what goes upstream', () => {
    it('Anthropic gets its own secret as x-api-key, a version, and the bytes as they came', async () => {
      const body = '{ "max_tokens": 9, "messages":[{"role":"user","content":"h\\u00e9"}],\n"model" : "claude-test"}';
      const reply = await send(body, { path: `${path}?beta=true`, headers: { 'anthropic-beta': 'tools-2026', Cookie: 'a=b' } });
      assert.equal(reply.status, 200, reply.text);
      const { last } = h.upstream;
      assert.equal(last.text, body);
      assert.equal(last.target, '/v1/messages?beta=true');
      assert.equal(last.headers['x-api-key'], h.upstream.secret);
      assert.equal(last.headers.authorization, undefined);
      assert.equal(last.headers['anthropic-version'], '2023-06-01');
      assert.equal(last.headers['anthropic-beta'], 'tools-2026');
      assert.ok(!last.head.includes('sk-nufi-') && !/cookie/i.test(last.head));
      assert.equal(reply.headers['request-id'], 'req_provider_3');
      assert.match(reply.headers['x-nufi-request-id'], /^req_/);
      assert.equal(reply.headers['x-nufi-upstream'], 'mock');
    });

    it('the model is renamed as text', async () => {
      const reply = await send('{"max_tokens":9,"model":"best","messages":[{"content":"hi"}]}');
      assert.equal(reply.status, 200, reply.text);
      assert.equal(h.upstream.last.text, '{"max_tokens":9,"model":"claude-test","messages":[{"content":"hi"}]}');
      const row = await lastRow(h.daemon);
      assert.deepEqual([row.endpoint, row.model, row.upstream_model], ['messages', 'best', 'claude-test']);
    });

    it('others that speak the form get a bearer; those that do not are never asked', async () => {
      const local = await Upstream.start({ handler: anthropicApi() });
      const openai = await Upstream.start();
      try {
        await h.daemon.addUpstream(local, { name: 'local', model: 'local-model', more: ['--model', 'local-model'] });
        const more = ['--preset', 'openai', '--model', 'local-model', '--model', 'gpt-x', '--priority', '9'];
        await h.daemon.addUpstream(openai, { name: 'dear', model: 'gpt-x', more });
        assert.equal((await send(asked({ model: 'local-model' }))).json.content[0].text, answer);
        assert.equal(local.last.headers.authorization, `Bearer ${local.secret}`);
        assert.equal(local.last.headers['x-api-key'], undefined);
        const error = isError(await send(asked({ model: 'gpt-x' })), 404, 'not_found_error');
        assert.match(error.message, /Messages API/);
        assert.equal(openai.requests.length, 0);
        // A chat goes to Anthropic's own endpoint for chats, with a bearer.
        h.upstream.handler = bill();
        const chat = { model: 'claude-test', messages: [], max_tokens: 5 };
        assert.equal((await call(h.port, { key, body: JSON.stringify(chat) })).status, 200);
        assert.equal(h.upstream.last.target, '/v1/chat/completions');
        assert.equal(h.upstream.last.headers.authorization, `Bearer ${h.upstream.secret}`);
        assert.equal(h.upstream.last.headers['x-api-key'], undefined);
      } finally {
        for (const name of ['local', 'dear']) await h.daemon.ok(['upstreams', 'remove', name, '--yes']);
        await local.stop();
        await openai.stop();
      }
    });
  });

  describe('what it costs', () => {
    it('to the nano-USD: cache read, cache written, thinking in the output', async () => {
      const usage = {
        input_tokens: 21,
        cache_creation_input_tokens: 1_000,
        cache_read_input_tokens: 40_000,
        cache_creation: { ephemeral_5m_input_tokens: 400, ephemeral_1h_input_tokens: 600 },
        output_tokens: 90,
        output_tokens_details: { thinking_tokens: 60 },
        server_tool_use: { web_search_requests: 0 },
        service_tier: 'standard',
      };
      h.upstream.handler = (exchange) => exchange.reply(200, { id: 'msg_1', type: 'message', content: [], usage });
      assert.equal((await send(asked())).status, 200);
      let row = await lastRow(h.daemon);
      assert.deepEqual(used(row), { input: 21, cached_input: 40_000, cache_write: 1_000, output: 30, reasoning: 60 });
      assert.deepEqual([row.cost_basis, nano(row.cost_usd)], ['exact', cost(21, 40_000, 1_000, 90)]);

      // The same in a stream: the start knows the prompt, the end the output.
      const events = streamOf({ ...usage, output_tokens: 2 }, ['Hi'], { output_tokens: 90, output_tokens_details: { thinking_tokens: 60 } });
      h.upstream.handler = streams(events);
      const reply = await send(asked({ stream: true }));
      assert.equal(reply.text, events.join(''));
      row = await lastRow(h.daemon);
      assert.deepEqual(used(row), { input: 21, cached_input: 40_000, cache_write: 1_000, output: 30, reasoning: 60 });
      assert.deepEqual([row.cost_basis, nano(row.cost_usd), row.stream], ['exact', cost(21, 40_000, 1_000, 90), true]);
    });

    it('settled before message_stop passes', async () => {
      let open;
      const gate = new Promise((resolve) => (open = resolve));
      const events = streamOf(messageUsage, ['Hi']);
      h.upstream.handler = async (exchange) => {
        await exchange.begin();
        await exchange.chunk(events.join(''));
        await gate; // the body stays open behind its last event
        await exchange.finish();
      };
      const connection = await Connection.open(h.port);
      connection.write(requestBytes({ path, key, body: JSON.stringify(asked({ stream: true })) }));
      await connection.untilBody('message_stop');
      assert.equal((await lastRow(h.daemon)).status, 'ok');
      open();
      connection.close();
    });

    it('usage that can not be is charged as the hold', async () => {
      h.upstream.handler = streams(streamOf(messageUsage, ['Hi'], { output_tokens: -5 }));
      await send(asked({ stream: true }));
      const row = await lastRow(h.daemon);
      assert.deepEqual([row.cost_basis, row.error_code], ['held', 'usage_invalid']);
    });

    it('a stream that broke off: the prompt as reported, the answer as it came', async () => {
      const events = streamOf({ ...messageUsage, output_tokens: 1 }, ['12345678', '1234'], null);
      h.upstream.handler = streams(events, { broken: true });
      const reply = await send(asked({ stream: true }));
      const last = reply.text.slice(events.join('').length);
      assert.match(last, /^event: error\ndata: \{"type":"error","error":\{"type":"api_error"[^\n]+\}\n\n$/);
      assert.equal(JSON.parse(reply.events.at(-1)).request_id, reply.headers['x-nufi-request-id']);
      const row = await lastRow(h.daemon);
      assert.deepEqual([row.status, row.cost_basis], ['upstream_error', 'estimated']);
      assert.deepEqual(used(row), { input: 12, cached_input: 8, cache_write: 5, output: 3 });
    });

    it('an overloaded upstream costs nothing, in a stream or as 529', async () => {
      const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
      const start = streamOf(messageUsage, [], null)[0];
      h.upstream.handler = streams([start, named('error', { error: overloaded.error })]);
      const streamed = await send(asked({ stream: true }));
      assert.deepEqual(JSON.parse(streamed.events.at(-1)), overloaded);
      let row = await lastRow(h.daemon);
      assert.deepEqual([row.status, row.cost_usd, row.tokens.input], ['upstream_error', 0, 0]);
      h.upstream.handler = (exchange) => exchange.reply(529, overloaded, { 'request-id': 'req_upstream' });
      const reply = await send(asked());
      assert.deepEqual([reply.status, reply.json, reply.headers['request-id']], [529, overloaded, 'req_upstream']);
      row = await lastRow(h.daemon);
      assert.deepEqual([row.status, row.http_status, row.cost_usd], ['upstream_error', 529, 0]);
    });

    it('an abort before the first word is charged as held, for thoughts nobody saw', async () => {
      const { key: own, id } = await h.daemon.key({ budget: 1 });
      h.upstream.handler = async (exchange) => {
        await exchange.begin();
        await exchange.chunk(streamOf(messageUsage, [], null)[0]);
        await deadline(exchange.gone, 10_000 * patience);
      };
      const connection = await Connection.open(h.port);
      connection.write(requestBytes({ path, headers: { 'x-api-key': own }, body: JSON.stringify(asked({ stream: true })) }));
      await connection.untilBody('message_start');
      connection.close();
      const row = await rowWith(h.daemon, 'client_gone');
      assert.equal(row.cost_basis, 'held');
      assert.equal(await held(id), 0);
    });
  });

  describe('counting tokens', () => {
    const count = (body, more) => send(body, { path: `${path}/count_tokens?beta=true`, ...more });
    const counted = { model: 'best', messages: [{ role: 'user', content: 'hello' }] };

    it('is passed on, free of charge, without a hold or a row', async () => {
      const { key: broke, id } = await h.daemon.key({ budget: 0.000001 });
      const before = await lastRow(h.daemon);
      const reply = await count(counted, { apiKey: broke });
      assert.deepEqual([reply.status, reply.json], [200, { input_tokens: 14 }]);
      assert.equal(h.upstream.last.target, '/v1/messages/count_tokens?beta=true');
      assert.equal(h.upstream.last.text, JSON.stringify({ ...counted, model: 'claude-test' }));
      assert.equal((await lastRow(h.daemon)).id, before.id);
      const { spent_usd, held_usd } = await h.daemon.showKey(id);
      assert.deepEqual([spent_usd, held_usd], [0, 0]);
      // A model without a price is no matter.
      assert.equal((await count({ ...counted, model: 'claude-unpriced' }, { apiKey: broke })).status, 200);
      assert.equal((await send(asked({ model: 'claude-unpriced' }), { apiKey: broke })).status, 400);
    });

    it('but the key, its models and its rate count', async () => {
      isError(await count(counted, { apiKey: 'sk-nufi-wrong' }), 401, 'authentication_error');
      const narrow = await h.daemon.key({ model: 'claude-test' });
      isError(await count(counted, { apiKey: narrow.key }), 403, 'permission_error');
      const slow = await h.daemon.key({ rpm: 1, 'max-parallel': 1 });
      assert.equal((await count(counted, { apiKey: slow.key })).status, 200);
      const error = isError(await count(counted, { apiKey: slow.key }), 429, 'rate_limit_error');
      assert.equal(error.nufi.reason, 'rpm');
      isError(await count('{"messages":[]}'), 400, 'invalid_request_error');
    });

    it("the upstream's refusal passes as it is", async () => {
      const error = { type: 'error', error: { type: 'not_found_error', message: 'no such model' } };
      h.upstream.handler = (exchange) => exchange.reply(404, error);
      const reply = await count(counted);
      assert.deepEqual([reply.status, reply.json], [404, error]);
    });
  });

  describe('refusals are worded as Anthropic words them', () => {
    it('keys', async () => {
      const wrong = [{ apiKey: null }, { apiKey: 'sk-ant-mine' }, { headers: { Authorization: 'Bearer sk-nufi-wrong' } }];
      for (const more of wrong) isError(await send(asked(), { apiKey: key, ...more }), 401, 'authentication_error');
      const both = { headers: { Authorization: `Bearer ${key}` } };
      assert.equal((await send(asked(), both)).status, 200);
      assert.equal((await send(asked(), { apiKey: null, ...both })).status, 200);
      const revoked = await h.daemon.key();
      await h.daemon.ok(['keys', 'revoke', revoked.id, '--yes']);
      const error = isError(await send(asked(), { apiKey: revoked.key }), 401, 'authentication_error');
      assert.match(error.message, /revoked/);
      // Elsewhere x-api-key is no key.
      const elsewhere = await call(h.port, { body: '{}', headers: { 'x-api-key': key } });
      assert.deepEqual([elsewhere.status, elsewhere.json.error.code], [401, 'invalid_api_key']);
    });

    it('models, addresses, paths, methods and bodies', async () => {
      const narrow = await h.daemon.key({ model: 'other' });
      isError(await send(asked(), { apiKey: narrow.key }), 403, 'permission_error');
      const far = await h.daemon.key({ ip: '203.0.113.0/24' });
      isError(await send(asked(), { apiKey: far.key }), 403, 'permission_error');
      isError(await send(asked({ model: 'absent' })), 404, 'not_found_error');
      isError(await send(asked(), { path: `${path}/batches` }), 404, 'not_found_error');
      const get = await call(h.port, { method: 'GET', path, key });
      isError(get, 405, 'invalid_request_error');
      assert.equal(get.headers.allow, 'POST');
      isError(await send('x'.repeat(1_048_577)), 413, 'request_too_large');
      isError(await send(asked(), { headers: { 'Content-Encoding': 'gzip' } }), 415, 'invalid_request_error');
      const bad = ['{', '[]', asked({ max_tokens: undefined }), asked({ max_tokens: -1 }), asked({ stream: 'yes' }), asked({ thread: {} })];
      bad.push('{"model":"claude-test","max_tokens":1,"max_tokens":2}', '{"model":"claude-test","Model":"x","max_tokens":1}');
      for (const body of bad) isError(await send(body), 400, 'invalid_request_error');
      isError(await send(asked(), { host: 'evil.example' }), 403, 'permission_error');
      assert.equal(h.upstream.requests.length, 0);
    });

    it('a budget: not to be tried again, with what is spent and held', async () => {
      const { key: broke } = await h.daemon.key({ name: 'broke', budget: 0.000001 });
      const reply = await send(asked(), { apiKey: broke });
      const error = isError(reply, 429, 'rate_limit_error');
      assert.match(error.message, /^Budget reached: key 'broke'/);
      assert.deepEqual([error.nufi.reason, error.nufi.limit], ['budget', 'key']);
      assert.deepEqual([reply.headers['x-should-retry'], reply.headers['retry-after-ms']], ['false', '0']);
      assert.equal(reply.headers['retry-after'], undefined);
    });

    it('what nothing bounds, under a limit only', async () => {
      const free = await h.daemon.key();
      const unbounded = [
        { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
        { mcp_servers: [{ type: 'url', url: 'https://x', name: 'x' }] },
        { speed: 'fast' },
        { fallbacks: [{ model: 'claude-dear' }] },
        { context_management: { edits: [{ type: 'compact_20260112' }] } },
      ];
      for (const fields of unbounded) {
        isError(await send(asked(fields)), 400, 'invalid_request_error');
        assert.equal((await send(asked(fields), { apiKey: free.key })).status, 200);
      }
      // Writing to a cache for an hour is billed at twice the input: a price of less does not know it.
      await h.daemon.ok(['prices', 'set', 'claude-short', '--input', '3', '--cache-write', '3.75', '--output', '15']);
      const hour = [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral', ttl: '1h' } }];
      const short = { model: 'claude-short', system: hour };
      assert.match(isError(await send(asked(short)), 400, 'invalid_request_error').message, /cache_control\.ttl/);
      assert.equal((await send(asked(short), { apiKey: free.key })).status, 200);
      const bounded = [
        { system: hour },
        { tools: [{ name: 'f', input_schema: {} }, { type: 'bash_20250124', name: 'bash' }] },
        { context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] } },
      ];
      for (const fields of bounded) assert.equal((await send(asked(fields))).status, 200);
    });

    it('an upstream that refuses our credential', async () => {
      h.upstream.handler = (exchange) => exchange.reply(401, { type: 'error' });
      isError(await send(asked()), 502, 'api_error');
    });

    it('probes of a client: 404 and nothing more', async () => {
      for (const method of ['HEAD', 'GET']) {
        const connection = await Connection.open(h.port);
        connection.write(requestBytes({ method, path: '/', key }));
        const reply = await connection.reply({ noBody: method === 'HEAD' });
        assert.equal(reply.status, 404);
        connection.close();
      }
    });
  });

  describe('streams that are cut', () => {
    const endless = async (exchange) => {
      await exchange.begin();
      for (const event of streamOf(messageUsage, [], null)) await exchange.chunk(event);
      while (!exchange.isGone) {
        await exchange.chunk(named('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'a few words of a story. ' } }));
        await sleep(2);
      }
    };

    it('a soft key whose budget is empty', async () => {
      h.upstream.handler = endless;
      const soft = await h.daemon.key({ name: 'soft', budget: 0.003, enforce: 'soft' });
      const reply = await send(asked({ stream: true, max_tokens: 5000 }), { apiKey: soft.key });
      const last = JSON.parse(reply.events.at(-1));
      assert.deepEqual([last.type, last.error.type, last.error.nufi.reason], ['error', 'rate_limit_error', 'budget']);
      assert.match(reply.text, /\n\nevent: error\ndata: [^\n]+\n\n$/);
      assert.equal((await lastRow(h.daemon)).status, 'cut');
    });

    it('a key that is revoked', async () => {
      h.upstream.handler = endless;
      const own = await h.daemon.key();
      const connection = await Connection.open(h.port);
      connection.write(requestBytes({ path, headers: { 'x-api-key': own.key }, body: JSON.stringify(asked({ stream: true, max_tokens: 5000 })) }));
      await connection.untilBody('a few words');
      await h.daemon.ok(['keys', 'revoke', own.id, '--yes']);
      await connection.untilBody('event: error');
      assert.match(connection.bodySoFar(), /"authentication_error"/);
      await until(async () => (await lastRow(h.daemon)).status === 'cut', 5_000 * patience);
      connection.close();
    });
  });

  it('rows, rollups and windows agree in the end', async () => {
    assert.deepEqual((await h.daemon.json(['ledger', 'verify'])).faults, []);
  });
});
