// nufi doctor against a house in which things are really broken.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { Daemon, nufidPath, run } from './support/daemon.mjs';
import { house } from './support/house.mjs';

/// What doctor says, by name of the check, with its exit code.
async function doctor(daemon, args = [], env = {}) {
  const result = await daemon.nufi(['doctor', '--json', ...args], { env });
  const json = JSON.parse(result.stdout);
  const checks = Object.fromEntries(json.checks.map((check) => [check.name, check]));
  const count = (state) => json.checks.filter((check) => check.state === state).length;
  assert.equal(json.faults, count('fault'));
  assert.equal(json.warnings, count('warning'));
  assert.equal(result.code, json.faults > 0 ? 1 : 0, result.stdout);
  return { checks, faults: json.faults, code: result.code };
}
/// A provider that answers every request so.
async function server(answer) {
  const provider = http.createServer(answer);
  await new Promise((done) => provider.listen(0, '127.0.0.1', done));
  provider.url = `http://127.0.0.1:${provider.address().port}/v1`;
  return provider;
}
const state = async (daemon, name, ...rest) => (await doctor(daemon, ...rest)).checks[name]?.state;

describe('doctor', () => {
  const h = house();

  it('finds no fault in a house that is well', async () => {
    const { checks, faults, code } = await doctor(h.daemon);
    assert.equal(faults, 0, JSON.stringify(checks));
    assert.equal(code, 0);
    for (const name of [
      'daemon.running',
      'daemon.socket',
      'daemon.version',
      'daemon.config',
      'ports.inference',
      'ports.console',
      'storage.files',
      'storage.database',
      'storage.schema',
      'storage.journal',
      'storage.disk',
      'machine.clock',
      'machine.tls',
      'upstreams.mock',
      'keys.rotation',
      'environment.secrets',
    ]) {
      assert.ok(checks[name], name);
      assert.notEqual(checks[name].state, 'fault', name);
      assert.ok(checks[name].finding, name);
    }
  });

  it('is TSV of four fields in a pipe, and quiet only names what is broken', async () => {
    const lines = (await h.daemon.ok(['doctor'])).slice(0, -1).split('\n');
    for (const line of lines) assert.equal(line.split('\t').length, 4, line);
    assert.equal(await h.daemon.ok(['doctor', '-q']), '');
  });

  it('asks no provider with --offline', async () => {
    const before = h.upstream.connections;
    const { checks } = await doctor(h.daemon, ['--offline']);
    assert.equal(checks['upstreams.mock'].state, 'skipped');
    assert.equal(h.upstream.connections, before);
  });

  it('finds what others can read, and the command it names mends it', async () => {
    const data = path.join(h.daemon.env.XDG_DATA_HOME, 'nufi');
    fs.chmodSync(path.join(data, 'secret.key'), 0o644);
    const { checks } = await doctor(h.daemon);
    assert.equal(checks['storage.files'].state, 'fault');
    assert.match(checks['storage.files'].finding, /secret\.key: mode 0644, should be 0600/);
    const remedy = checks['storage.files'].remedy.replace(/ \(.*/, '');
    assert.equal((await run('/bin/sh', ['-c', remedy])).code, 0);
    assert.equal(await state(h.daemon, 'storage.files'), 'ok');
  });

  it('finds an open socket', async () => {
    fs.chmodSync(h.daemon.socket, 0o666);
    assert.equal(await state(h.daemon, 'daemon.socket'), 'fault');
    fs.chmodSync(h.daemon.socket, 0o600);
    assert.equal(await state(h.daemon, 'daemon.socket'), 'ok');
  });

  it('finds an upstream that is not there, and one that refuses the secret', async () => {
    const refuse = await server((_, reply) => {
      reply.writeHead(401, { 'content-type': 'application/json' });
      reply.end('{"error":{"message":"Incorrect API key provided"}}');
    });
    await h.daemon.ok(['upstreams', 'add', 'refusing', '--url', refuse.url, '--key-stdin'], {
      input: 'sk-secret-of-upstream',
    });
    await h.daemon.ok(['upstreams', 'add', 'gone', '--url', 'http://127.0.0.1:9/v1', '--no-key']);
    try {
      const { checks, code } = await doctor(h.daemon);
      assert.equal(code, 1);
      assert.equal(checks['upstreams.refusing'].state, 'fault');
      assert.match(checks['upstreams.refusing'].remedy, /upstreams edit refusing --key-stdin/);
      assert.equal(checks['upstreams.gone'].state, 'fault');
      assert.equal(checks['upstreams.mock'].state, 'ok');
      assert.ok(!JSON.stringify(checks).includes('sk-secret-of-upstream'));
    } finally {
      await h.daemon.ok(['upstreams', 'remove', 'refusing', '--yes']);
      await h.daemon.ok(['upstreams', 'remove', 'gone', '--yes']);
      refuse.close();
    }
  });

  it('tells a clock that differs from a provider’s', async () => {
    const ahead = await server((_, reply) => {
      reply.writeHead(200, { 'content-type': 'application/json', date: 'Sun, 06 Nov 2033 08:49:37 GMT' });
      reply.end('{"object":"list","data":[]}');
    });
    await h.daemon.ok(['upstreams', 'add', 'ahead', '--url', ahead.url, '--no-key']);
    const result = await h.daemon.nufi(['doctor']);
    await h.daemon.ok(['upstreams', 'remove', 'ahead', '--yes']);
    ahead.close();
    assert.match(result.stdout, /^machine\.clock\twarning\t\S+ behind upstream 'ahead'/m);
  });

  it('tells keys without a budget, and secrets that lead past nufid, without showing them', async () => {
    await h.daemon.ok(['keys', 'create', '--name', 'endless']);
    const env = { OPENAI_API_KEY: 'sk-proj-geheim', OPENAI_BASE_URL: 'https://api.openai.com/v1' };
    const result = await h.daemon.nufi(['doctor'], { env });
    assert.equal(result.code, 0, result.stdout);
    assert.match(result.stdout, /^keys\.budget\twarning\t.*endless/m);
    assert.match(result.stdout, /^environment\.OPENAI_API_KEY\twarning\t/m);
    assert.match(result.stdout, /^environment\.OPENAI_BASE_URL\twarning\t/m);
    assert.ok(!(result.stdout + result.stderr).includes('geheim'));
  });

  it('tells a time zone that is not the user’s', async () => {
    assert.equal(
      await state(h.daemon, 'machine.time_zone', ['--offline'], { TZ: 'Europe/Berlin' }),
      'warning',
    );
    assert.equal(await state(h.daemon, 'machine.time_zone', ['--offline'], { TZ: 'UTC' }), 'ok');
  });

  it('finds a config file that nufid would not start with', async () => {
    const file = path.join(h.daemon.env.XDG_CONFIG_HOME, 'nufi', 'nufid.toml');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, '# ours\nlisen = "127.0.0.1:0"\n', { mode: 0o600 });
    try {
      const { checks } = await doctor(h.daemon, ['--offline']);
      assert.equal(checks['daemon.config'].state, 'fault');
      assert.equal(checks['daemon.config'].finding, `${file} line 2: there is no option 'lisen'`);
      assert.equal(checks['daemon.config'].remedy, "did you mean 'listen'?");
      assert.equal(checks['daemon.config_file'].state, 'ok');
      const said = await run(nufidPath, ['--check-config'], { env: h.daemon.env });
      assert.equal(said.code, 2);
      assert.equal(
        said.stderr,
        `error: ${file} line 2: there is no option 'lisen'\nhint: did you mean 'listen'?\n`,
      );
      // Fine with the flags of the one that runs, and not without them.
      fs.writeFileSync(file, 'listen = "nonsense"\n');
      const masked = (await doctor(h.daemon, ['--offline'])).checks['daemon.config'];
      assert.equal(masked.state, 'warning', JSON.stringify(masked));
      assert.match(masked.finding, /line 1: listen must be HOST:PORT, not 'nonsense'/);
    } finally {
      fs.rmSync(file);
    }
  });

  it('finds a config file that others can change', async () => {
    const file = path.join(h.daemon.env.XDG_CONFIG_HOME, 'nufi', 'nufid.toml');
    fs.writeFileSync(file, 'demo = false\n');
    fs.chmodSync(file, 0o666);
    try {
      const { checks } = await doctor(h.daemon, ['--offline']);
      const found = checks['daemon.config_file'];
      assert.equal(found.state, 'fault');
      assert.equal((await run('/bin/sh', ['-c', found.remedy])).code, 0);
      assert.equal(await state(h.daemon, 'daemon.config_file', ['--offline']), 'ok');
    } finally {
      fs.rmSync(file);
    }
  });
});

describe('doctor with traces that are damaged', () => {
  const h = house();

  it('tells it, and the command it names mends it', async () => {
    const file = path.join(h.daemon.env.XDG_DATA_HOME, 'nufi', 'traces.db');
    assert.equal((await doctor(h.daemon, ['--offline'])).checks['storage.traces'].finding, 'none are kept');
    fs.writeFileSync(file, 'garbage '.repeat(2000), { mode: 0o600 });
    const { checks } = await doctor(h.daemon, ['--offline']);
    assert.equal(checks['storage.traces'].state, 'fault');
    assert.match(checks['storage.traces'].remedy, /nufi traces delete --all$/);
    assert.equal(checks['storage.database'].state, 'ok');
    await h.daemon.ok(['traces', 'delete', '--all', '--yes']);
    assert.equal(await state(h.daemon, 'storage.traces', ['--offline']), 'ok');
  });
});

describe('doctor on a disk that is nearly full', () => {
  let disk;
  let daemon;
  before(async () => {
    disk = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-disk-'));
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=100m,mode=0700', 'tmpfs', disk], {
      env: process.env,
    }).catch(() => ({ code: 127 }));
    if (mounted.code !== 0) return;
    daemon = await Daemon.start({ home: disk });
  });
  after(async () => {
    await daemon?.stop();
    if (daemon) await run('umount', [disk], { env: process.env });
    fs.rmdirSync(disk);
  });

  it('says what is left and that calls may be refused', async (t) => {
    if (!daemon) return t.skip('only root can make a small disk');
    const { checks, code } = await doctor(daemon);
    assert.equal(code, 1);
    assert.equal(checks['storage.disk'].state, 'fault');
    assert.match(checks['storage.disk'].finding, /MiB free of 100\.0 MiB/);
  });
});

describe('doctor without nufid', () => {
  let daemon;
  let taken;
  let seen; // the names of all checks while it runs
  before(async () => {
    daemon = await Daemon.start();
    seen = Object.keys((await doctor(daemon, ['--offline'])).checks);
    await daemon.terminate();
    taken = await server((_, reply) => reply.end('hello'));
  });
  after(async () => {
    taken?.close();
    await daemon?.stop();
  });

  it('says so, with the remedy, and looks at what it left', async () => {
    const free = { NUFI_LISTEN: '127.0.0.1:9' };
    const { checks, code } = await doctor(daemon, [], free);
    assert.equal(code, 1);
    assert.equal(checks['daemon.running'].state, 'fault');
    assert.match(checks['daemon.running'].remedy, /nufi up/);
    assert.equal(checks['storage.files'].state, 'ok');
    assert.equal(checks['ports.inference'].state, 'ok');
    fs.chmodSync(path.join(daemon.env.XDG_DATA_HOME, 'nufi', 'nufi.db'), 0o640);
    assert.equal(await state(daemon, 'storage.files', [], free), 'fault');
    fs.chmodSync(path.join(daemon.env.XDG_DATA_HOME, 'nufi', 'nufi.db'), 0o600);
  });

  it('tells why nufid could not start, and nothing that is visible otherwise is missing', async () => {
    const file = path.join(daemon.env.XDG_DATA_HOME, 'nufi', 'nufi.db');
    const whole = fs.readFileSync(file);
    fs.writeFileSync(file, Buffer.concat([Buffer.from('garbage '.repeat(8)), whole.subarray(64)]));
    const up = await daemon.nufi(['up', '--', '--listen', '127.0.0.1:0', '--console-listen', '127.0.0.1:0']);
    assert.equal(up.code, 1, up.stderr);
    const { checks, code } = await doctor(daemon, [], { NUFI_LISTEN: '127.0.0.1:9' });
    assert.equal(code, 1);
    assert.match(checks['daemon.running'].finding, /its last words \([^)]+\): the database is damaged/);
    assert.match(checks['daemon.running'].remedy, /nufid --restore FILE .*nufi up; its log is \S+nufid\.log/);
    assert.match(checks['storage.disk'].finding, / free of /);
    for (const name of ['database', 'schema', 'journal', 'traces']) {
      assert.equal(checks[`storage.${name}`].state, 'skipped', name);
    }
    for (const name of seen.filter((one) => !one.startsWith('upstreams.'))) {
      assert.ok(checks[name], name);
    }
    fs.writeFileSync(file, whole);
    const again = ['up', '--', '--listen', '127.0.0.1:0', '--console-listen', '127.0.0.1:0'];
    await daemon.ok(again);
    await daemon.ok(['down']);
    const after = (await doctor(daemon, [], { NUFI_LISTEN: '127.0.0.1:9' })).checks['daemon.running'];
    assert.doesNotMatch(after.finding, /damaged/);
  });

  it('says who holds the port', async () => {
    const { checks } = await doctor(daemon, [], { NUFI_LISTEN: `127.0.0.1:${taken.address().port}` });
    assert.equal(checks['ports.inference'].state, 'fault');
    assert.match(checks['ports.inference'].finding, new RegExp(`not nufid .*pid ${process.pid} \\(`));
  });
});
