#include <array>

#include "model/loose_json.hpp"
#include "model/provider/gemini_parts.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/retry_after.hpp"

// Google's errors (google.rpc.Status): what each means for routing.
namespace atelier::model::gemini {
namespace {

struct Known {
  std::string_view status;
  Fault::Kind kind;
};

constexpr std::array kKnown = {
    Known{"INVALID_ARGUMENT", Fault::Kind::caller},
    Known{"FAILED_PRECONDITION", Fault::Kind::caller},
    Known{"OUT_OF_RANGE", Fault::Kind::caller},
    Known{"UNAUTHENTICATED", Fault::Kind::authentication},
    Known{"PERMISSION_DENIED", Fault::Kind::permission},
    Known{"NOT_FOUND", Fault::Kind::model_missing},
    Known{"ABORTED", Fault::Kind::server},
    Known{"ALREADY_EXISTS", Fault::Kind::server},
    Known{"RESOURCE_EXHAUSTED", Fault::Kind::rate_limit},
    Known{"CANCELLED", Fault::Kind::server},
    Known{"INTERNAL", Fault::Kind::server},
    Known{"UNKNOWN", Fault::Kind::server},
    Known{"UNIMPLEMENTED", Fault::Kind::caller},
    Known{"UNAVAILABLE", Fault::Kind::overloaded},
    Known{"DEADLINE_EXCEEDED", Fault::Kind::timeout},
};

Fault::Kind kind_of(std::string_view status, int number) noexcept {
  // "Invalid argument" and its like stand for much: an HTTP status that says more is believed.
  for (const Known& known : kKnown)
    if (known.status == status)
      return known.kind == Fault::Kind::caller && number >= 400 ? kind_of_status(number) : known.kind;
  return kind_of_status(number);
}

// What the status leaves open: keys that are no keys are INVALID_ARGUMENT, and so is a prompt that is too long.
Fault::Kind kind_by_words(Fault::Kind kind, std::string_view reason, std::string_view words) {
  if (reason == "API_KEY_INVALID" ||
      has_any_of(words, {"api key not valid", "api key expired", "api key was reported as leaked"}))
    return Fault::Kind::authentication;
  // Some answer 500 to a prompt that is too long.
  const bool may_be_length = kind == Fault::Kind::caller || kind == Fault::Kind::server;
  if (may_be_length && has_any_of(words, {"maximum number of tokens", "input token count", "token limit"}))
    return Fault::Kind::context_length;
  if (kind == Fault::Kind::caller) {
    if (has_any_of(words, {"location is not supported"})) return Fault::Kind::permission;
    if (has_any_of(words, {"billing", "free tier is not available"})) return Fault::Kind::billing;
  }
  // A quota of nothing does not fill up again.
  if (kind == Fault::Kind::rate_limit && has_any_of(words, {"limit: 0,", "prepayment credits", "credits are depleted"}))
    return Fault::Kind::billing;
  return kind;
}

Fault make_fault(const json::Object& error, int http_status) {
  const int told = static_cast<int>(loose::integer_at(error, "code"));
  const int status = http_status >= 400 ? http_status : told;
  const std::string_view words = loose::view_at(error, "message");
  Fault fault{.status = status, .message = cut_words(words), .type = loose::text_at(error, "status")};
  const json::Array* details = loose::array_at(error, "details");
  for (std::size_t i = 0; details && i < details->size(); ++i) {
    const json::Object* detail = (*details)[i].if_object();
    if (!detail) continue;
    if (const std::string_view reason = loose::view_at(*detail, "reason"); !reason.empty()) fault.code = reason;
    if (const std::string_view delay = loose::view_at(*detail, "retryDelay"); !delay.empty())
      fault.retry_after_ms = parse_wait(delay);
  }
  fault.kind = kind_by_words(kind_of(fault.type, status), fault.code, words);
  if (fault.message.empty())
    fault.message = fault.type.empty() ? "the provider told of an error without words" : fault.type;
  fault.is_model_independent = fault.kind == Fault::Kind::authentication;
  return fault;
}

}  // namespace

Fault fault_of(const json::Object& error) { return make_fault(error, 0); }

Fault read_fault(const HttpHead& head, std::string_view body) {
  const auto whole = has_json(head, body) ? json::parse(body) : Result<json::Value>(nullptr);
  const json::Value* value = whole ? &*whole : nullptr;
  // Without alt=sse, and on the side that speaks OpenAI's protocol, an error stands in a list.
  if (value && value->is_array() && !value->get_array().empty()) value = &value->get_array()[0];
  const json::Object* object = value ? value->if_object() : nullptr;
  const json::Object* error = object ? loose::object_at(*object, "error") : nullptr;
  Fault fault = error ? make_fault(*error, head.status) : fault_of_page(head, body);
  if (!error) fault.is_model_independent = fault.kind == Fault::Kind::authentication;
  if (!fault.retry_after_ms) fault.retry_after_ms = retry_after_of(head);
  return fault;
}

}  // namespace atelier::model::gemini
