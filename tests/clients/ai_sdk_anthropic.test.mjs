// The AI SDK with @ai-sdk/anthropic.
import { createAnthropic } from '@ai-sdk/anthropic';

import { testProvider } from './support/ai_sdk.mjs';
import { startPrograms } from './support/setup.mjs';

const { atelier } = await startPrograms();
const anthropic = createAnthropic({ baseURL: `${atelier.url}/v1`, apiKey: 'unused' });

testProvider({
  name: '@ai-sdk/anthropic',
  make: (model) => anthropic(model),
  thinking: { anthropic: { thinking: { type: 'adaptive', display: 'summarized' }, effort: 'low' } },
});
