// Web pages: nothing unless their origin was named; and what is not there is said in OpenAI's shape.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { call, chatBody } from './support/client.mjs';
import { Daemon } from './support/daemon.mjs';
import { house } from './support/house.mjs';

const origin = 'https://app.example:8443';
const corsOf = (reply) => Object.keys(reply.headers).filter((name) => name.startsWith('access-control-'));
const preflight = (port, from, path = '/v1/chat/completions') =>
  call(port, {
    method: 'OPTIONS',
    path,
    headers: {
      Origin: from,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization,content-type,x-stainless-lang',
    },
  });

describe('without --cors-origin', () => {
  const h = house();
  it('no reply has a word of it, and a preflight is a method like any other', async () => {
    const { key } = await h.daemon.key();
    const asked = await preflight(h.port, origin);
    assert.deepEqual([asked.status, asked.headers.allow, corsOf(asked)], [405, 'POST', []]);
    assert.equal((await preflight(h.port, origin, '/v1/nothing')).status, 404);
    h.upstream.handler = (exchange) =>
      exchange.reply(200, { choices: [], usage: {} }, { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'x' });
    const reply = await call(h.port, { key, headers: { Origin: origin }, body: JSON.stringify(chatBody({ max_tokens: 9 })) });
    assert.deepEqual([reply.status, corsOf(reply), reply.headers.vary], [200, [], undefined]);
  });

  it('unknown paths are 404, wrong methods 405 with Allow, all in the shape of an error', async () => {
    const { key } = await h.daemon.key();
    const get = '405 GET';
    const post = '405 POST';
    const cases = [
      ['GET', '/', 404],
      ['GET', '/v1', 404],
      ['GET', '/v1/', 404],
      ['POST', '/v1/chat/completions/', 404],
      ['POST', '/V1/chat/completions', 404],
      ['POST', '/v1/chat//completions', 404],
      ['POST', '/v1/engines/x/completions', 404],
      ['POST', '/v1/fine_tuning/jobs', 404],
      ['GET', '/v1/chat/completions', post],
      ['DELETE', '/v1/embeddings', post],
      ['PUT', '/v1/images/generations', post],
      ['POST', '/v1/models', get],
      ['DELETE', '/v1/models/test-model', get],
      ['PATCH', '/v1/key', get],
      ['POST', '/healthz', '405 GET, HEAD'],
    ];
    for (const [method, path, expected] of cases) {
      const { status, headers, json } = await call(h.port, { method, path, key, body: method === 'GET' ? undefined : '{}' });
      const what = `${method} ${path}`;
      assert.equal(status === 405 ? `405 ${headers.allow}` : status, expected, what);
      assert.deepEqual(Object.keys(json.error), ['message', 'type', 'param', 'code'], what);
      assert.equal(json.error.code, status === 404 ? 'unknown_url' : 'method_not_allowed', what);
      assert.ok(headers['x-request-id'], what);
    }
  });
});

describe('with --cors-origin', () => {
  const h = house({ args: ['--cors-origin', `${origin},http://LOCALHOST:3000`] });

  it('a preflight of a named origin is told what it may send', async () => {
    const reply = await preflight(h.port, origin);
    assert.equal(reply.status, 204);
    assert.equal(reply.headers['access-control-allow-origin'], origin);
    assert.equal(reply.headers['access-control-allow-headers'], 'authorization,content-type,x-stainless-lang');
    assert.equal(reply.headers['access-control-allow-methods'], 'GET, POST, DELETE');
    assert.match(String(reply.headers.vary), /Origin/);
    assert.equal((await preflight(h.port, 'http://localhost:3000')).status, 204);
  });

  it('others are refused, also those that look alike, and caches are told', async () => {
    for (const other of ['null', 'https://app.example', 'http://app.example:8443', 'https://app.example:8443.evil.example', 'https://x.app.example:8443']) {
      const reply = await preflight(h.port, other);
      assert.deepEqual([reply.status, corsOf(reply), reply.headers.vary], [405, [], 'Origin'], other);
    }
  });

  it('its page may read replies, errors and streams, and our headers', async () => {
    const { key } = await h.daemon.key({ rpm: 100 });
    const headers = { Origin: origin };
    const ask = (more) => call(h.port, { key, headers, ...more });
    const stream = await ask({ body: JSON.stringify(chatBody({ stream: true, max_tokens: 9 })) });
    const replies = [
      [200, await ask({ body: JSON.stringify(chatBody({ max_tokens: 9 })) })],
      [200, stream],
      [200, await ask({ method: 'GET', path: '/v1/models' })],
      [400, await ask({ body: '{' })],
      [401, await ask({ key: 'sk-nufi-wrong', body: '{}' })],
      [404, await ask({ path: '/v1/nothing', body: '{}' })],
      [405, await ask({ method: 'GET' })],
    ];
    for (const [status, reply] of replies) {
      assert.deepEqual([reply.status, reply.headers['access-control-allow-origin']], [status, origin], reply.text);
      const exposed = reply.headers['access-control-expose-headers'].split(', ');
      const ours = Object.keys(reply.headers).filter((name) => /^x-|^retry-after/.test(name));
      assert.deepEqual(ours.filter((name) => !exposed.includes(name)), []);
    }
    assert.equal(stream.events.at(-1), '[DONE]');
  });

  it("the upstream's own never pass", async () => {
    const { key } = await h.daemon.key();
    h.upstream.handler = (exchange) =>
      exchange.reply(200, { choices: [], usage: {} }, { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' });
    const reply = await call(h.port, { key, headers: { Origin: origin }, body: JSON.stringify(chatBody({ max_tokens: 9 })) });
    assert.equal(reply.headers['access-control-allow-origin'], origin);
    assert.equal(reply.headers['access-control-allow-credentials'], undefined);
  });
});

describe('what can be named', () => {
  it('is an origin or *, and nothing else', async () => {
    for (const [value, why] of [
      ['null', /'null' is no origin/],
      ['https://app.example/', /has a path/],
      ['app.example', /has no https:/],
    ]) {
      await assert.rejects(Daemon.start({ args: ['--cors-origin', value] }), why);
    }
  });

  it('* is everybody', async () => {
    const daemon = await Daemon.start({ args: ['--cors-origin', '*'] });
    try {
      const reply = await call(daemon.port, { method: 'GET', path: '/healthz', headers: { Origin: 'https://any.example' } });
      assert.deepEqual([reply.headers['access-control-allow-origin'], reply.headers.vary], ['*', undefined]);
    } finally {
      await daemon.stop();
    }
  });
});
