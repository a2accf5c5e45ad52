#include <fmt/format.h>

#include <algorithm>

#include "model/loose_json.hpp"
#include "model/provider/json_patch.hpp"
#include "model/provider/openai_items.hpp"
#include "model/provider/openai_responses_parts.hpp"
#include "model/provider/openai_seal.hpp"
#include "model/provider/openai_tools.hpp"
#include "model/provider/openai_wire.hpp"

namespace atelier::model::openai {
namespace {

constexpr std::string_view kPath = "/responses";
constexpr std::string_view kSealedThoughts = "reasoning.encrypted_content";
constexpr std::int64_t kOutputTokensMin = 16;  // less is refused

Streamed streamed(const ChatRequest& request) { return request.is_streamed ? Streamed::yes : Streamed::no; }

template <class T>
void put(json::Object& body, std::string_view name, const std::optional<T>& value) {
  if (value) body[name] = *value;
}

bool is_same(const ChatRequest& request) { return request.protocol == Protocol::openai_responses; }

// What of a caller's fields this adapter writes itself.
bool is_written_here(std::string_view name) { return name == "text" || name == "reasoning"; }

const json::Object* own_extra(const ChatRequest& request, std::string_view name) {
  return is_same(request) ? loose::object_at(request.extra, name) : nullptr;
}

Result<> check(const ChatRequest& request) {
  const auto refuse = [](std::string_view what, std::string_view where) {
    return fail(ErrorCode::invalid_argument, fmt::format("OpenAI's Responses protocol has no {}", what),
                {.reason = "not_supported_by_protocol", .where = std::string(where)});
  };
  if (request.answer_count != 1) return refuse("way to ask for more than one answer", "/n");
  if (!request.stop.empty()) return refuse("stop sequences", "/stop");
  return {};
}

void write_sampling(const ChatRequest& request, const Quirks& quirks, json::Object& body) {
  std::optional<std::int64_t> limit = request.output_tokens_max;
  if (limit && !is_same(request)) limit = std::max(*limit, kOutputTokensMin);
  put(body, "max_output_tokens", limit);
  put(body, "temperature", request.temperature);
  put(body, "top_p", request.top_p);
  put(body, "top_logprobs", request.top_logprobs);
  if (quirks.has_top_k) put(body, "top_k", request.top_k);
}

void write_tooling(const ChatRequest& request, json::Object& body) {
  json::Array tools = write_tools(request.tools, {.spelling = Spelling::flat,
                                                  .protocol = Protocol::openai_responses,
                                                  .has_extra = is_same(request),
                                                  .has_cache_control = false});
  if (tools.empty()) return;
  body["tools"] = std::move(tools);
  if (request.tool_choice) body["tool_choice"] = write_tool_choice(*request.tool_choice, request.tools, Spelling::flat);
  put(body, "parallel_tool_calls", request.has_parallel_tool_calls);
}

// Anthropic's words for whether thoughts are shown.
std::string summary_of(const ReasoningWish& wish) {
  if (wish.summary == "summarized") return "auto";
  return wish.summary == "omitted" ? std::string() : wish.summary;
}

void write_wishes(const ChatRequest& request, json::Object& body) {
  const json::Object* rest = own_extra(request, "reasoning");
  json::Object reasoning = rest ? *rest : json::Object();
  if (request.reasoning) {
    if (const std::string effort = effort_of(*request.reasoning); !effort.empty()) reasoning["effort"] = effort;
    if (const std::string summary = summary_of(*request.reasoning); !summary.empty()) reasoning["summary"] = summary;
  }
  if (!reasoning.empty()) body["reasoning"] = std::move(reasoning);

  rest = own_extra(request, "text");
  json::Object text = rest ? *rest : json::Object();
  if (request.format) text["format"] = write_format(*request.format, Spelling::flat);
  if (!text.empty()) body["text"] = std::move(text);
}

// Models that think. Others refuse to be asked for what their thoughts are sealed in.
bool thinks(std::string_view model) {
  if (const std::size_t slash = model.rfind('/'); slash != std::string_view::npos) model.remove_prefix(slash + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (model.size() > 1 && model[0] == 'o' && is_digit(model[1])) return true;
  if (model.starts_with("codex-") || model.starts_with("gpt-oss")) return true;
  if (!model.starts_with("gpt-") || model.find("-chat") != std::string_view::npos) return false;
  const std::string_view generation = model.substr(4);
  return !generation.empty() && is_digit(generation[0]) &&
         (generation[0] >= '5' || (generation.size() > 1 && is_digit(generation[1])));
}

// What a caller of this protocol wants to be included, and the seal of thoughts where their state is ours to keep.
json::Array included(json::Array wanted) {
  const bool is_there =
      std::ranges::any_of(wanted, [](const json::Value& value) { return loose::view_of(value) == kSealedThoughts; });
  if (!is_there) wanted.emplace_back(kSealedThoughts);
  return wanted;
}

// Whoever asks for thoughts asks a model that has some, whatever its name.
bool must_seal_thoughts(const ChatRequest& request, const Target& target) {
  const bool wants_thought = request.reasoning && effort_of(*request.reasoning) != "none";
  return request.wants_sealed_thoughts && (wants_thought || thinks(target.model));
}
// The same of a request that was not read.
bool must_seal_thoughts(std::string_view body, const ChatRequest& request, const Target& target) {
  if (!request.wants_sealed_thoughts || thinks(target.model)) return request.wants_sealed_thoughts;
  const auto wish = find_member(body, "reasoning");
  if (!wish || !*wish || !(*wish)->starts_with('{')) return false;
  const auto effort = find_member(**wish, "effort");
  return effort && (!*effort || **effort != R"("none")");
}

// Callers of other protocols know of no state at the provider: nothing is kept there, and thoughts come sealed instead.
void write_state(const ChatRequest& request, const Target& target, json::Object& body) {
  if (is_same(request)) {
    const json::Array* wanted = loose::array_at(request.extra, "include");
    if (must_seal_thoughts(request, target)) body["include"] = included(wanted ? *wanted : json::Array());
    return;
  }
  body["store"] = false;
  json::Array include;
  const bool wants_thought = request.reasoning && effort_of(*request.reasoning) != "none";
  if (wants_thought || thinks(target.model)) include.emplace_back(kSealedThoughts);
  if (request.has_logprobs.value_or(false)) include.emplace_back("message.output_text.logprobs");
  if (!include.empty()) body["include"] = std::move(include);
}

void write_extra(const ChatRequest& request, json::Object& body) {
  const json::Value* safety = is_same(request) ? request.extra.if_contains("safety_identifier") : nullptr;
  const bool is_said_already = safety && loose::view_of(*safety) == request.end_user;
  if (!request.end_user.empty() && !is_said_already) body["user"] = request.end_user;
  if (!is_same(request)) return;
  for (const auto& [name, value] : request.extra)
    if (!is_written_here(name)) body.emplace(name, value);
}

// Takes out what is ours and worth nothing to a provider: signatures of others that travel as thoughts, thoughts of
// nobody, ids that we made. Nullopt: the item goes.
std::optional<json::Object> cleaned_item(json::Object item, const Quirks& quirks) {
  const bool is_made = is_made_item_id(loose::view_at(item, "id"));
  if (loose::view_at(item, "type") == "reasoning") {
    const std::string_view sealed = loose::view_at(item, "encrypted_content");
    if (unseal(sealed) || (is_made && sealed.empty())) return std::nullopt;
  }
  if (is_made) {
    item.stable_erase("id");
    item.stable_erase("status");
  }
  if (!quirks.has_developer_role && loose::view_at(item, "role") == "developer") item["role"] = "system";
  return item;
}

bool must_be_cleaned(std::string_view body, const Quirks& quirks) {
  const auto has = [&](std::string_view word) { return body.find(word) != std::string_view::npos; };
  return has("\"atelier.1.") || has("_atelier_") || (!quirks.has_developer_role && has("\"developer\""));
}

// The text of a cleaned `input`; nullopt: it may stay.
Result<std::optional<std::string>> cleaned_input(std::string_view body, const Quirks& quirks) {
  if (!must_be_cleaned(body, quirks)) return std::optional<std::string>();
  auto input = find_member(body, "input");
  if (!input) return error_of(input);
  if (!*input || !(*input)->starts_with('[')) return std::optional<std::string>();
  auto value = json::parse(**input);
  if (!value) return error_of(value);
  json::Array items;
  for (json::Value& one : value->get_array()) {
    if (!one.is_object()) {
      items.push_back(std::move(one));
      continue;
    }
    if (auto item = cleaned_item(std::move(one.get_object()), quirks)) items.push_back(std::move(*item));
  }
  return std::optional(json::write(items));
}

}  // namespace

Result<WireRequest> write_responses_request(const ChatRequest& request, const Target& target) {
  if (auto fine = check(request); !fine) return error_of(fine);
  auto input = write_input(request, target.quirks);
  if (!input) return error_of(input);
  json::Object body{{"model", target.model}};
  if (!input->instructions.empty()) body["instructions"] = input->instructions;
  body["input"] = std::move(input->items);
  write_sampling(request, target.quirks, body);
  write_tooling(request, body);
  write_wishes(request, body);
  write_state(request, target, body);
  if (request.is_streamed) body["stream"] = true;
  write_extra(request, body);
  return post(target, kPath, json::write(body), streamed(request));
}

Result<WireRequest> relay_responses(std::string_view body, const ChatRequest& request, const Target& target) {
  const std::string model = json::write(json::Value(target.model));
  std::vector<MemberChange> changes{{"model", model}};
  auto input = cleaned_input(body, target.quirks);
  if (!input) return error_of(input);
  if (*input) changes.push_back({"input", **input});
  std::string include;
  if (must_seal_thoughts(body, request, target)) {
    auto given = find_member(body, "include");
    if (!given) return error_of(given);
    auto wanted = *given ? json::parse(**given) : Result<json::Value>(json::Array());
    include = json::write(included(wanted && wanted->is_array() ? std::move(wanted->get_array()) : json::Array()));
    changes.push_back({"include", include});
  }
  auto patched = set_members(body, changes);
  if (!patched) return error_of(patched);
  return post(target, kPath, std::move(*patched), streamed(request));
}

}  // namespace atelier::model::openai
