#include <fmt/format.h>

#include "tests/double/call.hpp"

// How each provider says what is wrong with a field of a request.
namespace atelier::doubles {
namespace {

Problem openai(std::string message, std::string code, const std::string& path) {
  return {.status = 400,
          .message = std::move(message),
          .type = "invalid_request_error",
          .code = std::move(code),
          .param = path};
}
Problem plain(std::string message) { return {.status = 400, .message = std::move(message)}; }

Problem openai_missing(const std::string& path) {
  return openai(fmt::format("Missing required parameter: '{}'.", path), "missing_required_parameter", path);
}
Problem openai_wrong_type(const std::string& path, std::string_view expected, std::string_view found) {
  return openai(fmt::format("Invalid type for '{}': expected {}, but got {} instead.", path, expected, found),
                "invalid_type", path);
}
Problem openai_unknown(const std::string& path) {
  return openai(fmt::format("Unknown parameter: '{}'.", path), "unknown_parameter", path);
}
Problem openai_invalid(const std::string& path, const std::string& why) {
  return openai(fmt::format("Invalid value for '{}': {}.", path, why), "invalid_value", path);
}

Problem anthropic_missing(const std::string& path) { return plain(fmt::format("{}: Field required", path)); }
Problem anthropic_wrong_type(const std::string& path, std::string_view expected, std::string_view found) {
  return plain(fmt::format("{}: Input should be {}, not {}", path, expected, found));
}
Problem anthropic_unknown(const std::string& path) {
  return plain(fmt::format("{}: Extra inputs are not permitted", path));
}
Problem anthropic_invalid(const std::string& path, const std::string& why) {
  return plain(fmt::format("{}: {}", path, why));
}

Problem gemini_missing(const std::string& path) {
  return plain(fmt::format("Invalid value at '{}': it is required", path));
}
Problem gemini_wrong_type(const std::string& path, std::string_view expected, std::string_view found) {
  return plain(fmt::format("Invalid value at '{}': {} where {} is expected", path, found, expected));
}
Problem gemini_unknown(const std::string& path) {
  return plain(fmt::format("Invalid JSON payload received. Unknown name \"{}\": Cannot find field.", path));
}
Problem gemini_invalid(const std::string& path, const std::string& why) {
  return plain(fmt::format("Invalid value at '{}': {}", path, why));
}

Problem ollama_missing(const std::string& path) { return plain(fmt::format("{} is required", path)); }
Problem ollama_wrong_type(const std::string& path, std::string_view expected, std::string_view found) {
  return plain(fmt::format("json: cannot put {} into {}, which is {}", found, path, expected));
}
Problem ollama_unknown(const std::string& path) { return plain(fmt::format("json: unknown field {}", path)); }
Problem ollama_invalid(const std::string& path, const std::string& why) {
  return plain(fmt::format("{}: {}", path, why));
}

}  // namespace

const Words kOpenAiWords{openai_missing, openai_wrong_type, openai_unknown, openai_invalid, false, false};
const Words kAnthropicWords{anthropic_missing, anthropic_wrong_type, anthropic_unknown, anthropic_invalid, true, false};
const Words kGeminiWords{gemini_missing, gemini_wrong_type, gemini_unknown, gemini_invalid, false, true};
const Words kOllamaWords{ollama_missing, ollama_wrong_type, ollama_unknown, ollama_invalid, false, false};

}  // namespace atelier::doubles
