// What a person does before the first call: find servers, add them, try them out.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { makeCertificate } from './support/certificate.mjs';
import { call, chat } from './support/client.mjs';
import { Daemon } from './support/daemon.mjs';

const secret = 'sk-upstream-4f1c9a-secret';
const usage = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 };
const open = [];

const listen = async (server) => {
  open.push(server);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server.address().port;
};

/// A server that answers `routes`: { 'GET /v1/models': { status, body, headers } or (request, text) => … }.
async function serve(routes, { tls, requests = [] } = {}) {
  const answer = (request, response) => {
    const parts = [];
    request.on('data', (data) => parts.push(data));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString();
      requests.push({ url: request.url, headers: request.headers, text });
      const route = routes[`${request.method} ${request.url}`];
      const { status = 200, body, headers = {} } =
        (typeof route === 'function' ? route(request, text) : route) ?? { status: 404, body: { detail: 'Not Found' } };
      const isText = typeof body === 'string';
      response.writeHead(status, { 'content-type': isText ? 'text/event-stream' : 'application/json', ...headers });
      response.end(isText ? body : JSON.stringify(body));
    });
  };
  return listen(tls ? https.createServer(tls, answer) : http.createServer(answer));
}

const list = (owner, ...ids) => ({
  body: { object: 'list', data: ids.map((id) => ({ id, object: 'model', owned_by: owner })) },
});
const completion = (request, text) => {
  if (!JSON.parse(text).stream) return { body: { choices: [{ message: { content: 'hi' } }], usage } };
  const events = [{ choices: [{ delta: { content: 'hi' } }] }, { choices: [], usage }].map((e) => JSON.stringify(e));
  return { body: [...events, '[DONE]'].map((data) => `data: ${data}\n\n`).join('') };
};
const provider = { 'GET /v1/models': list('acme', 'm-1', 'm-2'), 'POST /v1/chat/completions': completion };

describe('trying upstreams out', () => {
  let daemon;
  let dir;
  let proxyPort;
  const tunnels = []; // what the proxy was asked for
  before(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-e2e-try-'));
    const proxy = http.createServer();
    proxy.on('connect', (request, socket) => {
      tunnels.push({ target: request.url, authorization: request.headers['proxy-authorization'] });
      const inner = net.connect(Number(request.url.split(':')[1]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        inner.pipe(socket).pipe(inner);
      });
      inner.on('error', () => socket.destroy());
      socket.on('error', () => inner.destroy());
    });
    proxyPort = await listen(proxy);
    daemon = await Daemon.start({ env: { HTTPS_PROXY: `http://me:proxy-password@127.0.0.1:${proxyPort}` } });
  });
  after(async () => {
    await daemon?.stop();
    for (const server of open) {
      server.closeAllConnections?.();
      server.close();
    }
    fs.rmSync(dir, { recursive: true, force: true });
  });

  let count = 0;
  /// Adds an upstream at `url` and tests it: what the command said, its steps by name, and the upstream's name.
  const tried = async (url, { more = [], args = [] } = {}) => {
    const name = `try-${++count}`;
    await daemon.ok(['upstreams', 'add', name, '--url', url, '--key-stdin', ...more], { input: secret });
    const said = await daemon.nufi(['upstreams', 'test', name, ...args]);
    const steps = Object.fromEntries(
      said.stdout.trimEnd().split('\n').map((line) => {
        const [step, result, ms, first, detail, hint] = line.split('\t');
        return [step, { result, ms: Number(ms), first, detail, hint }];
      }),
    );
    assert.ok(!(said.stdout + said.stderr).includes(secret), 'the secret was printed');
    return { name, code: said.code, steps, said };
  };

  it('a whole provider: each step, how long it took, exit 0', async () => {
    const port = await serve(provider);
    const { name, code, steps } = await tried(`http://127.0.0.1:${port}/v1`);
    assert.equal(code, 0);
    assert.deepEqual(Object.keys(steps), ['models', 'chat', 'stream', 'usage', 'price']);
    for (const [step, { result }] of Object.entries(steps)) assert.equal(result, step === 'price' ? 'warning' : 'ok');
    assert.match(steps.price.hint, new RegExp(`^nufi prices set m-1 .* nufi upstreams edit ${name} --free$`));
    await daemon.ok(['upstreams', 'edit', name, '--free']);
    assert.equal((await daemon.json(['upstreams', 'test', name])).data.length, 4);
    assert.equal(steps.chat.detail, 'm-1');
    assert.match(steps.stream.first, /^\d+$/);
    const json = await daemon.json(['upstreams', 'test', name, '--model', 'm-2']);
    assert.equal(json.data[1].detail, 'm-2');
    assert.deepEqual(Object.keys(json.data[2]), ['name', 'result', 'ok', 'detail', 'hint', 'ms', 'first_byte_ms']);
  });

  it('a refused secret, that the upstream repeats', async () => {
    const no = { status: 401, body: { error: { message: `Incorrect API key provided: ${secret}` } } };
    const port = await serve({ 'GET /v1/models': no, 'POST /v1/chat/completions': no });
    const { name, code, steps } = await tried(`http://127.0.0.1:${port}/v1`, { args: ['--model', 'm-1'] });
    assert.equal(code, 1);
    assert.equal(steps.chat.detail, 'the secret was refused: Incorrect API key provided: [secret] (HTTP 401)');
    assert.equal(steps.chat.hint, `give it another: nufi upstreams edit ${name} --key-stdin`);
    assert.equal(steps.stream.result, 'skipped');
  });

  it('a base URL without /v1', async () => {
    const port = await serve(provider);
    const { name, code, steps } = await tried(`http://127.0.0.1:${port}`);
    assert.equal(code, 1);
    assert.equal(
      steps.models.hint,
      `did you forget /v1?: nufi upstreams edit ${name} --url http://127.0.0.1:${port}/v1`,
    );
    await daemon.ok(['upstreams', 'edit', name, '--url', `http://127.0.0.1:${port}/v1`]);
    assert.equal((await daemon.nufi(['upstreams', 'test', name])).code, 0);
  });

  it('a model that is not there names those that are', async () => {
    const port = await serve({
      ...provider,
      'POST /v1/chat/completions': { status: 404, body: { error: { message: 'model "m-9" not found', code: 'model_not_found' } } },
    });
    const { code, steps } = await tried(`http://127.0.0.1:${port}/v1`, { args: ['--model', 'm-9'] });
    assert.equal(code, 1);
    assert.deepEqual([steps.chat.detail, steps.chat.hint], ['it has no model m-9 (HTTP 404)', 'it has m-1, m-2; choose with --model']);
  });

  it('nobody listens; TLS that nobody vouches for; TLS where there is none', async () => {
    const port = await serve(provider);
    const files = await makeCertificate(dir);
    const tls = { key: fs.readFileSync(files.key), cert: fs.readFileSync(files.cert) };
    const secure = await serve(provider, { tls });
    const gone = await serve({});
    await new Promise((resolve) => open.pop().close(resolve));
    const refused = await tried(`http://127.0.0.1:${gone}/v1`);
    assert.equal(refused.code, 1);
    assert.equal(refused.steps.models.detail, `nobody listens on 127.0.0.1:${gone}`);
    assert.equal(refused.steps.chat.result, 'skipped');

    const untrusted = await tried(`https://127.0.0.1:${secure}/v1`);
    assert.match(untrusted.steps.models.detail, /^its certificate is not trusted \(/);
    assert.match(untrusted.steps.models.hint, /--ca-file FILE$/);
    const trusted = await tried(`https://127.0.0.1:${secure}/v1`, { more: ['--ca-file', files.ca] });
    assert.equal(trusted.code, 0, trusted.said.stdout);

    const plain = await tried(`https://127.0.0.1:${port}/v1`);
    assert.equal(plain.steps.models.detail, `127.0.0.1:${port} does not answer in TLS`);
  });

  it('goes through the proxy that calls go through, which alone learns its password', async () => {
    const home = fs.mkdtempSync(path.join(dir, 'named-'));
    const files = await makeCertificate(home, 'DNS:provider.example');
    const requests = [];
    const tls = { key: fs.readFileSync(files.key), cert: fs.readFileSync(files.cert) };
    const port = await serve(provider, { tls, requests });
    const { code, said } = await tried(`https://provider.example:${port}/v1`, { more: ['--ca-file', files.ca] });
    assert.equal(code, 0, said.stdout);
    assert.equal(tunnels.at(-1).target, `provider.example:${port}`);
    const basic = `Basic ${Buffer.from('me:proxy-password').toString('base64')}`;
    assert.equal(tunnels.at(-1).authorization, basic);
    for (const request of requests) {
      assert.ok(!JSON.stringify(request.headers).includes(basic), 'the upstream was told the password of the proxy');
    }
  });

  it('an upstream that only makes embeddings is whole', async () => {
    const port = await serve({
      'GET /v1/models': list('acme', 'nomic-embed-text'),
      'POST /v1/embeddings': { body: { data: [{ embedding: [1] }], usage } },
    });
    const { code, steps } = await tried(`http://127.0.0.1:${port}/v1`);
    assert.equal(code, 0);
    assert.deepEqual(
      Object.entries(steps).map(([name, { result }]) => `${name} ${result}`),
      ['models ok', 'chat skipped', 'stream skipped', 'embeddings ok', 'usage ok', 'price warning'],
    );
  });

  it('discover: each server by what it says, added once, free, and callable under a budget', async () => {
    const ollama = await serve({
      ...provider,
      'GET /v1/models': list('library', 'llama3.2:3b'),
      'GET /api/version': { body: { version: '0.12.0' } },
      'GET /api/tags': { body: { models: [{ name: 'llama3.2:3b' }] } },
    });
    const jenkins = await serve({ 'GET /v1/models': { body: '<html>', headers: { 'content-type': 'text/html' } } });
    const llama = await serve({
      'GET /v1/models': { ...list('llamacpp', 'gemma.gguf'), headers: { server: 'llama.cpp' } },
    });
    const where = [ollama, jenkins, llama].flatMap((port) => ['--port', String(port)]);
    const found = await daemon.nufi(['upstreams', 'discover', ...where]);
    assert.equal(found.code, 0);
    assert.equal(
      found.stdout,
      `ollama\thttp://127.0.0.1:${ollama}/v1\t\tllama3.2:3b\nllamacpp\thttp://127.0.0.1:${llama}/v1\t\tgemma.gguf\n`,
    );
    assert.equal(found.stderr, 'add them with: nufi upstreams discover --add\n');
    assert.equal(await daemon.ok(['upstreams', 'discover', ...where, '--add', '-q']), 'ollama\nllamacpp\n');
    const again = await daemon.json(['upstreams', 'discover', ...where, '--add']);
    assert.deepEqual(again.data.map(({ upstream, added }) => [upstream, added]), [['ollama', false], ['llamacpp', false]]);
    assert.equal((await daemon.json(['upstreams', 'show', 'ollama'])).free, true);

    for (let i = 1; i <= count; i++) await daemon.ok(['upstreams', 'remove', `try-${i}`, '--yes']);
    const key = await daemon.key({ budget: 0.01 });
    const reply = await chat(daemon.port, key.key, { model: 'llama3.2:3b', max_tokens: 5 });
    assert.deepEqual([reply.status, reply.headers['x-nufi-upstream']], [200, 'ollama'], reply.text);
    assert.equal((await daemon.showKey(key.name)).spent_usd, 0);
    const models = await call(daemon.port, { method: 'GET', path: '/v1/models', key: key.key });
    const ids = models.json.data.map(({ id }) => id);
    assert.ok(ids.includes('llama3.2:3b') && ids.includes('gemma.gguf'), ids.join());
  });

  it('discover: nothing there is no error', async () => {
    const nobody = await serve({});
    const none = await daemon.nufi(['upstreams', 'discover', '--port', String(nobody)]);
    assert.deepEqual([none.code, none.stdout], [0, '']);
    assert.match(none.stderr, /^no model server answers on this machine/);
  });

  it('presets: no URL needed, a local one needs no key and is free, an unknown one names the nearest', async () => {
    const local = await daemon.json(['upstreams', 'add', 'vllm', '--preset', 'vllm']);
    assert.deepEqual([local.url, local.free, local.secret], ['http://127.0.0.1:8000/v1', true, 'none']);
    const moved = await daemon.json(['upstreams', 'add', 'studio', '--preset', 'lmstudio', '--url', 'http://gpu.example:1234/v1']);
    assert.deepEqual([moved.url, moved.free], ['http://gpu.example:1234/v1', false]);
    const groq = await daemon.nufi(['upstreams', 'add', 'groq', '--preset', 'groq']);
    assert.equal(groq.code, 2);
    assert.match(groq.stderr, /hint: add --key-env GROQ_API_KEY /);
    const wrong = await daemon.nufi(['upstreams', 'add', 'x', '--preset', 'olama']);
    assert.deepEqual([wrong.code, /did you mean ollama/.test(wrong.stderr)], [2, true], wrong.stderr);
  });
});
