// Stories to begin with. Each is short enough to be a video within a minute.
import { t } from './words';

export interface Example {
  id: string;
  title: string;
  story: string;
  caption_style: string;
  background: string;
}

export const examples: readonly Example[] = [
  { id: 'lighthouse', title: t('example.lighthouse.title'), story: t('example.lighthouse.story'), caption_style: 'spotlight', background: 'waves' },
  { id: 'bread', title: t('example.bread.title'), story: t('example.bread.story'), caption_style: 'headline', background: 'bokeh' },
  { id: 'letter', title: t('example.letter.title'), story: t('example.letter.story'), caption_style: 'card', background: 'ink' },
];

export const firstLine = (story: string): string => story.split('\n\n')[1] ?? '';
