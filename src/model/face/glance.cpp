#include "model/face/glance.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "model/provider/json_patch.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kMembersMax = 256;
constexpr std::size_t kModelBytesMax = 512;

std::unexpected<Error> refuse(std::string_view member, std::string_view what) {
  return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" {}", member, what),
              {.reason = "request_invalid", .where = "/" + std::string(member)});
}

Result<std::string> read_text(std::string_view member, std::string_view value) {
  auto parsed = json::parse(value);
  if (!parsed || !parsed->is_string()) return refuse(member, "must be a text");
  return std::string(parsed->get_string());
}

Result<bool> read_flag(std::string_view member, std::string_view value) {
  if (value == "true") return true;
  if (value == "false" || value == "null") return false;
  return refuse(member, "must be true or false");
}

Result<std::optional<std::int64_t>> read_count(std::string_view member, std::string_view value) {
  if (value == "null") return std::optional<std::int64_t>();
  const auto number = parse_integer(value);
  if (!number || *number < 0) return refuse(member, "must be a whole number, 0 or more");
  return number;
}

// Of this protocol: money is set aside for what it says, and another's name for it limits nothing.
bool is_output_limit(Protocol protocol, std::string_view name) noexcept {
  if (protocol == Protocol::openai_responses) return name == "max_output_tokens";
  return name == "max_tokens" || (protocol == Protocol::openai_chat && name == "max_completion_tokens");
}

// What only traces tell: what is no number is left to the provider to refuse.
void take_wish(ChatRequest& request, const MemberText& member) {
  struct Wish {
    std::string_view name;
    std::optional<double> ChatRequest::* fraction;
  };
  static constexpr Wish kWishes[] = {{"temperature", &ChatRequest::temperature},
                                     {"top_p", &ChatRequest::top_p},
                                     {"frequency_penalty", &ChatRequest::frequency_penalty},
                                     {"presence_penalty", &ChatRequest::presence_penalty}};
  for (const Wish& wish : kWishes)
    if (member.raw_name == wish.name) request.*wish.fraction = parse_number(member.value);
  if (member.raw_name == "seed") request.seed = parse_integer(member.value);
  if (member.raw_name == "top_k") request.top_k = parse_integer(member.value);
}

Result<> take(ChatRequest& request, const MemberText& member) {
  if (member.raw_name == "model") {
    auto model = read_text("model", member.value);
    if (!model) return error_of(model);
    if (model->empty() || model->size() > kModelBytesMax) return refuse("model", "must have 1 to 512 bytes");
    request.model = std::move(*model);
  } else if (member.raw_name == "stream") {
    auto is_streamed = read_flag("stream", member.value);
    if (!is_streamed) return error_of(is_streamed);
    request.is_streamed = *is_streamed;
  } else if (member.raw_name == "stream_options" && member.value.starts_with('{')) {
    auto wanted = find_member(member.value, "include_usage");
    if (!wanted) return error_of(wanted);
    request.wants_usage = *wanted == "true";
  } else if (is_output_limit(request.protocol, member.raw_name)) {
    auto limit = read_count(member.raw_name, member.value);
    if (!limit) return error_of(limit);
    // Chat has two names for it: which of them holds is the provider's choice.
    if (*limit) request.output_tokens_max = std::max(**limit, request.output_tokens_max.value_or(0));
  } else if (member.raw_name == "thread" && request.protocol == Protocol::anthropic && member.value != "null") {
    // Its clients know this reason, and send the whole conversation instead.
    return fail(ErrorCode::invalid_argument,
                "\"thread\" would keep the conversation in the provider's account, which is not the caller's: send all "
                "messages",
                {.reason = "thread_unsupported_request", .where = "/thread"});
  } else if (member.raw_name == "n") {
    auto count = read_count("n", member.value);
    if (!count) return error_of(count);
    request.answer_count = count->value_or(1);
  } else {
    take_wish(request, member);
  }
  return {};
}

}  // namespace

Result<ChatRequest> glance(Protocol face, std::string_view body) {
  auto members = members_of(body, kMembersMax);
  if (!members) return error_of(members);
  ChatRequest request{.protocol = face, .model = {}, .messages = {}};
  for (std::size_t i = 0; i < members->size(); ++i) {
    const MemberText& member = (*members)[i];
    // "\u006dodel" is "model" too: whoever writes so means to be read differently by different readers.
    if (member.raw_name.find('\\') != std::string_view::npos)
      return refuse(member.raw_name, "is a member's name with escapes, which is not taken");
    for (std::size_t j = 0; j < i; ++j)
      if ((*members)[j].raw_name == member.raw_name) return refuse(member.raw_name, "stands twice");
    if (auto taken = take(request, member); !taken) return error_of(taken);
  }
  if (request.model.empty()) return refuse("model", "is missing");
  return request;
}

}  // namespace atelier::model
