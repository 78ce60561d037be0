// `nufi run`: a key for one run, the program as if it ran alone, and the bill.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';

import { call, chat } from './support/client.mjs';
import { nufiPath, patience } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { ctrlC, ctrlZ, Terminal } from './support/pty.mjs';
import { deadline, until } from './support/wait.mjs';

const seconds = (text) => (Date.parse(text) - Date.now()) / 1000;

describe('nufi run', () => {
  const h = house();
  const body = JSON.stringify({
    model: 'test-model',
    max_tokens: 50,
    messages: [{ role: 'user', content: 'hello' }],
  });
  const ask = `curl -sS -m 20 "$OPENAI_BASE_URL/chat/completions" -H "Authorization: Bearer $OPENAI_API_KEY" -d '${body}'`;
  /// Runs a script of the shell.
  const sh = (options, script, more) => h.daemon.nufi(['run', ...options, '--', 'sh', '-c', script], more);
  const runKeys = async () => (await h.daemon.json(['keys', 'list', '--archived'])).data;
  const liveKeys = async () =>
    (await h.daemon.json(['keys', 'list'])).data.filter((key) => key.name.startsWith('run-'));

  /// A run that goes on until `go` is called; its program has written its key to a file.
  async function open(options = [], { end = 'exit 0', trap = '' } = {}) {
    const dir = fs.mkdtempSync(path.join(h.daemon.home, 'run-'));
    const at = (name) => path.join(dir, name);
    const script = `${trap} echo $$ > '${at('pid')}'; echo "$OPENAI_API_KEY" > '${at('key.part')}'; mv '${at('key.part')}' '${at('key')}'; while ! test -e '${at('go')}'; do sleep 0.02; done; ${end}`;
    const child = spawn(nufiPath, ['run', ...options, '--', 'sh', '-c', script], {
      env: h.daemon.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let err = '';
    child.stderr.on('data', (data) => (err += data));
    const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, err })));
    await until(() => fs.existsSync(at('key')), 10_000 * patience, 'the program to start');
    return {
      child,
      key: fs.readFileSync(at('key'), 'utf8').trim(),
      pid: Number(fs.readFileSync(at('pid'), 'utf8')),
      go: () => fs.writeFileSync(at('go'), ''),
      end: () => deadline(ended, 20_000 * patience, 'nufi run to end'),
    };
  }

  it('the program calls with a key of its own, the key ends with it, and the cost is said', async () => {
    const result = await sh(['--budget', '1'], `cat; ${ask}; exit 7`, { input: 'typed\n' });
    assert.equal(result.code, 7, result.stderr);
    assert.match(result.stdout, /^typed\n\{"id":/);
    assert.match(result.stderr, /^nufi: 'run-sh-\w{4}' cost \$0\.\d+ of \$1\.00: 1 call, [\d,]+ tokens\n$/);
    const key = (await runKeys())[0];
    assert.equal(key.status, 'revoked');
    assert.equal(key.budget_period, 'total');
    assert.ok(key.spent_usd > 0 && key.held_usd === 0);
    assert.deepEqual(await liveKeys(), []);
  });

  it('the key is in no argument and no line', async () => {
    const run = await open();
    const shown = fs.readFileSync(`/proc/${run.child.pid}/cmdline`) + fs.readFileSync(`/proc/${run.pid}/cmdline`);
    assert.ok(!shown.includes('sk-nufi-'));
    assert.equal((await chat(h.port, run.key, { max_tokens: 5 })).status, 200);
    run.go();
    const { code, err } = await run.end();
    assert.equal(code, 0);
    assert.ok(!(err + h.daemon.log()).includes(run.key));
    assert.equal((await chat(h.port, run.key)).status, 401);
  });

  it('exit codes are the program’s; what can’t be run has those of shells', async () => {
    assert.equal((await sh(['-q'], 'exit 42')).code, 42);
    assert.equal((await sh(['-q'], 'kill -SEGV $$')).code, 139);
    const missing = await h.daemon.nufi(['run', 'no-such-program']);
    assert.equal(missing.code, 127);
    assert.match(missing.stderr, /no-such-program/);
    const file = path.join(h.daemon.home, 'no-program');
    fs.writeFileSync(file, 'text', { mode: 0o600 });
    assert.equal((await h.daemon.nufi(['run', file])).code, 126);
    assert.equal((await h.daemon.nufi(['run'])).code, 2);
    assert.deepEqual(await liveKeys(), []);
  });

  it('a budget is a ceiling, and the line says that it is reached', async () => {
    const report = path.join(h.daemon.home, 'report.json');
    const result = await sh(
      ['--budget', '0.001', '--json-report', report],
      `for i in 1 2 3 4 5 6; do ${ask.replace('50', '90')} > /dev/null; done`,
    );
    assert.equal(result.code, 0);
    assert.match(result.stderr, /refused; the budget of the key is reached/);
    const told = JSON.parse(fs.readFileSync(report, 'utf8'));
    assert.ok(told.cost_usd <= 0.001 && told.refused > 0, JSON.stringify(told));
    assert.equal(told.budget_reached, 'key');
    assert.equal(told.models[0].name, 'test-model');
    assert.equal(fs.statSync(report).mode & 0o777, 0o600);
  });

  it('a run in a run says that the outer one does not count its calls', async () => {
    const result = await sh(['--budget', '1'], `'${nufiPath}' run --budget 1 -- sh -c 'true'; ${ask} >/dev/null`);
    assert.match(result.stderr, /^nufi: this run is inside another \(key_\w+\), which does not count its calls$/m);
    const silent = await sh(['-q'], `'${nufiPath}' run -q -- sh -c 'true'`);
    assert.equal(silent.stderr, '');
  });

  it('calls of a model without a price are counted as refused, and why is said', async () => {
    const unpriced = ask.replace('test-model', 'nobody-priced-this');
    const result = await sh(['--budget', '1'], `${unpriced}; ${unpriced}`);
    assert.match(result.stdout, /model_price_unknown/);
    assert.match(
      result.stderr,
      /: 0 calls, 0 tokens, 2 refused; no budget can hold nobody-priced-this, whose price is not known/,
    );
  });

  it('the limits of a key hold as well, and it pays', async () => {
    const parent = await h.daemon.key({ name: 'parent', budget: 1 });
    const result = await sh(['--key', 'parent', '--budget', '0.5', '--name', 'child'], ask);
    assert.equal(result.code, 0);
    assert.match(result.stderr, /within the limits of 'parent'/);
    const child = (await runKeys()).find((key) => key.name === 'child');
    assert.equal(child.parent, parent.id);
    assert.ok(child.spent_usd > 0);
    assert.equal((await h.daemon.showKey('parent')).spent_usd, child.spent_usd);
    // The report by key counts what its budget counts.
    const report = await h.daemon.json(['usage', '--key', 'parent', '--by', 'key']);
    assert.equal(report.totals.cost_usd, child.spent_usd);
    assert.deepEqual(report.by.map((row) => row.name), ['child']);
    await h.daemon.ok(['keys', 'revoke', 'parent', '--yes']);
    assert.notEqual((await sh(['--key', 'no-such-key'], 'true')).code, 0);
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1']) {
    it(`${signal} to nufi alone reaches the program, and its end is ours`, async () => {
      const run = await open(['-q'], { trap: `trap 'exit 9' ${signal.slice(3)};` });
      run.child.kill(signal);
      assert.deepEqual(await run.end(), { code: 9, signal: null, err: '' });
      assert.equal((await chat(h.port, run.key)).status, 401);
    });
  }

  it('a program that a signal ends has the code that shells give it', async () => {
    const run = await open(['-q']);
    process.kill(run.pid, 'SIGKILL');
    assert.equal((await run.end()).code, 137);
    assert.equal((await chat(h.port, run.key)).status, 401);
  });

  it('after kill -9 of nufi the program goes on and its key dies with its lease', async () => {
    const run = await open();
    run.child.kill('SIGKILL');
    await until(() => run.child.signalCode, 5_000 * patience, 'the death of nufi');
    process.kill(run.pid, 0);
    const [key] = await liveKeys();
    assert.ok(seconds(key.lease_expires_at) <= 30);
    run.go();
    await h.daemon.ok(['keys', 'revoke', key.id, '--yes']);
  });

  it('nufid may restart in the middle', async () => {
    const run = await open();
    h.daemon.args.push('--listen', `127.0.0.1:${h.port}`);
    await h.daemon.terminate();
    await h.daemon.launch();
    await until(
      async () => (await liveKeys()).some((key) => seconds(key.lease_expires_at) > 25),
      15_000 * patience,
      'the lease to be renewed',
    );
    assert.equal((await chat(h.port, run.key, { max_tokens: 5 })).status, 200);
    run.go();
    const { code, err } = await run.end();
    assert.equal(code, 0);
    assert.match(err, /: 1 call, /);
  });

  it('a nufid that is gone at the end is said; the exit code stays', async () => {
    const run = await open(['--budget', '1'], { end: 'exit 6' });
    await h.daemon.terminate();
    run.go();
    const { code, err } = await run.end();
    assert.equal(code, 6);
    assert.match(err, /nufid does not answer/);
    await h.daemon.launch();
    const [key] = await liveKeys();
    await h.daemon.ok(['keys', 'revoke', key.id, '--yes']);
  });

  it('Ctrl-C reaches the program once, and a shell sees that it ended us', async () => {
    const script = `n=0; trap 'n=$((n+1))' INT; echo ready; while test $n = 0; do sleep 0.02; done; sleep 0.2; echo "got $n"; trap - INT; kill -INT $$`;
    const terminal = Terminal.open([nufiPath, 'run', '--budget', '1', '--', 'sh', '-c', script], { env: h.daemon.env });
    await terminal.shows('ready');
    terminal.type(ctrlC);
    await terminal.shows('got 1');
    assert.equal(await terminal.ends(), 130);
    assert.match(terminal.text, /cost \$0\.00/);
  });

  it('Ctrl-Z stops it, fg goes on, and the key has lived', async () => {
    const shell = Terminal.open('bash --norc --noprofile -i', {
      env: { ...h.daemon.env, PS1: '$ ', nufi: nufiPath },
    });
    shell.type(`$nufi run --budget 1 -- sh -c 'echo rea""dy; read line; echo "read $line"; ${ask.replaceAll("'", '"')} >/dev/null 2>&1; exit 3'\n`);
    await shell.shows(/^ready$/m);
    shell.type(ctrlZ);
    await shell.shows(/Stopped/);
    const [key] = await liveKeys();
    assert.ok(seconds(key.lease_expires_at) > 600, key.lease_expires_at);
    shell.type('fg\n');
    await shell.shows(/fg\n/);
    shell.type('hello\n');
    await shell.shows('read hello');
    await shell.shows(/cost \$/);
    shell.type('echo "code $?"; exit\n');
    await shell.shows('code 3');
    await shell.ends();
    assert.deepEqual(await liveKeys(), []);
  });
});
