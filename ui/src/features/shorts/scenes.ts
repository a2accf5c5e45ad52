// Scenes as the page shows them: the server's, with what was typed since laid over.
import type { Production, Scene } from '$lib/api/types';
import { takeOut } from '$lib/story/pictures';
import { estimateMs, scenesOf } from '$lib/story/split';

// Words as spoken: the server takes Markdown's marks out, which are still there while someone types.
const words = (text: string): string => text.replace(/[*_`\\[\]()#>~]/g, '').replace(/\s+/g, ' ').trim();
const isSameText = (a: string, b: string): boolean => a === b || words(a) === words(b);

// The asset a scene stands before, when one was chosen for it.
export const pictureOf = ({ background }: Pick<Scene, 'background'>): string | null => (background && 'asset_id' in background ? background.asset_id : null);

// Whether a story has the scenes that a production has: the server keeps scenes, and writes the story anew.
export function hasScenesOf(story: string, production: Production): boolean {
  const texts = scenesOf(story);
  const { pictures } = takeOut(story);
  return texts.length === production.scenes.length && production.scenes.every((scene, index) => isSameText(texts[index]!, scene.text) && pictures[index] === pictureOf(scene));
}

export interface SceneView {
  key: string; // stable while the scene lives
  index: number;
  text: string;
  scene: Scene | null; // none before it is saved
  picture: string | null; // an asset's id
  isRendered: boolean;
  durationMs: number;
  isEstimate: boolean;
}

function viewOf(index: number, text: string, scene: Scene | null, picture: string | null, speed: number): SceneView {
  const isSame = scene !== null && isSameText(scene.text, text) && pictureOf(scene) === picture;
  const measured = isSame && scene.is_rendered ? scene.duration_ms : null;
  return {
    key: scene?.id ?? `new-${index}`,
    index,
    text,
    scene,
    picture,
    isRendered: isSame && scene.is_rendered,
    durationMs: measured ?? estimateMs(text, speed),
    isEstimate: measured === null,
  };
}

export function sceneViews(production: Production, story: string, isDirty: boolean): SceneView[] {
  const { speed } = production.settings;
  if (!isDirty) return production.scenes.map((scene, index) => viewOf(index, scene.text, scene, pictureOf(scene), speed));
  const texts = scenesOf(story);
  const { pictures } = takeOut(story);
  const left = production.scenes.slice();
  // First those whose words stand; then, where the number is the same, the edited one in its place.
  const found: (Scene | null)[] = texts.map((text) => {
    const at = left.findIndex((scene) => isSameText(scene.text, text));
    return at < 0 ? null : left.splice(at, 1)[0]!;
  });
  return texts.map((text, index) => {
    const same = found[index];
    const edited = texts.length === production.scenes.length ? left.find((scene) => scene.index === index) : undefined;
    return viewOf(index, text, same ?? edited ?? null, pictures[index] ?? null, speed);
  });
}

// What a scene's picture depends on: while this stands, so does the picture.
export function pictureKey(production: Production, scene: Scene): string {
  const { size, fps, language, caption_style, background, voice, speed } = production.settings;
  return JSON.stringify([scene.text, scene.seed, scene.background ?? background, size, fps, language, caption_style, scene.voice ?? voice, speed]);
}
