// What shows what is kept for when there is no network, fetched together.
import Note from './KeptNote.svelte';
import List from './UnsavedList.svelte';

export { List, Note };
export interface KeptViews {
  List: typeof List;
  Note: typeof Note;
}
