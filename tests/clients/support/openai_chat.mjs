// What programs of OpenAI's chat do with a stream: put its chunks together.

// Pieces of one thought share its index.
function addDetail(details, piece) {
  const known = details.find(({ index, type }) => index === piece.index && type === piece.type);
  if (!known) details.push({ ...piece });
  else for (const [name, value] of Object.entries(piece)) known[name] = name === 'text' || name === 'summary' || name === 'data' ? (known[name] ?? '') + value : value;
}

/** The whole answer that a stream of chunks tells, in the shape of an unstreamed one's first choice, and its usage. */
export async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const message = { role: 'assistant', content: null };
  let finish = null;
  for (const { choices } of chunks) {
    const choice = choices.find(({ index }) => index === 0);
    if (!choice) continue;
    const { content, refusal, tool_calls: calls = [], reasoning_content: thought, reasoning_details: details = [] } = choice.delta;
    if (content) message.content = (message.content ?? '') + content;
    if (refusal) message.refusal = (message.refusal ?? '') + refusal;
    if (thought) message.reasoning_content = (message.reasoning_content ?? '') + thought;
    for (const detail of details) addDetail((message.reasoning_details ??= []), detail);
    for (const { index, ...fragment } of calls) {
      message.tool_calls ??= [];
      const call = (message.tool_calls[index] ??= { ...fragment, function: { name: '', arguments: '' } });
      Object.assign(call, { ...fragment, function: call.function });
      call.function.name += fragment.function?.name ?? '';
      call.function.arguments += fragment.function?.arguments ?? '';
    }
    finish = choice.finish_reason ?? finish;
  }
  return { chunks, message, finish, usage: chunks.findLast((chunk) => chunk.usage)?.usage };
}

export const functionTool = (name, parameters) => ({ type: 'function', function: { name, description: `The ${name}.`, parameters } });
