// How fast nufi is over a large ledger: reports, lists, start and changes of keys, while 64 connections call.
// Needs a release build, sqlite3 and about 15 GB beside the temp directory. Run it by hand:
//   node tests/bench/scale.mjs --build build-release [--load stream] [--verify] [--json FILE] [--home DIR]
// --home keeps the database there (it takes minutes to make) and uses it again. --load plain (the default) calls
// without a pause, which takes all the machine has; --load stream has long streams of a chunk every 20 ms on every
// connection, as calls of real models are. nufid has core 0 for itself. Nothing here is judged in CI.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { makeDatabase } from './scale_database.mjs';

const { values: options } = parseArgs({
  options: {
    build: { type: 'string', default: 'build-release' },
    rows: { type: 'string', default: '10000000' },
    keys: { type: 'string', default: '100000' },
    days: { type: 'string', default: '92' },
    runs: { type: 'string', default: '20' },
    connections: { type: 'string', default: '64' },
    home: { type: 'string' },
    json: { type: 'string' },
    load: { type: 'string', default: 'plain' },
    verify: { type: 'boolean', default: false },
  },
});
const runs = Number(options.runs);
process.env.NUFI_BIN_DIR = path.resolve(options.build);
const { Daemon, nufiPath, run } = await import('../e2e/support/daemon.mjs');
const tool = (name) => path.resolve(options.build, 'tests/bench', `bench_${name}`);
const started = [];
process.on('exit', () => started.forEach((child) => child.kill('SIGKILL')));

const cores = os.availableParallelism();
const begin = performance.now();
const log = (text) =>
  process.stderr.write(`${((performance.now() - begin) / 1000).toFixed(1).padStart(6)} s  ${text}\n`);

function start(file, ...args) {
  const command = cores > 1 ? ['taskset', '-c', '1', file, ...args] : [file, ...args];
  const child = spawn(command[0], command.slice(1).map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  child.text = '';
  child.stdout.on('data', (data) => (child.text += data));
  child.ended = new Promise((resolve) => child.on('exit', resolve));
  return child;
}

async function said(child, pattern) {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    const match = pattern.exec(child.text);
    if (match) return match;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${child.spawnfile} is silent`);
}

/// Milliseconds of `count` runs of `work(i)`: { median, p95 }.
async function measure(work, count = runs) {
  const times = [];
  for (let i = 0; i < count; i++) {
    const from = performance.now();
    await work(i);
    times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  return { median: times[count >> 1], p95: times[Math.min(count - 1, Math.ceil(count * 0.95) - 1)] };
}

async function measureAll(daemon) {
  const results = [];
  const add = async (what, limit, work) => {
    log(what);
    await work(-1); // the first one finds cold pages
    results.push({ what, limit, ...(await measure(work)) });
  };
  const command = (limit, ...args) => add(`nufi ${args.join(' ')}`, limit, () => daemon.ok(args));
  await command(undefined, '--version');
  await command(50, 'usage', '--days', '90');
  await command(50, 'usage', '--days', '90', '--by', 'project');
  await command(20, 'requests', '--last', '50');
  for (const status of ['ok', 'cut', 'interrupted']) {
    await command(20, 'requests', '--last', '50', '--status', status);
  }
  await command(20, 'requests', '--last', '50', '--model', 'model-7');
  await command(50, 'keys', 'list');
  await command(undefined, 'status');
  const api = (what, limit, method, target, body) =>
    add(what, limit, async (i) => {
      const reply = await daemon.api(method, target(i), body?.(i));
      if (reply.status >= 300) throw new Error(JSON.stringify(reply.json));
    });
  const stamp = Date.now();
  await api('GET usage of 90 days, the ten dearest keys', 50, 'GET', () => '/v1/usage?days=90&by=key&top=10');
  await api('GET usage of 90 days of Kolkata', 50, 'GET', () => '/v1/usage?days=90&timezone=Asia/Kolkata');
  await api(
    'create a key (API)',
    5,
    'POST',
    () => '/v1/projects/default/inference/keys',
    (i) => ({ name: `scale-${stamp}-${i}` }),
  );
  await api('revoke a key (API)', 5, 'DELETE', (i) => `/v1/inference/keys/scale-${stamp}-${i}`);
  return results;
}

function draw(results) {
  const width = Math.max(...results.map(({ what }) => what.length));
  const line = (what, median, p95, limit, verdict) =>
    `${what.padEnd(width)}  ${median.padStart(8)}  ${p95.padStart(8)}  ${limit.padStart(6)}  ${verdict}`;
  const rows = results.map(({ what, median, p95, limit }) => {
    const bar = '#'.repeat(Math.min(40, Math.round(limit ? (median / limit) * 20 : 0)));
    const verdict = limit === undefined ? '' : `${median < limit ? 'holds ' : 'MISSED'} ${bar}`;
    return line(what, median.toFixed(1), p95.toFixed(1), limit === undefined ? '' : String(limit), verdict);
  });
  return [line('', 'median', 'p95 ms', 'under', ''), ...rows].join('\n');
}

async function main() {
  const home = options.home ?? fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-scale-'));
  const file = path.join(home, 'data/nufi/nufi.db');
  const summary = { rows: Number(options.rows), keys: Number(options.keys), runs };
  try {
    if (!fs.existsSync(file)) {
      const { uid, username } = os.userInfo();
      const sizes = { rows: summary.rows, keys: summary.keys, days: Number(options.days) };
      await makeDatabase(file, { ...sizes, uid, username, log });
    }
    const mock = start(tool('mock_upstream'), 0);
    const upstream = { url: `http://127.0.0.1:${(await said(mock, /ready on (\d+)/))[1]}/v1`, secret: 'bench' };
    for (const durability of ['process', 'power']) {
      log(`start, durability ${durability}`);
      const args = ['--durability', durability];
      const from = performance.now();
      const daemon = await Daemon.start({ home, args });
      const results = [{ what: 'start', limit: 2000, median: performance.now() - from, p95: NaN }];
      const name = `bench-${Date.now()}`;
      await daemon.addUpstream(upstream, { name, model: 'bench-model', input: 1, output: 2 });
      const key = await daemon.key({ name, budget: 1_000_000, 'token-limit': '1000000000000' });
      if (cores > 1) spawnSync('taskset', ['-acp', '0', String(daemon.pid)]);
      const call = (kind, ...rest) =>
        start(tool('load'), kind, daemon.port, '/v1/chat/completions', key.key, options.connections, ...rest);
      const alone = call('plain', 5);
      await alone.ended;
      const load = options.load === 'stream' ? call('stream', 180_000, 20) : call('plain', 3600);
      results.push(...(await measureAll(daemon)));
      load.kill('SIGKILL');
      await load.ended;
      summary[durability] = { holds_per_second: JSON.parse(alone.text).calls_per_second, results };
      console.log(`\n--durability ${durability}, while ${options.connections} connections call (${options.load})`);
      console.log(draw(results));
      console.log(`holds per second, undisturbed: ${Math.round(summary[durability].holds_per_second)}`);
      if (options.verify && durability === 'process') {
        log('ledger verify');
        const verified = await run(nufiPath, ['ledger', 'verify'], { env: daemon.env, timeout: 900_000 });
        console.log(verified.stdout + verified.stderr);
        summary.verified = verified.code === 0;
      }
      await daemon.ok(['upstreams', 'remove', name, '--yes']);
      await daemon.terminate();
    }
    mock.kill('SIGKILL');
    if (options.json) fs.writeFileSync(options.json, `${JSON.stringify(summary, null, 2)}\n`);
  } finally {
    if (!options.home) fs.rmSync(home, { recursive: true, force: true });
  }
}

await main();
