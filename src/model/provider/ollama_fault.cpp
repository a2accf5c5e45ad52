#include "model/loose_json.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/ollama_parts.hpp"
#include "model/provider/retry_after.hpp"

namespace atelier::model::ollama {
namespace {

// What only the words tell: most errors have no code.
Fault::Kind kind_by_words(Fault::Kind kind, std::string_view words) {
  if (has_any_of(words, {"server busy", "maximum pending requests"})) return Fault::Kind::overloaded;
  if (has_any_of(words, {"context length", "context window", "exceeds the available context"}))
    return Fault::Kind::context_length;
  if (has_any_of(words, {"not found"}) && has_any_of(words, {"model"})) return Fault::Kind::model_missing;
  if (kind == Fault::Kind::caller && has_any_of(words, {"content filter"})) return Fault::Kind::content;
  if (kind == Fault::Kind::caller && has_any_of(words, {"unauthorized"})) return Fault::Kind::authentication;
  return kind;
}

Fault make_fault(std::string_view words, int status) {
  Fault fault{.kind = kind_by_words(kind_of_status(status), words), .status = status, .message = cut_words(words)};
  if (fault.message.empty()) fault.message = "the server told of an error without words";
  fault.is_model_independent = fault.kind == Fault::Kind::authentication;
  return fault;
}

}  // namespace

Fault fault_of(std::string_view words) { return make_fault(words, 500); }

Fault read_fault(const HttpHead& head, std::string_view body) {
  const auto whole = has_json(head, body) ? loose::parse_object(body) : std::nullopt;
  const json::Value* error = whole ? whole->if_contains("error") : nullptr;
  const json::Object* object = error ? error->if_object() : nullptr;
  const std::string_view words = object ? loose::view_at(*object, "message") : error ? loose::view_of(*error) : "";
  Fault fault = error ? make_fault(words, head.status >= 400 ? head.status : 500) : fault_of_page(head, body);
  fault.retry_after_ms = retry_after_of(head);
  return fault;
}

}  // namespace atelier::model::ollama
