#include "tests/double/call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/hash.hpp"
#include "tests/double/seal.hpp"

namespace atelier::doubles {
namespace {

constexpr int kContextTokens = 128;

Problem too_long(const Call& call, std::int64_t tokens) {
  Problem problem{.status = 400, .message = {}};
  switch (call.errors) {
    case ErrorShape::anthropic:
      problem.message =
          fmt::format("prompt is too long: {} tokens > {} maximum", tokens + kContextTokens, kContextTokens);
      break;
    case ErrorShape::gemini:
    case ErrorShape::gemini_openai:
      problem.message = fmt::format("The input token count ({}) exceeds the maximum number of tokens allowed ({}).",
                                    tokens + kContextTokens, kContextTokens);
      break;
    case ErrorShape::numeric:
      problem.message = fmt::format("the request ({} tokens) exceeds the available context size ({} tokens)",
                                    tokens + kContextTokens, kContextTokens);
      problem.type = "exceed_context_size_error";
      problem.details = {{"n_prompt_tokens", tokens + kContextTokens}, {"n_ctx", kContextTokens}};
      break;
    default:
      problem.message = fmt::format(
          "This model's maximum context length is {} tokens, but the messages have {} tokens. Shorten the messages.",
          kContextTokens, tokens + kContextTokens);
      problem.code = "context_length_exceeded";
      problem.param = "messages";
      if (call.errors == ErrorShape::openrouter) problem.details = {{"error_type", "context_length_exceeded"}};
      break;
  }
  return problem;
}

}  // namespace

void State::store(const std::string& id, Stored stored) {
  if (responses.insert_or_assign(id, std::move(stored)).second) response_order.push_back(id);
  while (response_order.size() > kResponsesMax) {
    responses.erase(response_order.front());
    response_order.pop_front();
  }
}

Answer refuse(const Call& call, const Problem& problem) {
  return error_answer(call.errors, problem, call.request.number);
}

std::optional<Problem> refusal_of(const Call& call, const Wish& wish, bool is_prefilled) {
  if (call.faults.has("context") || call.faults.has("context-500")) {
    Problem problem = too_long(call, wish.input_tokens);
    if (call.faults.has("context-500")) {
      problem.status = 500;
      problem.type = problem.code = {};
    }
    return problem;
  }
  if (call.faults.has("filter-prompt") && call.errors != ErrorShape::gemini)
    return Problem{.status = 400,
                   .message = "The prompt was refused by the double's content filter.",
                   .code = "content_filter",
                   .param = "prompt"};
  if (call.faults.has("prefill-rejected") && is_prefilled)
    return Problem{
        .status = 400,
        .message =
            "This model does not support assistant message prefill. The conversation must end with a user message."};
  return std::nullopt;
}

bool is_missing_model(std::string_view model) noexcept { return model.starts_with("missing"); }

std::optional<Medium> medium_of_url(std::string_view kind, std::string_view url) {
  if (url.starts_with("http://") || url.starts_with("https://"))
    return Medium{.kind = std::string(kind), .type = {}, .size_bytes = 0, .url = std::string(url)};
  if (!url.starts_with("data:")) return std::nullopt;
  url.remove_prefix(5);
  const std::size_t comma = url.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  std::string_view type = url.substr(0, comma);
  if (!type.ends_with(";base64")) return std::nullopt;
  type.remove_suffix(7);
  return medium_of_base64(kind, type, url.substr(comma + 1));
}

std::optional<Medium> medium_of_base64(std::string_view kind, std::string_view type, std::string_view data) {
  const auto bytes = base64_decode(data);
  if (!bytes || bytes->empty() || type.empty()) return std::nullopt;
  return Medium{.kind = std::string(kind), .type = std::string(type), .size_bytes = bytes->size(), .url = {}};
}

void append_in_turns(std::vector<Piece>& out, std::vector<std::vector<Piece>> lanes) {
  std::size_t longest = 0;
  for (const auto& lane : lanes) longest = std::max(longest, lane.size());
  for (std::size_t i = 0; i < longest; ++i)
    for (auto& lane : lanes)
      if (i < lane.size()) out.push_back(std::move(lane[i]));
}

std::vector<float> embedding_of(std::string_view text, std::size_t dimensions) {
  std::vector<float> vector(dimensions, 0.0F);
  for (const std::string& token : tokens_of(text))
    for (std::size_t i = 0; i < dimensions; ++i) {
      const std::uint64_t hash = quick_hash(fmt::format("{}:{}", token, i));
      vector[i] += static_cast<float>(static_cast<double>(hash >> 40) / static_cast<double>(1U << 24) - 0.5);
    }
  double square = 0;
  for (const float value : vector) square += static_cast<double>(value) * static_cast<double>(value);
  const auto length = static_cast<float>(std::sqrt(square));
  if (length > 0)
    for (float& value : vector) value /= length;
  return vector;
}

}  // namespace atelier::doubles
