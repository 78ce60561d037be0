// Measures how long nufi takes over a running daemon, from before the fork to after its end, beside the
// floor: an empty program. The bar: `nufi keys list` and `nufi status` within 10 ms at the median.
// Prints a table with the verdicts, and JSON to --json FILE.
//   node cli.mjs --build DIR [--runs 200] [--keys 1000] [--quick] [--json FILE]
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    build: { type: 'string', default: 'build' },
    runs: { type: 'string', default: '200' },
    keys: { type: 'string', default: '1000' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const runs = options.quick ? 3 : Number(options.runs);
const manyKeys = options.quick ? 20 : Number(options.keys);
const fewKeys = 5;
const limitUs = 10_000;
// The binaries of this build; the module reads the variable when it is loaded.
process.env.NUFI_BIN_DIR = path.resolve(options.build);
const { Daemon, nufiPath } = await import('../e2e/support/daemon.mjs');
const tool = path.resolve(options.build, 'tests/bench/bench_spawn');

function measure(name, command, env, limit) {
  const ran = spawnSync(tool, [String(runs), ...command], { env, encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`${name}: ${ran.stderr}`);
  return { name, ...JSON.parse(ran.stdout), limit_us: limit ?? null };
}

async function makeKeys(daemon, from, to) {
  for (let i = from; i < to; i++) {
    const reply = await daemon.api('POST', '/v1/projects/default/inference/keys', {
      name: `key-${i}`,
      budget_usd: 5,
      token_limit: 1_000_000,
    });
    if (reply.status >= 300) throw new Error(JSON.stringify(reply.json));
  }
}

function table(results) {
  const ms = (us) => (us / 1000).toFixed(2);
  const lines = [
    ['', 'p50 ms', 'p90 ms', 'p99 ms', 'min ms', ''],
    ...results.map((r) => [
      r.name,
      ms(r.p50_us),
      ms(r.p90_us),
      ms(r.p99_us),
      ms(r.min_us),
      r.limit_us ? `${r.p50_us <= r.limit_us ? 'holds' : 'MISSED'} (p50 at most ${ms(r.limit_us)})` : '',
    ]),
  ];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) =>
      line.map((cell, i) => (i && i < 5 ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ').trimEnd(),
    )
    .join('\n');
}

const daemon = await Daemon.start({ args: ['--demo'] });
try {
  const nufi = (...words) => [nufiPath, ...words];
  const time = (name, command, limit) => measure(name, command, daemon.env, limit);
  await makeKeys(daemon, 0, fewKeys);
  const results = [
    time('/bin/true', ['/bin/true']),
    time('nufi --version', nufi('--version')),
    time(`nufi keys list, ${fewKeys} keys`, nufi('keys', 'list'), limitUs),
    time(`nufi keys list --json, ${fewKeys} keys`, nufi('keys', 'list', '--json')),
    time('nufi status', nufi('status'), limitUs),
    time('nufi', nufi()),
  ];
  await makeKeys(daemon, fewKeys, manyKeys);
  results.push(time(`nufi keys list, ${manyKeys} keys`, nufi('keys', 'list')));
  results.push(time(`nufi status, ${manyKeys} keys`, nufi('status')));
  console.log(`${runs} runs each, one after the other`);
  console.log(table(results));
  if (options.json) fs.writeFileSync(options.json, `${JSON.stringify({ runs, results }, null, 2)}\n`);
} finally {
  await daemon.stop();
}
