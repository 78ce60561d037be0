// The management API over TCP, with access tokens.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ask, bearer } from './support/console.mjs';
import { house } from './support/house.mjs';

const it = house();
const wellFormed = /^at-nufi-[0-9A-Za-z]{49}$/;
const make = (...options) => it.daemon.json(['tokens', 'create', ...options]);
const get = (target, headers) => ask(it.daemon, 'GET', target, { headers });

test('a token is shown once, and does what its admin may', async () => {
  const made = await make('--name', 'grafana', '--expires', '90d');
  assert.match(made.token, wellFormed);
  assert.equal(made.masked, `at-nufi-…${made.token.slice(-3)}`);
  assert.equal(made.status, 'active');
  assert.equal(made.last_used_at, null);
  assert.ok(Date.parse(made.expires_at) > Date.now() + 89 * 86_400_000);

  const reply = await get('/v1/status', bearer(made.token));
  assert.equal(reply.status, 200);
  const key = await ask(it.daemon, 'POST', '/v1/projects/default/inference/keys', {
    headers: bearer(made.token),
    body: { name: 'over-tcp', budget_usd: 2 },
  });
  assert.equal(key.status, 201);
  assert.match(key.json.key, /^sk-nufi-/);
  assert.equal((await it.daemon.showKey('over-tcp')).budget_usd, 2);

  const [listed] = (await it.daemon.json(['tokens', 'list'])).data;
  assert.equal(listed.token, undefined);
  assert.ok(listed.last_used_at);
  assert.deepEqual(Object.keys(listed), [
    'id', 'name', 'masked', 'status', 'account', 'created_at', 'last_used_at', 'expires_at', 'revoked_at',
  ]);
});

test('the audit log tells which token it was', async () => {
  const made = await make('--name', 'audited');
  await ask(it.daemon, 'PATCH', '/v1/profile', { headers: bearer(made.token), body: { name: 'Ada' } });
  const [entry] = (await it.daemon.json(['audit', '--last', '1'])).data;
  assert.equal(entry.action, 'account.edit');
  assert.equal(entry.via, made.id);
  const all = JSON.stringify(await it.daemon.json(['audit']));
  assert.ok(all.includes('token.create') && !all.includes(made.token));
});

test('who brings none, a wrong one, a revoked one or a key is 401, in the shape of the management API', async () => {
  const made = await make('--name', 'short-lived');
  const key = await it.daemon.key();
  const flipped = made.token.slice(0, -1) + (made.token.endsWith('x') ? 'y' : 'x');
  await it.daemon.ok(['tokens', 'revoke', 'short-lived', '--yes']);
  const cases = [
    [{}, /wants an access token/],
    [bearer(''), /no access token/],
    [bearer(flipped), /no access token/],
    [bearer(`${made.token} `), /is revoked/],
    [{ authorization: `bearer ${made.token}` }, /is revoked/],
    [{ authorization: `Basic ${Buffer.from(`x:${made.token}`).toString('base64')}` }, /no access token/],
    [bearer(key.key), /key for calling models/],
    [{ 'x-nufi-session': 'nothing' }, /session has ended/],
  ];
  for (const [headers, message] of cases) {
    const reply = await get('/v1/inference/keys', headers);
    assert.equal(reply.status, 401, JSON.stringify(headers));
    assert.match(reply.json.error.message, message);
    assert.equal(reply.json.error.code, 'unauthorized');
    assert.equal(reply.headers['www-authenticate'], 'Bearer');
    assert.ok(!reply.text.includes(made.token) && !reply.text.includes(key.key));
  }
  assert.equal((await it.daemon.json(['tokens', 'list'])).data.find((t) => t.id === made.id).status, 'revoked');
});

test('a token makes no tokens and no links, and names no files or commands of the machine', async () => {
  const { token } = await make('--name', 'bounded');
  const post = (target, body) => ask(it.daemon, 'POST', target, { headers: bearer(token), body });
  const refused = [
    await post('/v1/tokens', { name: 'child' }),
    await post('/v1/console/links', {}),
    await post('/v1/upstreams', { name: 'c', url: 'http://127.0.0.1:9/v1', secret_kind: 'command', secret_reference: 'id' }),
    await post('/v1/upstreams', { name: 'f', url: 'http://127.0.0.1:9/v1', secret_kind: 'file', secret_reference: '/etc/shadow' }),
  ];
  for (const reply of refused) {
    assert.equal(reply.status, 403, reply.text);
    assert.match(reply.json.error.message, /only nufi on the machine of nufid/);
  }
  const stored = await post('/v1/upstreams', {
    name: 'stored', url: 'http://127.0.0.1:9/v1', secret_kind: 'stored', secret_text: 'sk-x',
  });
  assert.equal(stored.status, 201, stored.text);
});

test('another Host, another Origin and a cross-site page are refused before the token is looked at', async () => {
  const { token } = await make('--name', 'browser');
  const own = `127.0.0.1:${it.daemon.consolePort}`;
  const refused = [
    { host: 'evil.example' },
    { host: `evil.example:${it.daemon.consolePort}` },
    { host: '127.0.0.1.evil.example' },
    { host: own, origin: 'https://evil.example' },
    { host: own, origin: 'null' },
    { host: own, origin: `http://127.0.0.1:${it.daemon.port}` },
    { host: own, 'sec-fetch-site': 'same-site' },
    { host: own, 'sec-fetch-site': 'cross-site' },
  ];
  for (const headers of refused) {
    const reply = await get('/v1/status', { ...bearer(token), ...headers });
    assert.equal(reply.status, 403, JSON.stringify(headers));
    assert.equal(reply.headers['access-control-allow-origin'], undefined);
  }
  const preflight = await ask(it.daemon, 'OPTIONS', '/v1/status', {
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
  });
  assert.equal(preflight.status, 403);
  for (const headers of [{ host: own, origin: `http://${own}` }, { host: `LOCALHOST:${it.daemon.consolePort}` }]) {
    assert.equal((await get('/v1/status', { ...bearer(token), ...headers })).status, 200);
  }
});

test('health is told to everybody who calls us by our name', async () => {
  assert.equal((await get('/healthz')).status, 200);
  assert.equal((await get('/readyz')).status, 200);
  assert.equal((await get('/healthz', { host: 'evil.example' })).status, 403);
});

test('a message never repeats a key or token that came in the wrong place', async () => {
  const { token } = await make('--name', 'astray');
  const reply = await get(`/v1/inference/keys/${token}`, bearer(token));
  assert.equal(reply.status, 404);
  assert.ok(!reply.text.includes(token));
  assert.match(reply.json.error.message, /at-nufi-…/);
  const refused = await it.daemon.nufi(['keys', 'show', token]);
  assert.equal(refused.code, 3);
  assert.ok(!refused.stderr.includes(token));
  assert.ok(!it.daemon.log().includes(token));
});

test('nufi tokens: quiet, table in a pipe, names, exit codes', async () => {
  const token = (await it.daemon.ok(['tokens', 'create', 'quiet-one', '-q'])).trim();
  assert.match(token, wellFormed);
  assert.equal((await it.daemon.nufi(['tokens', 'create', 'quiet-one'])).code, 1);
  assert.equal((await it.daemon.nufi(['tokens', 'create'])).code, 2);
  assert.equal((await it.daemon.nufi(['tokens', 'create', 'x', '--expires', 'yesterday'])).code, 2);
  assert.equal((await it.daemon.nufi(['tokens', 'revoke', 'quiet-one'])).code, 2);
  const nobody = await it.daemon.nufi(['tokens', 'revoke', 'quiet-on', '--yes']);
  assert.equal(nobody.code, 3);
  assert.match(nobody.stderr, /did you mean quiet-one/);
  const rows = (await it.daemon.ok(['tokens', 'list'])).trim().split('\n').map((line) => line.split('\t'));
  assert.ok(rows.some(([name, status]) => name === 'quiet-one' && status === 'active'));
  assert.equal((await get('/v1/status', bearer(token))).status, 200);
  await it.daemon.ok(['tokens', 'revoke', 'quiet-one', '--yes']);
  assert.equal((await get('/v1/status', bearer(token))).status, 401);
  await it.daemon.ok(['tokens', 'revoke', 'quiet-one', '--yes']);
  assert.match(await it.daemon.ok(['tokens', 'create', 'quiet-one', '-q']), /^at-nufi-/);
});

test('many wrong tokens are told to stop; the right one still passes', async () => {
  const { token } = await make('--name', 'patient');
  let stopped;
  for (let i = 0; i < 80 && !stopped; ++i) {
    const reply = await get('/v1/status', bearer('at-nufi-wrong'));
    if (reply.status === 429) stopped = reply;
  }
  assert.ok(stopped, 'no 429');
  assert.equal(stopped.headers['retry-after'], '60');
  assert.equal((await get('/v1/status', bearer(token))).status, 200);
});
