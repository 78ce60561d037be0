// Bodies pass byte for byte, both ways, but for the few splices the manual names.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { call, chatBody } from './support/client.mjs';
import { house } from './support/house.mjs';
import { completion, usage } from './support/provider.mjs';
import { difference } from './support/splice.mjs';

describe('plain bodies', () => {
  const h = house({ add: { more: ['--alias', 'nick=test-model', '--alias', 'quo"te=test-model'] } });
  let key;
  before(async () => {
    key = (await h.daemon.key()).key;
  });
  const send = (body, more = {}) => call(h.port, { key, body, ...more });
  const okReply = (text) => {
    h.upstream.handler = (exchange) => exchange.reply(200, text);
  };

  const bodies = {
    'unknown fields, nested':
      '{"model":"test-model","messages":[{"role":"user","content":"a","x":{"y":[1,{"z":null}]}}],"future_field":{"deep":[true,false]}}',
    'numbers as they were written':
      '{"model":"test-model","temperature":1e-7,"top_p":1.0,"seed":9007199254740993,"big":123456789012345678901234567890,"neg":-0.0,"exp":1E+2,"messages":[]}',
    'escapes and unicode':
      '{"model":"test-model","messages":[{"role":"user","content":"\\u00e9\\ud83d\\ude00 é😀 \\" \\\\ \\/ \\b\\f\\n\\r\\t \\u0000"}]}',
    'odd spacing': ' {\n\t"model" :\r\n "test-model" ,\n  "messages" : [ ]  }\n ',
    'an escaped model name': '{"model":"test\\u002dmodel","messages":[]}',
    'keys that only look like ours':
      '{"model":"test-model","metadata":{"model":"other","MODEL":"x","max_tokens":"text","stream":1},"messages":[]}',
    'an empty-string key and a long string': `{"":1,"model":"test-model","messages":[{"role":"user","content":"${'x'.repeat(100_000)}"}]}`,
  };
  for (const [name, body] of Object.entries(bodies)) {
    it(`to the upstream: ${name}`, async () => {
      const reply = await send(body);
      assert.equal(reply.status, 200, reply.text);
      assert.ok(h.upstream.last.body.equals(Buffer.from(body)), h.upstream.last.text.slice(0, 300));
    });
  }

  const replies = {
    'numbers as they were written':
      '{"id":"x","n":1e-7,"big":123456789012345678901234567890,"f":1.0,"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}',
    'escapes, spacing, unknown fields':
      ' {"id" : "\\u00e9\\/\\ud83d\\ude00 é",\n\t"choices":[], "new":{"a":[{}]},\r\n"usage":{"prompt_tokens":3,"completion_tokens":4,"details":{"x":1}} }\n',
    'a body that is not JSON': 'all is well',
    'an empty body': '',
    'two megabytes': completionText(2_000_000),
  };
  for (const [name, body] of Object.entries(replies)) {
    it(`back to the client: ${name}`, async () => {
      okReply(body);
      const reply = await send(JSON.stringify(chatBody()));
      assert.equal(reply.status, 200);
      assert.ok(reply.body.equals(Buffer.from(body)));
      assert.equal(reply.headers['content-length'], String(Buffer.byteLength(body)));
    });
  }

  it("an upstream's own error passes as it is: status, body and type", async () => {
    const body =
      '{"error":{"message":"too long", "type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}\n';
    h.upstream.handler = (exchange) => exchange.reply(400, body, { 'x-provider': 'yes' });
    const reply = await send(JSON.stringify(chatBody()));
    assert.deepEqual([reply.status, reply.text, reply.headers['x-provider']], [400, body, 'yes']);
    assert.equal(h.upstream.requests.length, 1);
  });

  it('chunked bodies come through whole, both ways', async () => {
    const body = Buffer.from(JSON.stringify(chatBody({ user: 'chunky' })));
    const half = body.length >> 1;
    const coded = Buffer.concat([
      Buffer.from(`${half.toString(16)}\r\n`),
      body.subarray(0, half),
      Buffer.from('\r\n'),
      Buffer.from(`${(body.length - half).toString(16)};ext=1\r\n`),
      body.subarray(half),
      Buffer.from('\r\n0\r\n\r\n'),
    ]);
    const text = JSON.stringify(completion({ usage: usage(1, 2) }));
    h.upstream.handler = async (exchange) => {
      await exchange.begin(200, { 'content-type': 'application/json' });
      for (const part of text.match(/.{1,20}/gs)) await exchange.chunk(part);
      await exchange.finish();
    };
    const reply = await call(h.port, {
      key,
      body: coded,
      headers: { 'Transfer-Encoding': 'chunked' },
    });
    assert.equal(reply.status, 200, reply.text);
    assert.equal(reply.text, text);
    assert.ok(h.upstream.last.body.equals(body));
  });

  it('JSON is read whatever the content type says, and the type goes on as it came', async () => {
    const body = JSON.stringify(chatBody());
    await send(body, { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
    assert.ok(h.upstream.last.body.equals(Buffer.from(body)));
  });

  it('headers: the upstream gets its own credential and nothing of ours', async () => {
    await send(JSON.stringify(chatBody()), {
      headers: {
        Cookie: 'session=1',
        'X-Nufi-Trace': '1',
        'X-Forwarded-For': '10.1.1.1',
        Forwarded: 'for=10.1.1.1',
        Via: '1.1 x',
        Connection: 'close, X-Drop',
        'X-Drop': 'hop',
        'Keep-Alive': '5',
        TE: 'trailers',
        'Proxy-Authorization': 'Basic eA==',
        'OpenAI-Organization': 'org-1',
        'X-Custom': 'kept',
        'Accept-Encoding': 'gzip, br',
      },
    });
    const { headers, fields, head } = h.upstream.last;
    assert.equal(headers.authorization, `Bearer ${h.upstream.secret}`);
    assert.equal(fields.filter(([name]) => name.toLowerCase() === 'authorization').length, 1);
    assert.ok(!head.includes(key), "the client's key stays here");
    for (const name of [
      'cookie',
      'x-nufi-trace',
      'x-forwarded-for',
      'forwarded',
      'via',
      'x-drop',
      'keep-alive',
      'te',
      'proxy-authorization',
    ]) {
      assert.equal(headers[name], undefined, name);
    }
    assert.deepEqual(
      [headers['openai-organization'], headers['x-custom'], headers['accept-encoding']],
      ['org-1', 'kept', 'identity'],
    );
    assert.equal(headers.host, `127.0.0.1:${h.upstream.port}`);
    assert.equal(h.upstream.last.target, '/v1/chat/completions');
  });

  it('headers: back comes everything but hop-by-hop, cookies and CORS, and ours', async () => {
    h.upstream.handler = (exchange) =>
      exchange.reply(200, completion({ usage: usage(1, 1) }), {
        'Set-Cookie': 'a=b',
        'Access-Control-Allow-Origin': '*',
        'Keep-Alive': 'timeout=5',
        'openai-processing-ms': '12',
        'x-custom': 'kept',
      });
    const { headers } = await send(JSON.stringify(chatBody()));
    for (const name of ['set-cookie', 'access-control-allow-origin', 'keep-alive'])
      assert.equal(headers[name], undefined, name);
    assert.deepEqual(
      [headers['openai-processing-ms'], headers['x-custom'], headers['x-nufi-upstream']],
      ['12', 'kept', 'mock'],
    );
    assert.match(headers['x-nufi-request-id'], /^req_/);
    assert.ok(headers['x-request-id']);
    const rows = await h.daemon.rows();
    assert.ok(rows.some((row) => row.id === headers['x-nufi-request-id']));
  });

  it('an alias is renamed in the text, and only there', async () => {
    const body =
      '{ "user":"nick", "model" : "nick", "messages":[{"role":"user","content":"nick 1e-7"}], "x":1.0 }';
    assert.equal((await send(body)).status, 200);
    assert.deepEqual(
      difference(body, h.upstream.last.text),
      difference(body, body.replace('"model" : "nick"', '"model" : "test-model"')),
    );
    const odd = '{"model":"quo\\"te","messages":[]}';
    assert.equal((await send(odd)).status, 200);
    assert.equal(h.upstream.last.text, '{"model":"test-model","messages":[]}');
    const rows = await h.daemon.rows();
    assert.deepEqual([rows[1].model, rows[1].upstream_model], ['nick', 'test-model']);
  });

  it('a clamped output limit is spliced in, the rest stays', async () => {
    const limited = (await h.daemon.key({ budget: 1 })).key;
    const body =
      '{"model":"test-model","seed":9007199254740993,"t":1e-7,"messages":[{"role":"user","content":"x"}] }';
    const reply = await send(body, { key: limited });
    assert.equal(reply.status, 200, reply.text);
    const cap = Number(reply.headers['x-nufi-max-tokens']);
    assert.ok(cap >= 256 && cap * 10e-6 <= 0.25, `a quarter of what is left: ${cap}`);
    const text = h.upstream.last.text;
    const added = new RegExp(`"max_(completion_)?tokens":${cap},?`).exec(text)?.[0];
    assert.ok(added, text);
    assert.equal(text.replace(added, ''), body);
    const sent = h.upstream.last.json;
    assert.equal(sent.max_tokens ?? sent.max_completion_tokens, cap);

    const own = JSON.stringify(chatBody({ max_tokens: 300 }));
    const capped = await send(own, { key: limited });
    assert.equal(capped.headers['x-nufi-max-tokens'], undefined);
    assert.equal(h.upstream.last.text, own);
  });

  it('Expect: 100-continue is answered, and the body follows', async () => {
    const { Connection, requestBytes } = await import('./support/client.mjs');
    const connection = await Connection.open(h.port);
    const body = JSON.stringify(chatBody());
    const bytes = requestBytes({ key, body, headers: { Expect: '100-continue' } });
    connection.write(bytes.subarray(0, bytes.length - body.length));
    assert.equal((await connection.reply()).status, 100);
    connection.write(body);
    assert.equal((await connection.reply()).status, 200);
    assert.equal(h.upstream.last.text, body);
    connection.close();
  });
});

function completionText(size) {
  return JSON.stringify(completion({ text: 'é'.repeat(size / 2), usage: usage(3, 4) }));
}
