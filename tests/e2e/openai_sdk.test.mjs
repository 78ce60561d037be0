// The openai package as programs use it.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import OpenAI from 'openai';

import { patience } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { chunk, completion, usage, usageChunk } from './support/provider.mjs';
import { deadline, sleep } from './support/wait.mjs';

const messages = [{ role: 'user', content: 'hello' }];

describe('the openai package', () => {
  const h = house({ args: ['--hold-wait', '0s'], add: { more: ['--model', 'test-model'] } });
  let client;
  let attempts;
  const connect = (apiKey, more = {}) =>
    new OpenAI({
      baseURL: h.daemon.url,
      apiKey,
      fetch: (...args) => {
        attempts++;
        return fetch(...args);
      },
      ...more,
    });
  before(async () => {
    attempts = 0;
    client = connect((await h.daemon.key({ name: 'sdk', budget: 5 })).key);
  });

  it('chat', async () => {
    const reply = await client.chat.completions.create({ model: 'test-model', messages, max_tokens: 50 });
    assert.equal(reply.choices[0].message.content, 'Hello there');
    assert.equal(reply.usage.completion_tokens, 50);
    assert.ok(reply._request_id);
  });

  it('stream', async () => {
    const stream = await client.chat.completions.create({
      model: 'test-model',
      messages,
      stream: true,
      max_tokens: 50,
    });
    let text = '';
    for await (const part of stream) {
      assert.equal(part.choices.length, 1, 'no usage chunk that nobody asked for');
      text += part.choices[0].delta.content ?? '';
    }
    assert.equal(text, 'Hello there');
  });

  it('stream with usage', async () => {
    const stream = await client.chat.completions.create({
      model: 'test-model',
      messages,
      stream: true,
      max_tokens: 50,
      stream_options: { include_usage: true },
    });
    let last;
    for await (const part of stream) last = part;
    assert.deepEqual([last.choices.length, last.usage.completion_tokens], [0, 50]);
  });

  it('tools, plain and streamed', async () => {
    const tools = [
      {
        type: 'function',
        function: {
          name: 'weather',
          parameters: { type: 'object', properties: { city: { type: 'string' } } },
        },
      },
    ];
    const called = {
      id: 'call_1',
      type: 'function',
      function: { name: 'weather', arguments: '{"city":"Köln"}' },
    };
    h.upstream.handler = (exchange) => {
      assert.deepEqual(exchange.json.tools, tools);
      const reply = completion({ text: null, usage: usage(5, 9) });
      reply.choices[0].message.tool_calls = [called];
      reply.choices[0].finish_reason = 'tool_calls';
      return exchange.reply(200, reply);
    };
    const reply = await client.chat.completions.create({
      model: 'test-model',
      messages,
      tools,
      max_tokens: 50,
    });
    assert.deepEqual(reply.choices[0].message.tool_calls, [called]);

    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      await exchange.event(
        chunk({
          role: 'assistant',
          tool_calls: [{ index: 0, ...called, function: { name: 'weather', arguments: '' } }],
        }),
      );
      for (const piece of ['{"city"', ':"Kö', 'ln"}'])
        await exchange.event(chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] }));
      await exchange.event(chunk({}, { finish: 'tool_calls' }));
      await exchange.event(usageChunk(usage(5, 9)));
      await exchange.event('[DONE]');
      await exchange.finish();
    };
    const runner = client.chat.completions.stream({ model: 'test-model', messages, tools, max_tokens: 50 });
    const final = await runner.finalChatCompletion();
    assert.equal(final.choices[0].message.tool_calls[0].function.arguments, '{"city":"Köln"}');
  });

  it('abort stops the upstream', async () => {
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      while (!exchange.isGone) {
        await exchange.event(chunk({ content: 'x' }));
        await sleep(5);
      }
    };
    const stream = await client.chat.completions.create({
      model: 'test-model',
      messages,
      stream: true,
      max_tokens: 50,
    });
    let seen = 0;
    for await (const part of stream) if (part.choices.length && ++seen === 3) break;
    await deadline(h.upstream.last.gone, 3000 * patience, 'the upstream call to be closed');
    const controller = new AbortController();
    const second = await client.chat.completions.create(
      { model: 'test-model', messages, stream: true, max_tokens: 50 },
      { signal: controller.signal },
    );
    for await (const part of second) if (part) controller.abort();
    await deadline(h.upstream.last.gone, 3000 * patience, 'the upstream call to be closed');
  });

  it('typed errors', async () => {
    const call = (api, more = {}) =>
      api.chat.completions.create({ model: 'test-model', messages, max_tokens: 50, ...more });
    await assert.rejects(call(connect('sk-nufi-wrong')), OpenAI.AuthenticationError);
    const narrow = connect((await h.daemon.key({ model: 'other' })).key);
    await assert.rejects(call(narrow), OpenAI.PermissionDeniedError);
    await assert.rejects(
      call(client, { model: 7 }),
      (error) => error instanceof OpenAI.BadRequestError && error.param === 'model',
    );
    await assert.rejects(client.models.retrieve('absent'), OpenAI.NotFoundError);
    h.upstream.handler = (exchange) =>
      exchange.reply(400, {
        error: {
          message: 'too long',
          type: 'invalid_request_error',
          param: 'messages',
          code: 'context_length_exceeded',
        },
      });
    await assert.rejects(
      call(client),
      (error) => error instanceof OpenAI.BadRequestError && error.code === 'context_length_exceeded',
    );
  });

  it('exactly one attempt on Budget reached', async () => {
    const poor = connect((await h.daemon.key({ budget: 0.0001 })).key);
    attempts = 0;
    const started = performance.now();
    await assert.rejects(
      poor.chat.completions.create({ model: 'test-model', messages, max_tokens: 50 }),
      (error) => {
        assert.ok(error instanceof OpenAI.RateLimitError);
        assert.match(error.message, /Budget reached/);
        assert.deepEqual([error.code, error.type], ['insufficient_quota', 'insufficient_quota']);
        return true;
      },
    );
    assert.equal(attempts, 1);
    assert.ok(performance.now() - started < 2000 * patience);
    attempts = 0;
    await assert.rejects(
      poor.chat.completions.create({ model: 'test-model', messages, max_tokens: 50, stream: true }),
      OpenAI.RateLimitError,
    );
    assert.equal(attempts, 1);
    assert.equal(h.upstream.requests.length, 0);
  });

  it('an error event in a stream is thrown', async () => {
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      await exchange.event(chunk({ content: 'so far' }));
      await sleep(20);
      exchange.reset();
    };
    const stream = await client.chat.completions.create({
      model: 'test-model',
      messages,
      stream: true,
      max_tokens: 50,
    });
    let text = '';
    await assert.rejects(async () => {
      for await (const part of stream) text += part.choices[0].delta.content;
    }, OpenAI.APIError);
    assert.equal(text, 'so far');
  });

  it('models', async () => {
    const names = [];
    for await (const model of client.models.list()) names.push(model.id);
    assert.ok(names.includes('test-model'), names.join());
    assert.equal((await client.models.retrieve('test-model')).id, 'test-model');
  });
});
