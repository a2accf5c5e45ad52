export type Theme = 'system' | 'light' | 'dark';
const KEY = 'atelier.theme';

// How the page looks: kept by the browser, read by the boot script before the first paint.
class Look {
  theme = $state<Theme>('system');

  load(): void {
    const set = document.documentElement.dataset['theme'];
    this.theme = set === 'light' || set === 'dark' ? set : 'system';
  }
  set(theme: Theme): void {
    this.theme = theme;
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
    try {
      if (theme === 'system') localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, theme);
    } catch {
      // Kept for this visit only.
    }
  }
}
export const look = new Look();
