#include <fmt/format.h>

#include <algorithm>

#include "model/face/face.hpp"
#include "model/loose_json.hpp"
#include "model/provider/anthropic_parts.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/json_patch.hpp"
#include "net/url.hpp"

namespace atelier::model {
namespace {

constexpr std::string_view kVersion = "2023-06-01";
constexpr int kPageSize = 1000;  // the most the provider gives

// Both "https://host/v1" and the plain "https://host", as this provider's own clients have it, are understood.
std::string url_of(const Target& target, std::string_view path) {
  return fmt::format("{}{}{}", target.base_url, target.base_url.ends_with("/v1") ? "" : "/v1", path);
}

}  // namespace

WireRequest anthropic::post(const Target& target, std::string_view path) {
  WireRequest request{.url = url_of(target, path), .headers = {}, .body = {}};
  request.headers = {{"content-type", "application/json"}, {"anthropic-version", std::string(kVersion)}};
  const std::string& key = target.credential.key;
  if (key.starts_with("sk-ant-oat"))  // of a sign-in, not of a console
    set_header(request, "authorization", "Bearer " + key);
  else if (!key.empty())
    set_header(request, "x-api-key", key);
  set_operator_headers(request, target);
  return request;
}

namespace {

// A thought that another provider signed, or nobody, would be refused here.
bool has_foreign_thought(const ChatRequest& request) {
  return std::ranges::any_of(request.messages, [](const Message& message) {
    return std::ranges::any_of(message.parts, [](const Part& part) {
      if (const auto* text = std::get_if<Text>(&part)) return !text->signature.empty();
      if (const auto* call = std::get_if<ToolCall>(&part)) return !call->signature.empty();
      const auto* reasoning = std::get_if<Reasoning>(&part);
      return reasoning && reasoning->origin != Protocol::anthropic;
    });
  });
}

// Whether the text may hold such a thought: a signature that is empty, or sealed by our own face. One pass, for bodies
// that nobody has read yet.
bool may_have_foreign_thought(std::string_view body) {
  constexpr std::string_view kName = "\"signature\"";
  for (std::size_t at = body.find(kName); at != std::string_view::npos; at = body.find(kName, at)) {
    at += kName.size();
    const std::string_view value = body.substr(std::min(body.find_first_not_of(": \t\r\n", at), body.size()));
    if (value.starts_with("\"\"") || value.starts_with("\"atelier:")) return true;
  }
  return false;
}

class AnthropicAdapter final : public ChatAdapter {
 public:
  Protocol protocol() const noexcept override { return Protocol::anthropic; }

  Result<WireRequest> request(const ChatRequest& request, const Target& target) const override {
    auto body = anthropic::write_request(request, target);
    if (!body) return error_of(body);
    WireRequest out = anthropic::post(target, "/messages");
    out.body = json::write(*body);
    return out;
  }

  Result<WireRequest> relay(std::string_view body, const ChatRequest&, const Target& target) const override {
    if (may_have_foreign_thought(body)) {
      auto parsed = json::parse(body);
      auto whole = parsed ? anthropic_face().read_request(*parsed) : Result<ChatRequest>(error_of(parsed));
      if (!whole) return error_of(whole);
      if (has_foreign_thought(*whole)) return this->request(*whole, target);
    }
    auto patched = set_member(body, "model", json::write(json::Value(target.model)));
    if (!patched) return error_of(patched);
    WireRequest out = anthropic::post(target, "/messages");
    out.body = std::move(*patched);
    return out;
  }

  std::expected<ChatAnswer, Fault> read_answer(const HttpHead& head, std::string_view body,
                                               const Quirks&) const override {
    return anthropic::read_answer(head, body);
  }
  std::expected<Usage, Fault> glance(int status, std::string_view body, const Quirks&) const override {
    return anthropic::glance(status, body);
  }
  std::unique_ptr<ChatEventReader> make_reader(const Quirks&) const override { return anthropic::make_reader(); }
  std::unique_ptr<StreamWatch> make_watch(const ChatRequest&, const Quirks&) const override {
    return anthropic::make_watch();
  }
  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    return anthropic::read_fault(head, body);
  }

  WireRequest list_models(const Target& target) const override {
    WireRequest out = anthropic::post(target, fmt::format("/models?limit={}", kPageSize));
    out.method = WireRequest::Method::get;
    return out;
  }

  std::optional<WireRequest> list_more(const Target& target, std::string_view body) const override {
    const auto page = loose::parse_object(body);
    if (!page || !loose::is_true_at(*page, "has_more")) return std::nullopt;
    const std::string_view last = loose::view_at(*page, "last_id");
    if (last.empty()) return std::nullopt;
    WireRequest out =
        anthropic::post(target, fmt::format("/models?limit={}&after_id={}", kPageSize, net::percent_encode(last)));
    out.method = WireRequest::Method::get;
    return out;
  }

  Result<std::vector<ListedModel>> read_models(std::string_view body) const override {
    const auto page = loose::parse_object(body);
    const json::Array* data = page ? loose::array_at(*page, "data") : nullptr;
    if (!data) return fail(ErrorCode::unavailable, "the provider's list of models is no list");
    std::vector<ListedModel> models;
    for (const json::Value& value : *data) {
      const json::Object* entry = value.if_object();
      if (!entry || loose::view_at(*entry, "id").empty()) continue;
      models.push_back(
          {.id = loose::text_at(*entry, "id"),
           .title = loose::text_at(*entry, "display_name"),
           .context_tokens = loose::integer_at(*entry, "max_input_tokens"),
           .output_tokens_max = loose::integer_at(*entry, "max_tokens"),
           .facts = loose::rest_of(*entry, {"id", "type", "display_name", "max_input_tokens", "max_tokens"})});
    }
    return models;
  }
};

}  // namespace

const ChatAdapter& anthropic_adapter() {
  static const AnthropicAdapter adapter;
  return adapter;
}

}  // namespace atelier::model
