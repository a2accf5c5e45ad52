#include "model/provider/endpoint.hpp"

#include <fmt/format.h>

#include "model/loose_json.hpp"
#include "model/provider/anthropic_parts.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/json_patch.hpp"
#include "model/provider/openai_usage.hpp"
#include "model/provider/openai_wire.hpp"

namespace atelier::model {
namespace {

bool speaks_openai(Protocol protocol) noexcept {
  return protocol == Protocol::openai_chat || protocol == Protocol::openai_responses;
}

// Where Gemini and Ollama, too, understand OpenAI's form of embeddings.
std::string embeddings_root(Protocol protocol, const std::string& base_url) {
  std::string_view base = base_url;
  if (protocol == Protocol::gemini)
    return fmt::format("{}{}/openai", base,
                       base.find("/v1", base.rfind('/')) == std::string_view::npos ? "/v1beta" : "");
  if (base.ends_with("/api")) base.remove_suffix(4);
  return fmt::format("{}/v1", base);
}

std::string_view list_of(Endpoint endpoint) noexcept { return endpoint == Endpoint::embeddings ? "data" : "results"; }

}  // namespace

std::string_view to_string(Endpoint endpoint) noexcept {
  switch (endpoint) {
    case Endpoint::embeddings:
      return "embeddings";
    case Endpoint::moderations:
      return "moderations";
    case Endpoint::count_tokens:
      return "count_tokens";
  }
  return "";
}

std::optional<Result<WireRequest>> endpoint_request(Endpoint endpoint, std::string_view body, Protocol protocol,
                                                    const Target& target) {
  Target place = target;
  if (endpoint == Endpoint::count_tokens) {
    if (protocol != Protocol::anthropic) return std::nullopt;
  } else if (endpoint == Endpoint::embeddings && (protocol == Protocol::gemini || protocol == Protocol::ollama)) {
    place.base_url = embeddings_root(protocol, target.base_url);
    place.quirks.key_header.clear();
  } else if (!speaks_openai(protocol)) {
    return std::nullopt;
  }
  auto named = set_member(body, "model", json::write(json::Value(target.model)));
  if (!named) return std::unexpected(named.error());
  if (endpoint == Endpoint::count_tokens) {
    WireRequest request = anthropic::post(place, "/messages/count_tokens");
    request.body = std::move(*named);
    return request;
  }
  return openai::post(place, endpoint == Endpoint::embeddings ? "/embeddings" : "/moderations", std::move(*named),
                      openai::Streamed::no);
}

std::expected<Usage, Fault> read_endpoint_answer(Endpoint endpoint, const HttpHead& head, std::string_view body,
                                                 Protocol protocol, const Quirks& quirks) {
  if (endpoint != Endpoint::count_tokens) return openai::glance(head.status, body, list_of(endpoint), quirks);
  const auto count = find_member(body, "input_tokens");
  if (!count || !*count) {
    Fault fault = adapter_for(protocol).read_fault(head, body);
    if (head.status < 400 && fault.kind != Fault::Kind::broken) fault = broken_answer("the answer has no input_tokens");
    return std::unexpected(std::move(fault));
  }
  return Usage();  // counting costs nothing
}

}  // namespace atelier::model
