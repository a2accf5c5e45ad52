import { browserStorage } from './drafts';

const KEY = 'atelier.voice';
const storage = browserStorage();

// Whether the chat's box listens when asked to. Off until a person turns it on: the browser may send the sound to its maker.
class VoiceSetting {
  isOn = $state(storage.getItem(KEY) === 'on');

  set(isOn: boolean): void {
    this.isOn = isOn;
    try {
      if (isOn) storage.setItem(KEY, 'on');
      else storage.removeItem(KEY);
    } catch {
      // Kept for this visit only.
    }
  }
}
export const voice = new VoiceSetting();
// Not on an origin that is not secure: there is no microphone there.
export const canListen = (): boolean => globalThis.isSecureContext && ('SpeechRecognition' in globalThis || 'webkitSpeechRecognition' in globalThis);
