#pragma once

#include <string_view>
#include <vector>

#include "model/chat.hpp"
#include "model/provider/openai_parts.hpp"

// Chat's message of the role assistant: in answers, and in requests as what was said before.
namespace atelier::model::openai {

// Reads leniently: text as a string or a list, thoughts under every name that servers give them.
std::vector<Part> read_assistant(const json::Object& message, bool has_think_tags);
// The fields read_assistant() understands, but for role and name.
bool is_assistant_field(std::string_view name) noexcept;

struct AssistantForm {
  bool is_answer = false;              // content is one string, and fields that answers always have are there
  bool has_reasoning_text = false;     // reasoning_content
  bool has_reasoning_details = false;  // and signatures on calls
  ExtraForm extra = {};                // of parts; to the same protocol images and annotations go too
};
// Adds content, refusal, tool_calls and what else the form has. Foreign parts of chat are put among the content.
void write_assistant(const std::vector<Part>& parts, const AssistantForm& form, json::Object& message);

// A thought that stands in the text as <think>...</think>, in front of it. Fed with any pieces of a text.
class ThinkSplitter {
 public:
  struct Pieces {
    std::string thought, said;
  };
  Pieces feed(std::string_view text);
  // What was held back in case it became a tag.
  Pieces end();

 private:
  enum class State : std::uint8_t { before, thinking, after_tag, said };
  State state_ = State::before;
  std::string held_;
};

}  // namespace atelier::model::openai
