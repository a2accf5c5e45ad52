#include "model/face/anthropic_count.hpp"
#include "model/face/anthropic_parts.hpp"

namespace atelier::model {
namespace {

class AnthropicFace final : public ChatFace {
 public:
  Protocol protocol() const noexcept override { return Protocol::anthropic; }
  Result<ChatRequest> read_request(const json::Value& body) const override {
    return anthropic::read_request(body, anthropic::Asked::message);
  }
  std::string write_answer(const ChatAnswer& answer, const ChatRequest&, const AnswerHead& head) const override {
    return anthropic::write_answer(answer, head);
  }
  std::unique_ptr<ChatEventWriter> make_writer(const ChatRequest&, AnswerHead head) const override {
    return anthropic::make_writer(std::move(head));
  }
};

}  // namespace

const ChatFace& anthropic_face() {
  static const AnthropicFace face;
  return face;
}

Result<ChatRequest> read_anthropic_count_request(const json::Value& body) {
  return anthropic::read_request(body, anthropic::Asked::count);
}

std::string write_anthropic_count(std::int64_t input_tokens) {
  return json::write(json::Object{{"input_tokens", input_tokens}});
}

}  // namespace atelier::model
