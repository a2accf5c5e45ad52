#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What a client of each protocol sends and makes of the answer: for tests of the double, and of whatever stands before
// it. Written after the protocols' references and from no code of the product, and strict where a client has a reason
// to be.
namespace atelier::doubles {

enum class Wire : std::uint8_t { openai_chat, openai_responses, anthropic, gemini, ollama };
std::string_view to_string(Wire wire) noexcept;
std::span<const Wire> all_wires() noexcept;

struct Asked {
  std::string path;    // below the root of a double that stands for all
  std::string fields;  // of the head, each with its line end: the key and what else the protocol wants
  std::string body;
};

enum class Delivery : std::uint8_t { whole, streamed };
// One user message. `more` are further members of the body, each after a comma; `prompt` is JSON text without its
// quotes.
Asked ask(Wire wire, std::string_view model, std::string_view prompt, Delivery delivery, std::string_view more = "");
// The same body, the conversation ending with words of the assistant's.
Asked ask_prefilled(Wire wire, std::string_view model, std::string_view prompt, std::string_view prefill,
                    Delivery delivery);

// Of the first choice.
struct Heard {
  std::string text;
  std::string reasoning;
  struct Call {
    std::string id, name, arguments;
  };
  std::vector<Call> calls;
  std::string finish;                                // why it ended, in the protocol's own word; empty: nobody said
  std::size_t start_count = 0;                       // what opens a stream
  std::set<std::string> ids;                         // of the answer: one, if it is one
  std::size_t end_count = 0;                         // what a stream ends with when it is whole; 1 for a whole answer
  std::size_t usage_count = 0;                       // how often it was told
  std::int64_t input_tokens = 0, output_tokens = 0;  // as the last of them has it
  std::vector<std::string> errors;                   // messages
  std::vector<std::string> complaints;               // where the protocol was broken

  bool is_whole() const { return end_count == 1 && !finish.empty() && errors.empty() && complaints.empty(); }
  // One explicit error, and no sign of a whole answer.
  bool is_error() const { return errors.size() == 1 && end_count == 0 && complaints.empty(); }
  std::string describe() const;
};
Heard hear(Wire wire, Delivery delivery, std::string_view body);

}  // namespace atelier::doubles
