// The AI SDK with @ai-sdk/openai-compatible.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';

import { testProvider } from './support/ai_sdk.mjs';
import { startPrograms } from './support/setup.mjs';

const { atelier } = await startPrograms();
const compatible = createOpenAICompatible({
  name: 'atelier',
  baseURL: atelier.openaiUrl,
  apiKey: 'unused',
  includeUsage: true,
  supportsStructuredOutputs: true,
});

testProvider({
  name: '@ai-sdk/openai-compatible',
  make: (model) => compatible(model),
  thinking: { atelier: { reasoningEffort: 'low' } },
});
