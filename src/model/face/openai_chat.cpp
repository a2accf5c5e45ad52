#include "model/face/custom_calls.hpp"
#include "model/face/openai_chat_parts.hpp"

namespace atelier::model {
namespace {

class ChatFaceOfOpenai final : public ChatFace {
 public:
  Protocol protocol() const noexcept override { return Protocol::openai_chat; }
  Result<ChatRequest> read_request(const json::Value& body) const override { return openai::read_chat_request(body); }
  std::string write_answer(const ChatAnswer& answer, const ChatRequest& request,
                           const AnswerHead& head) const override {
    return openai::write_chat_answer(with_custom_calls(answer, request), request, head);
  }
  std::unique_ptr<ChatEventWriter> make_writer(const ChatRequest& request, AnswerHead head) const override {
    return with_custom_calls(openai::make_chat_writer(request, std::move(head)), request);
  }
};

}  // namespace

const ChatFace& openai_chat_face() {
  static const ChatFaceOfOpenai face;
  return face;
}

}  // namespace atelier::model
