#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/chat.hpp"
#include "model/provider/openai_seal.hpp"

// Items of Responses: what a face writes as output an adapter reads, and what programs send back as input both know.
namespace atelier::model::openai {

// Between the pieces of a summary, as whole thoughts are joined.
inline constexpr std::string_view kSummaryBreak = "\n\n";

enum class ItemState : std::uint8_t { in_progress, completed };

// {"type":"output_text"}; annotations from the text's extra, log probabilities in chat's shape.
json::Object text_block(const Text& text, const json::Value& logprobs);
json::Object refusal_block(std::string_view text);
json::Object message_item(std::string_view id, json::Array content, const json::Object& known, ItemState state);
json::Object reasoning_item(std::string_view id, std::string_view text, std::string_view encrypted_content);
json::Object call_item(const ToolCall& call, std::string_view id, ItemState state);
json::Object image_item(const Media& media, std::string_view id);

// A thought's encrypted_content: Responses' own as it is, another's sealed; empty where there is nothing to keep.
std::string encrypted_content_of(const Reasoning& reasoning);

// Ids of items that we made where there were none; known again when they come back, and worth nothing to a provider.
std::string made_item_id(std::string_view prefix, std::string_view answer_id, std::size_t place);
bool is_made_item_id(std::string_view id) noexcept;

// What is kept of a message's item beside its parts, on each text: {"id","phase"} in extra["item"].
json::Object kept_item(const json::Object& item);
std::string_view kept_item_id(const Text& text);

// {"content":[...]} of chat from a text block's list; null where there is none.
json::Value read_logprobs(const json::Object& block);

// Reads the items of one assistant's turn, in order.
class ItemReader {
 public:
  void take(const json::Object& item);
  // The parts, with the signatures that travelled beside them given back.
  std::vector<Part> finish();
  bool is_empty() const noexcept { return parts_.empty() && for_calls_.empty(); }

 private:
  void take_message(const json::Object& item);
  void take_reasoning(const json::Object& item);

  std::vector<Part> parts_;
  std::vector<Sealed> for_calls_;
};

// Of one item alone. A seal's item has none.
Reasoning read_reasoning_item(const json::Object& item);
ToolCall read_call_item(const json::Object& item);
std::optional<Media> read_image_item(const json::Object& item);
Text read_text_block(const json::Object& block, const json::Object& item);

}  // namespace atelier::model::openai
