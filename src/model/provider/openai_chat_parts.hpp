#pragma once

#include <memory>

#include "model/provider/adapter.hpp"

// The parts of the chat adapter.
namespace atelier::model::openai {

Result<WireRequest> write_chat_request(const ChatRequest& request, const Target& target);
Result<WireRequest> relay_chat(std::string_view body, const ChatRequest& request, const Target& target);

// Messages of a request. Errors where the protocol has no word for a part.
Result<json::Array> write_messages(const ChatRequest& request, const Quirks& quirks);

std::expected<ChatAnswer, Fault> read_chat_answer(const HttpHead& head, std::string_view body, const Quirks& quirks);
// The fields of an answer or chunk that are kept beside what it says.
json::Object read_chat_extra(const json::Object& answer);
// Of a stop that is a failure.
Fault fault_of_stop(std::string_view reason);

std::unique_ptr<ChatEventReader> make_chat_reader(const Quirks& quirks);
std::unique_ptr<StreamWatch> make_chat_watch(const ChatRequest& request, const Quirks& quirks);

}  // namespace atelier::model::openai
