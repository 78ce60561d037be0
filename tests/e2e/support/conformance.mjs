// One row per endpoint that forwards: what is sent, what comes back, and what the ledger must say.
import { json } from './bodies.mjs';
import { data, done, named } from './events.mjs';
import { pcm, responseEvents } from './replies.mjs';

/// USD per million tokens, so odd that every rounding shows; of the others per unit.
export const prices = {
  'test-model': {
    input: 1.333333333,
    output: 10.1,
    'cached-input': 0.123456789,
    'cache-write': 1.777777777,
    reasoning: 12.7,
    'audio-input': 3.3,
    'audio-output': 20.9,
    'image-input': 5.1,
    'image-output': 40.3,
  },
  paint: { 'per-image': 0.041 },
  voice: { 'per-character': 0.000015 },
  whisper: { 'per-second': 0.0001 },
};

const bucketPrice = {
  input: 'input',
  cached_input: 'cached-input',
  cache_write: 'cache-write',
  audio_input: 'audio-input',
  image_input: 'image-input',
  output: 'output',
  reasoning: 'reasoning',
  audio_output: 'audio-output',
  image_output: 'image-output',
};

/// nano-USD of disjoint buckets at the prices of the test model, rounded up once.
export function costOf(tokens) {
  let sum = 0n;
  for (const [bucket, count] of Object.entries(tokens)) {
    sum += BigInt(count) * BigInt(Math.round(prices['test-model'][bucketPrice[bucket]] * 1e9));
  }
  return Number((sum + 999_999n) / 1_000_000n);
}

const chatUsage =
  '"usage" : {"prompt_tokens":60,"completion_tokens":20,"total_tokens":80,' +
  '"prompt_tokens_details":{"cached_tokens":20,"audio_tokens":10},"completion_tokens_details":{"reasoning_tokens":8,"audio_tokens":4}}';
const chatTokens = { input: 30, cached_input: 20, audio_input: 10, output: 8, reasoning: 8, audio_output: 4 };

const chatText = data('{"id":"c" ,"choices":[{"index":0,"delta":{"content":"\\u00e9 \\/"},"x":1.0}]}');
const chatUsageEvent = data(`{"id":"c","choices":[], ${chatUsage}}`);

/// A usage chunk is asked for when the client did not, and taken out again.
const chatStreams = (members) => [
  {
    what: 'that asks for usage',
    body: json(`${members},"stream":true,"stream_options" :{"include_usage":true }`),
    events: [': a comment\n\n', chatText, chatUsageEvent, done],
    tokens: chatTokens,
  },
  {
    what: 'that does not ask for usage',
    body: json(`${members},"stream":true`),
    sent: (body) => body.withFirst('"stream_options":{"include_usage":true}'),
    events: [chatText, chatUsageEvent, done],
    received: [chatText, done],
    tokens: chatTokens,
  },
];

const responseUsage = {
  input_tokens: 40,
  input_tokens_details: { cached_tokens: 15 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 8 },
  total_tokens: 60,
};
const responseTokens = { input: 25, cached_input: 15, output: 12, reasoning: 8 };

const imageUsage = {
  input_tokens: 20,
  input_tokens_details: { text_tokens: 12, image_tokens: 8 },
  output_tokens: 30,
  total_tokens: 50,
};
export const imageTokens = { input: 12, image_input: 8, image_output: 30 };
export const imageReply = `{"created":1, "data":[{"b64_json":"QUJD"}],"usage":${JSON.stringify(imageUsage)}}\n`;
export const imageEvents = (kind) => [
  named(`${kind}.partial_image`, { partial_image_index: 0, b64_json: 'QUJD' }),
  named(`${kind}.completed`, { b64_json: 'QUJD', usage: imageUsage }),
];
export const pictures = '{"created":1,"data":[{"url":"https:\\/\\/x\\/1"},{"url":"https://x/2"}] }';

/// Of each row:
///   name      the endpoint below /v1, as the ledger calls it; `what` tells rows of one name apart
///   body      what is sent; `model` in it is "test-model" unless the row says another
///   reply     what the upstream answers, of `type`
///   tokens    the buckets of it; `cost` if tokens don't say it, `basis` if it is not exact (then the
///             buckets are not looked at, nor the cost if there is none)
///   streams   { what, body, sent, events, received, tokens }: `sent` is the body upstream and
///             `received` what arrives of the events, when that differs
///   dialect   'anthropic' when errors have that shape
///   unmetered no row, no hold; optional: the model may be left out
export const endpoints = [
  {
    name: 'chat/completions',
    body: json(
      '"messages":[{"role":"user","content":"\\u00e9 \\/"}],"max_tokens":64 , "model" : "test-model"',
    ),
    reply: `{"id":"x" ,"choices":[],"n":1e-7,"big":123456789012345678901234567890,\r\n${chatUsage} } \n`,
    tokens: chatTokens,
    streams: chatStreams('"model":"test-model","messages":[{"role":"user","content":"x"}],"max_tokens":64'),
  },
  {
    name: 'completions',
    body: json('"prompt":[[1,2,3],[4]],"model":"test-model","n":2,"max_tokens":64'),
    reply:
      '{"choices":[{"text":"\\u00e9"}],"usage":{"prompt_tokens":4,"completion_tokens":20,"total_tokens":24} }',
    tokens: { input: 4, output: 20 },
    streams: chatStreams('"model":"test-model","prompt":"x","max_tokens":64'),
  },
  {
    name: 'embeddings',
    what: 'base64',
    body: json('"input":["a","b\\n"],"model":"test-model","encoding_format":"base64"'),
    reply: '{"data":[{"embedding":"AACAPw=="}],"usage":{"prompt_tokens":8,"total_tokens":8}}',
    tokens: { input: 8 },
  },
  {
    name: 'embeddings',
    what: 'of token ids',
    body: json('"input":[[1,2,3],[4]],"model":"test-model"'),
    reply: '{"data":[{"embedding":[1.0,-1E-7]}],"usage":{"prompt_tokens":4,"total_tokens":4}}',
    tokens: { input: 4 },
  },
  {
    name: 'responses',
    body: json(
      '"model":"test-model","input":[{"role":"user","content":"x"}],"max_output_tokens":64,"store":false',
    ),
    reply: `{"id":"resp_1","object":"response", "status":"completed","output":[],"usage":${JSON.stringify(responseUsage)} }`,
    tokens: responseTokens,
    streams: [
      {
        body: json('"model":"test-model","input":"x","max_output_tokens":64,"stream":true,"store":false'),
        events: responseEvents({ usage: responseUsage }),
        tokens: responseTokens,
      },
    ],
  },
  {
    name: 'moderations',
    body: json('"model":"test-model","input":["a",{"type":"text","text":"b"}]'),
    reply: '{"id":"modr-1","results":[{"flagged":false}],"usage":{"prompt_tokens":3,"total_tokens":3}}',
    tokens: { input: 3 },
    optional: true,
  },
  {
    name: 'images/generations',
    what: 'by picture',
    model: 'paint',
    body: json('"model":"paint","prompt":"a cat","n":2,"size":"1024x1024"'),
    reply: pictures,
    tokens: {},
    cost: 82_000_000,
    optional: true,
  },
  {
    name: 'images/generations',
    what: 'by token',
    body: json('"model":"test-model","prompt":"a cat","size":"1024x1024","quality":"low"'),
    reply: imageReply,
    tokens: imageTokens,
    optional: true,
    streams: [
      {
        body: json(
          '"model":"test-model","prompt":"a cat","size":"1024x1024","stream":true,"partial_images":1',
        ),
        events: imageEvents('image_generation'),
        tokens: imageTokens,
      },
    ],
  },
  {
    name: 'audio/speech',
    what: 'by character',
    model: 'voice',
    body: json('"model":"voice","input":"h\\u00e9llo","voice":"alloy"'),
    reply: pcm,
    type: 'audio/pcm',
    tokens: {},
    cost: 75_000,
  },
  {
    name: 'audio/speech',
    what: 'by token',
    body: json('"model":"test-model","input":"h\\u00e9llo","voice":"alloy"'),
    reply: pcm,
    type: 'audio/pcm',
    basis: 'estimated',
    streams: [
      {
        body: json('"model":"test-model","input":"hello","voice":"alloy","stream_format":"sse"'),
        events: [
          named('speech.audio.delta', { audio: 'QUJD' }),
          named('speech.audio.done', { usage: { input_tokens: 14, output_tokens: 101, total_tokens: 115 } }),
        ],
        tokens: { input: 14, audio_output: 101 },
      },
    ],
  },
  {
    name: 'rerank',
    body: json('"model":"test-model","query":"why","documents":["a","b"],"top_n":1'),
    reply: '{"results":[{"index":1,"relevance_score":0.5e0}],"usage":{"total_tokens":12}}',
    tokens: { input: 12 },
  },
];
