#pragma once

#include <memory>

#include "model/provider/adapter.hpp"

// The parts of the Responses adapter.
namespace atelier::model::openai {

Result<WireRequest> write_responses_request(const ChatRequest& request, const Target& target);
Result<WireRequest> relay_responses(std::string_view body, const ChatRequest& request, const Target& target);

struct Input {
  std::string instructions = {};
  json::Array items = {};
};
// The conversation as items. Errors where the protocol has no word for a part.
Result<Input> write_input(const ChatRequest& request, const Quirks& quirks);

std::expected<ChatAnswer, Fault> read_responses_answer(const HttpHead& head, std::string_view body,
                                                       const Quirks& quirks);
// Of a response, whole or within an event.
std::int64_t created_s_of(const json::Object& response);
json::Object read_responses_extra(const json::Object& response);
struct Said {
  bool has_call = false, has_refusal = false;
};
StopReason stop_of_response(const json::Object& response, Said said);
// Of one that failed, was cancelled, or is not done; nullopt: it is well.
std::optional<Fault> fault_of_response(const json::Object& response);

std::unique_ptr<ChatEventReader> make_responses_reader(const Quirks& quirks);
std::unique_ptr<StreamWatch> make_responses_watch(const Quirks& quirks);

}  // namespace atelier::model::openai
