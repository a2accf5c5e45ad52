#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "studio/chat/message.hpp"

// Threads that come from elsewhere, and threads that leave. Pure translation: no database, no socket, no clock.
//
// What is read, as far as it is known from outside (none of the three promises its shape):
//   ChatGPT      conversations.json of its data export, as seen from 2023 to August 2026
//   Open WebUI   "Export chats" as JSON, 0.3 (2024) to 0.8 (2026): text with <details> blocks, or `output` items
//   LibreChat    "Export conversation" as JSON, 0.7 (2024) to 0.8 (2026): recursive or flat, `text` or `content`
//   our own      to_export_json(): one thread, or a list of them
namespace atelier::studio {

inline constexpr std::size_t kExportBytesMax = 256 << 20;
inline constexpr std::size_t kThreadMessagesMax = 100'000;

struct ImportedThread {
  std::string title = {};   // "": it had none
  std::string system = {};  // prompt
  std::string model = {};   // as the export names it; "": it does not say
  std::vector<std::string> tags = {};
  bool is_pinned = false, is_archived = false;
  UnixMs created_ms = 0, used_ms = 0;  // 0: the export does not say
  std::int64_t head = 0;               // the leaf that is shown; 0: there are no messages
  // Numbered 1, 2, 3, ..., so that each parent's number is lower. All within the limits of message.hpp, none of them
  // being answered. Ids of assets are what the file says: whether they are the reader's own is the caller's to check.
  std::vector<ThreadMessage> messages = {};
};

// Something in the file that was not taken, or not as it stood there.
struct Skipped {
  std::string where;  // JSON pointer
  std::string reason;
};

struct Import {
  std::vector<ImportedThread> threads = {};
  std::vector<Skipped> skipped = {};  // at most kSkippedMax, and then one that says how many more there were
};
inline constexpr std::size_t kSkippedMax = 1'000;

// Recognises the product by what is in the file. Refuses as a whole what is over kExportBytesMax, no JSON
// ("export_invalid"), or none of the four ("export_unknown"); anything smaller that cannot be read is in `skipped`.
//
// Threads keep their whole tree. Left out without mention is what its product shows nobody either: hidden and empty
// messages, whose children then follow what came before. One answer that ChatGPT keeps as several messages (thoughts,
// calls of tools, their results, text) is one here. Pictures and files are not in any of these exports: a line of text
// says what stood there.
Result<Import> read_export(std::string_view bytes);

// The shown branch, for people: everything that was said, and who said it when.
std::string to_markdown(const ImportedThread& thread);

// All of the tree; read_export() of it gives the same thread. An answer that is still being made is "interrupted"
// there.
json::Value to_export_json(const ImportedThread& thread);

}  // namespace atelier::studio
