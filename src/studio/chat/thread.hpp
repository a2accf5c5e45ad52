#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "store/chat/threads.hpp"
#include "studio/chat/message.hpp"

namespace atelier::studio {

inline constexpr std::size_t kThreadTitleBytesMax = 300;
inline constexpr std::size_t kSystemBytesMax = 1 << 20;
inline constexpr std::size_t kThreadTagsMax = 50;
inline constexpr std::size_t kTagBytesMax = 100;
inline constexpr std::size_t kModelNameBytesMax = 300;
inline constexpr std::size_t kThreadToolsMax = 64;

// How a thread's model is asked. What is not set is the model's own.
struct ChatParameters {
  std::optional<double> temperature = {}, top_p = {};
  std::optional<std::int64_t> max_tokens = {};
  std::string reasoning_effort = {};    // "": the model's own
  std::vector<std::string> tools = {};  // by name: what its model may call, once it was allowed
  // The model or route that summarises what does not fit; "": none. Not set: the studio's.
  std::optional<std::string> summarise_with = {};
};
// Errors name the field, under `where`.
Result<ChatParameters> parse_chat_parameters(const json::Value& value, std::string where);
json::Value to_json(const ChatParameters& parameters);

Result<std::vector<std::string>> parse_tags(const json::Array& tags, std::string_view where);

// As the API tells it (src/api/README.md).
json::Value to_json(const store::ThreadRow& thread);
json::Value to_json(const store::FolderRow& folder);

// A thread with what its page shows first.
struct ThreadView {
  store::ThreadRow row;
  std::vector<ThreadMessage> messages;  // the last of the branch that ends at the head, oldest first
  std::vector<store::TreePlace> shape;  // of all, by number from 1
};
json::Value to_json(const ThreadView& view);

// The first words of what was said, as a title: of one line, cut between words.
std::string title_of_words(std::string_view text);

}  // namespace atelier::studio
