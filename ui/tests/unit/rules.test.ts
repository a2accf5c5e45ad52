import { expect, it } from 'vitest';
import { lint } from '../../tools/lint.mjs';

it('the sources keep the rules of the page', () => {
  expect((lint as () => string[])()).toEqual([]);
});
