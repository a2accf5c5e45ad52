// The tabs that are not shown first, in one file of their own.
export { default as BackgroundTab } from './BackgroundTab.svelte';
export { default as CaptionsTab } from './CaptionsTab.svelte';
export { default as ExportTab } from './ExportTab.svelte';
export { default as VoiceTab } from './VoiceTab.svelte';
