// What a provider answers and bills: replies in OpenAI's shape with a usage of our choosing.
import { sleep } from './wait.mjs';

/// The most output the request allows: its cap times its choices.
export function mostOutput(body) {
  const cap = body.max_completion_tokens ?? body.max_tokens;
  return cap === undefined ? undefined : cap * (body.n ?? 1);
}

export const usage = (prompt_tokens, completion_tokens, more = {}) => ({
  prompt_tokens,
  completion_tokens,
  total_tokens: prompt_tokens + completion_tokens,
  ...more,
});

export function completion({ model = 'test-model', text = 'hi', usage: used, id = 'chatcmpl-1' }) {
  return {
    id,
    object: 'chat.completion',
    created: 1760000000,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    ...(used === undefined ? {} : { usage: used }),
  };
}

export function chunk(delta, { model = 'test-model', finish = null, id = 'chatcmpl-1', ...more } = {}) {
  return {
    id,
    object: 'chat.completion.chunk',
    created: 1760000000,
    model,
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...more,
  };
}

export const usageChunk = (used, { model = 'test-model', id = 'chatcmpl-1' } = {}) => ({
  id,
  object: 'chat.completion.chunk',
  created: 1760000000,
  model,
  choices: [],
  usage: used,
});

/// The whole event stream of `words`, as providers write it.
export function eventStream(words, { used, end = '\n\n', done = true } = {}) {
  const events = [
    chunk({ role: 'assistant', content: '' }),
    ...words.map((content) => chunk({ content })),
    chunk({}, { finish: 'stop' }),
    ...(used ? [usageChunk(used)] : []),
  ];
  return [...events.map((event) => JSON.stringify(event)), ...(done ? ['[DONE]'] : [])]
    .map((data) => `data: ${data}${end}`)
    .join('');
}

/// A handler that bills: by default exactly the output it was asked for, and `prompt` tokens.
/// `output(body)` and `prompt(body)` may say otherwise; `delay` ms pass before the reply.
export function bill({
  prompt = () => 5,
  output = (body) => mostOutput(body) ?? 16,
  delay = 0,
  words = ['Hello', ' there'],
} = {}) {
  return async (exchange) => {
    const body = exchange.json;
    const used = usage(prompt(body), output(body));
    exchange.billed = used;
    if (delay) await sleep(delay);
    if (!body.stream) {
      return exchange.reply(200, completion({ model: body.model, text: words.join(''), usage: used }));
    }
    await exchange.begin();
    const asked = body.stream_options?.include_usage;
    await exchange.chunk(eventStream(words, { used: asked ? used : undefined }));
    return exchange.finish();
  };
}
