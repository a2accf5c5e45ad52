#include <fmt/format.h>

#include "tests/double/message.hpp"

// Each provider's way to say that something is wrong, after its reference.
namespace atelier::doubles {
namespace {

json::Value text_or_null(const std::string& text) { return text.empty() ? json::Value() : json::Value(text); }
std::string or_else(const std::string& text, std::string_view other) {
  return text.empty() ? std::string(other) : text;
}

std::string_view openai_type(int status) {
  switch (status) {
    case 429:
      return "requests";
    case 500:
    case 502:
    case 504:
      return "server_error";
    case 503:
      return "service_unavailable_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

std::string_view openai_code(int status) {
  switch (status) {
    case 401:
      return "invalid_api_key";
    case 404:
      return "model_not_found";
    case 429:
      return "rate_limit_exceeded";
    case 503:
      return "server_is_overloaded";
    default:
      return "";
  }
}

std::string_view anthropic_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 402:
      return "billing_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 409:
      return "conflict_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 504:
      return "timeout_error";
    case 529:
      return "overloaded_error";
    default:
      return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

std::string_view google_status(int status) {
  switch (status) {
    case 400:
      return "INVALID_ARGUMENT";
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 409:
      return "ABORTED";
    case 429:
      return "RESOURCE_EXHAUSTED";
    case 499:
      return "CANCELLED";
    case 501:
      return "UNIMPLEMENTED";
    case 503:
      return "UNAVAILABLE";
    case 504:
      return "DEADLINE_EXCEEDED";
    default:
      return status >= 500 ? "INTERNAL" : "FAILED_PRECONDITION";
  }
}

std::string_view numeric_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 501:
      return "not_supported_error";
    case 503:
      return "unavailable_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

json::Value openai_error(const Problem& problem) {
  const bool is_quota = problem.code == "insufficient_quota";
  const bool is_usual = problem.type.empty() && problem.code.empty();
  return {{"error",
           {{"message", problem.message},
            {"type", or_else(problem.type, is_quota ? std::string_view(problem.code) : openai_type(problem.status))},
            {"param", text_or_null(problem.param)},
            {"code", text_or_null(or_else(problem.code, is_usual ? openai_code(problem.status) : ""))}}}};
}

json::Value google_error(const Problem& problem) {
  json::Object error{{"code", problem.status},
                     {"message", problem.message},
                     {"status", or_else(problem.type, google_status(problem.status))}};
  for (const auto& [name, value] : problem.details) error[name] = value;
  return json::Object{{"error", std::move(error)}};
}

json::Value numeric_error(const Problem& problem) {
  json::Object error{{"code", problem.status},
                     {"message", problem.message},
                     {"type", or_else(problem.type, numeric_type(problem.status))}};
  for (const auto& [name, value] : problem.details) error[name] = value;
  return json::Object{{"error", std::move(error)}};
}

std::string_view stability_name(int status) {
  switch (status) {
    case 401:
      return "unauthorized";
    case 402:
      return "payment_required";
    case 403:
      return "content_moderation";
    case 404:
      return "not_found";
    case 429:
      return "rate_limit_exceeded";
    default:
      return status >= 500 ? "internal_error" : "bad_request";
  }
}

std::string_view eleven_status(const Problem& problem) {
  switch (problem.status) {
    case 401:
      return "invalid_api_key";
    case 402:
      return "quota_exceeded";
    case 429:
      return "too_many_concurrent_requests";
    case 503:
      return "system_busy";
    default:
      return problem.status >= 500 ? "internal_error" : "invalid_request";
  }
}

json::Value eleven_error(const Problem& problem) {
  if (!problem.param.empty())
    return {{"detail", json::Array{{{"loc", json::Array{"body", json::Value(problem.param)}},
                                    {"msg", problem.message},
                                    {"type", "value_error"}}}}};
  json::Object detail{{"status", or_else(problem.type, eleven_status(problem))}, {"message", problem.message}};
  if (!problem.details.empty()) detail["data"] = problem.details;
  return json::Object{{"detail", std::move(detail)}};
}

}  // namespace

json::Value error_body(ErrorShape shape, const Problem& problem, std::uint64_t request_number) {
  switch (shape) {
    case ErrorShape::openai:
      return openai_error(problem);
    case ErrorShape::openrouter: {
      json::Object error{{"code", problem.status}, {"message", problem.message}};
      if (!problem.details.empty()) error["metadata"] = problem.details;
      return {{"error", std::move(error)}, {"user_id", "user_double"}};
    }
    case ErrorShape::numeric:
      return numeric_error(problem);
    case ErrorShape::mistral:
      return {{"object", "error"},
              {"message", problem.message},
              {"type", or_else(problem.type, openai_type(problem.status))},
              {"param", text_or_null(problem.param)},
              {"code", fmt::format("{}", problem.status == 429 ? 1300 : 3000)}};
    case ErrorShape::xai:
      return {{"code", or_else(problem.code, reason_phrase(problem.status))}, {"error", problem.message}};
    case ErrorShape::gemini_openai:
      return json::Array{google_error(problem)};
    case ErrorShape::anthropic:
      return {
          {"type", "error"},
          {"error", {{"type", or_else(problem.type, anthropic_type(problem.status))}, {"message", problem.message}}},
          {"request_id", fmt::format("req_{}", request_number)}};
    case ErrorShape::gemini:
      return google_error(problem);
    case ErrorShape::ollama:
      return {{"error", problem.message}};
    case ErrorShape::stability:
      return {{"id", fmt::format("stability-{}", request_number)},
              {"name", or_else(problem.type, stability_name(problem.status))},
              {"errors", json::Array{json::Value(problem.message)}}};
    case ErrorShape::elevenlabs:
      return eleven_error(problem);
    case ErrorShape::comfyui:
      return {{"error",
               {{"type", or_else(problem.type, "server_error")},
                {"message", problem.message},
                {"details", ""},
                {"extra_info", json::Object()}}},
              {"node_errors", json::Object()}};
    case ErrorShape::kokoro:
      return {{"detail",
               {{"error", or_else(problem.type, problem.status < 500 ? "validation_error" : "processing_error")},
                {"message", problem.message},
                {"type", problem.status < 500 ? "invalid_request_error" : "server_error"}}}};
    case ErrorShape::detail: {
      json::Object body{{"detail", problem.message}};
      for (const auto& [name, value] : problem.details) body[name] = value;
      return body;
    }
  }
  return {};
}

Answer error_answer(ErrorShape shape, const Problem& problem, std::uint64_t request_number) {
  Answer answer = json_answer(error_body(shape, problem, request_number));
  answer.status = problem.status;
  return answer;
}

}  // namespace atelier::doubles
