#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "model/chat.hpp"
#include "model/price/money.hpp"
#include "store/chat/messages.hpp"

// What is said in threads.
namespace atelier::studio {

inline constexpr std::size_t kMessagePartsMax = 1'000;
inline constexpr std::size_t kPartBytesMax = 4 << 20;     // of one text
inline constexpr std::size_t kMessageBytesMax = 8 << 20;  // of all its parts, as JSON

enum class MessageRole : std::uint8_t { user, assistant, system };
enum class MessageState : std::uint8_t {
  complete,
  queued,       // an answer that waits until the one before it has ended
  answering,    // an answer that is being made
  waiting,      // an answer that goes on once its reader has said which of the model's calls are allowed
  stopped,      // by its reader
  interrupted,  // the server went away while it was made
  failed,       // its last part is the error
};
std::string_view to_string(MessageRole role) noexcept;
std::string_view to_string(MessageState state) noexcept;
std::optional<MessageRole> parse_message_role(std::string_view text) noexcept;
std::optional<MessageState> parse_message_state(std::string_view text) noexcept;

namespace part {
struct Text {
  std::string text;
};
struct Reasoning {
  std::string text;
  // What its provider must get back with it while the model waits for what its calls gave, as model::Reasoning has it.
  std::string signature = {}, origin = {}, thought_id = {};
  bool is_redacted = false;
};
struct Image {
  AssetId asset;
  std::int64_t tokens = 0;  // about, as it is sent; 0: not known
};
struct File {
  AssetId asset;
  std::string name, media_type;
  std::int64_t tokens = 0;  // as of an Image
};
enum class Approval : std::uint8_t {
  none,     // nobody looked at it yet
  waiting,  // for its reader
  allowed,  // by its reader, now or before
  denied,
};
struct ToolCall {
  std::string id, name;   // no two of a message have the same id
  std::string arguments;  // JSON as the model wrote it
  // Once it was looked at: the tool's title, and what the call will do, in words for its reader. Empty: it never was.
  std::string title = {}, effect = {};
  Approval approval = Approval::none;
  std::string signature = {};  // as of a Reasoning
};
struct ToolResult {
  std::string id;  // of the call
  std::string name, text;
  bool is_error = false;
};
struct Failure {
  std::string code, message;
};
struct Citation {
  std::string title, url;
};
}  // namespace part
using MessagePart = std::variant<part::Text, part::Reasoning, part::Image, part::File, part::ToolCall, part::ToolResult,
                                 part::Failure, part::Citation>;

// How an answer came to be.
struct AnswerReport {
  std::string candidate, provider, model;  // that really served it; empty: none did
  std::optional<model::Usage> usage = {};
  std::optional<model::Picodollars> cost = {};
  std::optional<std::int64_t> first_token_ms = {}, total_ms = {};
  std::string finish = {};  // "stop", "length", ...; empty: it did not come to its end
  // Where the model was not sent all of the branch: the first message it was sent as it is (0: it was sent all), and
  // the message up to which a summary stood before that (0: none did).
  std::int64_t context_from = 0, summarised_upto = 0;
  std::vector<std::string> suggestions = {};  // what might be said next; empty: nobody asked for any
};

struct ThreadMessage {
  std::int64_t number = 0;  // its address in the thread: from 1, in the order they were added
  std::int64_t parent = 0;  // 0: begins the thread; always lower than the number
  MessageRole role = MessageRole::user;
  MessageState state = MessageState::complete;
  std::vector<MessagePart> parts;
  std::int64_t seq = 0;  // of the last delta in `parts`, while it is being answered
  std::string model = {};
  AnswerReport report = {};
  UnixMs created_ms = 0;
};

// As the API tells it (src/api/README.md).
json::Value to_json(const ThreadMessage& message);
json::Value to_json(const MessagePart& part);
// What a caller wants said: texts, images and files in a user's message, anything in an imported one. `where` is the
// JSON pointer of the list. Errors name the part.
enum class PartsFrom : std::uint8_t { user, import };
Result<std::vector<MessagePart>> parse_parts(const json::Array& parts, std::string_view where, PartsFrom from);

// Its row, and back. What stands in a row was checked when it was written.
store::MessageRow to_row(const ThreadMessage& message, ThreadId thread, UserId owner);
Result<ThreadMessage> from_row(const store::MessageRow& row);

// All its texts, one after another: for titles and searching.
std::string text_of(const ThreadMessage& message);
// About how many tokens they are: four bytes each, attachments as they were found to be, or a thousand.
std::int64_t estimate_tokens(const std::vector<MessagePart>& parts) noexcept;

// About what they are as JSON: what limits and files are measured by.
std::size_t size_bytes(const std::vector<MessagePart>& parts) noexcept;

// What an answer said anew: text to put behind that of the part at `at`, which begins there if there is none.
struct PartDelta {
  std::size_t at = 0;
  MessagePart piece;  // Text, Reasoning, ToolCall or ToolResult; whole, with what came now
};
json::Value to_json(const PartDelta& delta);
// With what is not told of it, such as signatures: for the database.
json::Value stored(const PartDelta& delta);
Result<PartDelta> parse_part_delta(const json::Value& delta);
void append(std::vector<MessagePart>& parts, const PartDelta& delta);
// What texts, reasonings and tool calls have beyond `seen`, the bytes that were seen of each part by its place; a part
// that is not in `seen` is there even where it is empty. Results of tools are parts that come whole.
std::vector<PartDelta> said_beyond(const std::vector<MessagePart>& parts, const std::vector<std::size_t>& seen);
// Of one: bytes of its text or arguments.
std::size_t said_bytes(const MessagePart& piece) noexcept;

}  // namespace atelier::studio
