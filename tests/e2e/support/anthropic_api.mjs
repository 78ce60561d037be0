// A provider that answers as Anthropic's API does. What it says is fixed, as in openai_api.mjs.
import { named } from './events.mjs';
import { answer, place, words } from './openai_api.mjs';

export { answer, place };

export const messageUsage = {
  input_tokens: 12,
  cache_creation_input_tokens: 5,
  cache_read_input_tokens: 8,
  cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 0 },
  output_tokens: 10,
  service_tier: 'standard',
};
/// nano-USD of that at 1, 1.25 (cache write), 0.1 (cache read) and 10 USD per million tokens.
export const messageCost = 12_000 + 6_250 + 800 + 100_000;

function contentOf(body) {
  const last = body.messages.at(-1).content;
  const hasResult = Array.isArray(last) && last.some((block) => block.type === 'tool_result');
  if (body.tools && !hasResult) {
    return {
      stop: 'tool_use',
      content: [{ type: 'tool_use', id: 'toolu_01Qm', name: body.tools[0].name, input: place }],
    };
  }
  const text = body.output_config?.format ? JSON.stringify(place) : answer;
  const thinking = body.thinking ? [{ type: 'thinking', thinking: 'Mild, surely.', signature: 'c2ln' }] : [];
  return { stop: 'end_turn', content: [...thinking, { type: 'text', text }] };
}

/// The events of a block: its start, the pieces of it, its end.
function blockEvents(block, index) {
  const delta = (fields) => named('content_block_delta', { index, delta: fields });
  const opened = (empty) => named('content_block_start', { index, content_block: { ...block, ...empty } });
  const closed = named('content_block_stop', { index });
  if (block.type === 'tool_use') {
    const parts = JSON.stringify(block.input).match(/.{1,6}/gsu);
    return [
      opened({ input: {} }),
      ...parts.map((partial_json) => delta({ type: 'input_json_delta', partial_json })),
      closed,
    ];
  }
  const parts = block.text === answer ? words : block.text.match(/.{1,6}/gsu);
  return [opened({ text: '' }), ...parts.map((text) => delta({ type: 'text_delta', text })), closed];
}

export function anthropicApi() {
  return async (exchange) => {
    const body = exchange.json;
    const headers = { 'request-id': 'req_provider_3', 'anthropic-organization-id': 'org-provider' };
    if (exchange.target.split('?')[0].endsWith('/count_tokens'))
      return exchange.reply(200, { input_tokens: 14 }, headers);
    const { stop, content } = contentOf(body);
    const message = {
      id: 'msg_01Qm',
      type: 'message',
      role: 'assistant',
      model: body.model,
      stop_sequence: null,
    };
    if (!body.stream) {
      return exchange.reply(200, { ...message, content, stop_reason: stop, usage: messageUsage }, headers);
    }
    const begun = {
      ...message,
      content: [],
      stop_reason: null,
      usage: { ...messageUsage, output_tokens: 1 },
    };
    await exchange.begin(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8' });
    await exchange.chunk(named('message_start', { message: begun }));
    await exchange.chunk(named('ping', {}));
    for (const event of content.flatMap(blockEvents)) await exchange.chunk(event);
    const delta = { stop_reason: stop, stop_sequence: null };
    await exchange.chunk(
      named('message_delta', { delta, usage: { output_tokens: messageUsage.output_tokens } }),
    );
    await exchange.chunk(named('message_stop', {}));
    return exchange.finish();
  };
}
