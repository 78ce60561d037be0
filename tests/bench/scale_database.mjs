// Makes a database as years of use leave it, straight with SQL: accounts with a thousand keys each, most of
// them of one short run (`nufi run`), a few hundred busy ones; rows, rollups and windows that agree, and the
// summaries by the migration that makes them. `nufi ledger verify` must find nothing.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const migrations = path.resolve(import.meta.dirname, '../../lib/store/sqlite/migrations');
const dayMs = 86_400_000;
const accounts = 100;
const busy = 300;

/// Runs SQL by the sqlite3 program; what it prints.
export function sqlite(file, sql) {
  return new Promise((resolve, reject) => {
    const child = spawn('sqlite3', ['-bail', file], { stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => (err += data));
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve(out.trim()) : reject(new Error(`sqlite3: ${err}`))));
    child.stdin.end(sql);
  });
}

const schema = (from, to) =>
  fs
    .readdirSync(migrations)
    .sort()
    .filter((name) => Number(name.slice(0, 4)) >= from && Number(name.slice(0, 4)) <= to)
    .map((name) => fs.readFileSync(path.join(migrations, name), 'utf8'))
    .join('\n');

/// Even numbers from 0 to 2^24 - 1 that look random and are the same each time.
const dice = (seed) => `((((i + ${seed * 7919}) * 2654435761) & 4294967295) >> 8)`;
const part = (seed, count) => `(${dice(seed)} * ${count} >> 24)`;

/// People and keys. `k` has the keys by number: first the busy ones, then those of one run in their order.
function people(keys, uid, username, start, days) {
  const perKey = Math.floor((days * dayMs) / keys);
  return `
INSERT INTO accounts (id, uid, username, display_name, email, budget, budget_period, token_limit, token_period, created_at)
SELECT printf('acct_%016d', value), iif(value = 0, ${uid}, 100000 + value),
       iif(value = 0, '${username}', 'user-' || value), '', '', NULL, 'month', NULL, 'month', ${start}
FROM generate_series(0, ${accounts - 1});
INSERT INTO projects (id, account_id, name, budget, budget_period, token_limit, token_period, allowed_models, created_at)
SELECT printf('proj_%016d', a.value * 3 + p.value), printf('acct_%016d', a.value),
       CASE p.value WHEN 0 THEN 'default' ELSE 'project-' || p.value END, NULL, 'month', NULL, 'month', '[]', ${start}
FROM generate_series(0, ${accounts - 1}) a, generate_series(0, 2) p;
CREATE TABLE k (n INTEGER PRIMARY KEY, key_id TEXT, name TEXT, account_id TEXT, project_id TEXT, born INTEGER);
INSERT INTO k
SELECT value, printf('key_%016x', value * 2654435761 & 4294967295), iif(value < ${busy}, 'agent-', 'run-') || value,
       printf('acct_%016d', value % ${accounts}), printf('proj_%016d', value % ${accounts} * 3 + value / ${accounts} % 3),
       iif(value < ${busy}, ${start}, ${start} + value * ${perKey})
FROM generate_series(0, ${keys - 1});
INSERT INTO keys (id, name, account_id, project_id, group_id, digest, masked, created_at, revoked_at, disabled, archived,
                  budget, budget_period, token_period, allowed_models, allowed_ips, enforce, trace)
SELECT key_id, name, account_id, project_id, 'grp_default', randomblob(32), 'sk-nufi-…abc', born,
       iif(n < ${busy}, NULL, born + 3600000), 0, 0, iif(n % 5, NULL, 50000000000), 'month', 'month', '[]', '[]', 'strict', 0
FROM k;
`;
}

/// The calls of one day, numbers `first` to `last`.
function calls(first, last, start, step, keys) {
  const runs = keys - busy;
  const cost = '(500 + i % 97) * (100 + model * model * 40)';
  return `
INSERT INTO requests
  (id, time, account_id, project_id, key_id, key_name, group_name, endpoint, model, upstream, upstream_model, stream,
   status, http_status, error_code, tokens_input, tokens_cached_input, tokens_cache_write, tokens_audio_input,
   tokens_image_input, tokens_output, tokens_reasoning, tokens_audio_output, tokens_image_output, held, held_tokens,
   cost, upstream_cost, upstream_reported_cost, cost_basis, price_id, attempts, bound_broken, hold_us, connect_us,
   first_byte_us, total_us, client_ip, user_agent, usage_basis)
SELECT (time << 20) + (i & 1023), time, account_id, project_id, key_id, name, 'default', 'chat/completions',
       'model-' || model, iif(status = 'client_error', '', 'upstream-' || model % 3), 'model-' || model || '-2026-06-01',
       i & 1, status, iif(status = 'ok', 200, 502), iif(status = 'ok', '', 'upstream_error'), 500 + i % 97,
       i % 3 * 100, 0, 0, 0, 20 + i % 211, i % 5 * 10, 0, 0, ${cost} * 3, 4096, iif(status = 'ok', ${cost}, 0),
       iif(status = 'ok', ${cost}, 0), NULL, 'exact', 'own/model@2026-06-01', 1, 0, 11, 300, 350000, 900000, '127.0.0.1',
       'openai-python/1.99.1', 'exact'
FROM (SELECT i, time, who % 1000003 AS n, ((who * 7) + ${part(3, 100)} * ${part(4, 100)} / 3400) % 20 AS model,
             CASE WHEN ${dice(5)} % 50 THEN 'ok' WHEN i % 3 THEN 'upstream_error' WHEN i % 2 THEN 'client_error'
                  ELSE 'cut' END AS status
      FROM (SELECT value AS i, ${start} + value * ${step.toFixed(6)} AS at, CAST(${start} + value * ${step.toFixed(6)} AS INTEGER) AS time,
                   CASE WHEN ${dice(1).replaceAll('i ', 'value ')} % 5 < 3
                        THEN ${part(2, 1024).replaceAll('i ', 'value ')} * ${part(6, 1024).replaceAll('i ', 'value ')} * ${busy} >> 20
                        ELSE ${busy} + max(0, value * ${runs} / RUNS_OVER - ${part(7, 20).replaceAll('i ', 'value ')}) END AS who
            FROM generate_series(${first}, ${last}))) JOIN k USING (n);
`;
}

export async function makeDatabase(file, { rows, keys, days, uid, username, log }) {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  // So that the last call is of now: whole days before, and today.
  const now = Date.now();
  const start = Math.floor(now / dayMs) * dayMs - (days - 1) * dayMs;
  const step = (now - start) / rows;
  const quick = 'PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; PRAGMA temp_store = MEMORY;\n';
  log('people and keys');
  await sqlite(
    file,
    `${quick} BEGIN; ${schema(1, 4)} DROP INDEX requests_by_key; DROP INDEX requests_running;
     ${people(keys, uid, username, start, days)} COMMIT;`,
  );
  for (let day = 0; day < days; day++) {
    if (day % 10 === 0) log(`calls of day ${day + 1} of ${days}`);
    const numberAt = (time) => Math.min(rows, Math.ceil((time - start) / step));
    const first = numberAt(start + day * dayMs);
    const last = numberAt(start + (day + 1) * dayMs) - 1;
    if (first > last) continue;
    const from = start + day * dayMs;
    await sqlite(
      file,
      `${quick} BEGIN; ${calls(first, last, start, step, keys).replace('RUNS_OVER', String(rows))}
INSERT INTO rollups
SELECT time - time % 900000, account_id, project_id, key_id, group_name, model, upstream, count(*),
       sum(status IN ('client_error', 'upstream_error', 'interrupted', 'cut')), 0, sum(cost), sum(upstream_cost),
       sum(tokens_input), sum(tokens_cached_input), sum(tokens_cache_write), sum(tokens_audio_input),
       sum(tokens_image_input), sum(tokens_output), sum(tokens_reasoning), sum(tokens_audio_output),
       sum(tokens_image_output)
FROM requests WHERE id >= ${from} << 20 AND time >= ${from} AND time < ${from + dayMs} GROUP BY 1, 2, 3, 4, 5, 6, 7;
COMMIT;`,
    );
  }
  log('windows');
  const tokens =
    'tokens_input + tokens_cached_input + tokens_cache_write + tokens_audio_input + tokens_image_input + tokens_output + ' +
    'tokens_reasoning + tokens_audio_output + tokens_image_output';
  const windows = ['key', 'project', 'account'].flatMap((scope) =>
    Object.entries({ usd: 'cost', tokens }).map(
      ([metric, sum]) => `
INSERT INTO windows (scope, subject, metric, period, cycle_start, cycle_end, spent)
SELECT '${scope}', ${scope}_id, '${metric}', 'month',
       unixepoch(bucket / 1000, 'unixepoch', 'start of month') * 1000 AS begin,
       unixepoch(bucket / 1000, 'unixepoch', 'start of month', '+1 month') * 1000, sum(${sum})
FROM rollups GROUP BY ${scope}_id, begin;`,
    ),
  );
  await sqlite(
    file,
    `${quick} BEGIN; ${windows.join('\n')}
UPDATE keys SET last_used_at = used.time FROM (SELECT key_id, max(bucket) AS time FROM rollups GROUP BY key_id) used
WHERE id = used.key_id;
DROP TABLE k; COMMIT;`,
  );
  log('summaries and indexes');
  const version = fs.readdirSync(migrations).length;
  await sqlite(
    file,
    `${quick} BEGIN; CREATE INDEX requests_by_key ON requests (key_id, id);
CREATE INDEX requests_running ON requests (id) WHERE status = 'running';
${schema(5, version)} COMMIT;
PRAGMA application_id = 0x6e756669; PRAGMA user_version = ${version}; PRAGMA journal_mode = WAL;`,
  );
}
