#include <fmt/format.h>

#include <array>

#include "model/loose_json.hpp"
#include "model/provider/anthropic_parts.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/retry_after.hpp"

// The errors of this protocol: what each means for routing.
namespace atelier::model::anthropic {
namespace {

struct Known {
  std::string_view type;
  int status;
  Fault::Kind kind;
};

constexpr std::array kKnown = {
    Known{"invalid_request_error", 400, Fault::Kind::caller},
    Known{"authentication_error", 401, Fault::Kind::authentication},
    Known{"billing_error", 402, Fault::Kind::billing},
    Known{"permission_error", 403, Fault::Kind::permission},
    Known{"not_found_error", 404, Fault::Kind::model_missing},
    Known{"conflict_error", 409, Fault::Kind::server},
    Known{"request_too_large", 413, Fault::Kind::context_length},
    Known{"rate_limit_error", 429, Fault::Kind::rate_limit},
    Known{"api_error", 500, Fault::Kind::server},
    Known{"timeout_error", 504, Fault::Kind::timeout},
    Known{"overloaded_error", 529, Fault::Kind::overloaded},
};

const Known* find_known(std::string_view type) noexcept {
  for (const Known& known : kKnown)
    if (known.type == type) return &known;
  return nullptr;
}

// "Invalid request" stands for much: a status that says more is believed.
Fault::Kind kind_of(const Known* known, int status) noexcept {
  if (!known) return kind_of_status(status);
  return known->kind == Fault::Kind::caller ? kind_of_status(status) : known->kind;
}

// What the type leaves open, the words tell.
Fault::Kind kind_by_words(Fault::Kind kind, std::string_view words) {
  // Some answer 500 to it.
  const bool may_be_length = kind == Fault::Kind::caller || kind == Fault::Kind::server;
  if (may_be_length &&
      has_any_of(words, {"prompt is too long", "context limit", "context window", "too many total text bytes"}))
    return Fault::Kind::context_length;
  if (kind != Fault::Kind::caller && kind != Fault::Kind::rate_limit && kind != Fault::Kind::permission) return kind;
  if (has_any_of(words, {"credit balance", "usage limits", "spend limit", "spending limit", "spend cap", "billing",
                         "purchase credits"}))
    return Fault::Kind::billing;
  if (kind != Fault::Kind::caller) return kind;
  if (has_any_of(words, {"content filter", "usage policy", "content policy"})) return Fault::Kind::content;
  return kind;
}

Fault make_fault(std::string_view type, std::string_view words, int status) {
  const Known* known = find_known(type);
  Fault fault{.kind = kind_of(known, status), .status = status, .message = cut_words(words), .type = std::string(type)};
  if (fault.message.empty()) fault.message = known ? std::string(type) : "the provider told of an error without words";
  fault.kind = kind_by_words(fault.kind, words);
  fault.is_model_independent = fault.kind == Fault::Kind::authentication || fault.kind == Fault::Kind::billing;
  return fault;
}

}  // namespace

Fault fault_of(std::string_view type, std::string_view message) {
  const Known* known = find_known(type);
  return make_fault(type, message, known ? known->status : 500);
}

Fault read_fault(const HttpHead& head, std::string_view body) {
  const auto whole = has_json(head, body) ? loose::parse_object(body) : std::nullopt;
  const json::Object* error = whole ? loose::object_at(*whole, "error") : nullptr;
  if (!error) {
    Fault page = fault_of_page(head, body);
    page.is_model_independent = page.kind == Fault::Kind::authentication;
    page.retry_after_ms = retry_after_of(head);
    return page;
  }
  const std::string_view type = loose::view_at(*error, "type");
  const std::string_view words = loose::view_at(*error, "message");
  // An error in an answer of status 200 is what its type says.
  if (head.status < 400) return fault_of(type, words);
  Fault fault = make_fault(type, words, head.status);
  fault.retry_after_ms = retry_after_of(head);
  // The spending cap of a tier is a 429 that names no time to wait.
  if (fault.kind == Fault::Kind::rate_limit && !fault.retry_after_ms && has_any_of(words, {"spend", "monthly"})) {
    fault.kind = Fault::Kind::billing;
    fault.is_model_independent = true;
  }
  return fault;
}

}  // namespace atelier::model::anthropic
