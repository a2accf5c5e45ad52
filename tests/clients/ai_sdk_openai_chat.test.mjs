// The AI SDK with @ai-sdk/openai's chat. It shows no thoughts, and sends none back.
import { createOpenAI } from '@ai-sdk/openai';

import { testProvider } from './support/ai_sdk.mjs';
import { startPrograms } from './support/setup.mjs';

const { atelier } = await startPrograms();
const openai = createOpenAI({ baseURL: atelier.openaiUrl, apiKey: 'unused' });

testProvider({
  name: '@ai-sdk/openai, chat',
  make: (model) => openai.chat(model),
  thinking: { openai: { forceReasoning: true, reasoningEffort: 'low' } },
  showsThoughts: false,
});
