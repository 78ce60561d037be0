// Replies of the endpoints beside chat, in OpenAI's shape, as bytes that no serializer would write.

export const pcm = Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 7919) & 255));

/// A response that used `usage`.
export const response = (usage, more = {}) => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1760000000,
  status: 'completed',
  error: null,
  incomplete_details: null,
  model: 'test-model',
  output: [
    {
      type: 'message',
      id: 'msg_1',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'Hello there', annotations: [] }],
    },
  ],
  parallel_tool_calls: true,
  tool_choice: 'auto',
  tools: [],
  usage,
  ...more,
});

export const responseUsage = {
  input_tokens: 20,
  input_tokens_details: { cached_tokens: 8 },
  output_tokens: 10,
  output_tokens_details: { reasoning_tokens: 4 },
  total_tokens: 30,
};

const typed = (type, fields) => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

/// The events of a streamed response; the last of `type` carries the usage.
export function responseEvents({ type = 'response.completed', usage = responseUsage, words = ['Hello', ' there'] } = {}) {
  let number = 0;
  const next = (name, fields) => typed(name, { sequence_number: number++, ...fields });
  const begun = response(null, { status: 'in_progress', output: [] });
  return [
    next('response.created', { response: begun }),
    next('response.in_progress', { response: begun }),
    next('response.output_item.added', {
      output_index: 0,
      item: { type: 'message', id: 'msg_1', status: 'in_progress', role: 'assistant', content: [] },
    }),
    next('response.content_part.added', {
      item_id: 'msg_1',
      output_index: 0,
      content_index: 0,
      part: { type: 'output_text', text: '', annotations: [] },
    }),
    ...words.map((delta) =>
      next('response.output_text.delta', { item_id: 'msg_1', output_index: 0, content_index: 0, delta }),
    ),
    next('response.output_text.done', {
      item_id: 'msg_1',
      output_index: 0,
      content_index: 0,
      text: words.join(''),
    }),
    next(type, { response: response(usage, { status: type.slice('response.'.length) }) }),
  ];
}

/// One row per endpoint: what is sent (odd on purpose), what comes back, what it costs in nano-USD
/// at the prices of endpoints.test.mjs, and how the ledger words it.
export const endpoints = [
  {
    name: 'chat/completions',
    body: '{ "model":"test-model","seed":9007199254740993,"messages":[{"role":"user","content":"\\u00e9 \\/"}],"max_tokens":20 }',
    reply: '{"id":"x","choices":[],"n":1e-7, "usage":{"prompt_tokens":20,"completion_tokens":10,"total_tokens":30}}\n',
    tokens: { input: 20, output: 10 },
    cost: 120_000,
  },
  {
    name: 'completions',
    body: '{"prompt":[[1,2,3],[4]],"model":"test-model" ,"n":2,"max_tokens":5,"x":1.0}',
    reply: '{"choices":[{"text":"\\u00e9"}],"usage":{"prompt_tokens":4,"completion_tokens":20,"total_tokens":24} }',
    tokens: { input: 4, output: 20 },
    cost: 204_000,
  },
  {
    name: 'embeddings',
    body: '{"input":["a","b\\n"],"model":"test-model","encoding_format":"base64","n":"not ours"}',
    reply: '{"data":[{"embedding":"AACAPw=="}],"usage":{"prompt_tokens":8,"total_tokens":8}}',
    tokens: { input: 8 },
    cost: 8_000,
  },
  {
    name: 'responses',
    body: ' {"model":"test-model","input":[{"role":"user","content":"x"}],"max_output_tokens":20,"n":"not ours"}',
    reply: JSON.stringify(response(responseUsage), null, 1),
    tokens: { input: 12, cached_input: 8, output: 6, reasoning: 4 },
    cost: 120_000,
  },
  {
    name: 'moderations',
    body: '{"model":"test-model","input":["a",{"type":"text","text":"b"}]}',
    reply: '{"id":"modr-1","results":[{"flagged":false}],"usage":{"prompt_tokens":3,"total_tokens":3}}',
    tokens: { input: 3 },
    cost: 3_000,
  },
  {
    name: 'images/generations',
    model: 'paint',
    body: '{"model":"paint","prompt":"a cat","n":2,"size":"1024x1024"}',
    reply: '{"created":1,"data":[{"url":"https://x/1"},{"url":"https://x/2"}]}',
    tokens: {},
    cost: 80_000_000,
  },
  {
    name: 'audio/speech',
    model: 'voice',
    body: '{"model":"voice","input":"h\\u00e9llo","voice":"alloy"}',
    reply: pcm,
    type: 'audio/pcm',
    tokens: {},
    cost: 75_000,
  },
  {
    name: 'rerank',
    body: '{"model":"test-model","query":"why","documents":["a","b"],"top_n":1}',
    reply: '{"results":[{"index":1,"relevance_score":0.5e0}],"usage":{"total_tokens":12}}',
    tokens: { input: 12 },
    cost: 12_000,
  },
];
