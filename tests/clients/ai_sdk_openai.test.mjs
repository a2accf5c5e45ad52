// The AI SDK with @ai-sdk/openai, which calls responses unless told otherwise.
import { createOpenAI } from '@ai-sdk/openai';

import { testProvider } from './support/ai_sdk.mjs';
import { startPrograms } from './support/setup.mjs';

const { atelier } = await startPrograms();
const openai = createOpenAI({ baseURL: atelier.openaiUrl, apiKey: 'unused' });
// Its list of models that think does not know ours.
const thinking = { openai: { forceReasoning: true, reasoningEffort: 'low', reasoningSummary: 'auto', store: false } };

testProvider({
  name: '@ai-sdk/openai, responses',
  make: (model) => openai(model),
  thinking,
});
