// Options that no story needs, through the real programs: what was said is what is kept.
import assert from 'node:assert/strict';
import path from 'node:path';
import { before, describe, it } from 'node:test';

import { makeCertificate } from './support/certificate.mjs';
import { chat } from './support/client.mjs';
import { house } from './support/house.mjs';

describe('options', () => {
  const h = house();
  let roots;
  before(async () => {
    await h.daemon.ok(['groups', 'create', 'gold']);
    await makeCertificate(h.daemon.home);
    roots = path.join(h.daemon.home, 'ca.pem');
  });

  /// Runs a command that changes something, and compares fields of what it shows then.
  async function becomes(args, fields) {
    const shown = await h.daemon.json(args);
    for (const [name, value] of Object.entries(fields)) {
      assert.deepEqual(shown[name], value, `${args.join(' ')}: ${name} of ${JSON.stringify(shown)}`);
    }
  }

  it('of keys', async () => {
    await becomes(['keys', 'create', '--name', 'plain', '--no-trace'], { trace: false });
    await becomes(['keys', 'edit', 'plain', '--token-limit', '5000'], { token_limit: 5000 });
    await becomes(['keys', 'edit', 'plain', '--tpm', '900', '--max-parallel', '3'], { tpm: 900, max_parallel: 3 });
    await becomes(['keys', 'edit', 'plain', '--expires', '2099-12-31'], { expires_at: '2099-12-31T00:00:00Z' });
    await becomes(['keys', 'edit', 'plain', '--expires', 'never'], { expires_at: null });
    await becomes(['keys', 'edit', 'plain', '--enforce', 'soft'], { enforce: 'soft' });
    await becomes(['keys', 'edit', 'plain', '--trace'], { trace: true });
    await becomes(['keys', 'edit', 'plain', '--no-trace'], { trace: false });
  });

  it('of the clipboard: without one, a rotated key is still shown', async () => {
    const { key } = await h.daemon.key({ name: 'copied' });
    const { code, stdout } = await h.daemon.nufi(['keys', 'rotate', 'copied', '--copy', '--quiet']);
    const fresh = stdout.trim();
    if (code === 0) assert.notEqual(fresh, key);
    // There is none to copy to: then nothing was changed.
    else assert.equal((await chat(h.port, key)).status, 200);
  });

  it('of upstreams', async () => {
    const url = 'http://127.0.0.1:9/v1';
    await becomes(['upstreams', 'add', 'odd', '--url', url, '--no-key', '--header', 'x-team=a', '--group', 'gold'], {
      headers: { 'x-team': 'a' },
      groups: ['gold'],
    });
    await becomes(
      ['upstreams', 'add', 'even', '--url', url, '--no-key', '--weight', '7', '--max-connections', '5', '--no-free'],
      { weight: 7, max_connections: 5, free: false },
    );
    await becomes(['upstreams', 'add', 'safe', '--url', 'https://127.0.0.1:9/v1', '--no-key', '--ca-file', roots], {
      ca_file: roots,
    });
    await becomes(['upstreams', 'add', 'filed', '--url', url, '--key-file', roots], { secret: `file ${roots}` });
    await becomes(['upstreams', 'add', 'asked', '--url', url, '--key-command', 'echo x'], { secret: 'command echo x' });
    await becomes(['upstreams', 'edit', 'even', '--weight', '2', '--max-connections', 'none'], {
      weight: 2,
      max_connections: null,
    });
    await becomes(['upstreams', 'edit', 'safe', '--ca-file', 'none'], { ca_file: null });
    await becomes(['upstreams', 'edit', 'safe', '--ca-file', roots], { ca_file: roots });
    await becomes(['upstreams', 'edit', 'even', '--free'], { free: true });
    await becomes(['upstreams', 'edit', 'even', '--no-free'], { free: false });
    await becomes(['upstreams', 'edit', 'even', '--key-env', 'HOME'], { secret: 'env HOME' });
    await becomes(['upstreams', 'edit', 'even', '--key-file', roots], { secret: `file ${roots}` });
    await becomes(['upstreams', 'edit', 'even', '--key-command', 'echo x'], { secret: 'command echo x' });
    await becomes(['upstreams', 'edit', 'even', '--no-key'], { secret: 'none' });
  });

  it('of prices', async () => {
    const perToken = ['--input', '1', '--output', '2'];
    await h.daemon.ok(['prices', 'set', 'sound', '--audio-input', '3', '--audio-output', '4', ...perToken]);
    await h.daemon.ok(['prices', 'set', 'picture', '--image-input', '5', '--image-output', '6', ...perToken]);
    await h.daemon.ok(['prices', 'set', 'call', '--per-request', '0.01', '--cache-write', '7', '--reasoning', '8', ...perToken]);
    await h.daemon.ok(['prices', 'set', 'long', '--input', '1', '--output', '2', '--above', '1000', '--input', '8']);
    for (const [model, numbers] of Object.entries({ sound: ['3', '4'], picture: ['5', '6'], call: ['0.01', '7', '8'] })) {
      const text = JSON.stringify(await h.daemon.json(['prices', 'list', model]));
      for (const number of numbers) assert.match(text, new RegExp(`:${number}[,}]`), text);
    }
    assert.match(JSON.stringify(await h.daemon.json(['prices', 'list', 'long'])), /1000/);
  });

  it('of people', async () => {
    const me = (await h.daemon.json(['accounts', 'list'])).data[0].id;
    await becomes(['accounts', 'edit', me, '--token-limit', '9000', '--token-limit-period', 'day'], {
      token_limit: 9000,
      token_limit_period: 'day',
    });
    await becomes(['accounts', 'edit', me, '--token-limit', 'none'], { token_limit: null });
    await becomes(['projects', 'edit', 'default', '--budget', '9', '--budget-period', 'week'], {
      budget_usd: 9,
      budget_period: 'week',
    });
    await becomes(['projects', 'edit', 'default', '--token-limit', '9000', '--token-limit-period', 'hour'], {
      token_limit: 9000,
      token_limit_period: 'hour',
    });
    await h.daemon.ok(['projects', 'edit', 'default', '--budget', 'none', '--token-limit', 'none']);
    await becomes(['groups', 'edit', 'gold', '--max-parallel', '4'], { max_parallel: 4 });
  });

  it('of the books', async () => {
    const report = await h.daemon.json(['reprice', '--since', '7d', '--until', '1d', '--dry-run']);
    assert.equal(typeof report, 'object');
    const file = path.join(h.daemon.home, 'copy.db');
    await h.daemon.ok(['backup', file]);
    assert.equal((await h.daemon.nufi(['backup', file])).code, 2, 'it is there already');
    await h.daemon.ok(['backup', file, '--yes']);
  });

  it('of traces, doctor and up', async () => {
    await h.daemon.ok(['traces', 'on']);
    const { key } = await h.daemon.key({ name: 'traced' });
    for (let i = 0; i < 3; i++) assert.equal((await chat(h.port, key, { max_tokens: 4 })).status, 200);
    const { data } = await h.daemon.json(['traces', 'list', '--last', '2']);
    assert.ok(data.length <= 2);
    const { checks } = await h.daemon.nufi(['doctor', '--offline', '--json']).then(({ stdout }) => JSON.parse(stdout));
    assert.ok(checks.length > 5 && checks.some((check) => check.state === 'skipped'));
    assert.match((await h.daemon.nufi(['up', '--yes'])).stderr, /running already/);
  });

  it('of run', async () => {
    const command = ['run', '--budget', '1', '--expires', '2h', '--name', 'brief', '--', 'true'];
    assert.equal((await h.daemon.nufi(command)).code, 0);
    const soon = await h.daemon.nufi(['run', '--expires', '2001-01-01', '--', 'true']);
    assert.equal(soon.code, 2, soon.stderr);
  });
});
