// What an upstream does beside its replies: it falls silent, lingers, refuses what nufid asks for, or
// has a price that is absurd. What the client gets, and what the ledger says.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import zlib from 'node:zlib';

import { Connection, requestBytes } from './support/client.mjs';
import { patience } from './support/daemon.mjs';
import {
  ask,
  chunked,
  clientGot,
  error,
  gzip,
  http,
  json,
  ledgerSays,
  Matrix,
  part,
  plain,
  refuses,
  sends,
  stream,
  used,
} from './support/faults.mjs';
import { responseEvents } from './support/replies.mjs';
import { until } from './support/wait.mjs';

const whole = 'ok 200 exact 37000';

/// Answers, and then is silent until the caller is gone.
const stalls = (bytes) => async (exchange) => {
  await exchange.write(bytes);
  await exchange.gone;
};
/// name → [how it answers, what the client gets, what the ledger says, the whole answer, is it a stream]
const silences = {
  'before the first byte': [stalls(''), '504 upstream_timeout', 'upstream_error 504'],
  'in the middle of the head': [stalls('HTTP/1.1 200 OK\r\nX-'), '504 upstream_timeout', 'upstream_error 504'],
  'behind 100 Continue': [stalls('HTTP/1.1 100 Continue\r\n\r\n'), '504 upstream_timeout', 'upstream_error 504'],
  'behind the head': [
    stalls(http('', { ...stream, ...chunked }).subarray(0, -5)),
    '504 upstream_timeout',
    'upstream_error 504 exact 0 upstream_timeout',
    stream.gets,
    true,
  ],
  'in the middle of a plain reply': [
    stalls(http(plain.sends, plain).subarray(0, -20)),
    '200 a part, cut off',
    'upstream_error 200 estimated',
    plain.gets,
  ],
  'in the middle of a stream': [
    stalls(http(part, { ...stream, ...chunked }).subarray(0, -5)),
    '200 a part, upstream_timeout',
    'upstream_error 200 estimated',
    stream.gets,
    true,
  ],
  'behind [DONE]: it has all been said': [
    stalls(http(stream.sends, { ...stream, ...chunked }).subarray(0, -5)),
    '200 the answer',
    'ok 200 exact 37000',
    stream.gets,
    true,
  ],
  'in the middle of an error': [
    stalls(http(error('inner'), { ...plain, status: '500 Oops' }).subarray(0, -5)),
    '500 the answer',
    'upstream_error 500 exact 0 upstream_500',
    error('inner').slice(0, -5),
  ],
};

describe('an upstream that falls silent', () => {
  const m = new Matrix();
  const long = http(json({ choices: [], text: 'y'.repeat(24_000_000), usage: used }), plain);
  let results;
  let slow;
  before(async () => {
    await m.start(['--upstream-timeout', '1s']);
    // Reads nothing while the others wait for their upstream to be given up.
    slow = await Connection.open(m.daemon.port);
    slow.model = await m.add(sends(long));
    slow.socket.pause();
    slow.write(requestBytes({ key: m.key, body: json({ model: slow.model, messages: [] }) }));
    // All at once: each takes as long as the daemon waits.
    const played = Object.entries(silences).map(async ([name, [answer, , , gets, isStream]]) => [
      name,
      await m.play(answer, { gets, isStream }),
    ]);
    results = new Map(await Promise.all(played));
  });
  after(() => m.stop());

  for (const [name, [, client, ledger]] of Object.entries(silences)) {
    it(name, () => {
      const got = results.get(name);
      assert.deepEqual([got.client, got.ledger.slice(0, ledger.length)], [client, ledger]);
    });
  }

  it('is not one whose client is slow: however long that takes, the reply comes whole', async () => {
    let size = 0;
    slow.socket.removeAllListeners('data');
    slow.socket.on('data', (data) => (size += data.length));
    slow.socket.resume();
    await until(() => size >= 24_000_000 || slow.ended, 20_000 * patience, 'all of it');
    await until(async () => (await m.row(slow.model)).status !== 'running', 5000 * patience, 'its row');
    const row = await m.row(slow.model);
    assert.deepEqual([slow.ended, ledgerSays(row)], [false, whole]);
    slow.close();
  });

  it('gives every hold back, and the books agree', () => m.nothingIsHeld());
});

describe('an upstream that refuses stream_options', () => {
  const m = new Matrix();
  before(() => m.start());
  after(() => m.stop());
  const refusal = (status) => {
    const body = error('unknown field stream_options');
    if (status === 400) return http(body, { ...plain, status: '400 No' });
    return http(zlib.gzipSync(body), { ...plain, status: `${status} No`, fields: gzip });
  };
  /// Answers if it is not asked for what it does not know; `asked` counts the refusals.
  const picky = (status, seen) => async (exchange) => {
    const asks = exchange.json.stream_options !== undefined;
    seen.push(asks);
    await exchange.write(asks ? refusal(status) : http(stream.gets, { ...stream, ...chunked }));
  };

  for (const status of [400, 422]) {
    it(`with ${status}: it is asked again without, and never with it again, also after an edit`, async () => {
      const seen = [];
      const model = await m.add(picky(status, seen));
      const first = await m.play(null, { model, ...stream });
      assert.equal(first.client, '200 the answer');
      assert.match(first.ledger, /^ok 200 estimated \d+ 2 attempts$/);
      const second = await m.play(null, { model, ...stream });
      assert.match(second.ledger, /^ok 200 estimated \d+$/);
      await m.daemon.ok(['upstreams', 'edit', model, '--priority', '3']);
      await m.play(null, { model, ...stream });
      assert.deepEqual(seen, [true, false, false, false]);
    });
  }

  it('to a client that asks for it itself: the refusal is the answer', async () => {
    const seen = [];
    const model = await m.add(picky(400, seen));
    const body = JSON.stringify({ model, messages: [], stream: true, stream_options: { include_usage: true } });
    const reply = await m.ask(model, { body });
    assert.equal(clientGot(reply, error('unknown field stream_options')), '400 the answer');
    assert.deepEqual(seen, [true]);
  });

  it('another 400 is no reason to ask again', async () => {
    const model = await m.add(refuses(400));
    const got = await m.play(null, { model, gets: error('of_its_own'), isStream: true });
    assert.deepEqual([got.client, got.ledger], ['400 the answer', 'client_error 400 exact 0 upstream_400']);
  });

  it('gives every hold back, and the books agree', () => m.nothingIsHeld());
});

describe('a price that is absurd', () => {
  const m = new Matrix();
  before(() => m.start());
  after(() => m.stop());

  it('does not break the books: each call is charged as its hold, and the next is served', async () => {
    await m.daemon.ok(['prices', 'set', 'test-model', '--input', '1000000', '--output', '1000000']);
    const { key } = await m.daemon.key();
    const text = json({ choices: [{}], usage: { ...used, completion_tokens: 999_999_999 } });
    const model = await m.add(sends(http(text, plain)));
    for (let i = 0; i < 12; i++) {
      const reply = await ask(m.daemon.port, key, model);
      assert.equal(clientGot(reply, text), '200 the answer');
      const row = await m.row(model);
      assert.deepEqual([row.status, row.cost_basis, row.error_code], ['ok', 'held', 'cost_out_of_range']);
    }
  });

  it('gives every hold back, and the books agree', () => m.nothingIsHeld());
});

describe('who has the whole answer is booked, also if the upstream lingers', () => {
  const m = new Matrix();
  before(() => m.start());
  after(() => m.stop());
  const typed = (type, more) => `event: ${type}\ndata: ${json({ type, ...more })}\n\n`;
  const tokens = { input_tokens: 7, output_tokens: 3, total_tokens: 10 };
  const lasts = {
    'chat/completions': [stream.sends, '[DONE]'],
    'images/generations': [
      typed('image_generation.partial_image', { b64_json: 'QQ==' }) +
        typed('image_generation.completed', { b64_json: 'QUI=', usage: tokens }),
      'QUI=',
    ],
    'audio/speech': [
      typed('speech.audio.delta', { audio: 'QQ==' }) + typed('speech.audio.done', { usage: tokens }),
      'speech.audio.done',
    ],
  };

  for (const [endpoint, [sent, last]] of Object.entries(lasts)) {
    it(endpoint, async () => {
      const model = await m.add(async (exchange) => {
        await exchange.begin();
        await exchange.chunk(sent);
        await exchange.gone;
      });
      const body = { model, stream: true, messages: [], prompt: 'a cat', input: 'hi', voice: 'alloy' };
      const connection = await Connection.open(m.daemon.port);
      const path = `/v1/${endpoint}`;
      connection.write(requestBytes({ key: m.key, path, body: json(body) }));
      await connection.untilBody(last);
      const row = await m.row(model);
      assert.deepEqual([row.status, row.cost_basis], ['ok', 'exact'], json(row));
      assert.ok(row.cost_usd > 0);
      connection.close();
    });
  }
});

describe('the events of a response, whatever is wrong with them', () => {
  const m = new Matrix();
  before(() => m.start());
  after(() => m.stop());
  const events = responseEvents().join('');
  const form = { type: 'text/event-stream', ...chunked };
  const exact = ['200 the answer', 'ok 200 exact'];
  const cutOff = http(events.slice(0, events.indexOf('event: response.output_text.done')), form).subarray(0, -5);
  const crlf = events.replaceAll('\n', '\r\n');
  const bare = events.replaceAll(/event: .*\n/g, '');
  const failing = 'event: error\ndata: {"type":"error","code":"server_error","message":"no"}\n\n';
  /// name → [how it answers, what the client gets, what the ledger says, the whole answer]
  const faults = {
    'a chunk for every byte': [sends(http(events, { ...form, size: 1 })), ...exact, events],
    CRLF: [sends(http(crlf, form)), ...exact, crlf],
    'no names of events': [sends(http(bare, form)), ...exact, bare],
    'gzip though not asked': [sends(http(zlib.gzipSync(events), { ...form, fields: gzip })), ...exact, events],
    'called JSON': [sends(http(events, { ...form, type: 'application/json' })), ...exact, events],
    'broken off': [
      async (exchange) => {
        await sends(cutOff)(exchange);
        exchange.end();
      },
      '200 a part, upstream_error',
      'upstream_error 200 estimated',
      events,
    ],
    'an error, and nothing else': [
      sends(http(failing, form)),
      '200 the answer',
      'upstream_error 200 exact 0 upstream_error',
      failing,
    ],
  };

  for (const [fault, [answer, client, ledger, gets]] of Object.entries(faults)) {
    it(fault, async () => {
      const model = await m.add(answer);
      const reply = await m.ask(model, {
        path: '/v1/responses',
        body: json({ model, input: 'x', stream: true, max_output_tokens: 20 }),
      });
      const row = await until(
        async () => {
          const last = await m.row(model);
          return last?.status !== 'running' && last;
        },
        5000 * patience,
        'the row to be complete',
      );
      assert.deepEqual([clientGot(reply, gets), ledgerSays(row).slice(0, ledger.length)], [client, ledger]);
    });
  }

  it('gives every hold back, and the books agree', () => m.nothingIsHeld());
});
