// Bodies made to be read in two ways, or to hurt whoever reads them; names of models made to pass an
// allowlist.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { call, chat, chatBody } from './support/client.mjs';
import { patience } from './support/daemon.mjs';
import { house } from './support/house.mjs';

describe('hostile bodies', () => {
  const h = house({ add: { more: ['--model', '*'] } });
  let key;
  let limited;
  before(async () => {
    key = (await h.daemon.key()).key;
    limited = (await h.daemon.key({ budget: 1 })).key;
  });

  const send = (body, with_ = key) =>
    call(h.port, { key: with_, body: Buffer.isBuffer(body) ? body : Buffer.from(body) });

  async function refused(body, param, with_) {
    const reply = await send(body, with_);
    const what = body.toString('latin1').slice(0, 100);
    assert.equal(reply.status, 400, `${what}: ${reply.text}`);
    assert.equal(reply.json.error.type, 'invalid_request_error', what);
    assert.equal(reply.json.error.param, param ?? null, `${what}: ${reply.text}`);
    assert.ok(reply.text.length < 2000, 'an answer does not grow with what was sent');
    assert.equal(h.upstream.requests.length, 0, what);
    return reply;
  }

  /// Goes upstream as it came.
  async function passes(body) {
    const reply = await send(body);
    assert.equal(reply.status, 200, `${body.slice(0, 100)}: ${reply.text}`);
    assert.equal(h.upstream.last.text, body);
    h.upstream.clear();
  }

  const with_ = (members) => `{"model":"test-model","messages":[],${members}}`;

  it('what is no JSON', async () => {
    for (const body of [
      '',
      ' ',
      '\0',
      '{',
      '}',
      '[',
      '"',
      '{"',
      '{"model"',
      '{"model":',
      '{"model":"test-model"',
      '{"model":"test-model",',
      '{"model":"test-model"}{"model":"other"}',
      '{"model":"test-model"}\0',
      '{"model":"test-model"} // comment',
      '{"model":"test-model"/**/}',
      '\ufeff{"model":"test-model"}',
      '{"model":"test-model",}',
      '{,"model":"test-model"}',
      '{"model":"test-model","a":[1,]}',
      '{"model" "test-model"}',
      '{model:"test-model"}',
      "{'model':'test-model'}",
      '{"model":"a\nb"}',
      '{"model":"\\x41"}',
      '{"model":"\\u00zz"}',
      '{"model":"test-model","a":NaN}',
      '{"model":"test-model","a":Infinity}',
      '{"model":"test-model","a":-Infinity}',
      '{"model":"test-model","a":undefined}',
      '{"model":"test-model","a":True}',
      '{"model":"test-model","a":0x10}',
      '{"model":"test-model","a":01}',
      '{"model":"test-model","a":+1}',
      '{"model":"test-model","a":.5}',
      '{"model":"test-model","a":1.}',
      '{"model":"test-model","a":1e}',
      '{"model":"test-model","a":-}',
      'model=test-model',
      '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
      '[{"model":"test-model"}]',
      '"test-model"',
      '1',
      'null',
    ]) {
      assert.equal((await refused(body)).json.error.code, 'invalid_json', body);
    }
  });

  it('text that is not UTF-8', async () => {
    for (const bytes of [
      '\xff',
      '\xc0\x80',
      '\xed\xa0\x80',
      '\xf4\x90\x80\x80',
      '\xe2\x82',
      '\x80',
      '\xc1\xbf',
    ]) {
      await refused(Buffer.from(`{"model":"test-model","messages":[{"content":"${bytes}"}]}`, 'latin1'));
      await refused(Buffer.from(`{"model":"test-model","${bytes}":1}`, 'latin1'));
    }
    await refused(Buffer.from('{"model":"test-model"}', 'utf16le'));
  });

  it('nesting without end', async () => {
    for (const [opening, closing] of [
      ['[', ']'],
      ['{"a":', '}'],
      ['[{"a":', '}]'],
    ]) {
      for (const closed of [true, false]) {
        const deep = opening.repeat(100_000) + (closed ? `1${closing.repeat(100_000)}` : '');
        const started = performance.now();
        await refused(`{"model":"test-model","messages":[],"a":${deep}${closed ? '}' : ''}`);
        assert.ok(performance.now() - started < 2000 * patience, 'told at once');
      }
    }
    await passes(with_(`"a":${'['.repeat(200)}${']'.repeat(200)}`));
  });

  it('a great many members and elements', async () => {
    const members = Array.from({ length: 100_000 }, (_, i) => `"m${i}":${i}`).join();
    await passes(with_(members));
    await passes(with_(`"a":[${'[],'.repeat(100_000)}{}]`));
    await passes(with_(`"a":"${'\\u0061'.repeat(100_000)}"`));
    await passes(with_(`"a":${'9'.repeat(100_000)}`));
  });

  it('a deciding field twice, in whatever spelling', async () => {
    for (const [members, param] of [
      ['"model":"test-model"', 'model'],
      ['"model":null', 'model'],
      ['"Model":"x"', 'model'],
      ['"mod\\u0065l":"x"', 'model'],
      ['"\\u004dodel":"x"', 'model'],
      ['"model\\u0000":"x"', 'model'],
      ['"model\\u0000y":"x"', 'model'],
      ['"max_tokens":1,"max_tokens":100000', 'max_tokens'],
      ['"max_tokens":1,"max\\u005ftokens":100000', 'max_tokens'],
      ['"max_tokens":1,"MAX_TOKENS":100000', 'max_tokens'],
      ['"max_tokens":1,"max_to\u212aens":100000', 'max_tokens'],
      ['"max_tokens":1,"max_token\u017f":100000', 'max_tokens'],
      ['"n":1,"N":9', 'n'],
      ['"n":1,"\\u006e":9', 'n'],
      ['"stream":false,"\\u0073tream":true', 'stream'],
      ['"stream":false,"\u017ftream":true', 'stream'],
      ['"messages":[]', 'messages'],
      ['"Messages":[]', 'messages'],
    ]) {
      await refused(with_(members), param);
    }
  });

  it('numbers that are no counts', async () => {
    for (const value of [
      '-1',
      '-0.0',
      '0',
      '1.5',
      '1.0',
      '1e2',
      '1E400',
      '1e-400',
      '"10"',
      '"10; drop table"',
      'true',
      'false',
      '[]',
      '[10]',
      '{}',
      '9007199254740993',
      '9223372036854775807',
      '9223372036854775808',
      '18446744073709551617',
      '9'.repeat(400),
    ]) {
      for (const field of ['max_tokens', 'max_completion_tokens']) {
        await refused(with_(`"${field}":${value}`), field);
        await refused(with_(`"${field}":${value}`), field, limited);
      }
    }
    for (const value of ['0', '-1', '1.5', '"2"', '2147483648', '1e9', 'true', '[1]']) {
      await refused(with_(`"n":${value}`), 'n');
    }
    for (const value of ['"true"', '1', '0', '[]', '{}']) await refused(with_(`"stream":${value}`), 'stream');
    await passes(with_('"temperature":1e400,"seed":-0,"top_p":1E-400,"x":123456789012345678901234567890'));
    await passes(with_('"a":"\\ud800","b":"\\udc00\\ud800","c":"\\u0000"'));
  });

  it('a thousand million answers fit no budget, and overflow none', async () => {
    for (const members of [
      '"n":1000000000',
      '"n":2147483647,"max_tokens":9007199254740992',
      '"n":2147483647,"max_completion_tokens":9007199254740992,"best_of":2147483647',
      '"max_tokens":9007199254740992',
    ]) {
      const reply = await send(with_(members), limited);
      assert.equal(reply.status, 429, `${members}: ${reply.text}`);
      assert.equal(reply.json.error.code, 'insufficient_quota');
    }
    assert.equal(h.upstream.requests.length, 0);
    const show = await h.daemon.json(['keys', 'list']);
    assert.ok(show.data.every((each) => each.spent_usd === 0 || each.budget_usd === null));
    assert.equal((await h.daemon.json(['status'])).held_usd, 0);
    assert.equal((await chat(h.port, limited)).status, 200, 'what fits is served as before');
  });

  it('the daemon has borne it', async () => {
    assert.equal((await chat(h.port, key)).status, 200);
    await h.daemon.ok(['ledger', 'verify']);
  });
});

describe('names of models against an allowlist', () => {
  const h = house({ add: { more: ['--model', '*', '--alias', 'cheap=small-model'] } });
  const keys = {};
  before(async () => {
    await h.daemon.ok(['projects', 'create', 'narrow', '--model', 'small-*']);
    await h.daemon.ok(['groups', 'create', 'tier', '--model', 'small-*']);
    keys.exact = (await h.daemon.key({ model: 'small-model' })).key;
    keys.glob = (await h.daemon.key({ model: '*-mini' })).key;
    keys.project = (await h.daemon.key({ project: 'narrow' })).key;
    keys.group = (await h.daemon.key({ group: 'tier' })).key;
    keys.alias = (await h.daemon.key({ model: 'cheap' })).key;
  });
  const ask = (key, model) => chat(h.port, key, { model });

  it('another spelling is another model: 403', async () => {
    for (const model of [
      'SMALL-MODEL',
      'Small-model',
      'small-model.',
      'small-model/',
      './small-model',
      '/small-model',
      'x/small-model',
      'small-model:latest',
      'small-model,test-model',
      'small_model',
      'small model',
      'small\u2010model',
      'sm\u0430ll-model', // Cyrillic a
      '\uff53mall-model', // full width
      'small-model\u0301',
      'test-model',
      'smal',
      'small-model-2',
      '*',
      'small-mode?'.replace('?', '*'),
    ]) {
      const reply = await ask(keys.exact, model);
      assert.equal(reply.status, 403, `${JSON.stringify(model)}: ${reply.text}`);
      assert.equal(reply.json.error.code, 'model_not_allowed');
    }
    for (const [who, model] of [
      ['project', 'SMALL-model'],
      ['project', 'x/small-model'],
      ['group', 'Small-model'],
      ['group', 'test-model'],
      ['alias', 'small-model'], // only the alias is allowed, not what it stands for
      ['alias', 'CHEAP'],
      ['alias', 'cheap/'],
      ['glob', 'test-model'],
    ]) {
      const reply = await ask(keys[who], model);
      assert.equal(reply.status, 403, `${who} ${model}: ${reply.text}`);
    }
    assert.equal(h.upstream.requests.length, 0);
  });

  it('a name that some server reads as another is refused, also where an allowlist has it: 400', async () => {
    const names = [
      'test-model\0-mini',
      'test-model\n-mini',
      'test-model\r\nX-Evil: 1\r\n-mini',
      'test-model/../x-mini'.replace('x-mini', 'a/../../b-mini'),
      'x/../test-model/-mini',
      'x\\..\\test-model-mini',
      'test-model%00-mini',
      'test-model%2f..-mini',
      'test-model?x=-mini',
      'test-model#-mini',
      ' test-model-mini',
      '\u00a0test-model-mini',
      'test\u200b-model-mini',
      'test\u202emodel-mini',
      '\ufefftest-model-mini',
      'test-model\u001b[31m-mini',
      'test-model\u0085-mini',
      'test-model\ufffd-mini',
    ];
    for (const name of names) {
      const reply = await ask(keys.glob, name);
      assert.equal(reply.status, 400, `${JSON.stringify(name)}: ${reply.text}`);
      assert.deepEqual([reply.json.error.code, reply.json.error.param], ['invalid_value', 'model']);
    }
    for (const body of [
      '{"model":"test-model\\ud800-mini","messages":[]}',
      '{"model":"a-mini ","messages":[]}',
    ]) {
      const reply = await call(h.port, { key: keys.glob, body });
      assert.deepEqual([reply.status, reply.json.error.param], [400, 'model'], reply.text);
    }
    const long = await ask(keys.glob, `${'x'.repeat(300)}-mini`);
    assert.deepEqual([long.status, long.json.error.param], [400, 'model']);
    assert.equal(h.upstream.requests.length, 0);
  });

  it('what is allowed passes as it was written', async () => {
    for (const [who, model] of [
      ['exact', 'small-model'],
      ['glob', 'org/x 2-mini'],
      ['glob', '\u6a21-mini'],
      ['project', 'small-model'],
      ['group', 'small-2:free'],
    ]) {
      assert.equal((await ask(keys[who], model)).status, 200, model);
      assert.equal(h.upstream.last.json.model, model);
    }
    const escaped = '{"model":"sm\\u0061ll-model","messages":[]}';
    assert.equal((await call(h.port, { key: keys.exact, body: escaped })).status, 200);
    assert.equal(h.upstream.last.text, escaped);
    assert.equal((await ask(keys.alias, 'cheap')).status, 200);
    assert.equal(h.upstream.last.json.model, 'small-model');
  });
});
