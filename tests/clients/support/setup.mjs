import { after } from 'node:test';

import { Atelier, ProviderDouble } from './programs.mjs';

/** Starts both programs for the tests of a file, and ends them after the last. */
export async function startPrograms(options) {
  const double = await ProviderDouble.start();
  let atelier;
  after(async () => {
    try {
      await atelier?.stop();
    } finally {
      await double.stop();
    }
  });
  atelier = await Atelier.start(double, options);
  return { double, atelier };
}
