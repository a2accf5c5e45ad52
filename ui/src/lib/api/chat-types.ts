// The chat's shapes, by hand. Times are RFC 3339; money is decimal text, in dollars.

export type MessageState = 'complete' | 'queued' | 'answering' | 'waiting' | 'stopped' | 'interrupted' | 'failed';
export type MessageRole = 'user' | 'assistant' | 'system';

export type Part =
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string }
  | { type: 'image'; asset_id: string }
  | { type: 'file'; asset_id: string; name: string; media_type: string }
  | { type: 'tool_call'; id: string; name: string; arguments: string; title?: string; effect?: string; approval?: 'waiting' | 'allowed' | 'denied' }
  | { type: 'tool_result'; id: string; name: string; text: string; is_error: boolean }
  | { type: 'error'; code: string; message: string }
  | { type: 'citation'; title: string; url: string };

export interface ThreadParameters {
  temperature?: number;
  top_p?: number;
  max_tokens?: number;
  tools?: string[]; // names of those its model may call
  summarise_with?: string;
  reasoning_effort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';
}

export interface Thread {
  id: string;
  title: string;
  has_own_title: boolean; // false: named by its first words
  model: string; // '' where none was chosen
  system: string;
  parameters: ThreadParameters;
  folder: string | null;
  tags: string[];
  is_pinned: boolean;
  is_archived: boolean;
  is_temporary: boolean;
  expires_at: string | null;
  head: number; // the last message of the branch that is shown; 0: empty
  message_count: number;
  state: 'idle' | 'answering';
  revision: number;
  created_at: string;
  used_at: string;
}

export interface Folder {
  id: string;
  name: string;
  place: number;
}

export interface ThreadChange {
  title?: string;
  model?: string;
  system?: string;
  parameters?: ThreadParameters;
  folder?: string | null;
  tags?: string[];
  is_pinned?: boolean;
  is_archived?: boolean;
  head?: number;
}

export interface MessageUsage {
  input: number;
  cached_read: number;
  cached_write: number;
  output: number; // without reasoning
  reasoning: number;
}

export interface Message {
  number: number; // from 1, in the order added: its address in the thread
  parent: number; // 0: none
  role: MessageRole;
  state: MessageState;
  parts: Part[];
  seq: number; // of the last delta that is in `parts`
  model: string; // as asked for
  served: { candidate: string; provider: string; model: string } | null;
  usage: MessageUsage | null;
  cost: string | null; // null where nobody knows
  first_token_ms: number | null;
  total_ms: number | null;
  // What its model was sent, where that was not all of the branch: the first message that it was sent as it is, and up to which
  // one a summary stood before that.
  context?: { from: number; summarised_upto: number | null };
  suggestions?: string[]; // what might be said next, where somebody asked for that
  finish: string | null; // 'stop', 'length', 'tool_calls', 'content_filter', 'refusal'
  created_at: string;
}

// The whole tree without its texts: entry i is of message i + 1.
export interface Shape {
  parents: number[];
  roles: string; // 'u', 'a' or 's' for each
}

export interface ThreadPage {
  thread: Thread;
  messages: Message[]; // the end of the branch that is shown, oldest first
  shape: Shape;
}

// Of the messages up to one, in place of which it is sent.
export interface Summary {
  upto: number;
  text: string;
  model: string;
  created_at: string;
}

export interface SentMessages {
  messages: Message[];
  thread: Thread;
}

// What came in from another product's file, and what of it could not.
export interface ImportedThreads {
  threads: Thread[];
  skipped: { where: string; reason: string }[];
}

// A message that has the words looked for; `hits` are their places in the snippet, as JavaScript counts.
export interface SearchHit {
  thread: string;
  title: string;
  number: number;
  role: MessageRole;
  created_at: string;
  snippet: string;
  hits: { at: number; length: number }[];
}
export interface SearchAnswer {
  items: SearchHit[];
  corrections: { word: string; taken_for: string[] }[];
  is_complete: boolean; // false: older messages may be missing
}

// What an answer has grown by. `seq` counts a message's deltas from 1.
export interface MessageDelta {
  thread: string;
  number: number;
  seq: number;
  parts: PartDelta[];
}
// Text behind that of the part at `at`, which begins there if there is none. Results come whole; of a call the text is its arguments.
export type PartDelta = { at: number; text: string } & (
  | { type: 'text' | 'reasoning' }
  | { type: 'tool_call'; id: string; name: string; title?: string; effect?: string; approval?: 'waiting' | 'allowed' | 'denied' }
  | { type: 'tool_result'; id: string; name: string; is_error: boolean }
);

// `parts` is null where they are too long for an event: the message is to be read.
export type ToldMessage = Omit<Message, 'parts'> & { parts: Part[] | null };

export type ChatEvent =
  | { type: 'thread.changed'; data: Thread }
  | { type: 'thread.deleted'; data: { id: string } }
  | { type: 'folder.changed'; data: Folder }
  | { type: 'folder.deleted'; data: { id: string } }
  | { type: 'message.changed'; data: { thread: string; message: ToldMessage } }
  | { type: 'message.delta'; data: MessageDelta };
