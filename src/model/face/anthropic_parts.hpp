#pragma once

#include <memory>
#include <string>

#include "model/face/face.hpp"

// The halves of the Anthropic face: reading requests, writing whole answers, writing streams.
namespace atelier::model::anthropic {

enum class Asked : std::uint8_t {
  message,
  count
};  // a count of tokens asks for no answer, so that it has no limit on one
Result<ChatRequest> read_request(const json::Value& body, Asked asked);

std::string write_answer(const ChatAnswer& answer, const AnswerHead& head);
std::unique_ptr<ChatEventWriter> make_writer(AnswerHead head);

// Shared by whole answers and streams.
std::string message_id(std::string_view given, const AnswerHead& head);
std::string_view stop_reason(StopReason reason) noexcept;
json::Object usage_block(const Usage& usage, const json::Object& extra);
// The signature a thinking block shows: Anthropic's own as it is, another's sealed.
std::string shown_signature(const Reasoning& reasoning);
json::Object thinking_block(std::string_view text, std::string_view signature);
// What this protocol has no block for, in words.
std::string words_for(const Media& media);

}  // namespace atelier::model::anthropic
