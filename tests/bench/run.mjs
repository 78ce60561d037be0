// Measures nufid beside nginx (a reverse proxy to the same mock) and no proxy at all. The proxy under
// measurement has core 0 for itself; mock and load share core 1. Rounds alternate between the targets,
// and medians are shown. Prints a table, and JSON to --json FILE (or to stdout after the table).
//   node run.mjs --build DIR [--rounds 5] [--quick] [--json FILE]
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { bars, median, table } from './report.mjs';

const { values: options } = parseArgs({
  options: {
    build: { type: 'string', default: 'build' },
    rounds: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const rounds = options.quick ? 1 : Number(options.rounds);
const seconds = options.quick ? 0.3 : 2;
// The binaries of this build; the module reads the variable when it is loaded.
process.env.NUFI_BIN_DIR = path.resolve(options.build);
const { Daemon } = await import('../e2e/support/daemon.mjs');
const tool = (name) => path.resolve(options.build, 'tests/bench', `bench_${name}`);
const cores = os.availableParallelism();
const pin = (core, command) => (cores > 1 ? ['taskset', '-c', String(core), ...command] : command);

const started = [];
process.on('exit', () => started.forEach((child) => child.kill('SIGKILL')));

function start(core, command, env = process.env) {
  const [file, ...args] = pin(core, command);
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  return child;
}

function line(child, pattern) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
      const match = pattern.exec(text);
      if (match) resolve(match);
    });
    child.on('exit', (code) => reject(new Error(`${child.spawnargs.join(' ')} ended with ${code}\n${text}`)));
  });
}

/// Runs the load tool on core 1; its JSON.
function load(...args) {
  const [file, ...rest] = pin(1, [tool('load'), ...args.map(String)]);
  return new Promise((resolve, reject) => {
    const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    started.push(child);
    let out = '';
    let err = '';
    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => (err += data));
    child.on('exit', () => {
      try {
        resolve(JSON.parse(out));
      } catch {
        reject(new Error(`load ${args.join(' ')}: ${out}${err}`));
      }
    });
  });
}

// --- what the kernel knows of a process ---

/// CPU nanoseconds that all threads of `pid` have used.
function cpuNs(pid) {
  if (!pid) return 0;
  let total = 0;
  for (const thread of fs.readdirSync(`/proc/${pid}/task`)) {
    total += Number(fs.readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  }
  return total;
}
function rssKb(pid) {
  return pid ? Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) : 0;
}

// --- the targets ---

async function startNginx(mockPort) {
  const prefix = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-bench-nginx-'));
  const port = await freePort();
  fs.writeFileSync(
    path.join(prefix, 'nginx.conf'),
    `${process.getuid() === 0 ? 'user root;' : ''}
daemon off; master_process on; worker_processes 1; worker_rlimit_nofile 20000;
pid ${prefix}/nginx.pid; error_log stderr crit;
events { worker_connections 19900; }
http {
  access_log off; client_body_temp_path ${prefix}/body; proxy_temp_path ${prefix}/proxy;
  fastcgi_temp_path ${prefix}/f; uwsgi_temp_path ${prefix}/u; scgi_temp_path ${prefix}/s;
  keepalive_requests 100000000; keepalive_timeout 600s;
  upstream mock { server 127.0.0.1:${mockPort}; keepalive 4096; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_read_timeout 600s;
    }
  }
}\n`,
  );
  const nginx = fs.existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx';
  const child = start(0, [nginx, '-p', prefix, '-c', path.join(prefix, 'nginx.conf')]);
  const children = `/proc/${child.pid}/task/${child.pid}/children`;
  for (let i = 0; i < 500 && !fs.readFileSync(children, 'utf8').trim(); i++) await pause(10);
  const worker = Number(fs.readFileSync(children, 'utf8').trim().split(' ')[0]);
  if (!worker) throw new Error('nginx has no worker');
  return {
    name: 'nginx',
    port,
    key: '-',
    pid: worker,
    stop: async () => {
      const ended = new Promise((resolve) => child.on('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      fs.rmSync(prefix, { recursive: true, force: true });
    },
  };
}

async function startNufid(durability, mockPort) {
  const daemon = await Daemon.start({ args: ['--durability', durability, '--max-connections', '20000'] });
  if (cores > 1) spawnSync('taskset', ['-acp', '0', String(daemon.pid)]);
  const upstream = { url: `http://127.0.0.1:${mockPort}/v1`, secret: 'bench-secret' };
  await daemon.addUpstream(upstream, { model: 'bench-model', input: 1, output: 2 });
  const budget = await daemon.key({ name: 'budget', budget: 1_000_000, 'token-limit': '1000000000000' });
  const free = await daemon.key({ name: 'free' });
  const common = { port: daemon.port, pid: daemon.pid };
  return {
    targets: [
      { name: `nufi ${durability}`, key: budget.key, ...common },
      ...(durability === 'process'
        ? [{ name: 'nufi process, key without limits', key: free.key, ...common }]
        : []),
    ],
    idleRssKb: rssKb(daemon.pid),
    daemon,
  };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function freePort() {
  const net = await import('node:net');
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// --- the measurements ---

const route = '/v1/chat/completions';

/// Runs `args` against `target`; what load says plus CPU of the proxy per call and per chunk.
async function measure(target, kind, ...args) {
  const before = cpuNs(target.pid);
  const result = await load(kind, target.port, route, target.key, ...args);
  await pause(options.quick ? 20 : 100); // settlements that follow the last answer count too
  result.cpu_us = (cpuNs(target.pid) - before) / 1000 / (result.calls ?? result.chunks ?? 1);
  return result;
}

async function round(target) {
  return {
    one: await measure(target, 'plain', 1, seconds),
    many: await measure(target, 'plain', 64, seconds),
    streams: options.quick
      ? await measure(target, 'stream', 100, 5, 20)
      : await measure(target, 'stream', 1000, 50, 20),
  };
}

/// 8,000 streams at once, watching how much the proxy grows.
async function crowd(target) {
  const count = options.quick ? 200 : 8000;
  const before = rssKb(target.pid);
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, rssKb(target.pid))), 50);
  const result = await measure(target, 'stream', count, options.quick ? 5 : 20, options.quick ? 20 : 500);
  clearInterval(watch);
  return { ...result, rss_before_kb: before, rss_peak_kb: peak, kb_per_stream: (peak - before) / count };
}

async function main() {
  const mock = start(1, [tool('mock_upstream'), '0']);
  const mockPort = Number((await line(mock, /ready on (\d+)/))[1]);
  const nginx = await startNginx(mockPort);
  const fast = await startNufid('process', mockPort);
  const safe = await startNufid('power', mockPort);
  const stopAll = async () => {
    await nginx.stop();
    await fast.daemon.stop();
    await safe.daemon.stop();
    mock.kill('SIGKILL');
  };
  try {
    const direct = { name: 'direct', port: mockPort, key: '-', pid: 0 };
    const targets = [direct, nginx, ...fast.targets, ...safe.targets];
    const results = Object.fromEntries(targets.map((target) => [target.name, []]));
    for (let i = 0; i < rounds; i++) {
      for (const target of targets) {
        if (!options.quick) process.stderr.write(`round ${i + 1}/${rounds}: ${target.name}\n`);
        results[target.name].push(await round(target));
      }
    }
    const idle = {};
    const crowds = {};
    for (const target of [nginx, fast.targets[0]]) {
      const quiet = await measure(target, 'plain', 64, seconds);
      const beside = await measure(target, 'plain', 64, seconds, options.quick ? 50 : 2000);
      idle[target.name] = { p99_us: quiet.p99_us, p99_us_with_idle: beside.p99_us };
      crowds[target.name] = await crowd(target);
    }
    const verified = await fast.daemon.json(['ledger', 'verify']);
    const medians = Object.fromEntries(Object.entries(results).map(([name, list]) => [name, median(list)]));
    const summary = {
      machine: { cores, model: /model name\s*: (.*)/.exec(fs.readFileSync('/proc/cpuinfo', 'utf8'))?.[1] },
      rounds,
      seconds,
      medians,
      idle,
      crowds,
      rss_idle_kb: { process: fast.idleRssKb, power: safe.idleRssKb },
      ledger_ok: verified.ok,
    };
    summary.bars = bars(summary);
    console.log(table(summary));
    const json = JSON.stringify({ ...summary, raw: options.json ? results : undefined }, null, 2);
    if (options.json) fs.writeFileSync(options.json, `${json}\n`);
    else if (!options.quick) console.log(json);
    const all = Object.values(results).flat();
    const broken = all.filter(
      (r) => r.one.failures || r.many.failures || r.streams.complete !== r.streams.streams,
    );
    if (options.quick && (broken.length || !verified.ok)) {
      console.error('the quick run lost calls, or the ledger disagrees with itself');
      process.exitCode = 1;
    }
  } finally {
    await stopAll();
  }
}

await main();
