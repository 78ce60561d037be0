// The one-time link of `nufi console`, the session it buys, and the pages.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { ask, bearer } from './support/console.mjs';
import { Daemon } from './support/daemon.mjs';
import { house } from './support/house.mjs';

const it = house();
const codeOf = (url) => new URL(url.trim()).hash.replace('#code=', '');
const newCode = async () => codeOf(await it.daemon.ok(['console', '--print']));
const begin = (code, headers) =>
  ask(it.daemon, 'POST', '/v1/console/session', { headers, body: { code } });
const newSession = async () => (await begin(await newCode())).json.session;
const get = (target, session, headers = {}) =>
  ask(it.daemon, 'GET', target, { headers: { 'x-nufi-session': session, ...headers } });

test('the link is of the console, with its code in the fragment', async () => {
  const url = (await it.daemon.ok(['console', '--print'])).trim();
  assert.match(url, new RegExp(`^http://127\\.0\\.0\\.1:${it.daemon.consolePort}/#code=[0-9A-Za-z]{43}$`));
  const told = await it.daemon.json(['console']);
  assert.ok(told.url.startsWith(`http://127.0.0.1:${it.daemon.consolePort}/#code=`));
  const left = Date.parse(told.expires_at) - Date.now();
  assert.ok(left > 50_000 && left <= 61_000, `${left} ms`);
});

test('a code buys one session, which has the rights of its account and ends when told', async () => {
  const code = await newCode();
  const bought = await begin(code);
  assert.equal(bought.status, 201);
  assert.ok(bought.json.account);
  const again = await begin(code);
  assert.equal(again.status, 401);
  assert.match(again.json.error.message, /used already/);

  const { session } = bought.json;
  assert.equal((await get('/v1/profile', session)).status, 200);
  const key = await ask(it.daemon, 'POST', '/v1/projects/default/inference/keys', {
    headers: { 'x-nufi-session': session },
    body: { name: 'from-console' },
  });
  assert.equal(key.status, 201);
  const [entry] = (await it.daemon.json(['audit', '--last', '1'])).data;
  assert.deepEqual([entry.action, entry.via], ['key.create', 'console']);

  const end = () => ask(it.daemon, 'DELETE', '/v1/console/session', { headers: { 'x-nufi-session': session } });
  assert.equal((await end()).status, 200);
  assert.equal((await end()).status, 401);
  assert.equal((await get('/v1/profile', session)).status, 401);
});

test('two tabs race for one code: one wins', async () => {
  const code = await newCode();
  const replies = await Promise.all(Array.from({ length: 8 }, () => begin(code)));
  assert.deepEqual(replies.map((r) => r.status).sort(), [201, 401, 401, 401, 401, 401, 401, 401]);
});

test('a page of another origin or name gets no session, and the code stays good for ours', async () => {
  const code = await newCode();
  const own = `127.0.0.1:${it.daemon.consolePort}`;
  const hostile = [
    { host: own, origin: 'https://evil.example' },
    { host: own, origin: 'null' },
    { host: `rebound.example:${it.daemon.consolePort}` },
    { host: own, origin: `http://127.0.0.1:${it.daemon.port}`, 'sec-fetch-site': 'same-site' },
  ];
  for (const headers of hostile) {
    assert.equal((await begin(code, headers)).status, 403, JSON.stringify(headers));
  }
  const mine = { host: own, origin: `http://${own}`, 'sec-fetch-site': 'same-origin' };
  assert.equal((await begin(code, mine)).status, 201);
});

test('a session is a header and nothing else, and makes neither links nor tokens', async () => {
  const session = await newSession();
  assert.equal((await get('/v1/profile', '', { cookie: `session=${session}` })).status, 401);
  assert.equal((await ask(it.daemon, 'GET', `/v1/profile?session=${session}`)).status, 401);
  assert.equal((await ask(it.daemon, 'GET', '/v1/profile', { headers: bearer(session) })).status, 401);
  const headers = { 'x-nufi-session': session };
  assert.equal((await ask(it.daemon, 'POST', '/v1/console/links', { headers, body: {} })).status, 403);
  assert.equal((await ask(it.daemon, 'POST', '/v1/tokens', { headers, body: { name: 'x' } })).status, 403);
  const reply = await get('/v1/profile', session);
  assert.equal(reply.headers['set-cookie'], undefined);
});

test('a body that is no code is 400', async () => {
  for (const body of [{}, { code: 7 }, { code: 'x', also: 1 }]) {
    const reply = await ask(it.daemon, 'POST', '/v1/console/session', { body });
    assert.equal(reply.status, 400, JSON.stringify(body));
  }
});

test('every reply tells browsers to load only what is ours, frame nothing and store nothing', async () => {
  for (const target of ['/', '/app.js', '/style.css', '/healthz', '/v1/status', '/nothing']) {
    const { headers } = await ask(it.daemon, 'GET', target);
    assert.match(headers['content-security-policy'], /default-src 'none'/, target);
    assert.doesNotMatch(headers['content-security-policy'], /unsafe|https?:/, target);
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
  }
  const page = await ask(it.daemon, 'GET', '/');
  assert.equal(page.status, 200);
  assert.match(page.headers['content-type'], /^text\/html/);
  assert.match((await ask(it.daemon, 'GET', '/app.js')).headers['content-type'], /^text\/javascript/);
  assert.equal((await ask(it.daemon, 'GET', '/', { headers: { host: 'evil.example' } })).status, 403);
});

test('with a screen the link goes to the browser in a file that only we can read', async () => {
  const bin = path.join(it.daemon.home, 'bin');
  fs.mkdirSync(bin, { recursive: true });
  const seen = path.join(it.daemon.home, 'seen');
  fs.writeFileSync(path.join(bin, 'xdg-open'), `#!/bin/sh\necho "$@" > ${seen}\n`, { mode: 0o755 });
  const env = { DISPLAY: ':9', PATH: `${bin}:${it.daemon.env.PATH}` };
  const { code, stdout, stderr } = await it.daemon.nufi(['console'], { env });
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '');
  const file = fs.readFileSync(seen, 'utf8').trim();
  assert.ok(!file.includes('code='));
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  const [, url] = /url=([^"]+)"/.exec(fs.readFileSync(file, 'utf8'));
  assert.equal((await begin(codeOf(url))).status, 201);

  fs.writeFileSync(path.join(bin, 'xdg-open'), '#!/bin/sh\nexit 3\n', { mode: 0o755 });
  assert.match(await it.daemon.ok(['console'], { env }), /#code=/);
});

test('without a console there is no link, and the hint says how to have one', async () => {
  const daemon = await Daemon.start({ args: ['--console-listen', 'off'] });
  const { code, stderr } = await daemon.nufi(['console', '--print']);
  await daemon.stop();
  assert.equal(code, 1);
  assert.match(stderr, /the console of this nufid is off/);
  assert.match(stderr, /hint: start nufid with --console-listen/);
});

test('sessions and codes die with the daemon', async () => {
  const daemon = await Daemon.start();
  const code = codeOf(await daemon.ok(['console', '--print']));
  const other = codeOf(await daemon.ok(['console', '--print']));
  const bought = await ask(daemon, 'POST', '/v1/console/session', { body: { code } });
  await daemon.terminate();
  await daemon.launch();
  const headers = { 'x-nufi-session': bought.json.session };
  assert.equal((await ask(daemon, 'GET', '/v1/profile', { headers })).status, 401);
  assert.equal((await ask(daemon, 'POST', '/v1/console/session', { body: { code: other } })).status, 401);
  await daemon.stop();
});
