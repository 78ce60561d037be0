// LangChain's OpenAI package.
import assert from 'node:assert/strict';
import { before, beforeEach, describe, it } from 'node:test';

import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { z } from 'zod';

import { patience } from './support/daemon.mjs';
import { watchedFetch } from './support/fetch.mjs';
import { house } from './support/house.mjs';
import { lastRow, lastRows, rowWith, summary } from './support/ledger.mjs';
import * as api from './support/openai_api.mjs';
import { chunk } from './support/provider.mjs';
import { responsesApi } from './support/responses_api.mjs';
import { skipWaits } from './support/timers.mjs';
import { deadline, sleep } from './support/wait.mjs';

const prompt = 'How is the weather in Köln?';
const schema = z.object({ city: z.string(), celsius: z.number() });

describe('LangChain', () => {
  const h = house({ args: ['--hold-wait', '0s'], add: { more: ['--model', 'test-model'] } });
  let key;
  before(async () => {
    key = (await h.daemon.key({ budget: 100 })).key;
  });
  beforeEach(() => {
    h.upstream.handler = api.openaiApi({ responses: responsesApi() });
  });
  const settings = (apiKey, more = {}) => ({
    model: 'test-model',
    apiKey,
    maxRetries: 0,
    ...more,
    configuration: { baseURL: h.daemon.url, ...more.configuration },
  });
  const chatModel = (more) => new ChatOpenAI({ maxTokens: 50, ...settings(key, more) });
  /// A chat model with a key of its own, and what it sends.
  const other = async (options, more = {}) => {
    const watched = watchedFetch();
    const made = await h.daemon.key(options);
    const model = new ChatOpenAI({
      maxTokens: 50,
      ...settings(made.key, { ...more, configuration: { fetch: watched.fetch } }),
    });
    return { model, watched, id: made.id };
  };

  for (const useResponsesApi of [false, true]) {
    const endpoint = useResponsesApi ? 'responses' : 'chat/completions';
    const paid = { endpoint, status: 'ok', basis: 'exact', cost: api.generationCost };
    describe(`ChatOpenAI over ${endpoint}`, () => {
      it('invoke', async () => {
        const reply = await chatModel({ useResponsesApi }).invoke(prompt);
        assert.equal(reply.text, api.answer);
        const { input_tokens, output_tokens } = reply.usage_metadata;
        assert.deepEqual([input_tokens, output_tokens], [20, 10]);
        assert.deepEqual(summary(await lastRow(h.daemon)), paid);
      });

      it('stream', async () => {
        let whole;
        const deltas = [];
        for await (const part of await chatModel({ useResponsesApi }).stream(prompt)) {
          if (part.text) deltas.push(part.text);
          whole = whole ? whole.concat(part) : part;
        }
        assert.deepEqual(deltas, api.words);
        assert.equal(whole.usage_metadata.total_tokens, 30);
        const row = await lastRow(h.daemon);
        assert.deepEqual([summary(row), row.stream], [paid, true]);
      });

      it('tools, to the answer', async () => {
        const weather = tool(() => 'mild', { name: 'weather', description: 'the weather', schema });
        const model = chatModel({ useResponsesApi }).bindTools([weather]);
        const question = new HumanMessage(prompt);
        const first = await model.invoke([question]);
        const [called] = first.tool_calls;
        assert.deepEqual([called.name, called.args], ['weather', api.place]);
        const result = await weather.invoke(called);
        assert.ok(result instanceof ToolMessage);
        const last = await model.invoke([question, first, result]);
        assert.equal(last.text, api.answer);
        for (const row of await lastRows(h.daemon, 2)) assert.deepEqual(summary(row), paid);
      });

      it('withStructuredOutput', async () => {
        const model = chatModel({ useResponsesApi }).withStructuredOutput(schema, { method: 'jsonSchema' });
        assert.deepEqual(await model.invoke(prompt), api.place);
        const called = chatModel({ useResponsesApi }).withStructuredOutput(schema, {
          method: 'functionCalling',
        });
        assert.deepEqual(await called.invoke(prompt), api.place);
      });
    });
  }

  it('batch: many at once, each in the ledger', async () => {
    const replies = await chatModel().batch(Array.from({ length: 8 }, () => prompt));
    assert.ok(replies.every((reply) => reply.text === api.answer));
    const rows = await lastRows(h.daemon, 8);
    assert.ok(rows.every((row) => row.status === 'ok'));
  });

  it('the completions model, streamed', async () => {
    const model = new OpenAI({ maxTokens: 50, ...settings(key) });
    let text = '';
    for await (const part of await model.stream(prompt)) text += part;
    assert.equal(text, api.answer);
    assert.equal((await lastRow(h.daemon)).endpoint, 'completions');
  });

  it('OpenAIEmbeddings', async () => {
    const embeddings = new OpenAIEmbeddings(settings(key));
    assert.deepEqual(await embeddings.embedQuery('a'), api.vector(0));
    assert.deepEqual(await embeddings.embedDocuments(['a', 'b']), [api.vector(0), api.vector(1)]);
    const row = await lastRow(h.daemon);
    assert.deepEqual(summary(row), { endpoint: 'embeddings', status: 'ok', basis: 'exact', cost: 8_000 });
  });

  it('an abort stops the upstream; what came is charged', async () => {
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      while (!exchange.isGone) {
        await exchange.event(chunk({ role: 'assistant', content: 'x' }));
        await sleep(5);
      }
    };
    const controller = new AbortController();
    await assert.rejects(async () => {
      for await (const part of await chatModel().stream(prompt, { signal: controller.signal }))
        if (part) controller.abort();
    }, /abort/i);
    await deadline(h.upstream.last.gone, 3_000 * patience, 'the upstream call to be closed');
    assert.equal((await rowWith(h.daemon, 'client_gone')).cost_basis, 'estimated');
  });

  describe('errors', () => {
    it('a wrong key, a model not allowed, a model that nobody has: one attempt', async () => {
      const cases = [
        [{}, { apiKey: 'sk-nufi-wrong' }, 401, 'invalid_api_key'],
        [{ model: 'other' }, {}, 403, 'model_not_allowed'],
        [{}, { model: 'absent' }, 404, 'model_not_found'],
      ];
      for (const [options, more, status, code] of cases) {
        const { model, watched } = await other(options, { maxRetries: 4, ...more });
        await assert.rejects(model.invoke(prompt), (error) => {
          assert.deepEqual([error.status, error.code ?? error.error?.code], [status, code]);
          return true;
        });
        assert.equal(watched.attempts, 1, code);
      }
    });

    it('Budget reached: insufficient_quota stops it', async () => {
      const { model, watched } = await other({ budget: 0.000001 }, { maxRetries: 4 });
      const started = performance.now();
      await assert.rejects(model.invoke(prompt), /Budget reached/);
      await assert.rejects(async () => {
        for await (const part of await model.stream(prompt)) assert.fail(part.text);
      }, /Budget reached/);
      assert.equal(watched.attempts, 2, 'one for each');
      assert.ok(performance.now() - started < 2_000 * patience);
      assert.equal(h.upstream.requests.length, 0);
    });

    it('rpm: it tries again and is served', async (t) => {
      const { model, watched, id } = await other({ rpm: 1 }, { maxRetries: 4 });
      await model.invoke(prompt);
      watched.onReply = (reply) =>
        // As if a minute had passed.
        reply.status === 429 && h.daemon.api('PATCH', `/v1/inference/keys/${id}`, { rpm: 2 });
      const waits = skipWaits(t);
      assert.equal((await model.invoke(prompt)).text, api.answer);
      assert.deepEqual(
        watched.replies.map((each) => each.status),
        [200, 429, 200],
      );
      assert.deepEqual(waits, [1000 * Number(watched.replies[1].headers.get('retry-after'))]);
    });

    it('a prompt too long is its own ContextOverflowError', async () => {
      const message = "This model's maximum context length is 8192 tokens.";
      const error = {
        message,
        type: 'invalid_request_error',
        param: 'messages',
        code: 'context_length_exceeded',
      };
      h.upstream.handler = (exchange) => exchange.reply(400, { error });
      await assert.rejects(chatModel().invoke(prompt), { name: 'ContextOverflowError' });
    });
  });
});
