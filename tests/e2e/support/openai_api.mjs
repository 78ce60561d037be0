// A provider that answers as OpenAI's API does, with every field that clients have come to read.
// What it says is fixed: the tests compare it, and what it bills, with what arrives.
import { pcm } from './replies.mjs';

export const words = ['Cologne', ' is', ' mild', ', 14', ' °C.'];
export const answer = words.join('');
/// What it fills a JSON schema with, and calls a tool with.
export const place = { city: 'Köln', celsius: 14 };

/// Every generation bills the same: 20 tokens in, 8 of them cached, 10 out, 4 of them reasoning.
export const chatUsage = {
  prompt_tokens: 20,
  completion_tokens: 10,
  total_tokens: 30,
  prompt_tokens_details: { cached_tokens: 8, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 4,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
};
export const responseUsage = {
  input_tokens: 20,
  input_tokens_details: { cached_tokens: 8 },
  output_tokens: 10,
  output_tokens_details: { reasoning_tokens: 4 },
  total_tokens: 30,
};
/// nano-USD of that at 1 and 10 USD per million tokens.
export const generationCost = 120_000;

const created = 1_760_000_000;
const headers = {
  'openai-organization': 'org-provider',
  'openai-processing-ms': '41',
  'openai-version': '2020-10-01',
  'x-request-id': 'req_provider_1',
};

/// Text in pieces, as it comes out of a model.
const pieces = (text) => text.match(/.{1,6}/gsu);

function chatMessage(body) {
  const content = (text) => ({ role: 'assistant', content: text, refusal: null, annotations: [] });
  const last = body.messages.at(-1);
  const tool = body.tools?.[0];
  if (tool && body.tool_choice !== 'none' && last.role !== 'tool') {
    const called = { name: tool.function.name, arguments: JSON.stringify(place) };
    const tool_calls = [{ id: 'call_Qm3xA9', type: 'function', function: called }];
    return { finish: 'tool_calls', message: { ...content(null), tool_calls } };
  }
  const wanted = body.response_format?.type;
  const text = wanted === 'json_schema' || wanted === 'json_object' ? JSON.stringify(place) : answer;
  return { finish: 'stop', message: content(text) };
}

async function chat(exchange, body) {
  const { finish, message } = chatMessage(body);
  const base = {
    id: 'chatcmpl-CQ7x',
    created,
    model: body.model,
    service_tier: 'default',
    system_fingerprint: 'fp_5f1a',
  };
  if (!body.stream) {
    return exchange.reply(
      200,
      {
        ...base,
        object: 'chat.completion',
        choices: [{ index: 0, message, logprobs: null, finish_reason: finish }],
        usage: chatUsage,
      },
      headers,
    );
  }
  const wantsUsage = body.stream_options?.include_usage;
  const chunk = (delta, finish_reason = null) => ({
    ...base,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    ...(wantsUsage ? { usage: null } : {}),
    obfuscation: 'xK2',
  });
  await exchange.begin(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8' });
  await exchange.event(chunk({ role: 'assistant', content: message.tool_calls ? null : '', refusal: null }));
  for (const [index, call] of (message.tool_calls ?? []).entries()) {
    const opened = { ...call, function: { ...call.function, arguments: '' } };
    await exchange.event(chunk({ tool_calls: [{ index, ...opened }] }));
    for (const part of pieces(call.function.arguments)) {
      await exchange.event(chunk({ tool_calls: [{ index, function: { arguments: part } }] }));
    }
  }
  for (const content of message.content === answer ? words : (pieces(message.content ?? '') ?? [])) {
    await exchange.event(chunk({ content }));
  }
  await exchange.event(chunk({}, finish));
  if (wantsUsage) {
    await exchange.event({ ...chunk({}), choices: [], usage: chatUsage });
  }
  await exchange.event('[DONE]');
  return exchange.finish();
}

async function completions(exchange, body) {
  const base = { id: 'cmpl-CQ7x', object: 'text_completion', created, model: body.model };
  const choice = (text, finish_reason) => [{ text, index: 0, logprobs: null, finish_reason }];
  if (!body.stream) {
    return exchange.reply(200, { ...base, choices: choice(answer, 'stop'), usage: chatUsage }, headers);
  }
  await exchange.begin(200, { ...headers, 'content-type': 'text/event-stream' });
  for (const word of words) await exchange.event({ ...base, choices: choice(word, null) });
  await exchange.event({ ...base, choices: choice('', 'stop') });
  if (body.stream_options?.include_usage) await exchange.event({ ...base, choices: [], usage: chatUsage });
  await exchange.event('[DONE]');
  return exchange.finish();
}

/// Two numbers per input, which tell the inputs apart.
export const vector = (index) => [0.5 * (index + 1), -1];

function embeddings(exchange, body) {
  const isOne = typeof body.input === 'string' || typeof body.input[0] === 'number';
  const count = isOne ? 1 : body.input.length;
  const coded = (numbers) => Buffer.from(Float32Array.from(numbers).buffer).toString('base64');
  const data = Array.from({ length: count }, (_, index) => ({
    object: 'embedding',
    index,
    embedding: body.encoding_format === 'base64' ? coded(vector(index)) : vector(index),
  }));
  const usage = { prompt_tokens: 4 * count, total_tokens: 4 * count };
  return exchange.reply(200, { object: 'list', data, model: body.model, usage }, headers);
}

function moderations(exchange, body) {
  const inputs = Array.isArray(body.input) ? body.input : [body.input];
  const results = inputs.map((text) => ({
    flagged: /bomb/.test(text),
    categories: { violence: /bomb/.test(text) },
    category_scores: { violence: 0.0001 },
    category_applied_input_types: { violence: ['text'] },
  }));
  return exchange.reply(
    200,
    { id: 'modr-970d', model: body.model ?? 'omni-moderation-latest', results },
    headers,
  );
}

/// One white dot.
export const picture =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR4nGP4DwQACfsD/Ql8TesAAAAASUVORK5CYII=';
export const imageUsage = {
  total_tokens: 1120,
  input_tokens: 20,
  output_tokens: 1100,
  input_tokens_details: { text_tokens: 12, image_tokens: 8 },
};

async function image(exchange, fields, kind) {
  const frame = { background: 'opaque', output_format: 'png', quality: 'low', size: '1024x1024' };
  const isStream = String(fields.stream) === 'true';
  if (!isStream) {
    const data = Array.from({ length: Number(fields.n ?? 1) }, () => ({ b64_json: picture }));
    return exchange.reply(200, { created, ...frame, data, usage: imageUsage }, headers);
  }
  const event = (type, more) =>
    exchange.chunk(
      `event: ${type}\ndata: ${JSON.stringify({ type, created_at: created, ...frame, b64_json: picture, ...more })}\n\n`,
    );
  await exchange.begin(200, { ...headers, 'content-type': 'text/event-stream' });
  await event(`${kind}.partial_image`, { partial_image_index: 0 });
  await event(`${kind}.completed`, { usage: imageUsage });
  return exchange.finish();
}

/// The plain fields of a form, and the size of its files.
export function readForm(exchange) {
  const boundary = /boundary="?([^";]+)/.exec(exchange.headers['content-type'] ?? '')?.[1];
  const fields = {};
  const files = {};
  for (const part of exchange.body.toString('latin1').split(`--${boundary}`).slice(1, -1)) {
    const cut = part.indexOf('\r\n\r\n');
    const head = part.slice(0, cut);
    const value = part.slice(cut + 4, -2);
    const name = / name="([^"]*)"/.exec(head)[1];
    if (/ filename=/.test(head)) files[name] = value.length;
    else fields[name] = value;
  }
  return { fields, files };
}

export const transcriptUsage = {
  type: 'tokens',
  total_tokens: 30,
  input_tokens: 20,
  input_token_details: { text_tokens: 4, audio_tokens: 16 },
  output_tokens: 10,
};

async function transcript(exchange, fields, task) {
  if (fields.stream === 'true') {
    const event = (type, more) => exchange.event({ type, ...more });
    await exchange.begin(200, { ...headers, 'content-type': 'text/event-stream' });
    for (const delta of words) await event('transcript.text.delta', { delta });
    await event('transcript.text.done', { text: answer, usage: transcriptUsage });
    await exchange.event('[DONE]');
    return exchange.finish();
  }
  const lines = '1\n00:00:00,000 --> 00:00:02,500\n' + `${answer}\n\n`;
  const bySeconds = { type: 'duration', seconds: 3 };
  switch (fields.response_format ?? 'json') {
    case 'text':
      return exchange.reply(200, `${answer}\n`, { ...headers, 'content-type': 'text/plain; charset=utf-8' });
    case 'srt':
      return exchange.reply(200, lines, { ...headers, 'content-type': 'text/plain; charset=utf-8' });
    case 'vtt':
      return exchange.reply(200, `WEBVTT\n\n${lines.slice(2).replaceAll(',', '.')}`, {
        ...headers,
        'content-type': 'text/plain; charset=utf-8',
      });
    case 'verbose_json': {
      const segments = [
        {
          id: 0,
          seek: 0,
          start: 0,
          end: 2.5,
          text: answer,
          tokens: [1],
          temperature: 0,
          avg_logprob: -0.2,
          compression_ratio: 1,
          no_speech_prob: 0.01,
        },
      ];
      return exchange.reply(
        200,
        { task, language: 'english', duration: 2.5, text: answer, segments, usage: bySeconds },
        headers,
      );
    }
    default: {
      const usage = /^whisper/.test(fields.model) ? bySeconds : transcriptUsage;
      return exchange.reply(200, { text: answer, usage }, headers);
    }
  }
}

function rerank(exchange, body) {
  const results = body.documents.map((_, index) => ({ index, relevance_score: 0.9 - index / 10 }));
  return exchange.reply(
    200,
    { id: 'rr-1', model: body.model, results, usage: { total_tokens: 12 } },
    headers,
  );
}

/// Answers every endpoint; `responses` handles those of the responses family (see responses_api.mjs).
export function openaiApi({ responses } = {}) {
  return (exchange) => {
    const [path] = exchange.target.split('?');
    const name = path.replace('/v1/', '');
    if (name === 'responses' || name.startsWith('responses/')) return responses(exchange, name);
    const isForm = /^multipart\//.test(exchange.headers['content-type'] ?? '');
    const body = isForm ? readForm(exchange).fields : exchange.json;
    switch (name) {
      case 'chat/completions':
        return chat(exchange, body);
      case 'completions':
        return completions(exchange, body);
      case 'embeddings':
        return embeddings(exchange, body);
      case 'moderations':
        return moderations(exchange, body);
      case 'images/generations':
        return image(exchange, body, 'image_generation');
      case 'images/edits':
        return image(exchange, body, 'image_edit');
      case 'images/variations':
        return image(exchange, body, 'image_variation');
      case 'audio/speech':
        return exchange.reply(200, pcm, { ...headers, 'content-type': 'audio/pcm' });
      case 'audio/transcriptions':
        return transcript(exchange, body, 'transcribe');
      case 'audio/translations':
        return transcript(exchange, body, 'translate');
      case 'rerank':
        return rerank(exchange, body);
      default: {
        const message = `Invalid URL (${exchange.method} ${path})`;
        return exchange.reply(404, {
          error: { message, type: 'invalid_request_error', param: null, code: null },
        });
      }
    }
  };
}
