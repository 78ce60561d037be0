// The ai package with both of its OpenAI providers.
import assert from 'node:assert/strict';
import { before, beforeEach, describe, it } from 'node:test';

import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import * as ai from 'ai';
import { z } from 'zod';

import { Daemon, patience } from './support/daemon.mjs';
import { watchedFetch } from './support/fetch.mjs';
import { house } from './support/house.mjs';
import { lastRow, lastRows, rowWith, summary, used } from './support/ledger.mjs';
import * as api from './support/openai_api.mjs';
import { chunk } from './support/provider.mjs';
import { pcm } from './support/replies.mjs';
import { responsesApi } from './support/responses_api.mjs';
import { skipWaits } from './support/timers.mjs';
import { deadline, sleep } from './support/wait.mjs';

// It warns on the console of models that it does not know.
globalThis.AI_SDK_LOG_WARNINGS = false;

const prompt = 'How is the weather in Köln?';
const schema = z.object({ city: z.string(), celsius: z.number() });

/// The three ways in which it speaks to a model: the package's name for it, and the endpoint it calls.
const ways = [
  {
    name: '@ai-sdk/openai, responses',
    endpoint: 'responses',
    model: (to, id = 'test-model') => createOpenAI(to).responses(id),
  },
  {
    name: '@ai-sdk/openai, chat',
    endpoint: 'chat/completions',
    model: (to, id = 'test-model') => createOpenAI(to).chat(id),
  },
  {
    name: '@ai-sdk/openai-compatible',
    endpoint: 'chat/completions',
    model: (to, id = 'test-model') =>
      createOpenAICompatible({ name: 'nufi', supportsStructuredOutputs: true, ...to }).chatModel(id),
  },
];

describe('the ai package', () => {
  const h = house({
    args: ['--hold-wait', '0s'],
    add: { more: ['--model', 'test-model', '--model', 'voice', '--model', 'paint'] },
  });
  let to;
  before(async () => {
    await h.daemon.ok(['prices', 'set', 'paint', '--input', '5', '--output', '40']);
    await h.daemon.ok(['prices', 'set', 'voice', '--per-character', '0.000015']);
    to = { baseURL: h.daemon.url, apiKey: (await h.daemon.key({ budget: 100 })).key };
  });
  beforeEach(() => {
    h.upstream.handler = api.openaiApi({ responses: responsesApi() });
  });
  /// Where another key calls from, and what it sends.
  const other = async (options) => {
    const watched = watchedFetch();
    return { watched, to: { ...to, apiKey: (await h.daemon.key(options)).key, fetch: watched.fetch } };
  };

  for (const { name, endpoint, model } of ways) {
    describe(name, () => {
      const paid = { endpoint, status: 'ok', basis: 'exact', cost: api.generationCost };
      const asked = (more = {}) => ({
        model: model(to),
        prompt,
        maxOutputTokens: 50,
        maxRetries: 0,
        ...more,
      });

      it('generateText', async () => {
        const { text, usage, response } = await ai.generateText(asked());
        assert.equal(text, api.answer);
        assert.deepEqual([usage.inputTokens, usage.outputTokens], [20, 10]);
        assert.equal(response.headers['x-nufi-upstream'], 'mock');
        const row = await lastRow(h.daemon);
        assert.deepEqual(summary(row), paid);
        assert.deepEqual(used(row), { input: 12, cached_input: 8, output: 6, reasoning: 4 });
      });

      it('streamText', async () => {
        const result = ai.streamText(asked());
        const deltas = [];
        for await (const delta of result.textStream) deltas.push(delta);
        assert.deepEqual(deltas, api.words);
        assert.equal(await result.finishReason, 'stop');
        const row = await lastRow(h.daemon);
        assert.deepEqual([summary(row), row.stream], [paid, true]);
      });

      it('tools, to the answer: two calls, both in the ledger', async () => {
        for (const run of [ai.generateText, ai.streamText]) {
          const places = [];
          const weather = ai.tool({
            description: 'the weather',
            inputSchema: schema,
            execute: (place) => {
              places.push(place);
              return 'mild';
            },
          });
          const result = await run(asked({ tools: { weather }, stopWhen: ai.stepCountIs(3) }));
          assert.equal(await result.text, api.answer);
          assert.deepEqual(places, [api.place]);
          for (const row of await lastRows(h.daemon, 2)) assert.deepEqual(summary(row), paid);
        }
      });

      it('structured output, plain and streamed', async () => {
        const { object } = await ai.generateObject(asked({ schema }));
        assert.deepEqual(object, api.place);
        const streamed = ai.streamObject(asked({ schema }));
        for await (const part of streamed.partialObjectStream) assert.ok(part);
        assert.deepEqual(await streamed.object, api.place);
        const { output } = await ai.generateText(asked({ output: ai.Output.object({ schema }) }));
        assert.deepEqual(output, api.place);
      });

      it('an abort stops the upstream; what came is charged', async () => {
        h.upstream.handler = async (exchange) => {
          await exchange.begin();
          while (!exchange.isGone) {
            if (endpoint === 'responses') {
              const event = { type: 'response.output_text.delta', item_id: 'msg_1', delta: 'x' };
              await exchange.chunk(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
            } else {
              await exchange.event(chunk({ role: 'assistant', content: 'x' }));
            }
            await sleep(5);
          }
        };
        const controller = new AbortController();
        const result = ai.streamText(asked({ abortSignal: controller.signal, includeRawChunks: true }));
        const types = [];
        for await (const part of result.fullStream) {
          types.push(part.type);
          if (part.type === 'raw') controller.abort();
        }
        assert.equal(types.at(-1), 'abort');
        await deadline(h.upstream.last.gone, 3_000 * patience, 'the upstream call to be closed');
        const row = await rowWith(h.daemon, 'client_gone');
        assert.deepEqual([row.endpoint, row.cost_basis], [endpoint, 'estimated']);
      });

      it('errors: one attempt at 401, 403, 404 and 400, with our words', async () => {
        const fails = async (from, code, statusCode, id) => {
          const { watched } = from;
          await assert.rejects(
            ai.generateText({ ...asked({ maxRetries: 2 }), model: model(from.to, id) }),
            (error) => {
              assert.ok(ai.APICallError.isInstance(error), error.message);
              assert.deepEqual([error.statusCode, error.isRetryable], [statusCode, false]);
              assert.equal(JSON.parse(error.responseBody).error.code, code);
              assert.equal(error.message, JSON.parse(error.responseBody).error.message);
              return true;
            },
          );
          assert.equal(watched.attempts, 1);
        };
        const wrong = await other();
        wrong.to.apiKey = 'sk-nufi-wrong';
        await fails(wrong, 'invalid_api_key', 401);
        await fails(await other({ model: 'voice' }), 'model_not_allowed', 403);
        await fails(await other(), 'model_not_found', 404, 'absent');
        const error = {
          message: 'too long',
          type: 'invalid_request_error',
          param: 'messages',
          code: 'context_length_exceeded',
        };
        h.upstream.handler = (exchange) => exchange.reply(400, { error });
        await fails(await other(), 'context_length_exceeded', 400);
      });

      it('Budget reached: it gives up at once', async () => {
        const { watched, to: poor } = await other({ budget: 0.000001 });
        const started = performance.now();
        await assert.rejects(ai.generateText(asked({ model: model(poor), maxRetries: 2 })), (error) => {
          assert.equal(error.reason, 'maxRetriesExceeded');
          assert.match(error.lastError.message, /^Budget reached/);
          return true;
        });
        // It knows no refusal that is final among the 429; with retry-after-ms 0 it does not wait.
        assert.equal(watched.attempts, 3);
        assert.ok(performance.now() - started < 1_500 * patience);
        assert.equal(h.upstream.requests.length, 0);
      });
    });
  }

  it('rpm: it waits as it is told, tries again and is served', async (t) => {
    const made = await h.daemon.key({ rpm: 1 });
    const watched = watchedFetch();
    watched.onReply = (reply) =>
      // As if a minute had passed.
      reply.status === 429 && h.daemon.api('PATCH', `/v1/inference/keys/${made.id}`, { rpm: 2 });
    const model = createOpenAI({ ...to, apiKey: made.key, fetch: watched.fetch }).chat('test-model');
    await ai.generateText({ model, prompt, maxOutputTokens: 50 });
    const waits = skipWaits(t);
    const { text } = await ai.generateText({ model, prompt, maxOutputTokens: 50 });
    assert.equal(text, api.answer);
    assert.deepEqual(
      watched.replies.map((each) => each.status),
      [200, 429, 200],
    );
    assert.deepEqual(waits, [Number(watched.replies[1].headers.get('retry-after-ms'))]);
  });

  it('embed and embedMany, with both providers', async () => {
    for (const provider of [createOpenAI(to), createOpenAICompatible({ name: 'nufi', ...to })]) {
      const model = provider.textEmbeddingModel('test-model');
      assert.deepEqual((await ai.embed({ model, value: 'a' })).embedding, api.vector(0));
      const many = await ai.embedMany({ model, values: ['a', 'b'] });
      assert.deepEqual(many.embeddings, [api.vector(0), api.vector(1)]);
      assert.deepEqual(summary(await lastRow(h.daemon)), {
        endpoint: 'embeddings',
        status: 'ok',
        basis: 'exact',
        cost: 8_000,
      });
    }
  });

  it('completions, images and speech', async () => {
    const openai = createOpenAI(to);
    const { text } = await ai.generateText({
      model: openai.completion('test-model'),
      prompt,
      maxOutputTokens: 50,
    });
    assert.equal(text, api.answer);
    const { images } = await ai.generateImage({
      model: openai.image('paint'),
      prompt: 'a dot',
      size: '1024x1024',
    });
    assert.equal(images[0].base64, api.picture);
    const { audio } = await ai.experimental_generateSpeech({
      model: openai.speech('voice'),
      text: 'hello',
      voice: 'alloy',
    });
    assert.ok(Buffer.from(audio.uint8Array).equals(pcm));
    const rows = await lastRows(h.daemon, 3);
    assert.deepEqual(
      rows.map((row) => [row.endpoint, row.status]),
      [
        ['audio/speech', 'ok'],
        ['images/generations', 'ok'],
        ['completions', 'ok'],
      ],
    );
  });

  it('with --budget-status 402 it makes one attempt', async () => {
    const daemon = await Daemon.start({ args: ['--budget-status', '402', '--hold-wait', '0s'] });
    try {
      await daemon.addUpstream(h.upstream);
      const watched = watchedFetch();
      const { key } = await daemon.key({ budget: 0.000001 });
      const model = createOpenAI({ baseURL: daemon.url, apiKey: key, fetch: watched.fetch }).chat(
        'test-model',
      );
      await assert.rejects(ai.generateText({ model, prompt, maxOutputTokens: 50 }), (error) => {
        assert.deepEqual(
          [error.statusCode, JSON.parse(error.responseBody).error.code],
          [402, 'insufficient_quota'],
        );
        return true;
      });
      assert.equal(watched.attempts, 1);
    } finally {
      await daemon.stop();
    }
  });
});
