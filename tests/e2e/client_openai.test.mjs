// The openai package over every endpoint, against a provider that answers as OpenAI does.
import assert from 'node:assert/strict';
import { before, beforeEach, describe, it } from 'node:test';

import OpenAI from 'openai';
import { zodFunction, zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';

import { house } from './support/house.mjs';
import { lastRow, lastRows, nano, summary, used } from './support/ledger.mjs';
import * as api from './support/openai_api.mjs';
import { pcm } from './support/replies.mjs';
import { responsesApi } from './support/responses_api.mjs';

const messages = [{ role: 'user', content: 'How is the weather in Köln?' }];
const weather = {
  type: 'function',
  function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
};
const Place = z.object({ city: z.string(), celsius: z.number() });
const paid = { status: 'ok', basis: 'exact', cost: api.generationCost };
const chatPaid = { endpoint: 'chat/completions', ...paid };

describe('the openai package', () => {
  const h = house({ args: ['--hold-wait', '0s'] });
  let client;
  before(async () => {
    for (const args of [
      ['paint', '--input', '5', '--output', '40', '--image-input', '10', '--image-output', '40'],
      ['dall-e-2', '--per-image', '0.02'],
      ['voice', '--per-character', '0.000015'],
      ['whisper-1', '--per-second', '0.0001'],
      ['ear', '--input', '2.5', '--output', '10', '--audio-input', '6'],
    ]) {
      await h.daemon.ok(['prices', 'set', ...args]);
    }
    client = new OpenAI({
      baseURL: h.daemon.url,
      apiKey: (await h.daemon.key({ budget: 100 })).key,
      maxRetries: 0,
    });
  });
  beforeEach(() => {
    h.upstream.handler = api.openaiApi({ responses: responsesApi() });
  });
  const collect = async (stream) => {
    const all = [];
    for await (const each of stream) all.push(each);
    return all;
  };

  describe('chat.completions', () => {
    const asked = { model: 'test-model', messages, max_tokens: 50 };

    it('create, with the raw response beside it', async () => {
      const { data, response, request_id } = await client.chat.completions.create(asked).withResponse();
      assert.equal(data.choices[0].message.content, api.answer);
      assert.deepEqual(data.usage, api.chatUsage);
      assert.equal(response.headers.get('x-nufi-upstream'), 'mock');
      assert.equal(response.headers.get('openai-processing-ms'), '41');
      assert.equal(data._request_id, request_id);
      const row = await lastRow(h.daemon);
      assert.equal(row.id, response.headers.get('x-nufi-request-id'));
      assert.deepEqual(summary(row), chatPaid);
      assert.deepEqual(used(row), { input: 12, cached_input: 8, output: 6, reasoning: 4 });
      assert.match(row.user_agent, /^OpenAI\/JS 6\.47\.0/);
    });

    it('a stream, without the usage that nobody asked for', async () => {
      const parts = await collect(await client.chat.completions.create({ ...asked, stream: true }));
      assert.equal(parts.map((part) => part.choices[0].delta.content ?? '').join(''), api.answer);
      assert.ok(parts.every((part) => part.choices.length === 1 && !part.usage));
      assert.deepEqual(summary(await lastRow(h.daemon)), chatPaid);
    });

    it('a stream with usage', async () => {
      const stream = await client.chat.completions.create({
        ...asked,
        stream: true,
        stream_options: { include_usage: true },
      });
      const last = (await collect(stream)).at(-1);
      assert.deepEqual([last.choices, last.usage], [[], api.chatUsage]);
    });

    it('the stream helper gathers the message', async () => {
      const runner = client.chat.completions.stream(asked);
      const deltas = [];
      runner.on('content', (delta) => deltas.push(delta));
      assert.equal(await runner.finalContent(), api.answer);
      assert.deepEqual(deltas, api.words);
    });

    it('tools, plain and streamed', async () => {
      const plain = await client.chat.completions.create({ ...asked, tools: [weather] });
      const [called] = plain.choices[0].message.tool_calls;
      assert.deepEqual([called.function.name, JSON.parse(called.function.arguments)], ['weather', api.place]);
      const streamed = await client.chat.completions
        .stream({ ...asked, tools: [weather] })
        .finalChatCompletion();
      assert.deepEqual(
        streamed.choices[0].message.tool_calls[0].function.arguments,
        called.function.arguments,
      );
      assert.equal(streamed.choices[0].finish_reason, 'tool_calls');
    });

    it('runTools goes round: two calls, both in the ledger', async () => {
      const places = [];
      const tool = zodFunction({
        name: 'weather',
        parameters: Place,
        function: (place) => {
          places.push(place);
          return 'mild';
        },
      });
      const runner = client.chat.completions.runTools({ ...asked, tools: [tool] });
      assert.equal(await runner.finalContent(), api.answer);
      assert.deepEqual(places, [api.place]);
      for (const row of await lastRows(h.daemon, 2)) assert.deepEqual(summary(row), chatPaid);
    });

    it('structured output, plain and streamed', async () => {
      const response_format = zodResponseFormat(Place, 'place');
      const plain = await client.chat.completions.parse({ ...asked, response_format });
      assert.deepEqual(plain.choices[0].message.parsed, api.place);
      assert.equal(h.upstream.last.json.response_format.json_schema.strict, true);
      const streamed = await client.chat.completions
        .stream({ ...asked, response_format })
        .finalChatCompletion();
      assert.deepEqual(streamed.choices[0].message.parsed, api.place);
    });

    it('a picture in the prompt', async () => {
      const content = [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${api.picture}`, detail: 'low' } },
      ];
      const reply = await client.chat.completions.create({ ...asked, messages: [{ role: 'user', content }] });
      assert.equal(reply.choices[0].message.content, api.answer);
    });
  });

  it('completions, plain and streamed', async () => {
    const asked = { model: 'test-model', prompt: 'Köln is', max_tokens: 20 };
    assert.equal((await client.completions.create(asked)).choices[0].text, api.answer);
    const parts = await collect(await client.completions.create({ ...asked, stream: true }));
    assert.equal(parts.map((part) => part.choices[0].text).join(''), api.answer);
    for (const row of await lastRows(h.daemon, 2))
      assert.deepEqual(summary(row), { endpoint: 'completions', ...paid });
  });

  it('embeddings: base64 on the wire unless floats are asked for, also of token ids', async () => {
    const ask = (more) => client.embeddings.create({ model: 'test-model', ...more });
    const two = await ask({ input: ['a', 'b'] });
    assert.equal(h.upstream.last.json.encoding_format, 'base64');
    assert.deepEqual(
      two.data.map((each) => [...each.embedding]),
      [api.vector(0), api.vector(1)],
    );
    assert.deepEqual(summary(await lastRow(h.daemon)), {
      endpoint: 'embeddings',
      status: 'ok',
      basis: 'exact',
      cost: 8_000,
    });
    const floats = await ask({ input: 'a', encoding_format: 'float' });
    assert.deepEqual(floats.data[0].embedding, api.vector(0));
    const tokens = await ask({ input: [[1, 2, 3], [4]] });
    assert.equal(tokens.data.length, 2);
  });

  describe('responses', () => {
    const asked = { model: 'test-model', input: 'How is the weather?', max_output_tokens: 50 };
    const responsesPaid = { endpoint: 'responses', ...paid };

    it('create', async () => {
      const reply = await client.responses.create(asked);
      assert.equal(reply.output_text, api.answer);
      assert.deepEqual(summary(await lastRow(h.daemon)), responsesPaid);
    });

    it('a stream, and the helper that gathers it', async () => {
      const events = await collect(await client.responses.create({ ...asked, stream: true }));
      assert.deepEqual([events[0].type, events.at(-1).type], ['response.created', 'response.completed']);
      assert.ok(events.every((event, index) => event.sequence_number === index));
      const final = await client.responses.stream(asked).finalResponse();
      assert.equal(final.output_text, api.answer);
      for (const row of await lastRows(h.daemon, 2)) assert.deepEqual(summary(row), responsesPaid);
    });

    it('tools and their result', async () => {
      const tools = [
        { type: 'function', name: 'weather', parameters: weather.function.parameters, strict: false },
      ];
      const first = await client.responses.create({ ...asked, tools });
      const [called] = first.output;
      assert.deepEqual([called.type, JSON.parse(called.arguments)], ['function_call', api.place]);
      const streamed = await client.responses.stream({ ...asked, tools }).finalResponse();
      assert.equal(streamed.output[0].arguments, called.arguments);
      const input = [
        { role: 'user', content: 'x' },
        called,
        { type: 'function_call_output', call_id: called.call_id, output: 'mild' },
      ];
      assert.equal((await client.responses.create({ ...asked, tools, input })).output_text, api.answer);
    });

    it('structured output, plain and streamed', async () => {
      const text = { format: zodTextFormat(Place, 'place') };
      assert.deepEqual((await client.responses.parse({ ...asked, text })).output_parsed, api.place);
      assert.deepEqual(
        (await client.responses.stream({ ...asked, text }).finalResponse()).output_parsed,
        api.place,
      );
    });
  });

  describe('responses that are kept', () => {
    const asked = { model: 'test-model', input: 'How is the weather?', max_output_tokens: 50 };

    it('retrieve, again as a stream, its input, and delete: nothing of it is charged', async () => {
      const { id } = await client.responses.create(asked);
      const charged = (await lastRow(h.daemon)).id;
      assert.equal((await client.responses.retrieve(id)).output_text, api.answer);
      const events = await collect(await client.responses.retrieve(id, { stream: true }));
      assert.deepEqual([events[0].type, events.at(-1).type], ['response.created', 'response.completed']);
      const items = await collect(client.responses.inputItems.list(id));
      assert.equal(items[0].content[0].text, asked.input);
      const other = new OpenAI({ baseURL: h.daemon.url, apiKey: (await h.daemon.key()).key, maxRetries: 0 });
      assert.equal((await other.responses.retrieve(id)).id, id, 'another key of the same account');
      await client.responses.delete(id);
      await assert.rejects(client.responses.retrieve(id), OpenAI.NotFoundError);
      assert.equal((await lastRow(h.daemon)).id, charged);
    });

    it('a streamed one is known by its id too', async () => {
      const [first] = await collect(await client.responses.create({ ...asked, stream: true }));
      assert.equal((await client.responses.retrieve(first.response.id)).output_text, api.answer);
    });

    it('one in the background is cancelled', async () => {
      const { id, status } = await client.responses.create({ ...asked, background: true });
      assert.equal(status, 'queued');
      assert.equal((await client.responses.cancel(id)).status, 'cancelled');
    });

    it('a conversation goes on by its id; one that nobody made here does not', async () => {
      const first = await client.responses.create(asked);
      const second = await client.responses.create({ ...asked, previous_response_id: first.id });
      assert.equal(second.previous_response_id, first.id);
      await assert.rejects(
        client.responses.create({ ...asked, previous_response_id: 'resp_unknown' }),
        (error) => {
          assert.ok(error instanceof OpenAI.BadRequestError);
          assert.deepEqual(
            [error.code, error.param],
            ['previous_response_not_found', 'previous_response_id'],
          );
          return true;
        },
      );
    });
  });

  it('moderations', async () => {
    const reply = await client.moderations.create({ input: ['a bomb', 'a rose'] });
    assert.deepEqual(
      reply.results.map((each) => each.flagged),
      [true, false],
    );
    assert.deepEqual(summary(await lastRow(h.daemon)), {
      endpoint: 'moderations',
      status: 'ok',
      basis: 'estimated',
      cost: 0,
    });
  });

  describe('images', () => {
    const asked = { model: 'paint', prompt: 'a white dot', size: '1024x1024', quality: 'low' };
    // 12 of text, 8 of pictures in, 1100 out.
    const cost = 12 * 5_000 + 8 * 10_000 + 1100 * 40_000;

    it('generate, plain and streamed', async () => {
      const reply = await client.images.generate({ ...asked, n: 2 });
      assert.deepEqual(
        reply.data.map((each) => each.b64_json),
        [api.picture, api.picture],
      );
      const events = await collect(
        await client.images.generate({ ...asked, stream: true, partial_images: 1 }),
      );
      assert.deepEqual(
        events.map((event) => event.type),
        ['image_generation.partial_image', 'image_generation.completed'],
      );
      for (const row of await lastRows(h.daemon, 2)) {
        assert.deepEqual(summary(row), {
          endpoint: 'images/generations',
          status: 'ok',
          basis: 'exact',
          cost,
        });
      }
    });
  });

  it('audio.speech', async () => {
    const reply = await client.audio.speech.create({
      model: 'voice',
      input: 'hello',
      voice: 'alloy',
      response_format: 'pcm',
    });
    assert.ok(Buffer.from(await reply.arrayBuffer()).equals(pcm));
    assert.deepEqual(summary(await lastRow(h.daemon)), {
      endpoint: 'audio/speech',
      status: 'ok',
      basis: 'exact',
      cost: 75_000,
    });
  });

  it('models', async () => {
    const names = (await collect(client.models.list())).map((model) => model.id);
    assert.ok(names.includes('test-model'), names.join());
    const { id, object } = await client.models.retrieve('test-model');
    assert.deepEqual([id, object], ['test-model', 'model']);
  });

  it('what the package has no word for: rerank and the own key', async () => {
    const ranked = await client.post('/rerank', {
      body: { model: 'test-model', query: 'why', documents: ['a', 'b'] },
    });
    assert.equal(ranked.results.length, 2);
    assert.equal(nano((await lastRow(h.daemon)).cost_usd), 12_000);
    const { data } = await client.get('/key');
    assert.equal(data.limit, 100);
    assert.ok(data.usage > 0);
  });
});
