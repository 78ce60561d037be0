// What a person does in the first five minutes, with nufi and curl.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, it } from 'node:test';

import { Daemon, run } from './support/daemon.mjs';
import { sseData } from './support/wire.mjs';

/// Ended, though perhaps not yet collected by its new parent.
function isGone(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].startsWith('Z');
  } catch {
    return true;
  }
}

describe('quickstart', () => {
  let daemon;
  before(async () => {
    daemon = await Daemon.start({ args: ['--demo'] });
  });
  after(() => daemon?.stop());

  const curl = (args, options) => run('curl', ['-sS', '--max-time', '20', ...args], options);

  it('a key, a plain call, a streamed call, the bill, the end of the key', async () => {
    const key = (await daemon.ok(['keys', 'create', '--name', 'laptop', '--budget', '5', '-q'])).trim();
    assert.match(key, /^sk-nufi-[0-9A-Za-z]{49}$/);

    const body = '{"model":"nufi-echo","messages":[{"role":"user","content":"good morning"}]}';
    const auth = ['-H', `Authorization: Bearer ${key}`];
    const plain = await curl([...auth, '-d', body, `${daemon.url}/chat/completions`]);
    assert.equal(plain.code, 0, plain.stderr);
    const reply = JSON.parse(plain.stdout);
    assert.match(reply.choices[0].message.content, /good morning/);
    assert.ok(reply.usage.total_tokens > 0);

    const streamed = await curl([
      ...auth,
      '-N',
      '-d',
      body.replace('{', '{"stream":true,'),
      `${daemon.url}/chat/completions`,
    ]);
    assert.equal(streamed.code, 0, streamed.stderr);
    const events = sseData(streamed.stdout);
    assert.equal(events.at(-1), '[DONE]');
    const said = events
      .slice(0, -1)
      .map((event) => JSON.parse(event).choices[0]?.delta?.content ?? '')
      .join('');
    assert.match(said, /good morning/);
    assert.ok(
      events.slice(0, -1).every((event) => JSON.parse(event).choices.length > 0),
      'the usage chunk nobody asked for',
    );

    const usage = await daemon.json(['usage', '--days', '30']);
    assert.equal(usage.totals.requests, 2);
    assert.ok(usage.totals.cost_usd > 0);
    const shown = await daemon.showKey('laptop');
    assert.equal(shown.spent_usd, usage.totals.cost_usd);
    assert.ok(shown.spent_usd < 5 && shown.held_usd === 0);

    await daemon.ok(['keys', 'revoke', 'laptop', '--yes']);
    const after_ = await curl([
      ...auth,
      '-w',
      '%{http_code}',
      '-o',
      '/dev/null',
      '-d',
      body,
      `${daemon.url}/chat/completions`,
    ]);
    assert.equal(after_.stdout, '401');
  });

  it('eval "$(nufi keys create --env)" sets what OpenAI clients read', async () => {
    const lines = await daemon.ok(['keys', 'create', '--name', 'env', '--env']);
    assert.match(lines, new RegExp(`^export OPENAI_BASE_URL=['"]?${daemon.url}['"]?$`, 'm'));
    assert.match(lines, /^export OPENAI_API_KEY=['"]?sk-nufi-[0-9A-Za-z]{49}['"]?$/m);
    const script = `${lines}\ncurl -sS "$OPENAI_BASE_URL/models" -H "Authorization: Bearer $OPENAI_API_KEY"`;
    const models = JSON.parse((await run('sh', ['-c', script], { env: daemon.env })).stdout);
    assert.ok(models.data.some((model) => model.id === 'nufi-echo'));
  });

  it('nufi up, status and down with a daemon of its own', async () => {
    const env = { ...daemon.env };
    for (const name of ['XDG_DATA_HOME', 'XDG_STATE_HOME', 'XDG_RUNTIME_DIR']) env[name] += '/second';
    env.NUFI_LISTEN = '127.0.0.1:0';
    env.NUFI_CONSOLE_LISTEN = 'off';
    const down = await daemon.nufi(['status'], { env });
    assert.equal(down.code, 5);
    assert.match(down.stdout + down.stderr, /nufi up/);
    await daemon.ok(['up'], { env });
    const status = await daemon.json(['status'], { env });
    try {
      assert.match(status.inference_url, /^http:\/\/127\.0\.0\.1:\d+\/v1$/);
      assert.notEqual(status.pid, daemon.pid);
    } finally {
      await daemon.ok(['down'], { env });
    }
    assert.equal((await daemon.nufi(['status'], { env })).code, 5);
    assert.ok(isGone(status.pid), 'the process has ended');
  });

  it('nufi restart keeps the flags of the first start', async () => {
    const env = { ...daemon.env };
    for (const name of ['XDG_DATA_HOME', 'XDG_STATE_HOME', 'XDG_RUNTIME_DIR']) env[name] += '/third';
    env.NUFI_LISTEN = '127.0.0.1:0';
    await daemon.ok(['up', '--demo', '--', '--console-listen', 'off'], { env });
    try {
      const first = await daemon.json(['status'], { env });
      await daemon.ok(['restart'], { env });
      const second = await daemon.json(['status'], { env });
      assert.notEqual(second.pid, first.pid);
      assert.deepEqual(
        second.upstreams.map((upstream) => upstream.name),
        ['demo'],
      );
      assert.equal(second.console_url, first.console_url);
    } finally {
      await daemon.ok(['down'], { env });
    }
  });
});
