// What an upstream keeps of a response is its maker's: found by every key of the account, after a
// crash as well, and by nobody else.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';

import OpenAI from 'openai';

import { Connection, call, requestBytes } from './support/client.mjs';
import { Daemon, nufiPath, run } from './support/daemon.mjs';
import { named } from './support/events.mjs';
import { openaiApi } from './support/openai_api.mjs';
import { assertError } from './support/refusals.mjs';
import { responsesApi } from './support/responses_api.mjs';
import { Upstream } from './support/upstream.mjs';
import { until } from './support/wait.mjs';

const isRoot = process.getuid() === 0;
const nobody = 65534;
const asked = { model: 'test-model', input: 'How is the weather?', max_output_tokens: 50 };
const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };

async function collect(list) {
  const items = [];
  for await (const item of list) items.push(item);
  return items;
}

describe('responses of two upstreams', () => {
  let daemon;
  let east;
  let west;
  let key;
  const clientOf = (secret) => new OpenAI({ baseURL: daemon.url, apiKey: secret, maxRetries: 0 });
  const ask = (method, at, more = {}) => call(daemon.port, { method, path: `/v1/responses/${at}`, key: key.key, ...more });
  const create = (body) => call(daemon.port, { path: '/v1/responses', key: key.key, body: JSON.stringify({ ...asked, ...body }) });

  before(async () => {
    east = await Upstream.start({ secret: 'secret-of-the-east' });
    west = await Upstream.start({ secret: 'secret-of-the-west' });
    daemon = await Daemon.start();
    await daemon.addUpstream(east, { name: 'east', more: ['--model', 'test-model', '--priority', '5'] });
    await daemon.addUpstream(west, { name: 'west', more: ['--model', 'test-*', '--priority', '1'] });
    await daemon.ok(['prices', 'set', 'test-west', '--input', '1', '--output', '10']);
    key = await daemon.key({ budget: 50 });
    // Ids are never given twice.
    east.kept = responsesApi({ prefix: 'resp_east' });
    west.kept = responsesApi({ prefix: 'resp_west' });
  });
  after(async () => {
    await daemon?.stop();
    await east?.stop();
    await west?.stop();
  });
  beforeEach(() => {
    for (const upstream of [east, west]) {
      upstream.clear();
      upstream.handler = openaiApi({ responses: upstream.kept });
    }
  });

  /// One that the west made: nobody else knows this model.
  async function madeInTheWest() {
    const { id } = (await create({ model: 'test-west' })).json;
    assert.ok(west.kept.kept.has(id));
    west.requests.length = 0;
    return id;
  }

  it('it is found by the upstream that made it, by any key of the account', async () => {
    const id = await madeInTheWest();
    const other = clientOf((await daemon.key()).key);
    for (const client of [clientOf(key.key), other]) {
      assert.equal((await client.responses.retrieve(id)).id, id);
      assert.equal((await collect(client.responses.inputItems.list(id)))[0].content[0].text, asked.input);
    }
    assert.equal(east.requests.length, 0);
    assert.equal(west.last.headers.authorization, `Bearer ${west.secret}`);
  });

  it('a conversation goes on where it began, and nowhere else', async () => {
    const id = await madeInTheWest();
    const next = await create({ previous_response_id: id });
    assert.equal(next.status, 200, next.text);
    assert.equal(next.headers['x-nufi-upstream'], 'west');
    west.handler = (exchange) => exchange.reply(503, { error: { message: 'busy' } });
    assert.equal((await create({ previous_response_id: id })).status, 503);
    assert.equal(east.requests.length, 0, 'no other upstream is tried');
  });

  it('a new name of the upstream changes nothing; without the upstream it is gone', async () => {
    const third = await Upstream.start({ handler: openaiApi({ responses: responsesApi({ prefix: 'resp_third' }) }) });
    await daemon.addUpstream(third, { name: 'third', model: 'third-model', more: ['--model', 'third-model'] });
    const { id } = (await create({ model: 'third-model' })).json;
    await daemon.ok(['upstreams', 'edit', 'third', '--name', 'renamed']);
    const found = await ask('GET', id);
    assert.deepEqual([found.status, found.headers['x-nufi-upstream']], [200, 'renamed']);
    const next = await create({ model: 'third-model', previous_response_id: id });
    assert.equal(next.status, 200, next.text);
    const elsewhere = await create({ model: 'test-model', previous_response_id: id });
    assertError(elsewhere, { status: 400, code: 'invalid_value', param: 'previous_response_id' });
    await daemon.ok(['upstreams', 'remove', 'renamed', '--yes']);
    const gone = await ask('GET', id);
    assertError(gone, { status: 404, code: null });
    assert.match(gone.json.error.message, /removed/);
    const ended = await create({ previous_response_id: id });
    assertError(ended, { status: 400, code: 'previous_response_not_found' });
    assert.match(ended.json.error.message, /removed/);
    await third.stop();
  });

  it('one that is not to be stored, a failed one and an unknown one are not found', async () => {
    const { id } = (await create({ store: false })).json;
    assertError(await ask('GET', id), { status: 404, code: null });
    assertError(await create({ previous_response_id: id }), {
      status: 400,
      code: 'previous_response_not_found',
      param: 'previous_response_id',
    });
    east.handler = (exchange) => exchange.reply(400, { id: 'resp_refused', error: { message: 'no' } });
    assert.equal((await create()).status, 400);
    assertError(await ask('GET', 'resp_refused'), { status: 404, code: null });
  });

  it('a conversation of the provider is refused: nobody knows whose it is', async () => {
    for (const conversation of ['conv_1', { id: 'conv_1' }]) {
      assertError(await create({ conversation }), { status: 400, code: 'invalid_value', param: 'conversation' });
    }
    assert.equal(east.requests.length + west.requests.length, 0);
    assert.equal((await create({ conversation: null })).status, 200);
  });

  it('one that still runs is found, and cancelled; one that was broken off is found too', async () => {
    const id = 'resp_runs';
    let running;
    east.handler = async (exchange) => {
      if (exchange.method !== 'POST' || exchange.target.endsWith('/cancel')) {
        return exchange.reply(200, { id, object: 'response', status: 'cancelled', output: [] });
      }
      running = exchange;
      await exchange.begin();
      await exchange.chunk(named('response.created', { response: { id, status: 'in_progress' } }));
    };
    const connection = await Connection.open(daemon.port);
    const body = JSON.stringify({ ...asked, stream: true });
    connection.write(requestBytes({ path: '/v1/responses', key: key.key, body }));
    await connection.untilBody('resp_runs');
    assert.equal((await ask('GET', id)).status, 200);
    assert.equal((await ask('POST', `${id}/cancel`)).json.status, 'cancelled');
    assert.equal(east.last.headers['content-length'], '0');
    connection.close();
    await running.gone;
    await until(async () => (await daemon.rows())[0].status === 'client_gone', 5000, 'the row to end');
    assert.equal((await ask('GET', id)).status, 200);
  });

  it('a revoke cuts a stream of it, and who hangs up stops the upstream', async () => {
    const id = await madeInTheWest();
    let running;
    west.handler = async (exchange) => {
      running = exchange;
      await exchange.begin();
      await exchange.chunk(named('response.in_progress', { response: { id } }));
    };
    const path = `/v1/responses/${id}?stream=true`;
    const doomed = await daemon.key();
    const open = async (secret) => {
      const connection = await Connection.open(daemon.port);
      connection.write(requestBytes({ method: 'GET', path, key: secret }));
      await connection.untilBody('in_progress');
      return connection;
    };
    const first = await open(doomed.key);
    await daemon.ok(['keys', 'revoke', doomed.id, '--yes']);
    await first.untilClosed();
    assert.match(first.bodySoFar(), /key_revoked/);
    await running.gone;
    const second = await open(key.key);
    second.close();
    await running.gone;
    assert.equal((await daemon.rows('&status=running')).length, 0);
  });

  it('an upstream that dies in the middle of such a stream ends it with an error', async () => {
    const id = await madeInTheWest();
    west.handler = async (exchange) => {
      await exchange.begin();
      await exchange.chunk(named('response.in_progress', { response: { id } }));
      exchange.reset();
    };
    const reply = await ask('GET', `${id}?stream=true`);
    assert.match(reply.text, /data: \{"error":.*upstream_error/);
    west.handler = (exchange) => exchange.reset();
    assertError(await ask('GET', id), { status: 502, type: 'server_error', code: 'upstream_error' });
  });

  it('each attempt stands on the row of a call that took more than one', async () => {
    east.handler = (exchange) => exchange.reply(503, { error: { message: 'busy' } });
    const made = await create();
    assert.equal(made.headers['x-nufi-upstream'], 'west', made.text);
    east.handler = openaiApi({ responses: east.kept });
    const [row] = (await daemon.json(['requests', '--last', '1'])).data;
    assert.equal(row.attempts, 2);
    assert.deepEqual(row.tried.map((each) => [each.upstream, each.result, each.http_status]), [
      ['east', 'http_503', 503],
      ['west', 'ok', 200],
    ]);
    for (const { ms } of row.tried) assert.ok(ms >= 0);
    await create();
    const [plain] = (await daemon.json(['requests', '--last', '1'])).data;
    assert.deepEqual([plain.attempts, plain.tried], [1, []]);
  });

  it('it is known after a restart and after kill -9, and what was deleted stays unknown', async () => {
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push((await create({ stream: i === 1 })).text.match(/resp_\w+/)[0]);
    assert.equal((await ask('DELETE', ids[2])).json.deleted, true);
    assertError(await ask('GET', ids[2]), { status: 404, code: null });
    await daemon.kill9();
    await daemon.launch();
    for (const id of ids.slice(0, 2)) assert.equal((await ask('GET', id)).json.id, id);
    const heard = east.requests.length;
    assertError(await ask('GET', ids[2]), { status: 404, code: null });
    assert.equal(east.requests.length, heard, 'nobody was asked');
    await daemon.terminate();
    await daemon.launch();
    const next = await create({ previous_response_id: ids[1] });
    assert.equal(next.json.previous_response_id, ids[1]);
    assert.equal((await daemon.nufi(['ledger', 'verify'])).code, 0);
  });

  it('a reply with usage is charged once, however often it is fetched', async () => {
    east.handler = (exchange) => exchange.reply(200, { id: 'resp_once', object: 'response', output: [], usage });
    await create();
    const before = await daemon.showKey(key.id);
    for (let i = 0; i < 3; i++) assert.equal((await ask('GET', 'resp_once')).status, 200);
    assert.equal((await daemon.showKey(key.id)).spent_usd, before.spent_usd);
  });
});

describe('responses of two accounts', { skip: isRoot ? false : 'only root can be other users' }, () => {
  let home;
  let daemon;
  let upstream;
  let mine;
  let foreign;

  before(async () => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-responses-'));
    fs.chmodSync(home, 0o755);
    upstream = await Upstream.start({ handler: openaiApi({ responses: responsesApi() }) });
    daemon = await Daemon.start({
      args: ['--system', '--data-dir', path.join(home, 'lib')],
      env: { NUFI_SOCKET: path.join(home, 'open', 'nufid.sock') },
      home,
    });
    await daemon.addUpstream(upstream);
    mine = (await daemon.key()).key;
    const made = await run(
      'setpriv',
      ['--reuid', nobody, '--regid', nobody, '--clear-groups', nufiPath, 'keys', 'create', '--name', 'x', '--quiet'].map(String),
      { env: { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: '/nonexistent', NUFI_SOCKET: daemon.socket } },
    );
    assert.equal(made.code, 0, made.stderr);
    foreign = made.stdout.trim();
  });
  after(async () => {
    await daemon?.stop();
    await upstream?.stop();
    if (home) fs.rmSync(home, { recursive: true, force: true });
  });

  it('a foreign one is told of as one that does not exist, and its upstream is not asked', async () => {
    const create = (key, body) => call(daemon.port, { path: '/v1/responses', key, body: JSON.stringify({ ...asked, ...body }) });
    const { id } = (await create(mine)).json;
    const unknown = id.replace(/.$/, 'x');
    for (const again of [false, true]) {
      if (again) {
        await daemon.kill9();
        await daemon.launch();
      }
      upstream.requests.length = 0;
      for (const [method, behind] of [
        ['GET', ''],
        ['GET', '?stream=true'],
        ['GET', '/input_items'],
        ['POST', '/cancel'],
        ['DELETE', ''],
      ]) {
        const ask = (which) => call(daemon.port, { method, path: `/v1/responses/${which}${behind}`, key: foreign });
        const reply = await ask(id);
        assertError(reply, { status: 404, code: null });
        const other = await ask(unknown);
        assert.equal(reply.text.replaceAll(id, 'ID'), other.text.replaceAll(unknown, 'ID'));
        assert.deepEqual(Object.keys(reply.headers), Object.keys(other.headers));
      }
      const refused = await create(foreign, { previous_response_id: id });
      assertError(refused, { status: 400, code: 'previous_response_not_found', param: 'previous_response_id' });
      const other = await create(foreign, { previous_response_id: unknown });
      assert.equal(refused.text.replaceAll(id, 'ID'), other.text.replaceAll(unknown, 'ID'));
      assert.equal(upstream.requests.length, 0);
      assert.equal((await call(daemon.port, { method: 'GET', path: `/v1/responses/${id}`, key: mine })).status, 200);
    }
  });
});
