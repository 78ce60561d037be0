// What is peculiar to one endpoint or another; what they have in common is in conformance.test.mjs.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { call, Connection, requestBytes } from './support/client.mjs';
import { patience } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { lastRow as newestRow, nano, used } from './support/ledger.mjs';
import { pcm, response, responseEvents, responseUsage } from './support/replies.mjs';
import { until } from './support/wait.mjs';

describe('endpoints', () => {
  const h = house({ args: ['--hold-wait', '0s'], add: { more: ['--alias', 'nick=test-model'] } });
  let key;
  before(async () => {
    await h.daemon.ok(['prices', 'set', 'paint', '--per-image', '0.04']);
    await h.daemon.ok(['prices', 'set', 'voice', '--per-character', '0.000015']);
    key = (await h.daemon.key({ budget: 100 })).key;
  });
  const post = (name, body, more = {}) => call(h.port, { key, path: `/v1/${name}`, body, ...more });
  const lastRow = () => newestRow(h.daemon);
  const answer = (reply, type = 'application/json', status = 200) => {
    h.upstream.handler = (exchange) => exchange.reply(status, reply, { 'content-type': type });
  };
  const stream = (events) => {
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      for (const event of events) await exchange.chunk(event);
      await exchange.finish();
    };
  };

  it('what is not an endpoint is 404', async () => {
    for (const name of ['audio', 'images', 'embeddings/', 'chat', 'Embeddings']) {
      const reply = await post(name, '{"model":"test-model"}');
      assert.deepEqual([reply.status, reply.json.error.code], [404, 'unknown_url'], name);
    }
  });

  it('usage 0 is charged as 0, a missing one is estimated and says so', async () => {
    const body = '{"model":"test-model","input":"12345678"}';
    answer('{"data":[],"usage":{"prompt_tokens":0,"total_tokens":0}}');
    await post('embeddings', body);
    let row = await lastRow();
    assert.deepEqual([row.cost_basis, row.cost_usd], ['exact', 0]);
    for (const reply of ['{"data":[]}', '{"data":[],"usage":null}', '{"data":[],"usage":{}}']) {
      answer(reply);
      await post('embeddings', body);
      row = await lastRow();
      assert.deepEqual([row.cost_basis, used(row)], ['estimated', { input: Math.ceil(body.length / 4) }]);
    }
    answer('{"data":[],"usage":{"prompt_tokens":-5}}');
    await post('embeddings', body);
    row = await lastRow();
    assert.deepEqual(
      [row.cost_basis, row.error_code, nano(row.cost_usd)],
      ['held', 'usage_invalid', body.length * 1000],
    );
  });

  it('an error that comes with status 200 costs nothing', async () => {
    answer('{"error":{"message":"overloaded"}}');
    const reply = await post('embeddings', '{"model":"test-model","input":"x"}');
    assert.equal(reply.text, '{"error":{"message":"overloaded"}}');
    const row = await lastRow();
    assert.deepEqual([row.status, row.cost_usd], ['upstream_error', 0]);
  });

  it('a moderation may leave its model out', async () => {
    answer('{"results":[]}');
    assert.equal((await post('moderations', '{"input":"x"}')).status, 200);
    assert.equal(h.upstream.last.text, '{"input":"x"}');
    const row = await lastRow();
    assert.deepEqual([row.model, row.cost_usd], ['omni-moderation-latest', 0]);
  });

  it('completions stream: usage is asked for and taken out again', async () => {
    const body = '{"model":"test-model","prompt":"x","max_tokens":9,"stream":true}';
    const text = 'data: {"choices":[{"text":"Hi","index":0,"finish_reason":"stop"}]}\n\n';
    const usage = 'data: {"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":3}}\n\n';
    stream([text, usage, 'data: [DONE]\n\n']);
    const reply = await post('completions', body);
    assert.equal(h.upstream.last.text, body.replace('{', '{"stream_options":{"include_usage":true},'));
    assert.equal(reply.text, `${text}data: [DONE]\n\n`);
    assert.equal(nano((await lastRow()).cost_usd), 32_000);
  });

  for (const type of ['response.completed', 'response.incomplete', 'response.failed']) {
    it(`a streamed response ends with ${type}, which says what it used`, async () => {
      const body = '{"model":"test-model","input":"x","max_output_tokens":20,"stream":true}';
      const events = responseEvents({ type });
      stream(events);
      const reply = await post('responses', body);
      assert.equal(h.upstream.last.text, body);
      assert.equal(reply.text, events.join(''));
      const row = await lastRow();
      assert.deepEqual([row.cost_basis, nano(row.cost_usd), row.stream], ['exact', 120_000, true]);
      assert.equal(row.status, type === 'response.failed' ? 'upstream_error' : 'ok');
    });
  }

  it('who has the last event of a response is booked, also if the upstream lingers', async () => {
    const events = responseEvents();
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      for (const event of events) await exchange.chunk(event);
    };
    const connection = await Connection.open(h.port);
    const body = '{"model":"test-model","input":"x","max_output_tokens":20,"stream":true}';
    connection.write(requestBytes({ key, path: '/v1/responses', body }));
    await connection.untilBody('response.completed', 10_000 * patience);
    const row = await lastRow();
    assert.deepEqual([row.status, row.cost_basis, nano(row.cost_usd)], ['ok', 'exact', 120_000]);
    connection.close();
  });

  it('a chat that is left before its first word is charged as its hold', async () => {
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      await exchange.chunk('data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n');
    };
    const connection = await Connection.open(h.port);
    const body =
      '{"model":"test-model","messages":[{"role":"user","content":"x"}],"max_tokens":50,"stream":true}';
    connection.write(requestBytes({ key, path: '/v1/chat/completions', body }));
    await connection.untilBody('assistant', 10_000 * patience);
    connection.close();
    const row = await until(
      async () => {
        const last = await lastRow();
        return last.status === 'client_gone' && last;
      },
      10_000 * patience,
      'the row',
    );
    assert.equal(row.cost_basis, 'held');
    assert.ok(row.tokens.output >= 50, `${row.tokens.output} tokens`);
  });

  it('a price that knows nothing of what an endpoint bills is as good as none', async () => {
    const requests = h.upstream.requests.length;
    const reply = await post(
      'chat/completions',
      '{"model":"paint","messages":[{"role":"user","content":"x"}]}',
    );
    assert.equal(reply.status, 400, reply.text);
    assert.equal(reply.json.error.code, 'model_price_unknown');
    assert.equal(h.upstream.requests.length, requests);
  });

  it('a response that breaks off is charged by its deltas', async () => {
    const events = responseEvents({ words: ['Hello', 'x'.repeat(40)] });
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      for (const event of events.slice(0, -1)) await exchange.chunk(event);
      exchange.reset();
    };
    const body = '{"model":"test-model","input":"x","max_output_tokens":200,"stream":true}';
    const reply = await post('responses', body);
    assert.equal(JSON.parse(reply.events.at(-1)).error.code, 'upstream_error');
    const row = await lastRow();
    assert.deepEqual(
      [row.status, row.cost_basis, used(row)],
      ['upstream_error', 'estimated', { input: Math.ceil(body.length / 4), output: 2 + 10 }],
    );
  });

  it('a last event of a response larger than any buffer passes and is read', async () => {
    const events = responseEvents({ words: ['Hello'] });
    const long = response(responseUsage, { instructions: 'i'.repeat(500_000) });
    events[events.length - 1] =
      `event: response.completed\ndata: ${JSON.stringify({ type: 'response.completed', response: long })}\n\n`;
    stream(events);
    const reply = await post(
      'responses',
      '{"model":"test-model","input":"x","max_output_tokens":20,"stream":true}',
    );
    assert.equal(reply.text, events.join(''));
    assert.equal(nano((await lastRow()).cost_usd), 120_000);
  });

  it('the output of a response is clamped in its own field', async () => {
    const limited = (await h.daemon.key({ budget: 1 })).key;
    answer(JSON.stringify(response(responseUsage)));
    const body = '{"model":"test-model","input":"x"}';
    const reply = await post('responses', body, { key: limited });
    const cap = Number(reply.headers['x-nufi-max-tokens']);
    assert.ok(cap >= 256 && cap * 10e-6 <= 0.25, `a quarter of what is left: ${cap}`);
    assert.equal(h.upstream.last.text, body.replace('{', `{"max_output_tokens":${cap},`));
  });

  it('what nothing in the body bounds needs room for a whole context, or is refused by name', async () => {
    const limited = (await h.daemon.key({ budget: 1 })).key;
    const stored =
      '{"model":"test-model","input":"x","max_output_tokens":20,"previous_response_id":"resp_1"}';
    const refused = await post('responses', stored, { key: limited });
    assert.deepEqual([refused.status, refused.json.error.code], [429, 'insufficient_quota']);
    const hosted =
      '{"model":"test-model","input":"x","max_output_tokens":20,"tools":[{"type":"web_search"}]}';
    const named = await post('responses', hosted, { key: limited });
    assert.deepEqual([named.status, named.json.error.param], [400, 'tools']);
    assert.match(named.json.error.message, /web_search.*max_tool_calls/s);
    assert.equal(h.upstream.requests.length, 0);
    answer(JSON.stringify(response(responseUsage)));
    const free = (await h.daemon.key()).key;
    assert.equal((await post('responses', hosted, { key: free })).status, 200);
    assert.equal((await post('responses', stored, { key: free })).status, 200);
  });

  it('a cap in a field that the provider ignores is said in the one it knows', async () => {
    const { url, secret: input } = h.upstream;
    await h.daemon.ok(
      [
        'upstreams',
        'add',
        'deep',
        '--preset',
        'deepseek',
        '--url',
        url,
        '--key-stdin',
        '--model',
        'deep-*',
        '--priority',
        '5',
      ],
      { input },
    );
    await h.daemon.ok(['prices', 'set', 'deep-1', '--input', '1', '--output', '10']);
    const body = '{"model":"deep-1","messages":[],"max_completion_tokens":7}';
    const reply = await post('chat/completions', body);
    assert.equal(reply.status, 200, reply.text);
    assert.equal(h.upstream.last.text, body.replace('{', '{"max_tokens":7,'));
    const both = '{"model":"deep-1","messages":[],"max_tokens":7,"max_completion_tokens":7}';
    await post('chat/completions', both);
    assert.equal(h.upstream.last.text, both);
  });

  it('a list of other models is no way around an allowlist or a budget', async () => {
    const body = '{"model":"test-model","models":["dear"],"messages":[],"max_tokens":5}';
    const bound = (await h.daemon.key({ model: 'test-model' })).key;
    for (const one of [key, bound]) {
      const reply = await post('chat/completions', body, { key: one });
      assert.deepEqual([reply.status, reply.json.error.param], [400, 'models']);
    }
    const free = (await h.daemon.key()).key;
    assert.equal((await post('chat/completions', body, { key: free })).status, 200);
    assert.equal(h.upstream.last.text, body);
  });

  it('work in the background is charged as its hold, unless the reply says what it took', async () => {
    const body = '{"model":"test-model","input":"x","max_output_tokens":20,"background":true}';
    answer(JSON.stringify(response(null, { status: 'queued', output: [] })));
    await post('responses', body);
    let row = await lastRow();
    assert.deepEqual([row.cost_basis, nano(row.cost_usd)], ['held', body.length * 1000 + 20 * 10_000]);
    answer(JSON.stringify(response(responseUsage)));
    await post('responses', body);
    row = await lastRow();
    assert.deepEqual([row.cost_basis, nano(row.cost_usd)], ['exact', 120_000]);
  });

  it('what the upstream says that a call cost does not change what is charged', async () => {
    answer('{"data":[],"usage":{"prompt_tokens":8,"total_tokens":8,"cost":0.00001}}');
    await post('embeddings', '{"model":"test-model","input":"12345678"}');
    const row = await lastRow();
    assert.equal(nano(row.cost_usd), 8_000);
  });

  it('a client that leaves in the middle of speech is charged its characters', async () => {
    h.upstream.handler = async (exchange) => {
      await exchange.begin(200, { 'content-type': 'audio/mpeg' });
      await exchange.chunk(pcm);
      await exchange.gone;
    };
    const connection = await Connection.open(h.port);
    const body = '{"model":"voice","input":"hello","voice":"alloy"}';
    connection.write(requestBytes({ key, path: '/v1/audio/speech', body }));
    await until(() => connection.bytes.length > 4000, 10_000 * patience, 'the sound');
    connection.close();
    const row = await until(
      async () => {
        const last = await lastRow();
        return last.status === 'client_gone' && last;
      },
      10_000 * patience,
      'the row',
    );
    assert.deepEqual([row.cost_basis, nano(row.cost_usd)], ['exact', 75_000]);
  });
});
