#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "tests/double/faults.hpp"

// What the double says: a pure function of the request, the same whatever protocol asked. The README has the rules.
namespace atelier::doubles {

struct Tool {
  std::string name;
  json::Value schema;
  bool is_custom = false;  // takes free text
};

// A picture, sound or document of the last user turn.
struct Medium {
  std::string kind;  // image, audio, file
  std::string type;  // image/png
  std::size_t size_bytes = 0;
  std::string url;  // when it is only named
};

struct ToolResult {
  std::string name;
  std::string text;
  bool is_error = false;
};

// What a request asks for, without its protocol.
struct Wish {
  enum class Choice : std::uint8_t { automatic, none, required, named };

  std::string text;                 // of the last user turn
  std::vector<Medium> media;        // of the last user turn
  std::vector<ToolResult> results;  // when the conversation ends with them
  std::vector<Tool> tools;
  Choice choice = Choice::automatic;
  std::string chosen;                // the named tool
  std::vector<std::string> allowed;  // empty: all
  bool is_parallel = true;
  bool wants_json = false;
  json::Value schema;  // of the answer; null: none
  bool wants_reasoning = false;
  std::string prefill;  // what the assistant has begun to say
  std::vector<std::string> stops;
  std::int64_t tokens_max = 0;  // 0: no limit
  std::int64_t input_tokens = 0;
};

enum class Finish : std::uint8_t { stop, stop_sequence, length, tool_calls, content_filter, refusal };

struct ToolCall {
  std::string name;
  std::string arguments;  // JSON text, or a custom tool's free text
  bool is_custom = false;
};

struct Tokens {
  std::int64_t input = 0;  // all of it, cached or not
  std::int64_t cached_read = 0, cached_write = 0;
  std::int64_t reasoning = 0;
  std::int64_t output = 0;  // without reasoning
};

struct Said {
  std::vector<std::string> reasoning;  // tokens
  bool has_redacted = false;
  std::vector<std::string> text;  // tokens; a refusal's are here too
  std::vector<ToolCall> calls;
  Finish finish = Finish::stop;
  std::string stop_sequence;
  Tokens tokens;

  std::string whole_text() const;
  std::string whole_reasoning() const;
};

// Set by load mode: what is said whatever is asked.
inline constexpr std::string_view kLoadText = "load-text";
// "[stamps n]" says n tokens with this in them, in whose place load mode puts the time.
inline constexpr std::string_view kStampPlace = "0000000000000000000";

// `choice` is the index among n answers.
Said say(const Wish& wish, const Faults& faults, int choice = 0);

// Words with the white space before them; long ones in pieces of 16 characters. Together they are the text.
std::vector<std::string> tokens_of(std::string_view text);
std::int64_t count_tokens(std::string_view text);
std::size_t count_characters(std::string_view text);  // of Unicode

// The value of "[name value]" in a text; "" for "[name]"; nullopt when it is not there.
std::optional<std::string> directive(std::string_view text, std::string_view name);

// Pieces of a text of about this many bytes, at UTF-8 boundaries: how arguments are streamed.
std::vector<std::string> fragments_of(std::string_view text, std::size_t size_bytes = 12);

}  // namespace atelier::doubles
