#include "model/provider/openai_fault.hpp"
#include "model/provider/openai_responses_parts.hpp"
#include "model/provider/openai_wire.hpp"

namespace atelier::model {
namespace {

class OpenaiResponses final : public ChatAdapter {
 public:
  Protocol protocol() const noexcept override { return Protocol::openai_responses; }
  Result<WireRequest> request(const ChatRequest& request, const Target& target) const override {
    return openai::write_responses_request(request, target);
  }
  Result<WireRequest> relay(std::string_view body, const ChatRequest& request, const Target& target) const override {
    return openai::relay_responses(body, request, target);
  }
  std::expected<ChatAnswer, Fault> read_answer(const HttpHead& head, std::string_view body,
                                               const Quirks& quirks) const override {
    return openai::read_responses_answer(head, body, quirks);
  }
  std::expected<Usage, Fault> glance(int status, std::string_view body, const Quirks& quirks) const override {
    return openai::glance(status, body, "output", quirks);
  }
  std::unique_ptr<ChatEventReader> make_reader(const Quirks& quirks) const override {
    return openai::make_responses_reader(quirks);
  }
  std::unique_ptr<StreamWatch> make_watch(const ChatRequest&, const Quirks& quirks) const override {
    return openai::make_responses_watch(quirks);
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

const ChatAdapter& openai_responses_adapter() {
  static const OpenaiResponses adapter;
  return adapter;
}

}  // namespace atelier::model
