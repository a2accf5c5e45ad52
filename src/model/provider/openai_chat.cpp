#include "model/provider/openai_chat_parts.hpp"
#include "model/provider/openai_fault.hpp"
#include "model/provider/openai_wire.hpp"

namespace atelier::model {
namespace {

class OpenaiChat final : public ChatAdapter {
 public:
  Protocol protocol() const noexcept override { return Protocol::openai_chat; }
  Result<WireRequest> request(const ChatRequest& request, const Target& target) const override {
    return openai::write_chat_request(request, target);
  }
  Result<WireRequest> relay(std::string_view body, const ChatRequest& request, const Target& target) const override {
    return openai::relay_chat(body, request, target);
  }
  std::expected<ChatAnswer, Fault> read_answer(const HttpHead& head, std::string_view body,
                                               const Quirks& quirks) const override {
    return openai::read_chat_answer(head, body, quirks);
  }
  std::expected<Usage, Fault> glance(int status, std::string_view body, const Quirks& quirks) const override {
    return openai::glance(status, body, "choices", quirks);
  }
  std::unique_ptr<ChatEventReader> make_reader(const Quirks& quirks) const override {
    return openai::make_chat_reader(quirks);
  }
  std::unique_ptr<StreamWatch> make_watch(const ChatRequest& request, const Quirks& quirks) const override {
    return openai::make_chat_watch(request, quirks);
  }
  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    return openai::read_fault(head, body);
  }
  WireRequest list_models(const Target& target) const override { return openai::list_models(target); }
  Result<std::vector<ListedModel>> read_models(std::string_view body) const override {
    return openai::read_models(body);
  }
};

}  // namespace

const ChatAdapter& openai_chat_adapter() {
  static const OpenaiChat adapter;
  return adapter;
}

}  // namespace atelier::model
