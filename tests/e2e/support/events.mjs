// Event streams as text.

export const data = (text, end = '\n\n') => `data: ${text}${end}`;
export const done = data('[DONE]');
export const named = (type, fields) => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
