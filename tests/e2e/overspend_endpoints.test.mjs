// A budget is a ceiling over every endpoint together: text, vectors, pictures, speech and files on one
// project, each billed by its provider in its own unit.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { costOf, models } from './support/biller.mjs';
import { form } from './support/bodies.mjs';
import { call } from './support/client.mjs';
import { Daemon, patience, short } from './support/daemon.mjs';
import { named } from './support/events.mjs';
import { readForm } from './support/openai_api.mjs';
import { completion, eventStream, usage } from './support/provider.mjs';
import { pcm, response, responseEvents } from './support/replies.mjs';
import { wave } from './support/sound.mjs';
import { Upstream } from './support/upstream.mjs';
import { random, times } from './support/wait.mjs';

const nano = (usd) => Math.round(usd * 1e9);
const perImage = 4_000_000; // nano-USD
const perCharacter = 15_000;
const perSecond = 100_000;
const count = short ? 90 : 240;

/// What each endpoint is asked, how much of it is billed (`share` of the most), and its answer.
const kinds = {
  'chat/completions': {
    body: (text, next) => ({
      model: 'large',
      messages: [{ role: 'user', content: text }],
      max_tokens: 10 + Math.floor(next() * 90),
      n: 1 + Math.floor(next() * 2),
    }),
    used: (body) => usage(body.messages[0].content.length, body.max_tokens * body.n),
    reply: (body, used) => completion({ model: body.model, usage: used }),
  },
  completions: {
    body: (text, next) => ({
      model: 'small',
      prompt: [text, text],
      max_tokens: 10 + Math.floor(next() * 90),
      best_of: 2,
    }),
    // Each prompt of the list has its answers, and those that were not the best are billed as well.
    used: (body) => usage(body.prompt.join('').length, body.max_tokens * body.best_of * body.prompt.length),
    reply: (body, used) => ({
      id: 'cmpl-1',
      object: 'text_completion',
      choices: [{ text: 'x', index: 0 }],
      usage: used,
    }),
  },
  responses: {
    body: (text, next) => ({
      model: 'thinker',
      input: text,
      max_output_tokens: 16 + Math.floor(next() * 90),
    }),
    used: (body) =>
      usage(body.input.length, body.max_output_tokens, {
        completion_tokens_details: { reasoning_tokens: Math.floor(body.max_output_tokens / 2) },
      }),
    reply: (body, used) => response(inResponse(used), { model: body.model }),
  },
  messages: {
    body: (text, next) => ({
      model: 'large',
      messages: [{ role: 'user', content: text }],
      max_tokens: 10 + Math.floor(next() * 90),
    }),
    used: (body) => usage(body.messages[0].content.length, body.max_tokens),
    reply: (body, used) => ({
      id: 'msg_1',
      type: 'message',
      content: [{ type: 'text', text: 'x' }],
      usage: inMessage(used),
    }),
  },
  embeddings: {
    body: (text) => ({ model: 'small', input: [text, `${text}!`] }),
    used: (body) => usage(body.input.join('').length, 0),
    reply: (body, used) => ({ object: 'list', data: [{ embedding: [0.5] }], usage: used }),
  },
  'images/generations': {
    body: (text, next) => ({ model: 'paint', prompt: text, n: 1 + Math.floor(next() * 3) }),
    cost: (body) => body.n * perImage,
    reply: (body) => ({ created: 1, data: Array.from({ length: body.n }, () => ({ url: 'https://x/1' })) }),
  },
  'audio/speech': {
    body: (text) => ({ model: 'voice', input: `${text} é`, voice: 'alloy' }),
    cost: (body) => [...body.input].length * perCharacter,
    reply: () => pcm,
  },
  // Both come as forms; `body` has the fields that go with the file.
  'audio/transcriptions': {
    body: (text, next) => ({ model: 'ear', prompt: text, seconds: 1 + Math.floor(next() * 3) }),
    file: (body) => ({
      name: 'file',
      filename: 'a.wav',
      type: 'audio/wav',
      data: wave(Number(body.seconds)),
    }),
    cost: (body) => Number(body.seconds) * perSecond,
    reply: (body) => ({ text: 'x', usage: { type: 'duration', seconds: Number(body.seconds) } }),
  },
  'images/edits': {
    body: (text, next) => ({ model: 'paint', prompt: text, n: 1 + Math.floor(next() * 2) }),
    file: () => ({ name: 'image', filename: 'a.png', type: 'image/png', data: pcm }),
    cost: (body) => Number(body.n) * perImage,
    reply: (body) => ({
      created: 1,
      data: Array.from({ length: Number(body.n) }, () => ({ url: 'https://x/1' })),
    }),
  },
};
/// The bytes of a call and their type.
function encoded({ name, body }) {
  const file = kinds[name].file?.(body);
  if (!file) return { body: JSON.stringify(body), type: 'application/json' };
  const fields = Object.entries(body).map(([field, value]) => ({ name: field, value: String(value) }));
  const whole = form(body.n === 1 ? [file, ...fields] : [...fields, file]);
  return { body: whole.bytes, type: whole.type };
}
const inMessage = (used) => ({ input_tokens: used.prompt_tokens, output_tokens: used.completion_tokens });
const messageEvents = (used) => [
  named('message_start', { message: { id: 'msg_1', usage: { ...inMessage(used), output_tokens: 1 } } }),
  named('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'x' } }),
  named('message_delta', { delta: {}, usage: { output_tokens: used.completion_tokens } }),
  named('message_stop', {}),
];
const inResponse = (used) => ({
  input_tokens: used.prompt_tokens,
  output_tokens: used.completion_tokens,
  output_tokens_details: used.completion_tokens_details,
  total_tokens: used.total_tokens,
});

describe('overspend over all endpoints', () => {
  let daemon;
  let upstream;
  const bills = new Map(); // user agent → { cost, tokens }

  async function provider(exchange) {
    const name = exchange.target.slice('/v1/'.length);
    const kind = kinds[name];
    const body = kind.file ? readForm(exchange).fields : exchange.json;
    const used = kind.used?.(body);
    const cost = used ? costOf(body.model, used) : kind.cost(body);
    bills.set(exchange.headers['user-agent'], { cost, tokens: used?.total_tokens ?? 0 });
    if (name === 'audio/speech') return exchange.reply(200, pcm, { 'content-type': 'audio/pcm' });
    if (!body.stream) return exchange.reply(200, kind.reply(body, used));
    await exchange.begin();
    if (name === 'responses') {
      for (const event of responseEvents({ usage: inResponse(used) })) await exchange.chunk(event);
    } else if (name === 'messages') {
      for (const event of messageEvents(used)) await exchange.chunk(event);
    } else {
      await exchange.chunk(eventStream(['a', 'b'], { used }));
    }
    return exchange.finish();
  }

  before(async () => {
    upstream = await Upstream.start({ handler: provider });
    daemon = await Daemon.start({ args: ['--hold-wait', `${25 * patience}s`, '--durability', 'process'] });
    await daemon.addUpstream(upstream, { model: '' });
    for (const [model, { most, ...rates }] of Object.entries(models)) {
      const args = Object.entries(rates).flatMap(([name, rate]) => [`--${name}`, String(rate)]);
      await daemon.ok(['prices', 'set', model, ...args, '--max-output', String(most)]);
    }
    await daemon.ok(['prices', 'set', 'paint', '--per-image', String(perImage / 1e9)]);
    await daemon.ok(['prices', 'set', 'ear', '--per-second', (perSecond / 1e9).toFixed(9)]);
    await daemon.ok(['prices', 'set', 'voice', '--per-character', (perCharacter / 1e9).toFixed(9)]);
  });
  after(async () => {
    await daemon?.stop();
    await upstream?.stop();
  });

  for (const metric of ['usd', 'tokens']) {
    it(`${count} calls at once on one project, ${metric}: no bill passes the limit`, async () => {
      const limit = metric === 'usd' ? count * 400_000 : count * 60;
      const flag =
        metric === 'usd' ? ['--budget', (limit / 1e9).toFixed(9)] : ['--token-limit', String(limit)];
      await daemon.ok(['projects', 'create', metric, ...flag]);
      const keys = [await daemon.key({ project: metric }), await daemon.key({ project: metric })];
      const next = random(17);
      const names = Object.keys(kinds);
      const calls = Array.from({ length: count }, (_, i) => {
        const name = names[i % names.length];
        const body = kinds[name].body('so it goes '.repeat(1 + Math.floor(next() * 20)).trim(), next);
        const streams = ['chat/completions', 'responses', 'messages'].includes(name);
        if (streams && next() < 0.5) body.stream = true;
        return { name, body };
      });
      const sent = calls.map(encoded);
      const ask = (i) =>
        call(daemon.port, {
          key: keys[i % 2].key,
          path: `/v1/${calls[i].name}`,
          body: sent[i].body,
          headers: { 'User-Agent': `${metric}-${i}`, 'Content-Type': sent[i].type },
        });
      // One of each kind goes before the crowd: in it, who comes last may find nothing left.
      const replies = await times(names.length, 1, ask);
      replies.push(...(await times(count - names.length, count, (i) => ask(names.length + i))));
      for (const reply of replies) assert.ok([200, 429].includes(reply.status), reply.text);
      assert.ok(
        replies.some((reply) => reply.status === 429),
        'nobody was refused',
      );

      const rows = (await daemon.rows()).filter((row) => row.user_agent.startsWith(`${metric}-`));
      assert.equal(rows.length, replies.filter((reply) => reply.status === 200).length);
      const all = { usd: 0, tokens: 0 };
      for (const row of rows) {
        const bill = bills.get(row.user_agent);
        const tokens = Object.values(row.tokens).reduce((sum, each) => sum + each, 0);
        const told = `${row.endpoint}: billed ${JSON.stringify(bill)}, booked ${JSON.stringify(row)}`;
        assert.equal(nano(row.cost_usd), bill.cost, told);
        assert.ok(tokens >= bill.tokens, told);
        all.usd += bill.cost;
        all.tokens += tokens;
      }
      assert.ok(all[metric] <= limit, `${all[metric]} of ${limit}`);
      // A picture may be billed thousands of tokens: under the token limit it never fits.
      const served = new Set(rows.map((row) => row.endpoint));
      for (const name of names) {
        assert.ok(served.has(name) || (metric === 'tokens' && !kinds[name].used), `${name} had its turn`);
      }
      const shown = await daemon.json(['projects', 'show', metric]);
      const now =
        metric === 'usd'
          ? [nano(shown.spent_usd), nano(shown.held_usd)]
          : [shown.tokens_used, shown.tokens_held];
      assert.deepEqual(now, [all[metric], 0]);
      const status = await daemon.json(['status']);
      assert.deepEqual([status.calls_in_flight, status.held_usd], [0, 0]);
      assert.equal((await daemon.json(['ledger', 'verify'])).ok, true);
      assert.ok(!/cost more than was held/.test(daemon.log()), 'a hold was too small');
    });
  }
});
