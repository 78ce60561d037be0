// nufi in a pipe, on a terminal, and when things are wrong.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { chat } from './support/client.mjs';
import { nufiPath, run } from './support/daemon.mjs';
import { house } from './support/house.mjs';

describe('nufi', () => {
  const h = house();
  before(async () => {
    const key = await h.daemon.key({ name: 'laptop', budget: 5 });
    await h.daemon.key({ name: 'a-key-with-a-rather-long-name-that-needs-room', budget: '1234.56789' });
    for (let i = 0; i < 3; i++) await chat(h.port, key.key, { max_tokens: 50 + i });
    await chat(h.port, key.key, { max_tokens: 5, stream: true });
  });

  /// Runs nufi on a pseudo-terminal of `columns`; what a person would see.
  async function terminal(args, columns) {
    const env = { ...h.daemon.env, COLUMNS: String(columns), TERM: 'xterm-256color' };
    const command = `stty cols ${columns} 2>/dev/null; ${[nufiPath, ...args].map((word) => `'${word}'`).join(' ')}`;
    const result = await run('script', ['-qec', command, '/dev/null'], { env });
    return result.stdout.replaceAll('\r\n', '\n');
  }

  const plain = (text) => text.replace(/\x1b\[[0-9;]*m/g, '');
  const width = (line) => [...plain(line)].length;

  const lists = [
    ['keys', 'list'],
    ['usage', '--days', '30'],
    ['requests'],
    ['prices', 'list'],
    ['models'],
    ['upstreams', 'list'],
    ['accounts', 'list'],
    ['projects', 'list'],
    ['groups', 'list'],
    ['audit'],
    ['config', 'list'],
    ['profile'],
    ['status'],
  ];

  it('in a pipe: TSV without header, RFC 3339 times, nothing shortened', async () => {
    const out = await h.daemon.ok(['keys', 'list']);
    const rows = out
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t'));
    assert.equal(rows.length, 2);
    assert.ok(
      rows.every((row) => row.length === rows[0].length && row.length > 4),
      out,
    );
    assert.ok(out.includes('a-key-with-a-rather-long-name-that-needs-room'));
    assert.ok(out.includes('1234.56789'));
    assert.ok(!/NAME|STATUS/.test(out), 'no header');
    assert.ok(!out.includes('\x1b'), 'no colour');
    const requests = (await h.daemon.ok(['requests'])).trimEnd().split('\n');
    assert.equal(requests.length, 4);
    assert.match(requests[0], /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/);
  });

  it('a reader that leaves ends it in silence, as SIGPIPE would', async () => {
    const pipe = `'${h.daemon.home}/left'`;
    const script = `mkfifo ${pipe}; exec 3<>${pipe} 4>${pipe} 3<&-; '${nufiPath}' keys list >&4`;
    const result = await run('bash', ['-c', script], { env: h.daemon.env });
    assert.equal(result.stderr, '');
    assert.equal(result.code, 141);
  });

  it('--json on every command that prints data', async () => {
    for (const args of lists) {
      const json = await h.daemon.json(args);
      assert.equal(typeof json, 'object', args.join(' '));
      assert.ok(!Array.isArray(json), 'roots are objects');
      if (args[1] === 'list') assert.ok(Array.isArray(json.data) && 'next' in json, args.join(' '));
    }
  });

  it('on a terminal: tables that fit 60, 80 and 140 columns', async () => {
    for (const args of lists) {
      for (const columns of [60, 80, 140]) {
        const out = await terminal(args, columns);
        assert.ok(out.trim(), args.join(' '));
        for (const line of out.split('\n'))
          assert.ok(
            width(line) <= columns,
            `${args.join(' ')} at ${columns}: ${width(line)}: ${plain(line)}`,
          );
      }
    }
    const keys = plain(await terminal(['keys', 'list'], 140));
    assert.match(keys, /name/i);
    assert.match(keys, /laptop/);
    assert.match(keys, /sk-nufi-…/);
  });

  it('colour only on a terminal, and not with NO_COLOR', async () => {
    const env = { ...h.daemon.env, NO_COLOR: '1' };
    const command = `'${nufiPath}' keys list`;
    assert.ok(!(await run('script', ['-qec', command, '/dev/null'], { env })).stdout.includes('\x1b['));
    const forced = await h.daemon.nufi(['keys', 'list'], { env: { CLICOLOR_FORCE: '1' } });
    assert.equal(forced.code, 0);
  });

  it('usage: totals, days without calls kept, by model and by key', async () => {
    const report = await h.daemon.json(['usage', '--days', '7', '--by', 'key']);
    assert.deepEqual(Object.keys(report), ['from', 'to', 'timezone', 'totals', 'days', 'by']);
    assert.equal(report.days.length, 7);
    assert.equal(report.totals.requests, 4);
    assert.deepEqual(Object.keys(report.totals).slice(0, 4), ['requests', 'errors', 'refused', 'cost_usd']);
    assert.deepEqual(
      report.by.map((entry) => [entry.name, entry.requests]),
      [['laptop', 4]],
    );
    const byModel = await h.daemon.json(['usage', '--by', 'model']);
    assert.equal(byModel.by[0].name, 'test-model');
    assert.equal(byModel.by[0].cost_usd, report.totals.cost_usd);
    const csv = await h.daemon.ok(['usage', '--csv']);
    assert.match(csv.split('\n')[0], /,/);
    const screen = plain(await terminal(['usage', '--days', '30'], 80));
    assert.match(screen, /test-model/);
    assert.match(screen, /laptop/);
  });

  it('requests: every field of the manual, filters', async () => {
    const { data } = await h.daemon.json(['requests', '--last', '2']);
    assert.equal(data.length, 2);
    const row = data[0];
    for (const field of [
      'id',
      'time',
      'account',
      'project',
      'key',
      'key_name',
      'group',
      'endpoint',
      'model',
      'upstream',
      'upstream_model',
      'stream',
      'status',
      'http_status',
      'error_code',
      'tokens',
      'cost_usd',
      'upstream_cost_usd',
      'cost_basis',
      'price_id',
      'attempts',
      'timing',
      'client_ip',
      'user_agent',
    ]) {
      assert.ok(field in row, field);
    }
    assert.deepEqual(
      [row.stream, row.status, row.http_status, row.endpoint, row.upstream, row.attempts, row.client_ip],
      [true, 'ok', 200, 'chat/completions', 'mock', 1, '127.0.0.1'],
    );
    assert.deepEqual(Object.keys(row.tokens), [
      'input',
      'cached_input',
      'cache_write',
      'audio_input',
      'image_input',
      'output',
      'reasoning',
      'audio_output',
      'image_output',
    ]);
    for (const part of ['hold', 'connect', 'first_byte', 'total']) assert.ok(part in row.timing, part);
    assert.equal((await h.daemon.json(['requests', '--key', 'laptop'])).data.length, 4);
    assert.equal((await h.daemon.json(['requests', '--status', 'client_error'])).data.length, 0);
    assert.equal((await h.daemon.json(['requests', '--model', 'absent'])).data.length, 0);
  });

  it('prices: own ones over the catalogue', async () => {
    const all = await h.daemon.json(['prices', 'list']);
    assert.ok(all.data.length > 200, `${all.data.length} models`);
    assert.ok(all.data.some((price) => price.model === 'gpt-4o'));
    await h.daemon.ok([
      'prices',
      'set',
      'my-model',
      '--input',
      '0.5',
      '--output',
      '1.5',
      '--cached-input',
      '0.05',
    ]);
    const find = async () =>
      (await h.daemon.json(['prices', 'list'])).data.filter((price) => price.model === 'my-model');
    assert.equal((await find()).length, 1);
    await h.daemon.ok(['prices', 'unset', 'my-model', '--yes']);
    assert.equal((await find()).length, 0);
  });

  it('-q prints ids or keys only', async () => {
    const ids = (await h.daemon.ok(['keys', 'list', '-q'])).trimEnd().split('\n');
    assert.equal(ids.length, 2);
    assert.ok(ids.every((id) => /^\S+$/.test(id)));
    const key = await h.daemon.ok(['keys', 'create', '--name', 'quiet', '-q']);
    assert.match(key, /^sk-nufi-[0-9A-Za-z]{49}\n$/);
    await h.daemon.ok(['keys', 'revoke', 'quiet', '--yes']);
  });

  it('unknown words get "did you mean", exit 2', async () => {
    for (const [args, meant] of [
      [['key'], 'keys'],
      [['keys', 'lst'], 'list'],
      [['usge'], 'usage'],
      [['keys', 'list', '--jsn'], '--json'],
    ]) {
      const result = await h.daemon.nufi(args);
      assert.equal(result.code, 2, args.join(' '));
      assert.match(result.stderr, new RegExp(`did you mean.*${meant}`, 'i'));
      assert.equal(result.stdout, '');
    }
  });

  it('without a daemon: exit 5 and the next step', async () => {
    const env = { XDG_RUNTIME_DIR: `${h.daemon.home}/nowhere`, XDG_STATE_HOME: `${h.daemon.home}/nowhere` };
    for (const args of [['keys', 'list'], ['usage'], ['status']]) {
      const result = await h.daemon.nufi(args, { env });
      assert.equal(result.code, 5, args.join(' '));
      assert.match(result.stderr + result.stdout, /nufi up/);
    }
  });

  it('help for every command, and nufi alone says where you stand', async () => {
    for (const args of [[], ['keys'], ['keys', 'create'], ['upstreams', 'add'], ['usage']]) {
      const help = await h.daemon.nufi([...args, '--help']);
      assert.equal(help.code, 0, args.join(' '));
      assert.match(help.stdout, /--/);
    }
    const alone = await h.daemon.nufi([]);
    assert.equal(alone.code, 0, alone.stderr);
    assert.ok(alone.stdout.length > 20);
  });

  it('config get, set, list: settings are checked', async () => {
    const wrong = await h.daemon.nufi(['config', 'set', 'timezone', 'Mars/Olympus']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /time zone/);
    assert.equal((await h.daemon.nufi(['config', 'get', 'no-such'])).code, 3);
    assert.equal((await h.daemon.ok(['config', 'get', 'timezone'])).trim(), 'UTC');
  });
});
