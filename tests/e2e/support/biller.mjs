// Providers that bill for themselves: what each call cost is kept apart from nufid's books, and each
// call says in its metadata how it wants to be treated.
import { completion, chunk, usage, usageChunk } from './provider.mjs';

/// Per million tokens, as `nufi prices set` takes them. A model's output ends at `most`.
export const models = {
  small: { input: 0.15, output: 0.6, most: 4096 },
  large: { input: 2.5, output: 10, 'cached-input': 1.25, most: 4096 },
  thinker: { input: 1.1, output: 4.4, reasoning: 6, most: 4096 },
};

/// nano-USD of a usage, rounded up once.
export function costOf(model, used) {
  const rate = models[model];
  const cached = used.prompt_tokens_details?.cached_tokens ?? 0;
  const reasoning = used.completion_tokens_details?.reasoning_tokens ?? 0;
  const parts = [
    [used.prompt_tokens - cached, rate.input],
    [cached, rate['cached-input'] ?? rate.input],
    [used.completion_tokens - reasoning, rate.output],
    [reasoning, rate.reasoning ?? rate.output],
  ];
  // nano-USD per million tokens are whole numbers, so that nothing is lost before the division.
  const sum = parts.reduce((all, [tokens, usd]) => all + BigInt(tokens) * BigInt(Math.round(usd * 1e9)), 0n);
  return Number((sum + 999_999n) / 1_000_000n);
}

/// What a call asks for besides its answer. `plan` is one of
///   serve   answer; `share` (0 to 1) of the most output and of the longest prompt is billed
///   error   the first attempt gets `status`, the next is served
///   reset   the connection is reset before any answer
///   break   the connection breaks in the middle of the answer
///   hang    no answer, until the caller is gone
///   leave   `words` of a stream, then nothing until the caller is gone; if it will `stay`, somebody
///           else must end the call
export class Biller {
  bills = new Map(); // user agent → { cost, tokens, model }
  waiting = new Set(); // user agents of calls that are left hanging
  standing = new Set(); // user agents of streams that stand still
  tried = new Map(); // user → attempts that reached any upstream

  /// Of the calls whose user agent begins with `prefix`: { cost, tokens, calls }.
  total(prefix = '') {
    const sum = { cost: 0, tokens: 0, calls: 0 };
    for (const [agent, bill] of this.bills) {
      if (!agent.startsWith(prefix)) continue;
      sum.cost += bill.cost;
      sum.tokens += bill.tokens;
      sum.calls += 1;
    }
    return sum;
  }

  #charge(agent, model, used) {
    if (this.bills.has(agent)) throw new Error(`${agent} is billed twice`);
    this.bills.set(agent, { model, cost: costOf(model, used), tokens: used.total_tokens });
  }

  handler = async (exchange) => {
    const body = exchange.json;
    const agent = exchange.headers['user-agent'];
    const plan = body.metadata;
    const attempt = (this.tried.get(body.user) ?? 0) + 1;
    this.tried.set(body.user, attempt);
    // A tokenizer may make a token of every byte of the prompt; most make one of four.
    const longest = Buffer.byteLength(JSON.stringify(body.messages));
    const usual = Math.floor(Buffer.byteLength(body.messages[0].content) / 4);
    const most =
      (body.max_completion_tokens ?? body.max_tokens ?? models[body.model].most) * (body.n ?? 1);
    const charge = (used) => this.#charge(agent, body.model, used);
    const words = Array.from({ length: Number(plan.words ?? 3) }, (_, i) => `w${i} `);

    if (plan.plan === 'error' && attempt === 1) {
      const error = { message: 'try later', type: 'server_error', param: null, code: null };
      return exchange.reply(Number(plan.status), { error });
    }
    if (plan.plan === 'reset') return exchange.reset();
    if (plan.plan === 'hang' || (plan.plan === 'leave' && !body.stream)) {
      // A plain answer is made to its end whether anybody waits for it or not.
      charge(body.stream ? usage(usual, 0) : usage(longest, most));
      this.waiting.add(agent);
      return exchange.gone;
    }
    if (plan.plan === 'leave' || plan.plan === 'break') {
      charge(usage(usual, words.length));
      if (body.stream) {
        await exchange.begin();
        for (const content of words) await exchange.event(chunk({ content }, { model: body.model }));
        this.standing.add(agent);
        if (plan.plan === 'leave') return exchange.gone;
      } else {
        const whole = JSON.stringify(completion({ model: body.model, text: words.join('') }));
        await exchange.write(
          'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n' +
            `content-length: ${whole.length}\r\n\r\n${whole.slice(0, -20)}`,
        );
      }
      return exchange.end();
    }

    const share = Number(plan.share ?? 1);
    const prompt = Math.ceil(longest * share);
    const output = Math.ceil(most * share);
    const used = usage(prompt, output, {
      prompt_tokens_details: { cached_tokens: Math.floor(prompt * 0.3) },
      completion_tokens_details: { reasoning_tokens: Math.floor(output * 0.4) },
    });
    charge(used);
    if (!body.stream) {
      return exchange.reply(200, completion({ model: body.model, text: words.join(''), usage: used }));
    }
    await exchange.begin();
    for (const content of words) await exchange.event(chunk({ content }, { model: body.model }));
    await exchange.event(usageChunk(used, { model: body.model }));
    await exchange.event('[DONE]');
    return exchange.finish();
  };
}
