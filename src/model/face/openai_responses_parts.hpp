#pragma once

#include <memory>
#include <string>

#include "model/face/face.hpp"
#include "model/face/openai_reading.hpp"
#include "model/provider/openai_items.hpp"

// The parts of the Responses face: reading requests, writing whole answers, writing streams.
namespace atelier::model::openai {

Result<ChatRequest> read_responses_request(const json::Value& body);

// The items of `input`, in order, as messages: what the assistant said, thought and called between two others is one
// message. What is wrong lands in the complaint, and the value reads as empty.
class InputReader {
 public:
  InputReader(Complaint& complaint, std::vector<Message>& messages) : complaint_(complaint), messages_(messages) {}
  void read(const json::Value& item, const Place& at);
  void finish();

 private:
  void read_message(const json::Object& item, const Place& at);
  void read_result(const json::Object& item, const Place& at);
  void check_call(const json::Object& item, const Place& at, std::string_view type);
  void read_content(const json::Value& content, const Place& at, std::vector<Part>& parts);
  std::optional<Part> read_block(const json::Value& value, const Place& at);
  std::optional<Part> read_image(const json::Object& block, const Place& at);
  std::optional<Part> read_file(const json::Object& block, const Place& at);
  std::optional<Part> read_audio(const json::Object& block, const Place& at);

  Complaint& complaint_;
  std::vector<Message>& messages_;
  ItemReader said_;
};

std::string write_responses_answer(const ChatAnswer& answer, const ChatRequest& request, const AnswerHead& head);
std::unique_ptr<ChatEventWriter> make_responses_writer(const ChatRequest& request, AnswerHead head);

// Shared by whole answers and streams.
struct ResponseHead {
  std::string id, model;
  std::int64_t created_s = 0;
  json::Object extra = {};  // of the answer
};
ResponseHead response_head(std::string_view id, std::string_view model, std::int64_t created_s,
                           const json::Object& extra, const AnswerHead& head);

enum class ResponseStatus : std::uint8_t { in_progress, completed, incomplete, failed };
struct ResponseState {
  ResponseStatus status = ResponseStatus::in_progress;
  std::string_view incomplete_reason = {};
  json::Array output = {};
  json::Value usage = {};
  json::Value error = {};
};
// How an answer that ended so is told of.
ResponseState state_of(StopReason stop, bool has_refusal);
// What an answer repeats of its request.
json::Object repeated_of(const ChatRequest& request);
json::Object response_object(const json::Object& repeated, const ResponseHead& head, ResponseState state);

// The item that carries a signature which Responses has no place for.
json::Object sealed_item(std::string_view id, const Sealed& sealed);
// An answer's media as an item, or, of kinds that have none, as words.
std::optional<json::Object> media_item(const Media& media, std::string_view id);

// An error as it stands in an event of this protocol.
json::Object responses_error(const Error& error, std::int64_t sequence_number);

}  // namespace atelier::model::openai
