// The words for kinds and roles, each named so that one which is missing is found.
import type { GenerationState, InputRole, MediaKind } from '$lib/api/generation-types';
import type { Word } from './words';

export const MAKE: Readonly<Record<MediaKind, Word>> = {
  image: 'make.image', upscale: 'make.upscale', speech: 'make.speech', sound: 'make.sound', music: 'make.music', transcription: 'make.transcription', video: 'make.video',
};
export const PROMPT: Readonly<Record<MediaKind, Word>> = {
  image: 'prompt.image', upscale: 'prompt.any', speech: 'prompt.speech', sound: 'prompt.sound', music: 'prompt.music', transcription: 'prompt.any', video: 'prompt.video',
};
export const ROLE: Readonly<Record<InputRole, Word>> = {
  reference: 'input.reference', mask: 'input.mask', first_frame: 'input.first', last_frame: 'input.last', recording: 'input.recording',
};
export const ADD: Readonly<Record<InputRole, Word>> = {
  reference: 'input.addReference', mask: 'input.mask', first_frame: 'input.addFirst', last_frame: 'input.addLast', recording: 'input.addRecording',
};
export const STATE: Readonly<Record<GenerationState, Word>> = {
  running: 'made.running', succeeded: 'made.succeeded', failed: 'made.failed', cancelled: 'made.cancelled', unknown: 'made.unknown',
};
// Each by itself, and the room it is made in, which is its pigment too.
export const KIND: Readonly<Record<MediaKind, Word>> = {
  image: 'kind.image', upscale: 'kind.upscale', speech: 'audio.speech', sound: 'audio.sound', music: 'audio.music', transcription: 'kind.transcription', video: 'kind.video',
};
export const ROOM: Readonly<Record<MediaKind, 'image' | 'audio' | 'video'>> = { image: 'image', upscale: 'image', speech: 'audio', sound: 'audio', music: 'audio', transcription: 'audio', video: 'video' };
// Where nothing is configured that makes it, and nothing was made.
export const NO_MODEL: Readonly<Record<MediaKind, Word>> = {
  image: 'none.image', upscale: 'none.image', speech: 'none.speech', sound: 'none.sound', music: 'none.music', transcription: 'none.transcription', video: 'none.video',
};
