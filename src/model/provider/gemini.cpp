#include <fmt/format.h>

#include "model/loose_json.hpp"
#include "model/provider/gemini_parts.hpp"
#include "model/provider/http_parts.hpp"
#include "net/url.hpp"

namespace atelier::model {
namespace {

constexpr int kPageSize = 1000;  // the most the provider gives

bool has_version(std::string_view base) noexcept {
  const std::size_t slash = base.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? base : base.substr(slash + 1);
  return last.size() >= 2 && last[0] == 'v' && last[1] >= '1' && last[1] <= '9';
}

std::string url_of(const Target& target, std::string_view path) {
  return fmt::format("{}{}{}", target.base_url, has_version(target.base_url) ? "" : "/v1beta", path);
}

// "models/gemini-x", each segment encoded: names come from configuration, and slashes divide.
std::string resource_of(std::string_view model) {
  std::string out = model.find('/') == std::string_view::npos ? "models/" : "";
  for (;;) {
    const std::size_t slash = model.find('/');
    out += net::percent_encode(model.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    out += '/';
    model.remove_prefix(slash + 1);
  }
}

WireRequest plain_request(const Target& target, std::string_view path) {
  WireRequest request{.url = url_of(target, path), .headers = {{"content-type", "application/json"}}, .body = {}};
  if (!target.credential.key.empty()) set_header(request, "x-goog-api-key", target.credential.key);
  set_operator_headers(request, target);
  return request;
}

ListedModel read_model(const json::Object& entry) {
  std::string_view name = loose::view_at(entry, "name");
  if (name.starts_with("models/")) name.remove_prefix(std::string_view("models/").size());
  return {.id = std::string(name),
          .title = loose::text_at(entry, "displayName"),
          .context_tokens = loose::integer_at(entry, "inputTokenLimit"),
          .output_tokens_max = loose::integer_at(entry, "outputTokenLimit"),
          .facts = loose::rest_of(entry, {"name", "displayName", "inputTokenLimit", "outputTokenLimit"})};
}

bool can_chat(const json::Object& entry) {
  const json::Array* methods = loose::array_at(entry, "supportedGenerationMethods");
  if (!methods) return true;
  for (const json::Value& method : *methods)
    if (loose::view_of(method) == "generateContent") return true;
  return false;
}

class GeminiAdapter final : public ChatAdapter {
 public:
  Protocol protocol() const noexcept override { return Protocol::gemini; }

  Result<WireRequest> request(const ChatRequest& request, const Target& target) const override {
    auto body = gemini::write_request(request, target);
    if (!body) return error_of(body);
    const std::string_view method = request.is_streamed ? "streamGenerateContent?alt=sse" : "generateContent";
    WireRequest out = plain_request(target, fmt::format("/{}:{}", resource_of(target.model), method));
    out.body = json::write(*body);
    return out;
  }

  Result<WireRequest> relay(std::string_view, const ChatRequest&, const Target&) const override {
    return fail(ErrorCode::internal, "no caller speaks Gemini's protocol: there is nothing to relay");
  }

  std::string_view tier_header() const noexcept override { return gemini::kTierHeader; }
  std::expected<ChatAnswer, Fault> read_answer(const HttpHead& head, std::string_view body,
                                               const Quirks&) const override {
    return gemini::read_answer(head, body);
  }
  std::unique_ptr<ChatEventReader> make_reader(const Quirks&) const override { return gemini::make_reader(); }
  std::unique_ptr<StreamWatch> make_watch(const ChatRequest&, const Quirks&) const override { return nullptr; }
  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    return gemini::read_fault(head, body);
  }

  WireRequest list_models(const Target& target) const override {
    WireRequest out = plain_request(target, fmt::format("/models?pageSize={}", kPageSize));
    out.method = WireRequest::Method::get;
    return out;
  }

  std::optional<WireRequest> list_more(const Target& target, std::string_view body) const override {
    const auto page = loose::parse_object(body);
    const std::string_view token = page ? loose::view_at(*page, "nextPageToken") : "";
    if (token.empty()) return std::nullopt;
    WireRequest out =
        plain_request(target, fmt::format("/models?pageSize={}&pageToken={}", kPageSize, net::percent_encode(token)));
    out.method = WireRequest::Method::get;
    return out;
  }

  Result<std::vector<ListedModel>> read_models(std::string_view body) const override {
    const auto page = loose::parse_object(body);
    if (!page || page->contains("error"))
      return fail(ErrorCode::unavailable, "the provider's list of models is no list");
    std::vector<ListedModel> models;
    const json::Array* list = loose::array_at(*page, "models");  // left out where it is empty
    for (std::size_t i = 0; list && i < list->size(); ++i) {
      const json::Object* entry = (*list)[i].if_object();
      if (entry && !loose::view_at(*entry, "name").empty() && can_chat(*entry)) models.push_back(read_model(*entry));
    }
    return models;
  }
};

}  // namespace

const ChatAdapter& gemini_adapter() {
  static const GeminiAdapter adapter;
  return adapter;
}

}  // namespace atelier::model
