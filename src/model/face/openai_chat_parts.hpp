#pragma once

#include <memory>
#include <string>

#include "model/face/face.hpp"
#include "model/face/openai_reading.hpp"

// The parts of the chat face: reading requests, writing whole answers, writing streams.
namespace atelier::model::openai {

Result<ChatRequest> read_chat_request(const json::Value& body);

// Messages and their parts. What is wrong lands in the complaint, and the value reads as empty.
class ChatMessageReader {
 public:
  explicit ChatMessageReader(Complaint& complaint) : complaint_(complaint) {}
  Message read(const json::Value& value, const Place& at);

 private:
  Message read_said(const json::Object& message, const Place& at);
  Message read_result(const json::Object& message, const Place& at, Role role);
  void read_content(const json::Object& message, const Place& at, Role role, std::vector<Part>& parts);
  std::optional<Part> read_part(const json::Value& value, const Place& at, Role role);
  std::optional<Part> read_media(const json::Object& part, const Place& at, std::string_view type);
  std::optional<Part> read_file(const json::Object& part, const Place& at);

  Complaint& complaint_;
  // The old function calls have no ids: a result belongs to the call before it.
  std::string last_function_id_;
  std::size_t function_count_ = 0;
};

std::string write_chat_answer(const ChatAnswer& answer, const ChatRequest& request, const AnswerHead& head);
std::unique_ptr<ChatEventWriter> make_chat_writer(const ChatRequest& request, AnswerHead head);

// Shared by whole answers and streams.
std::string chat_id(std::string_view given, const AnswerHead& head);
// The fields of an answer's extra that chat's answers have.
json::Object chat_extra(const json::Object& extra);
// The caller spoke of functions, as it was before there were tools, and hears of them.
bool is_of_functions(const ChatRequest& request);

}  // namespace atelier::model::openai
