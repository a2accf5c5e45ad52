#pragma once

#include <expected>
#include <memory>
#include <optional>

#include "model/provider/adapter.hpp"

// The halves of the Anthropic adapter.
namespace atelier::model::anthropic {

// Without a body. `path` comes after "/v1".
WireRequest post(const Target& target, std::string_view path);
Result<json::Object> write_request(const ChatRequest& request, const Target& target);
// The conversation's `system` and `messages`.
Result<> write_conversation(const ChatRequest& request, json::Object& body);
// Whether the caller speaks this protocol, so that what we have no word for goes on as it came.
inline bool is_own(const ChatRequest& request) noexcept { return request.protocol == Protocol::anthropic; }
// Fields of a block, a tool or a message that it came with: all of them for our own protocol, cache marks for every
// other, since callers of any protocol who mark what to cache mean this one.
void append_extra(json::Object& out, const json::Object& extra, const ChatRequest& request);

std::expected<ChatAnswer, Fault> read_answer(const HttpHead& head, std::string_view body);
// Of an answer that is relayed: its usage alone.
std::expected<Usage, Fault> glance(int status, std::string_view body);
std::unique_ptr<ChatEventReader> make_reader();
std::unique_ptr<StreamWatch> make_watch();
Fault read_fault(const HttpHead& head, std::string_view body);
// Of an error told inside an answer that began well.
Fault fault_of(std::string_view type, std::string_view message);

// Counts as they are told, each the last value seen: in a stream they are cumulative, and not every event tells all.
struct Counts {
  std::int64_t input = 0, cache_read = 0, cache_creation = 0, cache_creation_hour = 0, output = 0, thinking = 0;
  std::int64_t beside_input = 0, beside_output = 0;  // of compaction and advisors, which the others leave out
  ServiceTier tier = ServiceTier::standard;
  bool is_told = false;
  void take(const json::Object& usage);
  Usage usage() const noexcept;
};

std::optional<StopReason> stop_of(std::string_view reason) noexcept;
Part part_of(const json::Object& block);
// What of the message goes into an answer's `extra`.
json::Object extra_of(const json::Object& message);
// Why the model declined; "" where it does not say.
std::string explanation_in(const json::Object& holder);

}  // namespace atelier::model::anthropic
