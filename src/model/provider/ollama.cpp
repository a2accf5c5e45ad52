#include <fmt/format.h>

#include "model/loose_json.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/ollama_parts.hpp"

namespace atelier::model {
namespace {

WireRequest plain_request(const Target& target, std::string_view path) {
  const std::string_view root = target.base_url.ends_with("/api") ? "" : "/api";
  WireRequest request{.url = fmt::format("{}{}{}", target.base_url, root, path),
                      .headers = {{"content-type", "application/json"}},
                      .body = {}};
  if (!target.credential.key.empty()) set_header(request, "authorization", "Bearer " + target.credential.key);
  set_operator_headers(request, target);
  return request;
}

bool can_chat(const json::Object& entry) {
  const json::Array* abilities = loose::array_at(entry, "capabilities");  // older servers do not tell
  if (!abilities) return true;
  for (const json::Value& ability : *abilities)
    if (loose::view_of(ability) == "completion") return true;
  return false;
}

class OllamaAdapter final : public ChatAdapter {
 public:
  Protocol protocol() const noexcept override { return Protocol::ollama; }

  Result<WireRequest> request(const ChatRequest& request, const Target& target) const override {
    auto body = ollama::write_request(request, target);
    if (!body) return error_of(body);
    WireRequest out = plain_request(target, "/chat");
    out.body = json::write(*body);
    return out;
  }

  Result<WireRequest> relay(std::string_view, const ChatRequest&, const Target&) const override {
    return fail(ErrorCode::internal, "no caller speaks Ollama's own protocol: there is nothing to relay");
  }

  std::string said_as_call_of(const ChatRequest& request) const override {
    const Tool* tool = ollama::demanded_tool(request);
    return tool ? tool->name : std::string();
  }

  std::expected<ChatAnswer, Fault> read_answer(const HttpHead& head, std::string_view body,
                                               const Quirks&) const override {
    return ollama::read_answer(head, body);
  }
  std::unique_ptr<ChatEventReader> make_reader(const Quirks&) const override { return ollama::make_reader(); }
  std::unique_ptr<StreamWatch> make_watch(const ChatRequest&, const Quirks&) const override { return nullptr; }
  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    return ollama::read_fault(head, body);
  }

  WireRequest list_models(const Target& target) const override {
    WireRequest out = plain_request(target, "/tags");
    out.method = WireRequest::Method::get;
    return out;
  }

  Result<std::vector<ListedModel>> read_models(std::string_view body) const override {
    const auto page = loose::parse_object(body);
    const json::Array* list = page ? loose::array_at(*page, "models") : nullptr;
    if (!list && !(page && page->contains("models")))
      return fail(ErrorCode::unavailable, "the server's list of models is no list");
    std::vector<ListedModel> models;
    for (std::size_t i = 0; list && i < list->size(); ++i) {
      const json::Object* entry = (*list)[i].if_object();
      if (!entry || !can_chat(*entry)) continue;
      std::string name = loose::text_at(*entry, "name");
      if (name.empty()) name = loose::text_at(*entry, "model");
      if (name.empty()) continue;
      const json::Object* details = loose::object_at(*entry, "details");
      models.push_back({.id = std::move(name),
                        .title = {},
                        .context_tokens = details ? loose::integer_at(*details, "context_length") : 0,
                        .facts = loose::rest_of(*entry, {"name", "model"})});
    }
    return models;
  }
};

}  // namespace

const ChatAdapter& ollama_adapter() {
  static const OllamaAdapter adapter;
  return adapter;
}

}  // namespace atelier::model
