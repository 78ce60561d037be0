// Streams as they run: chunks at once, ends that are said, clients that leave.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { chat, chatBody, Connection, openStream, requestBytes } from './support/client.mjs';
import { patience } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { chunk, completion, usage, usageChunk } from './support/provider.mjs';
import { sseData } from './support/wire.mjs';
import { deadline, sleep, times, until } from './support/wait.mjs';

describe('streaming', () => {
  const h = house();
  let key;
  before(async () => {
    key = await h.daemon.key({ name: 'streamer' });
  });
  const rowOf = (id) =>
    until(
      async () => (await h.daemon.rows()).find((row) => row.id === id && row.status !== 'running'),
      5000 * patience,
      'the row to be complete',
    );
  const idOf = async (stream) => (await stream.head()).headers['x-nufi-request-id'];

  it('a chunk reaches the client before the next one is sent', async () => {
    let step;
    const steps = [1, 2, 3, 4, 5].map(() => {
      let go;
      const promise = new Promise((resolve) => (go = resolve));
      return { promise, go };
    });
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      for (step = 0; step < 5; step++) {
        await exchange.event(chunk({ content: `part-${step}` }));
        await steps[step].promise;
      }
      await exchange.event('[DONE]');
      await exchange.finish();
    };
    const stream = await openStream(h.port, key.key);
    for (let i = 0; i < 5; i++) {
      await stream.untilBody(`part-${i}`, 3000 * patience);
      assert.ok(!stream.bodySoFar().includes(`part-${i + 1}`));
      steps[i].go();
    }
    assert.equal(sseData((await stream.reply()).text).at(-1), '[DONE]');
    stream.close();
  });

  it('half an event passes too: nothing waits for its end', async () => {
    let go;
    const gate = new Promise((resolve) => (go = resolve));
    const event = `data: ${JSON.stringify(chunk({ content: 'half-way' }))}\n\n`;
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      await exchange.event(chunk({ content: 'whole' }));
      await exchange.chunk(event.slice(0, 20));
      await gate;
      await exchange.chunk(`${event.slice(20)}data: [DONE]\n\n`);
      await exchange.finish();
    };
    const stream = await openStream(h.port, key.key, { stream_options: { include_usage: true } });
    await stream.untilBody('whole');
    go();
    await stream.untilBody('half-way');
    stream.close();
  });

  for (const [how, die] of Object.entries({
    'closes the connection': (exchange) => exchange.end(),
    'resets the connection': (exchange) => exchange.reset(),
    'breaks the chunked coding': (exchange) => exchange.write('zz\r\n'),
  })) {
    it(`an upstream that ${how} mid-stream ends in an error event`, async () => {
      h.upstream.handler = async (exchange) => {
        await exchange.begin();
        await exchange.event(chunk({ content: 'so far' }));
        await sleep(20);
        die(exchange);
      };
      const stream = await openStream(h.port, key.key);
      const id = await idOf(stream);
      await stream.untilClosed();
      const events = sseData(stream.bodySoFar());
      assert.match(events[0], /so far/);
      const { error } = JSON.parse(events.at(-1));
      assert.deepEqual(Object.keys(error), ['message', 'type', 'param', 'code']);
      assert.equal(error.type, 'server_error');
      const row = await rowOf(id);
      assert.equal(row.status, 'upstream_error');
      assert.equal(row.stream, true);
    });
  }

  it('an upstream that stops without [DONE] but ends its body well is no error of ours', async () => {
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      await exchange.event(chunk({ content: 'x' }, { finish: 'stop' }));
      await exchange.event(usageChunk(usage(4, 5)));
      await exchange.finish();
    };
    const stream = await openStream(h.port, key.key);
    const reply = await stream.reply();
    assert.equal(sseData(reply.text).length, 1);
    const row = await rowOf(reply.headers['x-nufi-request-id']);
    assert.deepEqual([row.tokens.input, row.tokens.output, row.cost_basis], [4, 5, 'exact']);
    stream.close();
  });

  it('a client that leaves stops the upstream at once, and what was counted is charged', async () => {
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      for (let i = 0; i < 20; i++) await exchange.event(chunk({ content: `word${i} ` }));
    };
    const stream = await openStream(h.port, key.key);
    const id = await idOf(stream);
    await stream.untilBody('word19');
    const left = performance.now();
    stream.close();
    const gone = await deadline(h.upstream.last.gone, 5000 * patience, 'the upstream call to be closed');
    assert.ok(gone - left < 1000 * patience, `after ${gone - left} ms`);
    const row = await rowOf(id);
    assert.equal(row.status, 'client_gone');
    assert.equal(row.cost_basis, 'estimated');
    assert.ok(
      row.tokens.output >= 10 && row.tokens.output <= 200,
      `about forty tokens: ${row.tokens.output}`,
    );
    assert.ok(row.cost_usd > 0);
    assert.equal((await h.daemon.showKey('streamer')).held_usd, 0);
  });

  it('a client that leaves before the first byte stops the upstream too', async () => {
    h.upstream.handler = () => {};
    const client = await Connection.open(h.port);
    client.write(requestBytes({ key: key.key, body: JSON.stringify(chatBody()) }));
    const request = await h.upstream.request(0);
    client.close();
    await deadline(request.gone, 3000 * patience, 'the upstream call to be closed');
    await until(
      async () => (await h.daemon.rows())[0].status === 'client_gone',
      5000 * patience,
      'the row to say client_gone',
    );
  });

  it('many clients hang up at [DONE]: that is a good end, with the exact usage', async () => {
    h.upstream.handler = async (exchange) => {
      await exchange.begin();
      await exchange.event(chunk({ content: 'x' }));
      await exchange.event(usageChunk(usage(11, 12)));
      await exchange.event('[DONE]'); // and the end of the body never comes
    };
    const stream = await openStream(h.port, key.key);
    const id = await idOf(stream);
    await stream.untilBody('[DONE]');
    stream.close();
    const row = await rowOf(id);
    assert.deepEqual(
      [row.status, row.tokens.input, row.tokens.output, row.cost_basis],
      ['ok', 11, 12, 'exact'],
    );
  });

  it('usage of every bucket is accounted, disjoint, and priced', async () => {
    const used = usage(100, 50, {
      prompt_tokens_details: { cached_tokens: 60, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 20 },
    });
    h.upstream.handler = (exchange) => exchange.reply(200, completion({ usage: used }));
    await h.daemon.ok([
      'prices',
      'set',
      'test-model',
      '--input',
      '1',
      '--output',
      '10',
      '--cached-input',
      '0.1',
      '--reasoning',
      '20',
    ]);
    const reply = await chat(h.port, key.key);
    const row = await rowOf(reply.headers['x-nufi-request-id']);
    assert.deepEqual(
      [row.tokens.input, row.tokens.cached_input, row.tokens.output, row.tokens.reasoning],
      [40, 60, 30, 20],
    );
    assert.equal(row.cost_usd, (40 * 1 + 60 * 0.1 + 30 * 10 + 20 * 20) / 1e6);
    await h.daemon.ok(['prices', 'set', 'test-model', '--input', '1', '--output', '10']);
  });

  it('whoever has the whole answer is booked exactly', async () => {
    const before = (await h.daemon.showKey('streamer')).spent_usd;
    for (let i = 1; i <= 20; i++) {
      const stream = i % 2 === 0;
      const reply = await chat(h.port, key.key, { max_tokens: 7, stream });
      assert.equal(reply.status, 200);
      const { spent_usd } = await h.daemon.showKey('streamer');
      assert.ok(Math.abs(spent_usd - before - (i * (5 * 1 + 7 * 10)) / 1e6) < 1e-12, `after call ${i}`);
    }
  });

  it('kept-alive connections to the upstream are reused, and one it closed is replaced unseen', async () => {
    const opened = h.upstream.connections;
    for (let i = 0; i < 10; i++) assert.equal((await chat(h.port, key.key)).status, 200);
    assert.ok(
      h.upstream.connections - opened <= 2,
      `${h.upstream.connections - opened} connections for 10 calls`,
    );
    for (let i = 0; i < 20; i++) {
      h.upstream.sockets.forEach((socket) => (i % 2 ? socket.end() : socket.destroy()));
      if (i % 4 < 2) await sleep(5);
      const reply = await chat(h.port, key.key);
      assert.equal(reply.status, 200, reply.text);
    }
    assert.equal(h.upstream.requests.length, 30, 'and no call was sent twice');
  });

  it('a hundred streams at once, each whole and its own', async () => {
    h.upstream.handler = async (exchange) => {
      const { user } = exchange.json;
      await exchange.begin();
      for (let i = 0; i < 20; i++) {
        await exchange.event(chunk({ content: `${user}:${i};` }));
        await sleep(5);
      }
      await exchange.event(usageChunk(usage(1, 20)));
      await exchange.event('[DONE]');
      await exchange.finish();
    };
    await times(100, 100, async (i) => {
      const reply = await chat(h.port, key.key, { stream: true, user: `u${i}` });
      const events = sseData(reply.text);
      assert.equal(events.at(-1), '[DONE]');
      const text = events
        .slice(0, -1)
        .map((event) => JSON.parse(event).choices[0].delta.content)
        .join('');
      assert.equal(text, Array.from({ length: 20 }, (_, n) => `u${i}:${n};`).join(''));
    });
  });
});
