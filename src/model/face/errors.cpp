#include <fmt/format.h>

#include <algorithm>

#include "model/face/openai_responses_parts.hpp"
#include "net/problem.hpp"

// Errors in the words of each served protocol, so that its programs know what to do: retry, wait, or tell their user.
namespace atelier::model {
namespace {

struct Kind {
  int status;
  std::string_view openai, anthropic;
};
// In order of status; what is not here goes by the hundreds.
constexpr Kind kKinds[] = {{400, "invalid_request_error", "invalid_request_error"},
                           {401, "authentication_error", "authentication_error"},
                           {402, "insufficient_quota", "billing_error"},
                           {403, "permission_error", "permission_error"},
                           {404, "invalid_request_error", "not_found_error"},
                           {408, "timeout_error", "timeout_error"},
                           {409, "conflict_error", "conflict_error"},
                           {413, "invalid_request_error", "request_too_large"},
                           {429, "rate_limit_error", "rate_limit_error"},
                           {500, "server_error", "api_error"},
                           {503, "service_unavailable_error", "overloaded_error"},
                           {504, "timeout_error", "timeout_error"},
                           {529, "service_unavailable_error", "overloaded_error"}};

const Kind& kind_of(int status) {
  const auto* found = std::ranges::find(kKinds, status, &Kind::status);
  if (found != std::end(kKinds)) return *found;
  return *std::ranges::find(kKinds, status >= 400 && status < 500 ? 400 : 500, &Kind::status);
}

// A pointer such as "/messages/0/content" as OpenAI names a field: "messages[0].content".
std::string param_of(std::string_view where) {
  if (!where.starts_with('/')) return std::string(where);
  std::string out;
  while (!where.empty()) {
    where.remove_prefix(1);
    const std::string_view step = where.substr(0, where.find('/'));
    where.remove_prefix(step.size());
    const bool is_index = !step.empty() && std::ranges::all_of(step, [](char c) { return c >= '0' && c <= '9'; });
    if (is_index)
      out += fmt::format("[{}]", step);
    else
      out += out.empty() ? std::string(step) : fmt::format(".{}", step);
  }
  return out;
}

// Programs show the message alone, so that it names the field too.
std::string openai_message(const Error& error, std::string_view param) {
  const bool is_named = param.empty() || error.message.find(param) != std::string::npos;
  return is_named ? error.message : fmt::format("'{}' {}", param, error.message);
}

json::Object openai_error(const Error& error, int status) {
  const std::string param = param_of(error.where);
  return {{"message", openai_message(error, param)},
          {"type", kind_of(status).openai},
          {"param", param.empty() ? json::Value() : json::Value(param)},
          {"code", error.stable_code()}};
}

json::Object anthropic_error(const Error& error, int status, std::string_view request_id) {
  json::Object inner{{"type", kind_of(status).anthropic},
                     {"message", error.describe()},
                     {"details", json::Object{{"error_code", error.stable_code()}}}};
  json::Object out{{"type", "error"}, {"error", std::move(inner)}};
  if (!request_id.empty()) out["request_id"] = request_id;
  return out;
}

}  // namespace

// As the schema has it, flat, and as the service itself sends it, nested: programs read one or the other.
json::Object openai::responses_error(const Error& error, std::int64_t sequence_number) {
  json::Object inner = openai_error(error, net::status_of(error));
  return {{"type", "error"},
          {"code", inner["code"]},
          {"message", inner["message"]},
          {"param", inner["param"]},
          {"sequence_number", sequence_number},
          {"error", inner}};
}

std::string write_error(Protocol face, const Error& error, int status, std::string_view request_id) {
  if (face == Protocol::anthropic) return json::write(anthropic_error(error, status, request_id));
  return json::write(json::Object{{"error", openai_error(error, status)}});
}

std::string write_stream_error(Protocol face, const Error& error, std::string_view request_id) {
  const int status = net::status_of(error);
  if (face == Protocol::anthropic)
    return fmt::format("event: error\ndata: {}\n\n", json::write(anthropic_error(error, status, request_id)));
  if (face == Protocol::openai_responses)
    return fmt::format("event: error\ndata: {}\n\n", json::write(openai::responses_error(error, 0)));
  return fmt::format("data: {}\n\n", json::write(json::Object{{"error", openai_error(error, status)}}));
}

}  // namespace atelier::model
