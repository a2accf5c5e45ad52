// Scenes as the page shows them: the server's, with what was typed since laid over.
import type { Production, Scene } from '$lib/api/types';
import { estimateMs, scenesOf } from '$lib/story/split';

// Words as spoken: the server takes Markdown's marks out, which are still there while someone types.
const words = (text: string): string => text.replace(/[*_`\\[\]()#>~]/g, '').replace(/\s+/g, ' ').trim();
const isSameText = (a: string, b: string): boolean => a === b || words(a) === words(b);

// Whether a story has the scenes that a production has: the server keeps scenes, and writes the story anew.
export function hasScenesOf(story: string, production: Production): boolean {
  const texts = scenesOf(story);
  return texts.length === production.scenes.length && texts.every((text, index) => isSameText(text, production.scenes[index]!.text));
}

export interface SceneView {
  key: string; // stable while the scene lives
  index: number;
  text: string;
  scene: Scene | null; // none before it is saved
  isRendered: boolean;
  durationMs: number;
  isEstimate: boolean;
}

function viewOf(index: number, text: string, scene: Scene | null, speed: number): SceneView {
  const isSame = scene !== null && isSameText(scene.text, text);
  const measured = isSame && scene.is_rendered ? scene.duration_ms : null;
  return {
    key: scene?.id ?? `new-${index}`,
    index,
    text,
    scene,
    isRendered: isSame && scene.is_rendered,
    durationMs: measured ?? estimateMs(text, speed),
    isEstimate: measured === null,
  };
}

export function sceneViews(production: Production, story: string, isDirty: boolean): SceneView[] {
  const { speed } = production.settings;
  if (!isDirty) return production.scenes.map((scene, index) => viewOf(index, scene.text, scene, speed));
  const texts = scenesOf(story);
  const left = production.scenes.slice();
  // First those whose words stand; then, where the number is the same, the edited one in its place.
  const found: (Scene | null)[] = texts.map((text) => {
    const at = left.findIndex((scene) => isSameText(scene.text, text));
    return at < 0 ? null : left.splice(at, 1)[0]!;
  });
  return texts.map((text, index) => {
    const same = found[index];
    const edited = texts.length === production.scenes.length ? left.find((scene) => scene.index === index) : undefined;
    return viewOf(index, text, same ?? edited ?? null, speed);
  });
}

// What a scene's picture depends on: while this stands, so does the picture.
export function pictureKey(production: Production, scene: Scene): string {
  const { size, fps, language, caption_style, background, voice, speed } = production.settings;
  return JSON.stringify([scene.text, scene.seed, scene.background ?? background, size, fps, language, caption_style, scene.voice ?? voice, speed]);
}
