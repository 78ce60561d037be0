// The anthropic package, against a provider that answers as Anthropic does.
import assert from 'node:assert/strict';
import { before, beforeEach, describe, it } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { z } from 'zod';

import { anthropicApi, answer, messageCost, messageUsage, place } from './support/anthropic_api.mjs';
import { patience } from './support/daemon.mjs';
import { named } from './support/events.mjs';
import { watchedFetch } from './support/fetch.mjs';
import { house } from './support/house.mjs';
import { lastRow, lastRows, rowWith, summary, used } from './support/ledger.mjs';
import { skipWaits } from './support/timers.mjs';
import { deadline, sleep } from './support/wait.mjs';

const messages = [{ role: 'user', content: 'How is the weather in Köln?' }];
const asked = { model: 'test-model', max_tokens: 64, messages };
const weather = {
  name: 'weather',
  description: 'the weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } } },
};

describe('the anthropic package', () => {
  const h = house({ args: ['--hold-wait', '0s'], add: { more: ['--model', 'test-model'] } });
  let key;
  before(async () => {
    const price = ['--input', '1', '--output', '10', '--cached-input', '0.1', '--cache-write', '1.25'];
    await h.daemon.ok(['prices', 'set', 'test-model', ...price]);
    key = (await h.daemon.key({ budget: 100 })).key;
  });
  beforeEach(() => {
    h.upstream.handler = anthropicApi();
  });
  const connect = (apiKey, more = {}) => {
    const watched = watchedFetch();
    const baseURL = h.daemon.url.replace(/\/v1$/, '');
    return {
      watched,
      client: new Anthropic({ baseURL, apiKey, maxRetries: 0, fetch: watched.fetch, ...more }),
    };
  };
  const minted = async (options, more) => {
    const made = await h.daemon.key(options);
    return { ...connect(made.key, more), id: made.id };
  };
  const paid = { endpoint: 'messages', status: 'ok', basis: 'exact', cost: messageCost };
  const is = (Class, type) => (error) => {
    assert.ok(error instanceof Class, `${error.constructor.name}: ${error.message}`);
    assert.equal(error.error.error.type, type);
    assert.ok(error.requestID);
    return true;
  };

  it('a message, with x-api-key and with a bearer token', async () => {
    for (const { client } of [connect(key), connect(null, { authToken: key })]) {
      const { data, request_id } = await client.messages.create(asked).withResponse();
      assert.equal(data.content[0].text, answer);
      assert.deepEqual(data.usage, messageUsage);
      assert.ok(request_id);
      const { headers } = h.upstream.last;
      assert.match(headers['anthropic-version'], /^\d{4}-\d\d-\d\d$/);
      assert.ok(!h.upstream.last.head.includes('sk-nufi-'));
      const row = await lastRow(h.daemon);
      assert.deepEqual(summary(row), paid);
      assert.deepEqual(used(row), { input: 12, cache_write: 5, cached_input: 8, output: 10 });
    }
  });

  it('a stream, and the helper that gathers it', async () => {
    const { client } = connect(key);
    const types = [];
    for await (const event of await client.messages.create({ ...asked, stream: true }))
      types.push(event.type);
    assert.deepEqual([types[0], types.at(-1)], ['message_start', 'message_stop']);
    const final = await client.messages.stream(asked).finalMessage();
    assert.deepEqual(
      [final.content[0].text, final.usage.output_tokens, final.stop_reason],
      [answer, 10, 'end_turn'],
    );
    for (const row of await lastRows(h.daemon, 2)) assert.deepEqual([summary(row), row.stream], [paid, true]);
  });

  it('tools, plain and streamed, to the answer', async () => {
    const { client } = connect(key);
    const first = await client.messages.create({ ...asked, tools: [weather] });
    const called = first.content.find((block) => block.type === 'tool_use');
    assert.deepEqual([first.stop_reason, called.name, called.input], ['tool_use', 'weather', place]);
    const streamed = await client.messages.stream({ ...asked, tools: [weather] }).finalMessage();
    assert.deepEqual(streamed.content.at(-1).input, place);
    const result = {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: called.id, content: 'mild' }],
    };
    const talk = [...messages, { role: 'assistant', content: first.content }, result];
    const last = await client.messages.create({ ...asked, tools: [weather], messages: talk });
    assert.equal(last.content[0].text, answer);
    for (const row of await lastRows(h.daemon, 3)) assert.deepEqual(summary(row), paid);
  });

  it('structured output', async () => {
    const format = zodOutputFormat(z.object({ city: z.string(), celsius: z.number() }));
    const reply = await connect(key).client.messages.parse({ ...asked, output_config: { format } });
    assert.deepEqual(reply.parsed_output, place);
  });

  it('a picture in the prompt, and thinking in the answer', async () => {
    const source = { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' };
    const content = [
      { type: 'image', source },
      { type: 'text', text: 'What is this?' },
    ];
    const thinking = { type: 'enabled', budget_tokens: 1024 };
    const { client } = connect(key);
    const reply = await client.messages.create({
      ...asked,
      max_tokens: 2048,
      thinking,
      messages: [{ role: 'user', content }],
    });
    assert.deepEqual(
      reply.content.map((block) => block.type),
      ['thinking', 'text'],
    );
    assert.deepEqual(summary(await lastRow(h.daemon)), paid);
  });

  it('countTokens charges nothing and writes no row', async () => {
    const before = await lastRow(h.daemon);
    const { client } = connect(key);
    const { max_tokens, ...counted } = asked;
    assert.ok(max_tokens);
    assert.equal((await client.messages.countTokens(counted)).input_tokens, 14);
    assert.equal((await lastRow(h.daemon)).id, before.id);
  });

  it('errors are of their class', async () => {
    const { AuthenticationError, PermissionDeniedError, NotFoundError, BadRequestError } = Anthropic;
    const wrong = connect('sk-nufi-wrong', { maxRetries: 2 });
    await assert.rejects(
      wrong.client.messages.create(asked),
      is(AuthenticationError, 'authentication_error'),
    );
    assert.equal(wrong.watched.attempts, 1);
    const narrow = await minted({ model: 'other' });
    await assert.rejects(narrow.client.messages.create(asked), is(PermissionDeniedError, 'permission_error'));
    const { client } = await minted();
    await assert.rejects(
      client.messages.create({ ...asked, model: 'absent' }),
      is(NotFoundError, 'not_found_error'),
    );
    await assert.rejects(
      client.messages.create({ ...asked, max_tokens: 'many' }),
      is(BadRequestError, 'invalid_request_error'),
    );
    await assert.rejects(
      client.messages.create({ ...asked, max_tokens: undefined }),
      is(BadRequestError, 'invalid_request_error'),
    );
    assert.equal(h.upstream.requests.length, 0);
  });

  it("the provider's own error arrives as it is", async () => {
    const error = {
      type: 'error',
      error: { type: 'invalid_request_error', message: 'said by the provider' },
      request_id: 'req_1',
    };
    h.upstream.handler = (exchange) => exchange.reply(400, error, { 'request-id': 'req_1' });
    await assert.rejects(connect(key).client.messages.create(asked), (thrown) => {
      assert.ok(thrown instanceof Anthropic.BadRequestError);
      assert.deepEqual(thrown.error, error);
      return true;
    });
    assert.equal((await lastRow(h.daemon)).cost_usd, 0);
  });

  it('Budget reached: exactly one attempt, plain and streamed', async () => {
    const { client, watched } = await minted({ budget: 0.000001 }, { maxRetries: 3 });
    for (const stream of [false, true]) {
      watched.attempts = 0;
      await assert.rejects(client.messages.create({ ...asked, stream }), (error) => {
        is(Anthropic.RateLimitError, 'rate_limit_error')(error);
        assert.match(error.message, /Budget reached/);
        assert.equal(error.error.error.nufi.reason, 'budget');
        return true;
      });
      assert.equal(watched.attempts, 1);
    }
    assert.equal(h.upstream.requests.length, 0);
  });

  it('rpm: it waits as it is told, tries again and is served', async (t) => {
    const { client, watched, id } = await minted({ rpm: 1 }, { maxRetries: 2 });
    await client.messages.create(asked);
    watched.onReply = (reply) =>
      // As if a minute had passed.
      reply.status === 429 && h.daemon.api('PATCH', `/v1/inference/keys/${id}`, { rpm: 2 });
    const waits = skipWaits(t);
    assert.equal((await client.messages.create(asked)).content[0].text, answer);
    assert.deepEqual(
      watched.replies.map((each) => each.status),
      [200, 429, 200],
    );
    assert.deepEqual(waits, [Number(watched.replies[1].headers.get('retry-after-ms'))]);
  });

  it('an abort stops the upstream; what came is charged', async () => {
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      const message = {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        content: [],
        usage: { ...messageUsage, output_tokens: 1 },
      };
      await exchange.chunk(named('message_start', { message }));
      await exchange.chunk(
        named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      );
      while (!exchange.isGone) {
        await exchange.chunk(
          named('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'x' } }),
        );
        await sleep(5);
      }
    };
    const { client } = connect(key);
    let seen = 0;
    for await (const event of await client.messages.create({ ...asked, stream: true })) {
      if (event.type === 'content_block_delta' && ++seen === 3) break;
    }
    await deadline(h.upstream.last.gone, 3_000 * patience, 'the upstream call to be closed');
    const row = await rowWith(h.daemon, 'client_gone');
    assert.deepEqual([row.endpoint, row.cost_basis, row.tokens.input], ['messages', 'estimated', 12]);
    assert.ok(row.tokens.output >= 3);
  });

  it('an upstream that breaks off, or says so itself, throws in the middle of the stream', async () => {
    const start = named('message_start', {
      message: { id: 'msg_1', type: 'message', role: 'assistant', content: [], usage: messageUsage },
    });
    const overloaded = named('error', { error: { type: 'overloaded_error', message: 'Overloaded' } });
    for (const [rest, type] of [
      ['', 'api_error'],
      [overloaded, 'overloaded_error'],
    ]) {
      h.upstream.handler = async (exchange) => {
        await exchange.begin();
        await exchange.chunk(start + rest);
        await (rest ? exchange.finish() : exchange.end());
      };
      await assert.rejects(connect(key).client.messages.stream(asked).finalMessage(), (error) => {
        assert.ok(error instanceof Anthropic.APIError, error.message);
        assert.match(error.message, new RegExp(type));
        return true;
      });
      assert.equal((await rowWith(h.daemon, 'upstream_error')).endpoint, 'messages');
    }
  });
});
