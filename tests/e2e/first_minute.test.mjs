// From nothing to the first call by answering questions, and what stays when somebody leaves.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';

import { nufidPath, nufiPath, patience, run } from './support/daemon.mjs';
import { ctrlC, ctrlD, Terminal } from './support/pty.mjs';
import { Upstream } from './support/upstream.mjs';

describe('the first minute', () => {
  let home;
  let env;
  let upstream;
  let count = 0;
  const nufi = (args, options) => run(nufiPath, args, { env, timeout: 20_000 * patience, ...options });

  before(async () => {
    upstream = await Upstream.start({ secret: 'sk-real-secret' });
  });
  after(() => upstream?.stop());
  afterEach(async () => {
    await nufi(['down']);
    fs.rmSync(home, { recursive: true, force: true });
  });

  /// An empty home of somebody who has just installed nufi.
  function settle(more = {}) {
    home = fs.mkdtempSync(path.join(os.tmpdir(), `nufi-first-${++count}-`));
    env = {
      PATH: `${path.dirname(nufidPath)}:${process.env.PATH}`,
      LANG: 'C.UTF-8',
      HOME: home,
      NUFI_LISTEN: '127.0.0.1:0',
      NUFI_CONSOLE_LISTEN: 'off',
      ...Object.fromEntries(Object.entries(process.env).filter(([k]) => /SAN_OPTIONS$/.test(k))),
      ...more,
    };
  }
  const json = async (args) => JSON.parse((await nufi([...args, '--json'])).stdout);

  it('nufi up leads to a provider, a key and the first call', async () => {
    settle();
    const terminal = Terminal.open([nufiPath, 'up'], { env });
    await terminal.shows(/which provider .*: $/);
    terminal.type(`${upstream.url}\n`);
    await terminal.shows(/its name \[other\]: $/);
    terminal.type('a b\n');
    await terminal.shows(/name of an upstream must be[^]*its name \[other\]: $/);
    terminal.type('mine\n');
    await terminal.shows(/secret of 'mine' .*: $/);
    terminal.type('sk-real-secret\n');
    await terminal.shows(/test-model has none: refused under a budget\nits price: free, or [^]*: $/);
    terminal.type('1 10\n');
    await terminal.shows(/name of your first key \[laptop\]: $/);
    terminal.type('\n');
    await terminal.shows(/its budget .* \[5\]: $/);
    terminal.type('lots\n');
    await terminal.shows(/must be an amount[^]*\[5\]: $/);
    terminal.type('2.50\n');
    assert.equal(await terminal.ends(), 0);
    assert.ok(!terminal.screen.includes('sk-real-secret'), 'the secret was shown');
    assert.deepEqual(await terminal.left(), { echo: true, canonical: true, signals: true });
    const exported = /^export OPENAI_API_KEY=(sk-nufi-\w+)$/m.exec(terminal.text);
    assert.ok(exported, terminal.text);
    assert.match(
      terminal.text,
      /^put these two lines into your shell:\n\nexport OPENAI_BASE_URL=http:\/\/127\.0\.0\.1:\d+\/v1\nexport /m,
    );
    const [, line] = /the first call:\n\n([^]*)$/.exec(terminal.text);
    assert.ok(!/are refused under this budget/.test(terminal.text), terminal.text);
    const lines = terminal.text.match(/^export .*$/gm).join('\n');
    const called = await run('/bin/sh', ['-c', `${lines}\n${line.split('\n\n')[0]}`], { env, timeout: 10_000 * patience });
    assert.match(called.stdout, /"choices"/, called.stdout + called.stderr);
    const key = await json(['keys', 'show', 'laptop']);
    assert.equal(key.budget_usd, 2.5);
    assert.equal((await json(['upstreams', 'show', 'mine'])).secret, 'stored');
  });

  it('whoever leaves the price hears what that means', async () => {
    settle();
    const terminal = Terminal.open([nufiPath, 'up'], { env });
    await terminal.shows(/which provider .*: $/);
    terminal.type(`${upstream.url}\n`);
    await terminal.shows(/its name \[other\]: $/);
    terminal.type('\n');
    await terminal.shows(/secret of 'other' .*: $/);
    terminal.type('sk-real-secret\n');
    await terminal.shows(/its price: free, or [^]*: $/);
    terminal.type('\n');
    await terminal.shows(/clients can't list its models[^]*name of your first key .*: $/);
    terminal.type('\n');
    await terminal.shows(/its budget .*: $/);
    terminal.type('\n');
    assert.equal(await terminal.ends(), 0);
    assert.match(terminal.text, /calls of test-model are refused under this budget[^]*^nufi prices set test-model /m);
    const models = await nufi(['models']);
    assert.match(models.stderr, /^'other' takes every model name; what it has: nufi upstreams test other/m);
    assert.match((await nufi(['upstreams', 'test', 'other'])).stdout, /^models\t.*test-model/m);
  });

  it('where nobody listens no secret is asked for; the name of a key that exists is not offered', async () => {
    settle();
    await nufi(['up']);
    await nufi(['keys', 'create', '--name', 'laptop']);
    const terminal = Terminal.open([nufiPath, 'up'], { env });
    await terminal.shows(/which provider .*: $/);
    terminal.type('http://127.0.0.1:9/v1\n');
    await terminal.shows(/its name .*: $/);
    terminal.type('\n');
    await terminal.shows(/secret of 'other' .*: $/);
    terminal.type('\n');
    await terminal.shows(/name of a key \[laptop-2\]: $/);
    assert.match(terminal.text, /start the server, or tell where it is/);
    assert.ok(!terminal.text.includes('another secret'), terminal.text);
    terminal.type('laptop\n');
    await terminal.shows(/there is a key called 'laptop' already\nname of a key \[laptop-2\]: $/);
    terminal.type('\n');
    await terminal.shows(/its budget .*: $/);
    terminal.type('none\n');
    assert.equal(await terminal.ends(), 0);
    assert.equal((await json(['keys', 'show', 'laptop-2'])).budget_usd, null);
  });

  it('a secret from standard input is asked for without echo where that is a terminal', async () => {
    settle();
    await nufi(['up']);
    await nufi(['upstreams', 'add', 'mine', '--url', upstream.url, '--no-key']);
    const terminal = Terminal.open([nufiPath, 'upstreams', 'edit', 'mine', '--key-stdin'], { env });
    await terminal.shows(/secret of 'mine' \(is not shown\): $/);
    terminal.type('sk-real-secret\n');
    assert.equal(await terminal.ends(), 0);
    assert.ok(!terminal.screen.includes('sk-real-secret'), 'the secret was shown');
    assert.equal((await nufi(['upstreams', 'test', 'mine'])).code, 0);
  });

  it('what is in the environment is offered, a preset goes by its number', async () => {
    settle({ OPENAI_API_KEY: 'sk-real-secret' });
    const terminal = Terminal.open([nufiPath, 'up'], { env });
    await terminal.shows(/1 openai/);
    await terminal.shows(/which provider .* \[\w+\]: $/);
    terminal.type('1\n');
    await terminal.shows(/Enter: nufid reads it from OPENAI_API_KEY\): $/);
    terminal.type(ctrlC);
    await terminal.shows(/whenever you like:\n  nufi upstreams add openai/);
    assert.equal(await terminal.ends(), 0);
    assert.deepEqual((await json(['upstreams', 'list'])).data, []);
  });

  for (const [name, keys] of Object.entries({ 'Ctrl-C': ctrlC, 'Ctrl-D': ctrlD })) {
    it(`${name} leaves, and says what remains`, async () => {
      settle();
      const terminal = Terminal.open([nufiPath, 'up'], { env });
      await terminal.shows(/which provider .*: $/);
      terminal.type(keys);
      assert.equal(await terminal.ends(), 0);
      assert.match(terminal.text, /whenever you like:\n  nufi upstreams add .*\n  nufi keys create/);
      assert.equal((await nufi(['status'])).code, 0, 'nufid runs on');
    });
  }

  it('nothing is asked in a pipe, with --yes, --quiet or --json', async () => {
    settle();
    const piped = await nufi(['up']);
    assert.equal(piped.code, 0);
    assert.match(piped.stderr, /^next: nufi upstreams add/m);
    for (const flag of ['--yes', '-q', '--json']) {
      const terminal = Terminal.open([nufiPath, 'up', flag], { env });
      assert.equal(await terminal.ends(), 0);
      assert.ok(!terminal.text.includes('which provider'), terminal.text);
    }
  });

  it('nufi alone says the next step in every state', async () => {
    settle();
    const nothing = await nufi([]);
    assert.equal(nothing.code, 5);
    assert.match(nothing.stdout, /is not running[^]*^next: nufi up$/m);
    await nufi(['up']);
    assert.match((await nufi([])).stdout, /^next: nufi upstreams add/m);
    await nufi(['upstreams', 'add', 'mine', '--url', upstream.url, '--key-env', 'NOT_THERE']);
    const failing = (await nufi([])).stdout;
    assert.match(failing, /^upstream 'mine' has no secret/m);
    assert.match(failing, /^next: nufi upstreams test mine$/m);
    await nufi(['upstreams', 'edit', 'mine', '--key-stdin'], { input: 'sk-real-secret' });
    assert.match((await nufi([])).stdout, /^next: nufi keys create/m);
    await nufi(['keys', 'create', '--name', 'laptop', '--budget', '0.01']);
    assert.match((await nufi([])).stdout, /^next: nufi run --budget 1 -- /m);
    await nufi(['upstreams', 'edit', 'mine', '--free']);
    const call =
      'curl -s $OPENAI_BASE_URL/chat/completions -H "Authorization: Bearer $OPENAI_API_KEY" ' +
      `-d '{"model":"test-model","messages":[{"role":"user","content":"hello"}]}'`;
    assert.match((await nufi(['run', '--', '/bin/sh', '-c', call])).stdout, /"choices"/);
    assert.match((await nufi([])).stdout, /^next: nufi usage$/m);
  });

  it('nufi upstreams add NAME asks for the rest on a terminal', async () => {
    settle();
    await nufi(['up']);
    const terminal = Terminal.open([nufiPath, 'upstreams', 'add', 'mine'], { env });
    await terminal.shows(/which provider .*: $/);
    terminal.type('nonsense\n');
    await terminal.shows(/answer with a number[^]*which provider .*: $/);
    terminal.type(`${upstream.url}\n`);
    await terminal.shows(/secret of 'mine' .*: $/);
    terminal.type('sk-real-secret\n');
    await terminal.shows(/its price: free, or [^]*: $/);
    assert.equal((await nufi(['upstreams', 'show', 'mine'])).code, 0);
    terminal.type('free\n');
    assert.equal(await terminal.ends(), 0);
    assert.equal((await json(['upstreams', 'show', 'mine'])).free, true);
    const piped = await nufi(['upstreams', 'add', 'other']);
    assert.equal(piped.code, 2);
  });
});
