// The openai package when calls are refused, fail, or are given up.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import OpenAI from 'openai';

import { patience } from './support/daemon.mjs';
import { watchedFetch } from './support/fetch.mjs';
import { house } from './support/house.mjs';
import { lastRow, rowWith } from './support/ledger.mjs';
import { openaiApi } from './support/openai_api.mjs';
import { chunk } from './support/provider.mjs';
import { skipWaits } from './support/timers.mjs';
import { deadline, sleep, until } from './support/wait.mjs';

const messages = [{ role: 'user', content: 'hello' }];
const asked = { model: 'test-model', messages, max_tokens: 50 };

describe('the openai package', () => {
  const h = house({ args: ['--hold-wait', '0s'], add: { more: ['--model', 'test-model'] } });
  let key;
  before(async () => {
    key = (await h.daemon.key({ budget: 5 })).key;
  });
  /// A client of its own: `counter.attempts` counts what it sends.
  const connect = (apiKey, more = {}) => {
    const counter = watchedFetch();
    const client = new OpenAI({
      baseURL: h.daemon.url,
      apiKey,
      maxRetries: 0,
      fetch: counter.fetch,
      ...more,
    });
    return {
      client,
      counter,
      chat: (fields, options) => client.chat.completions.create({ ...asked, ...fields }, options),
    };
  };
  const minted = async (options, more) => {
    const made = await h.daemon.key(options);
    return { ...connect(made.key, more), id: made.id };
  };
  const is = (Class, code) => (error) => {
    assert.ok(error instanceof Class, `${error.constructor.name}: ${error.message}`);
    if (code !== undefined) assert.equal(error.code, code);
    return true;
  };

  describe('refusals are errors of their class', () => {
    it('401: AuthenticationError, not tried again', async () => {
      const { chat, counter } = connect('sk-nufi-wrong', { maxRetries: 2 });
      await assert.rejects(chat(), is(OpenAI.AuthenticationError, 'invalid_api_key'));
      assert.equal(counter.attempts, 1);
      const revoked = await minted();
      await h.daemon.ok(['keys', 'revoke', revoked.id, '--yes']);
      await assert.rejects(revoked.chat(), is(OpenAI.AuthenticationError, 'key_revoked'));
      const disabled = await minted();
      await h.daemon.ok(['keys', 'disable', disabled.id]);
      await assert.rejects(disabled.chat(), is(OpenAI.AuthenticationError, 'key_disabled'));
    });

    it('403: PermissionDeniedError', async () => {
      const narrow = await minted({ model: 'other' });
      await assert.rejects(narrow.chat(), is(OpenAI.PermissionDeniedError, 'model_not_allowed'));
      const far = await minted({ ip: '203.0.113.0/24' });
      await assert.rejects(far.chat(), is(OpenAI.PermissionDeniedError, 'ip_not_allowed'));
    });

    it('404: NotFoundError', async () => {
      const { client, chat } = await minted();
      await assert.rejects(chat({ model: 'absent' }), is(OpenAI.NotFoundError, 'model_not_found'));
      await assert.rejects(client.models.retrieve('absent'), is(OpenAI.NotFoundError, 'model_not_found'));
      await assert.rejects(client.get('/nowhere'), is(OpenAI.NotFoundError, 'unknown_url'));
    });

    it('400: BadRequestError, with the field', async () => {
      const { chat } = connect(key);
      await assert.rejects(
        chat({ model: 7 }),
        (error) => is(OpenAI.BadRequestError, 'invalid_value')(error) && error.param === 'model',
      );
    });

    for (const [status, Class] of [
      [400, OpenAI.BadRequestError],
      [404, OpenAI.NotFoundError],
      [409, OpenAI.ConflictError],
      [422, OpenAI.UnprocessableEntityError],
      [429, OpenAI.RateLimitError],
      [500, OpenAI.InternalServerError],
      [503, OpenAI.InternalServerError],
    ]) {
      it(`the provider's own ${status} arrives as it is`, async () => {
        // A house of its own price: a failing upstream cools down for whoever comes after it.
        const name = `own-${status}`;
        await h.daemon.ok(
          ['upstreams', 'add', name, '--url', h.upstream.url, '--key-stdin', '--model', name],
          { input: h.upstream.secret },
        );
        await h.daemon.ok(['prices', 'set', name, '--input', '1', '--output', '10']);
        const error = {
          message: 'said by the provider',
          type: 'its_type',
          param: 'messages',
          code: 'its_code',
        };
        h.upstream.handler = (exchange) =>
          exchange.reply(status, { error }, { 'x-request-id': 'req_theirs' });
        await assert.rejects(connect(key).chat({ model: name }), (thrown) => {
          is(Class, 'its_code')(thrown);
          assert.deepEqual([thrown.status, thrown.type, thrown.param], [status, 'its_type', 'messages']);
          assert.ok(thrown.requestID);
          return true;
        });
        const row = await lastRow(h.daemon);
        assert.deepEqual([row.http_status, row.cost_usd], [status, 0]);
      });
    }
  });

  describe('refusals that pass, and those that do not', () => {
    it('Budget reached: exactly one attempt, plain and streamed', async () => {
      const { chat, counter } = await minted({ budget: 0.0001 }, { maxRetries: 3 });
      const started = performance.now();
      for (const stream of [false, true]) {
        counter.attempts = 0;
        await assert.rejects(chat({ stream }), (error) => {
          is(OpenAI.RateLimitError, 'insufficient_quota')(error);
          assert.match(error.message, /Budget reached/);
          assert.equal(error.type, 'insufficient_quota');
          assert.equal(error.error.nufi.reason, 'budget');
          return true;
        });
        assert.equal(counter.attempts, 1);
      }
      assert.ok(performance.now() - started < 2_000 * patience);
      assert.equal(h.upstream.requests.length, 0);
    });

    it('Token limit reached: exactly one attempt', async () => {
      const { chat, counter } = await minted({ 'token-limit': 10 }, { maxRetries: 3 });
      await assert.rejects(chat(), is(OpenAI.RateLimitError, 'insufficient_quota'));
      assert.equal(counter.attempts, 1);
    });

    it('rpm: it waits as it is told, tries again and is served', async (t) => {
      const { chat, counter, id } = await minted({ rpm: 1 }, { maxRetries: 2 });
      counter.onReply = (reply) =>
        // As if a minute had passed.
        reply.status === 429 && h.daemon.api('PATCH', `/v1/inference/keys/${id}`, { rpm: 2 });
      await chat();
      const waits = skipWaits(t);
      const reply = await chat();
      assert.equal(reply.choices[0].message.content, 'Hello there');
      assert.deepEqual(
        counter.replies.map((each) => each.status),
        [200, 429, 200],
      );
      assert.deepEqual(waits, [Number(counter.replies[1].headers.get('retry-after-ms'))]);
      assert.ok(waits[0] < 60_000, `${waits[0]} ms`);
    });

    it('an upstream that fails once rests; the client comes back when it may and is served', async () => {
      await h.daemon.ok(
        ['upstreams', 'add', 'shaky', '--url', h.upstream.url, '--key-stdin', '--model', 'shaky'],
        { input: h.upstream.secret },
      );
      await h.daemon.ok(['prices', 'set', 'shaky', '--input', '1', '--output', '10']);
      h.upstream.handler = (exchange) => {
        h.upstream.handler = openaiApi();
        return exchange.reply(500, {
          error: { message: 'once', type: 'server_error', param: null, code: null },
        });
      };
      const { chat, counter } = connect(key, { maxRetries: 3 });
      assert.equal((await chat({ model: 'shaky' })).model, 'shaky');
      const statuses = counter.replies.map((each) => each.status);
      assert.deepEqual([statuses[0], statuses.at(-1)], [500, 200]);
      for (const reply of counter.replies.slice(1, -1)) {
        assert.equal(reply.status, 503);
        assert.ok(Number(reply.headers.get('retry-after')) >= 1);
      }
      assert.equal(h.upstream.requests.length, 2, 'while it rests nothing is sent');
    });

    it('max_parallel: served as soon as the call before it has ended', async () => {
      const { chat, counter } = await minted({ 'max-parallel': 1 }, { maxRetries: 5 });
      let finish;
      const gate = new Promise((resolve) => (finish = resolve));
      h.upstream.handler = async (exchange) => {
        await gate;
        return openaiApi()(exchange);
      };
      const first = chat();
      await h.upstream.request(0);
      const second = chat();
      await until(() => counter.replies.length === 1, 5_000 * patience, 'the second call to be refused');
      assert.equal(counter.replies[0].status, 429);
      finish();
      await Promise.all([first, second]);
      assert.equal(h.upstream.requests.length, 2);
    });
  });

  describe('calls that end early', () => {
    /// A stream that does not end by itself.
    const endless = async (exchange) => {
      await exchange.begin();
      await exchange.event(chunk({ role: 'assistant', content: '' }));
      while (!exchange.isGone) {
        await exchange.event(chunk({ content: 'x' }));
        await sleep(5);
      }
    };
    const upstreamIsLeft = () =>
      deadline(h.upstream.last.gone, 3_000 * patience, 'the upstream call to be closed');

    it("break, abort() and the helper's abort() stop the upstream; what came is charged", async () => {
      h.upstream.handler = endless;
      const { client, chat } = connect(key);
      let seen = 0;
      for await (const part of await chat({ stream: true })) if (part.choices.length && ++seen === 3) break;
      await upstreamIsLeft();
      let row = await rowWith(h.daemon, 'client_gone');
      assert.equal(row.cost_basis, 'estimated');
      assert.ok(row.tokens.output >= 3 && row.cost_usd > 0);

      const controller = new AbortController();
      for await (const part of await chat({ stream: true }, { signal: controller.signal }))
        if (part) controller.abort();
      await upstreamIsLeft();

      const runner = client.chat.completions.stream(asked);
      runner.once('content', () => runner.abort());
      await assert.rejects(runner.done(), OpenAI.APIUserAbortError);
      await upstreamIsLeft();
      row = await rowWith(h.daemon, 'client_gone');
      assert.ok(row.stream);
    });

    it('a plain call given up, and one that takes longer than the client waits', async () => {
      h.upstream.handler = (exchange) => exchange.gone;
      const { chat } = connect(key);
      const controller = new AbortController();
      const given = chat({}, { signal: controller.signal });
      await h.upstream.request(0);
      controller.abort();
      await assert.rejects(given, OpenAI.APIUserAbortError);
      await upstreamIsLeft();
      const row = await rowWith(h.daemon, 'client_gone');
      // Nobody knows how far it had come: it may be billed in full.
      assert.equal(row.cost_basis, 'held');

      await assert.rejects(chat({}, { timeout: 100 }), OpenAI.APIConnectionTimeoutError);
      await until(() => h.upstream.requests.length === 2, 5_000 * patience, 'the second call');
      await upstreamIsLeft();
    });

    it('an upstream that breaks off throws in the middle of the stream', async () => {
      h.upstream.handler = async (exchange) => {
        await exchange.begin();
        await exchange.event(chunk({ content: 'so far' }));
        exchange.end();
      };
      let text = '';
      await assert.rejects(
        async () => {
          for await (const part of await connect(key).chat({ stream: true }))
            text += part.choices[0].delta.content;
        },
        is(OpenAI.APIError, 'upstream_error'),
      );
      assert.equal(text, 'so far');
      assert.equal((await rowWith(h.daemon, 'upstream_error')).cost_basis, 'estimated');
    });
  });
});
