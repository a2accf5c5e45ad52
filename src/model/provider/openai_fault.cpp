#include "model/provider/openai_fault.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/retry_after.hpp"

namespace atelier::model::openai {
namespace {

constexpr int kUnwrapDepthMax = 4;

// What an error says of itself.
struct Words {
  std::string message, type, code, param;
  int status = 0;  // a code that is an HTTP status
  bool is_moderation = false;
};

struct KindOfCode {
  std::string_view code;
  Fault::Kind kind;
};
// Codes and types, of OpenAI and of those who speak its protocols. They decide before messages and statuses do.
constexpr KindOfCode kKinds[] = {
    {"context_length_exceeded", Fault::Kind::context_length},
    {"exceed_context_size_error", Fault::Kind::context_length},
    {"max_tokens_exceeded", Fault::Kind::context_length},
    {"token_limit_exceeded", Fault::Kind::context_length},
    {"string_too_long", Fault::Kind::context_length},
    {"string_above_max_length", Fault::Kind::context_length},
    {"insufficient_quota", Fault::Kind::billing},
    {"credit_balance_exhausted", Fault::Kind::billing},
    {"billing_hard_limit_reached", Fault::Kind::billing},
    {"billing_not_active", Fault::Kind::billing},
    {"spend_limit_reached", Fault::Kind::billing},
    {"spend_limit_exceeded", Fault::Kind::billing},
    {"payment_required", Fault::Kind::billing},
    {"insufficient_balance", Fault::Kind::billing},
    {"invalid_api_key", Fault::Kind::authentication},
    {"invalid_authentication", Fault::Kind::authentication},
    {"authentication_error", Fault::Kind::authentication},
    {"authentication", Fault::Kind::authentication},
    {"account_deactivated", Fault::Kind::authentication},
    {"permission_error", Fault::Kind::permission},
    {"permission_denied", Fault::Kind::permission},
    {"insufficient_permissions", Fault::Kind::permission},
    {"unsupported_country_region_territory", Fault::Kind::permission},
    {"model_not_found", Fault::Kind::model_missing},
    {"model_not_active", Fault::Kind::model_missing},
    {"DeploymentNotFound", Fault::Kind::model_missing},
    {"content_filter", Fault::Kind::content},
    {"content_policy_violation", Fault::Kind::content},
    {"image_content_policy_violation", Fault::Kind::content},
    {"ResponsibleAIPolicyViolation", Fault::Kind::content},
    {"moderation_blocked", Fault::Kind::content},
    {"bio_policy", Fault::Kind::content},
    {"refusal", Fault::Kind::content},
    {"rate_limit_exceeded", Fault::Kind::rate_limit},
    {"rate_limit_error", Fault::Kind::rate_limit},
    {"slow_down", Fault::Kind::rate_limit},
    {"server_is_overloaded", Fault::Kind::overloaded},
    {"service_unavailable_error", Fault::Kind::overloaded},
    {"overloaded_error", Fault::Kind::overloaded},
    {"engine_overloaded", Fault::Kind::overloaded},
    {"provider_overloaded", Fault::Kind::overloaded},
    {"provider_unavailable", Fault::Kind::overloaded},
    {"unavailable_error", Fault::Kind::overloaded},
    {"insufficient_system_resource", Fault::Kind::overloaded},
    {"timeout", Fault::Kind::timeout},
    {"timeout_error", Fault::Kind::timeout},
    {"vector_store_timeout", Fault::Kind::timeout},
};

std::optional<Fault::Kind> kind_of_code(std::string_view code) {
  const auto* found = std::ranges::find(kKinds, code, &KindOfCode::code);
  return found == std::end(kKinds) ? std::nullopt : std::optional(found->kind);
}

// A text or a number.
std::string code_at(const json::Object& from, std::string_view name, int& status) {
  const json::Value* value = from.if_contains(name);
  if (!value) return {};
  if (value->is_string()) return std::string(loose::view_of(*value));
  if (!value->is_number()) return {};
  const std::int64_t number = loose::integer_at(from, name);
  if (number >= 400 && number <= 599) status = static_cast<int>(number);
  return std::to_string(number);
}

// FastAPI's: a text, or a list of {loc, msg, type}.
std::string detail_text(const json::Value& detail) {
  if (detail.is_string()) return std::string(loose::view_of(detail));
  if (const json::Object* object = detail.if_object()) {
    const std::string_view message = loose::view_at(*object, "message");
    return message.empty() ? json::write(detail) : std::string(message);
  }
  std::string out;
  const json::Array* list = detail.if_array();
  for (std::size_t i = 0; list && i < list->size(); ++i) {
    const json::Object* one = (*list)[i].if_object();
    if (!one) continue;
    std::string place;
    if (const json::Array* path = loose::array_at(*one, "loc"))
      for (const json::Value& step : *path)
        place += fmt::format("/{}", step.is_string() ? std::string(loose::view_of(step)) : json::write(step));
    if (!out.empty()) out += "; ";
    out += place.empty() ? std::string(loose::view_at(*one, "msg"))
                         : fmt::format("{}: {}", place, loose::view_at(*one, "msg"));
  }
  return out;
}

std::optional<Words> read_words(const json::Value& value, int depth);

void read_flat(const json::Object& error, Words& words) {
  if (const json::Value* message = error.if_contains("message")) words.message = detail_text(*message);
  words.type = loose::text_at(error, "type");
  words.code = code_at(error, "code", words.status);
  words.param = loose::text_at(error, "param");
}

// OpenRouter's: what the provider behind it said, often as JSON in a string.
void read_metadata(const json::Object& metadata, Words& words, int depth) {
  if (const std::string_view kind = loose::view_at(metadata, "error_type"); !kind.empty()) words.type = kind;
  words.is_moderation = metadata.contains("flagged_input") || metadata.contains("reasons");
  const json::Value* raw = metadata.if_contains("raw");
  if (!raw || depth >= kUnwrapDepthMax) return;
  const std::string_view said = loose::view_of(*raw);
  std::optional<Words> inner;
  if (raw->is_string()) {
    if (const auto parsed = json::parse(said)) inner = read_words(*parsed, depth + 1);
  } else {
    inner = read_words(*raw, depth + 1);
  }
  if (!inner && !said.empty()) inner = Words{.message = std::string(said), .type = {}, .code = {}, .param = {}};
  if (!inner) return;
  const std::string_view provider = loose::view_at(metadata, "provider_name");
  if (!inner->message.empty())
    words.message = provider.empty() ? inner->message : fmt::format("{}: {}", provider, inner->message);
  if (!inner->type.empty() && words.type.empty()) words.type = inner->type;
  if (kind_of_code(inner->code)) words.code = inner->code;
  words.is_moderation = words.is_moderation || inner->is_moderation;
}

std::optional<Words> read_words(const json::Value& value, int depth) {
  if (const json::Array* list = value.if_array()) {
    if (list->empty() || depth >= kUnwrapDepthMax) return std::nullopt;
    return read_words(list->front(), depth + 1);
  }
  const json::Object* body = value.if_object();
  if (!body) return std::nullopt;
  Words words;
  if (const json::Object* error = loose::object_at(*body, "error")) {
    read_flat(*error, words);
    if (const json::Object* inner = loose::object_at(*error, "innererror");
        inner && kind_of_code(loose::view_at(*inner, "code")))
      words.code = loose::text_at(*inner, "code");
    if (const json::Object* metadata = loose::object_at(*error, "metadata")) read_metadata(*metadata, words, depth);
    return words;
  }
  if (const std::string_view error = loose::view_at(*body, "error"); !error.empty()) {
    read_flat(*body, words);
    words.message = error;
    return words;
  }
  const bool is_flat = loose::view_at(*body, "object") == "error" || loose::view_at(*body, "type") == "error";
  if (is_flat || (body->contains("message") && !body->contains("choices") && !body->contains("detail"))) {
    read_flat(*body, words);
    return words;
  }
  if (const json::Value* detail = body->if_contains("detail"); detail && !detail->is_null()) {
    words.message = detail_text(*detail);
    return words;
  }
  return std::nullopt;
}

bool is_about_context(std::string_view message) {
  return has_any_of(message, {"context length", "context window", "context size", "context limit", "maximum context",
                              "prompt is too long", "input is too long", "prompt too long", "maximum prompt length",
                              "too many input tokens", "maximum number of tokens", "maximum number of input tokens",
                              "reduce the length of the messages", "exceeds the available context"});
}

Fault::Kind classify(const Words& words, int status) {
  for (const std::string& code : {words.code, words.type})
    if (const auto kind = kind_of_code(code)) return *kind;
  const std::string_view said = words.message;
  const bool is_account = status == 401 || status == 402 || status == 429;
  if (!is_account && is_about_context(said)) return Fault::Kind::context_length;
  if (words.is_moderation) return Fault::Kind::content;
  if (has_any_of(said, {"exceeded your current quota", "insufficient credits", "insufficient balance", "credit balance",
                        "spending limit", "requires more credits", "billing"}) &&
      status < 500)
    return Fault::Kind::billing;
  if (status == 400 || status == 404) {
    if (has_any_of(said, {"api key not valid", "invalid api key", "incorrect api key"}))
      return Fault::Kind::authentication;
    if (has_any_of(said, {"not a valid model", "invalid model", "unknown model", "no such model", "model not found"}) ||
        (has_any_of(said, {"model"}) &&
         has_any_of(said, {"does not exist", "not found", "not supported on this endpoint"})))
      return Fault::Kind::model_missing;
  }
  if (status < 500 &&
      has_any_of(said, {"usage policy", "usage policies", "content policy", "content management policy", "flagged as"}))
    return Fault::Kind::content;
  if (status == 498) return Fault::Kind::overloaded;  // Groq: no capacity for its flexible tier
  if (status >= 400) return kind_of_status(status);
  if (words.code == "invalid_prompt" || words.type == "invalid_request_error" || words.type == "invalid_request")
    return Fault::Kind::caller;
  return Fault::Kind::server;  // told inside a success
}

bool is_of_a_key(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '*' || c == '.';
}

// Providers quote the key they refuse. What looks like one, or like what they leave of one, does not leave this house.
std::string without_keys(std::string_view message, bool is_of_credential) {
  std::string out;
  while (!message.empty()) {
    const auto* end = std::ranges::find_if_not(message, is_of_a_key);
    const std::string_view word(message.data(), static_cast<std::size_t>(end - message.begin()));
    const bool has_prefix =
        word.starts_with("sk-") || word.starts_with("gsk_") || word.starts_with("xai-") || word.starts_with("AIza");
    const bool has_digit = std::ranges::any_of(word, [](char c) { return c >= '0' && c <= '9'; });
    const bool looks_made = word.find("***") != std::string_view::npos ||
                            (word.size() >= 12 && word.find("://") == std::string_view::npos && has_digit);
    const bool is_key = (has_prefix && word.size() > 6) || (is_of_credential && looks_made);
    out += is_key ? std::string_view("[key]") : word;
    message.remove_prefix(word.size());
    if (message.empty()) break;
    out += message.front();
    message.remove_prefix(1);
  }
  return out;
}

// "Please try again in 6m0s.", "Please retry after 20 seconds."
std::optional<std::int64_t> wait_in(std::string_view message) {
  for (const std::string_view lead : {"try again in ", "retry after "}) {
    const std::size_t at = message.find(lead);
    if (at == std::string_view::npos) continue;
    std::string_view rest = message.substr(at + lead.size());
    rest = rest.substr(0, rest.find_first_not_of("0123456789.hms"));
    while (rest.ends_with('.')) rest.remove_suffix(1);
    if (const auto wait_ms = parse_wait(rest)) return wait_ms;
  }
  return std::nullopt;
}

Fault fault_of(const Words& words, int status) {
  // A code inside a success is the status there would have been.
  const int effective = status >= 400 || words.status == 0 ? status : words.status;
  Fault fault{.kind = classify(words, effective), .status = effective};
  fault.message = cut_words(without_keys(words.message, fault.kind == Fault::Kind::authentication));
  fault.type = words.type;
  fault.code = words.code;
  fault.param = words.param;
  fault.is_model_independent = fault.kind == Fault::Kind::authentication || fault.kind == Fault::Kind::billing;
  const bool may_wait = fault.kind == Fault::Kind::rate_limit || fault.kind == Fault::Kind::overloaded;
  if (may_wait) fault.retry_after_ms = wait_in(words.message);
  return fault;
}

}  // namespace

std::optional<Fault> find_fault(const json::Value& body, int status) {
  if (const json::Object* object = body.if_object()) {
    // An answer may have an empty error beside what it says.
    const json::Value* error = object->if_contains("error");
    const bool is_answer = object->contains("choices") || object->contains("output");
    if (is_answer && (!error || error->is_null())) return std::nullopt;
  }
  const auto words = read_words(body, 0);
  return words ? std::optional(fault_of(*words, status)) : std::nullopt;
}

Fault fault_of_words(std::string_view code, std::string_view type, std::string_view message, int status) {
  return fault_of(
      Words{.message = std::string(message), .type = std::string(type), .code = std::string(code), .param = {}},
      status);
}

Fault read_fault(const HttpHead& head, std::string_view body) {
  std::optional<Fault> fault;
  if (has_json(head, body))
    if (const auto value = json::parse(trim(body))) fault = find_fault(*value, head.status);
  if (!fault) {
    fault = fault_of_page(head, body);
    fault->message = without_keys(fault->message, false);
    if (head.status == 498) fault->kind = Fault::Kind::overloaded;
    fault->is_model_independent = fault->kind == Fault::Kind::authentication || fault->kind == Fault::Kind::billing;
  }
  if (const auto wait_ms = retry_after_of(head)) fault->retry_after_ms = wait_ms;
  return std::move(*fault);
}

}  // namespace atelier::model::openai
