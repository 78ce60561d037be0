// Every endpoint of /v1 against the contract: bytes, headers, metering, refusals.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { call, Connection, requestBytes } from './support/client.mjs';
import { costOf, endpoints as plain, prices } from './support/conformance.mjs';
import { formEndpoints } from './support/conformance_forms.mjs';
import { messageEndpoints } from './support/conformance_messages.mjs';
import { patience } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { lastRow, nano, rowWith, used } from './support/ledger.mjs';
import { assertError, limits, refusals } from './support/refusals.mjs';
import { deadline } from './support/wait.mjs';

const rowFields =
  'id time account project key key_name group endpoint model upstream upstream_model stream status http_status ' +
  'error_code tokens cost_usd upstream_cost_usd cost_basis price_id attempts timing client_ip user_agent';
const buckets =
  'input cached_input cache_write audio_input image_input output reasoning audio_output image_output';

const endpoints = [...plain, ...formEndpoints, ...messageEndpoints];

/// Sent by a client that says too much, or that stands behind a proxy which does.
const ownToClient = {
  Cookie: 'session=1',
  'X-Nufi-Trace': '1',
  'X-Forwarded-For': '10.1.1.1',
  'X-Forwarded-Host': 'x',
  'X-Real-IP': '10.1.1.1',
  Forwarded: 'for=10.1.1.1',
  Via: '1.1 x',
  Connection: 'close, X-Drop',
  'X-Drop': 'hop',
  'Keep-Alive': '5',
  TE: 'trailers',
  Trailer: 'x',
  'Proxy-Authorization': 'Basic eA==',
};
const keptToUpstream = {
  'OpenAI-Organization': 'org-1',
  'X-Custom': 'kept: here',
  'User-Agent': 'conformance/1',
};
const ownToUpstream = {
  'Set-Cookie': 'a=b',
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'x',
  Connection: 'keep-alive, X-Gone',
  'X-Gone': 'hop',
  'Keep-Alive': 'timeout=5',
  'Proxy-Authenticate': 'Basic',
  'X-Nufi-Spoofed': '1',
};
const keptToClient = {
  'openai-processing-ms': '12',
  'x-custom': 'kept',
  'x-ratelimit-limit-requests': '9999',
};

/// The error in `text`, which is one event of `dialect` and nothing else.
function errorEvent(text, dialect) {
  const event = dialect === 'anthropic' ? /^event: error\ndata: (.+)\n\n$/ : /^data: (.+)\n\n$/;
  const said = JSON.parse(event.exec(text)?.[1] ?? assert.fail(text));
  if (dialect === 'anthropic') assert.equal(said.type, 'error');
  return said.error;
}

describe('conformance', () => {
  const models = ['test-model', 'paint', 'voice', 'whisper', 'unpriced'];
  const h = house({
    args: ['--hold-wait', '0s'],
    add: {
      more: [
        ...models.flatMap((model) => ['--model', model]),
        '--alias',
        'nick=test-model',
        '--alias',
        'pencil=paint',
        '--alias',
        'speaker=voice',
        '--alias',
        'ear=whisper',
      ],
    },
  });
  const nicks = { 'test-model': 'nick', paint: 'pencil', voice: 'speaker', whisper: 'ear' };
  const keys = {};
  before(async () => {
    for (const [model, price] of Object.entries(prices)) {
      const options = Object.entries(price).flatMap(([name, value]) => [`--${name}`, String(value)]);
      await h.daemon.ok(['prices', 'set', model, ...options]);
    }
    keys.rich = (await h.daemon.key({ name: 'rich', budget: 100 })).key;
    keys.poor = (await h.daemon.key({ budget: '0.000000001' })).key;
    keys.narrow = (await h.daemon.key({ model: 'other' })).key;
    keys.far = (await h.daemon.key({ ip: '203.0.113.0/24' })).key;
    keys.rated = (await h.daemon.key({ rpm: 1 })).key;
    keys.quick = (await h.daemon.key({ rpm: 100_000 })).key;
    for (const [name, verb] of [
      ['revoked', 'revoke'],
      ['disabled', 'disable'],
    ]) {
      const made = await h.daemon.key();
      await h.daemon.ok(['keys', verb, made.id, ...(verb === 'revoke' ? ['--yes'] : [])]);
      keys[name] = made.key;
    }
  });

  const answer = (status, body, type, headers = {}) => {
    h.upstream.handler = (exchange) => exchange.reply(status, body, { 'content-type': type, ...headers });
  };
  const request = ({ name, body }, { headers, ...more } = {}) => ({
    key: keys.rich,
    path: `/v1/${name}`,
    body: body?.bytes,
    ...more,
    headers: { 'Content-Type': body?.type, ...headers },
  });
  const send = (each, more) => call(h.port, request(each, more));
  const newest = async () => (await lastRow(h.daemon))?.id;
  /// Runs `task`, which must leave no trace: nothing upstream, no row.
  const refused = async (task) => {
    const before = await newest();
    const reply = await task();
    assert.equal(h.upstream.requests.length, 0, 'nothing is sent');
    assert.equal(await newest(), before, 'no row is written');
    return reply;
  };
  const sameBytes = (actual, expected) =>
    assert.ok(
      Buffer.from(actual).equals(Buffer.from(expected)),
      `${actual}\nis not\n${expected}`.slice(0, 2000),
    );

  for (const each of endpoints) {
    const { name, what, body, reply: answered, type = 'application/json', dialect, unmetered } = each;
    const model = each.model ?? 'test-model';
    const cost = each.cost ?? (each.tokens && costOf(each.tokens));

    describe(what ? `${name}, ${what}` : name, () => {
      it('passes byte for byte, both ways, and the row says what it used', async () => {
        answer(200, answered, type);
        const before = await newest();
        const reply = await send(each, { headers: { 'User-Agent': 'conformance/1' } });
        assert.equal(reply.status, 200, reply.text);
        sameBytes(h.upstream.last.body, body.bytes);
        assert.deepEqual([h.upstream.last.method, h.upstream.last.target], ['POST', `/v1/${name}`]);
        assert.equal(h.upstream.last.headers['content-type'], body.type);
        sameBytes(reply.body, answered);
        assert.deepEqual(
          [reply.headers['content-type'], reply.headers['content-length']],
          [type, String(Buffer.byteLength(answered))],
        );
        if (unmetered) return assert.equal(await newest(), before, 'no row is written');
        const row = await lastRow(h.daemon);
        for (const field of rowFields.split(' ')) assert.ok(field in row, field);
        for (const bucket of buckets.split(' ')) assert.ok(bucket in row.tokens, bucket);
        assert.equal(row.id, reply.headers['x-nufi-request-id']);
        assert.deepEqual(
          [row.endpoint, row.model, row.upstream_model, row.upstream, row.key_name, row.stream, row.attempts],
          [name, model, model, 'mock', 'rich', false, 1],
        );
        assert.deepEqual(
          [row.status, row.http_status, row.error_code, row.client_ip, row.user_agent],
          ['ok', 200, null, '127.0.0.1', 'conformance/1'],
        );
        if (!each.basis) assert.deepEqual(used(row), each.tokens);
        assert.equal(row.cost_basis, each.basis ?? 'exact');
        if (cost !== undefined) assert.equal(nano(row.cost_usd), cost);
        else assert.ok(row.cost_usd > 0);
        assert.ok(row.price_id);
      });

      it('passes in chunks, with its query', async () => {
        answer(200, answered, type);
        const third = Math.ceil(body.bytes.length / 3);
        const parts = [0, 1, 2].map((i) => body.bytes.subarray(i * third, (i + 1) * third));
        const coded = parts.flatMap((part) => [
          Buffer.from(`${part.length.toString(16)};x=y\r\n`),
          part,
          Buffer.from('\r\n'),
        ]);
        const reply = await send(each, {
          path: `/v1/${name}?beta=true&x=%2f%20%C3%A9`,
          body: Buffer.concat([...coded, Buffer.from('0\r\n\r\n')]),
          headers: { 'Transfer-Encoding': 'chunked' },
        });
        assert.equal(reply.status, 200, reply.text);
        sameBytes(h.upstream.last.body, body.bytes);
        assert.equal(h.upstream.last.target, `/v1/${name}?beta=true&x=%2f%20%C3%A9`);
        sameBytes(reply.body, answered);
      });

      it('headers: nothing that is only for us passes, the rest does', async () => {
        answer(200, answered, type, { ...ownToUpstream, ...keptToClient });
        const reply = await send(each, {
          headers: { ...ownToClient, ...keptToUpstream, 'Accept-Encoding': 'gzip, br' },
        });
        assert.equal(reply.status, 200, reply.text);
        const { headers, fields, head } = h.upstream.last;
        for (const field of Object.keys(ownToClient)) {
          if (field !== 'Connection') assert.equal(headers[field.toLowerCase()], undefined, field);
        }
        for (const [field, value] of Object.entries(keptToUpstream))
          assert.equal(headers[field.toLowerCase()], value);
        assert.deepEqual(
          [headers.authorization, headers['x-api-key']],
          [`Bearer ${h.upstream.secret}`, undefined],
        );
        assert.equal(fields.filter(([field]) => field.toLowerCase() === 'authorization').length, 1);
        assert.ok(!head.includes('sk-nufi-'), "the client's key stays here");
        assert.deepEqual(
          [headers.host, headers['accept-encoding']],
          [`127.0.0.1:${h.upstream.port}`, 'identity'],
        );

        for (const field of Object.keys(ownToUpstream)) {
          if (field !== 'Connection') assert.equal(reply.headers[field.toLowerCase()], undefined, field);
        }
        for (const [field, value] of Object.entries(keptToClient)) assert.equal(reply.headers[field], value);
        assert.equal(reply.headers['x-nufi-upstream'], 'mock');
        assert.match(reply.headers['x-nufi-request-id'], /^req_/);
        assert.ok(reply.headers['x-request-id']);

        const quick = await send(each, { key: keys.quick });
        assert.equal(quick.headers['x-ratelimit-limit-requests'], '100000', "the key's own limit");
      });

      it('is renamed where its model stands, and only there', async () => {
        answer(200, answered, type);
        const reply = await send(each, { body: body.withModel(nicks[model]).bytes });
        assert.equal(reply.status, 200, reply.text);
        sameBytes(h.upstream.last.body, body.bytes);
        if (unmetered) return;
        const row = await lastRow(h.daemon);
        assert.deepEqual([row.model, row.upstream_model], [nicks[model], model]);
      });

      it("the upstream's own error comes as it is, and costs nothing", async () => {
        for (const [status, text] of [
          [400, '{"error":{"message":"no","type":"invalid_request_error","param":null,"code":"x"} }\n'],
          [422, 'not JSON at all'],
        ]) {
          answer(status, text, 'application/problem+json', keptToClient);
          const reply = await send(each);
          assert.deepEqual(
            [reply.status, reply.text, reply.headers['content-type']],
            [status, text, 'application/problem+json'],
          );
          assert.equal(reply.headers['x-custom'], 'kept');
          if (unmetered) continue;
          const row = await lastRow(h.daemon);
          assert.deepEqual(
            [row.status, row.http_status, row.cost_usd, used(row)],
            ['client_error', status, 0, {}],
          );
        }
      });

      it('whose client leaves is given up upstream, and charged as what may be billed', async () => {
        h.upstream.handler = (exchange) => exchange.gone;
        const connection = await Connection.open(h.port);
        connection.write(requestBytes(request(each)));
        const { gone } = await h.upstream.request(0);
        connection.close();
        await deadline(gone, 3_000 * patience, 'the upstream call to be closed');
        if (unmetered) return;
        const row = await rowWith(h.daemon, 'client_gone');
        assert.equal(row.endpoint, name);
        assert.ok(row.cost_usd > 0 && row.cost_basis !== 'none', row.cost_basis);
      });

      for (const refusal of [...refusals, ...(unmetered ? [] : limits)]) {
        it(`refuses ${refusal.why}: ${refusal.status} ${refusal.code ?? ''}`, async () => {
          const reply = await refused(() => send(each, refusal.ask(keys, each)));
          const error = assertError(reply, refusal, dialect);
          refusal.check?.(reply, error);
        });
      }

      it('refuses what it can not read, or could read in two ways: 400', async () => {
        for (const { why, body: bad, code, param } of body.spoiled()) {
          const reply = await refused(() =>
            send(each, { body: bad.bytes, headers: { 'Content-Type': bad.type } }),
          );
          assert.doesNotThrow(() => assertError(reply, { status: 400, code, param }, dialect), why);
        }
      });

      it('refuses other methods: 405', async () => {
        for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
          const reply = await refused(() =>
            send(each, { method, body: method === 'GET' ? undefined : '{}' }),
          );
          assertError(reply, { status: 405, code: 'method_not_allowed' }, dialect);
          assert.equal(reply.headers.allow, 'POST');
        }
      });

      it('refuses more calls a minute than the key has: 429, with the time to wait', async () => {
        answer(200, answered, type);
        await send(each, { key: keys.rated });
        h.upstream.clear();
        const reply = await refused(() => send(each, { key: keys.rated }));
        const error = assertError(
          reply,
          { status: 429, type: 'requests', code: 'rate_limit_exceeded' },
          dialect,
        );
        assert.equal(error.nufi.reason, 'rpm');
        const [seconds, ms] = [Number(reply.headers['retry-after']), Number(reply.headers['retry-after-ms'])];
        assert.ok(seconds >= 1 && seconds <= 60 && ms > 0 && ms <= 60_000, `${seconds} s, ${ms} ms`);
        assert.deepEqual(
          [reply.headers['x-ratelimit-limit-requests'], reply.headers['x-ratelimit-remaining-requests']],
          ['1', '0'],
        );
      });

      for (const stream of each.streams ?? []) {
        const received = stream.received ?? stream.events;
        const title = stream.what ? `a stream ${stream.what}` : 'a stream';

        it(`${title} passes event by event, each at once, and is booked when it ends`, async () => {
          const connection = await Connection.open(h.port);
          h.upstream.handler = async (exchange) => {
            await exchange.begin(200, {
              'content-type': 'text/event-stream; charset=utf-8',
              ...ownToUpstream,
              ...keptToClient,
            });
            for (const event of stream.events) {
              await exchange.chunk(event);
              // The next comes only when this one has arrived.
              if (received.includes(event) && event !== received.at(-1)) await connection.untilBody(event);
            }
            await exchange.finish();
          };
          connection.write(requestBytes(request({ ...each, body: stream.body })));
          const reply = await connection.reply({ ms: 20_000 * patience });
          connection.close();
          assert.equal(reply.status, 200, reply.text);
          assert.equal(reply.headers['content-type'], 'text/event-stream; charset=utf-8');
          assert.deepEqual(
            [reply.headers['set-cookie'], reply.headers['x-gone'], reply.headers['x-custom']],
            [undefined, undefined, 'kept'],
          );
          sameBytes(h.upstream.last.body, (stream.sent?.(stream.body) ?? stream.body).bytes);
          sameBytes(reply.body, received.join(''));
          const row = await lastRow(h.daemon);
          assert.deepEqual(
            [row.id, row.stream, row.status, row.endpoint],
            [reply.headers['x-nufi-request-id'], true, 'ok', name],
          );
          assert.deepEqual(
            [used(row), nano(row.cost_usd), row.cost_basis],
            [stream.tokens, costOf(stream.tokens), 'exact'],
          );
        });

        it(`${title} is cut when its key is revoked, and says so`, async () => {
          const made = await h.daemon.api('POST', '/v1/projects/default/inference/keys', {
            name: `cut ${what ?? ''} ${name} ${title}`,
          });
          const connection = await Connection.open(h.port);
          const [first] = received;
          h.upstream.handler = async (exchange) => {
            await exchange.begin();
            await exchange.chunk(first);
            await exchange.gone;
          };
          connection.write(requestBytes(request({ ...each, body: stream.body }, { key: made.json.key })));
          await connection.untilBody(first);
          assert.equal((await h.daemon.api('DELETE', `/v1/inference/keys/${made.json.id}`)).status, 200);
          const reply = await connection.reply({ ms: 1_000 * patience });
          assert.match(errorEvent(reply.text.slice(first.length), dialect).message, /revoked/);
          await deadline(h.upstream.last.gone, 1_000 * patience, 'the upstream call to be closed');
          assert.equal((await rowWith(h.daemon, 'cut')).endpoint, name);
        });

        it(`${title} that breaks off ends with an error in its own shape`, async () => {
          const [first] = received;
          h.upstream.handler = async (exchange) => {
            await exchange.begin();
            await exchange.chunk(first);
            exchange.end();
          };
          const reply = await send({ ...each, body: stream.body });
          assert.equal(reply.status, 200, reply.text);
          assert.ok(reply.text.startsWith(first), reply.text);
          const error = errorEvent(reply.text.slice(first.length), dialect);
          if (dialect === 'anthropic') assert.equal(error.type, 'api_error');
          else
            assert.deepEqual([error.type, error.code, error.param], ['server_error', 'upstream_error', null]);
          const row = await lastRow(h.daemon);
          assert.deepEqual([row.status, row.stream], ['upstream_error', true]);
        });
      }
    });
  }
});
