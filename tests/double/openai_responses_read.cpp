#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "tests/double/openai_responses.hpp"
#include "tests/double/seal.hpp"

namespace atelier::doubles {
namespace {

constexpr std::string_view kNeedsReasoning = "_r";  // a function call's id ends so when reasoning came before it

// Walks through the input items.
class Items {
 public:
  Items(const Call& call, Checks& checks, ResponseAsk& ask) : call_(call), checks_(checks), ask_(ask) {}

  void read_text(std::string_view text) {
    begin_turn();
    ask_.wish.text = text;
    count(text);
  }

  // `is_given`: they come with this request, not from a stored response.
  void read(const json::Array& items, bool is_given) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      Reader item(items[i], is_given ? checks_.element("input", i) : "previous_response_id", checks_);
      read_item(item);
    }
  }

  void finish() {
    for (const auto& [id, name] : pending_)
      checks_.invalid("input", fmt::format("no tool output found for function call {}", id));
    if (!ends_with_results_) ask_.wish.results.clear();
  }

 private:
  void read_item(Reader& item) {
    const std::string type = item.text("type", "message");
    if (type == "item_reference") return read_reference(item);
    ask_.is_prefilled = false;
    const bool is_output = type == "function_call_output" || type == "custom_tool_call_output";
    if (!is_output && type != "reasoning") ends_with_results_ = false;
    if (type == "message") {
      read_message(item);
    } else if (type == "function_call" || type == "custom_tool_call") {
      read_call(item, type);
    } else if (is_output) {
      read_output(item);
    } else if (type == "reasoning") {
      read_reasoning(item);
    } else if (!type.ends_with("_call") && !type.starts_with("mcp_") && type != "compaction") {
      checks_.invalid(item.path_to("type"), fmt::format("'{}' is no item type the double knows", type));
    }
    if (is_output || (type == "message" && item.text("role") == "user")) has_reasoning_before_ = false;
  }

  void read_reference(Reader& item) {
    const std::string id = item.required_text("id");
    for (const auto& [response_id, stored] : call_.state.responses)
      for (const auto& output : stored.response.at("output").as_array())
        if (output.at("id") == json::Value(id)) {
          Reader found(output, item.path(), checks_);
          return read_item(found);
        }
    checks_.add({.status = 404,
                 .message = fmt::format("Item with id '{}' not found.", id),
                 .type = "invalid_request_error",
                 .param = "input"});
  }

  void begin_turn() {
    ask_.wish.text.clear();
    ask_.wish.media.clear();
    ask_.wish.results.clear();
    ask_.wish.prefill.clear();
  }

  void read_message(Reader& message) {
    const std::string role = message.required_text("role");
    const bool is_known = role == "user" || role == "assistant" || role == "system" || role == "developer";
    if (!is_known)
      checks_.invalid(message.path_to("role"), fmt::format("'{}' is none of user, assistant, system, developer", role));
    if (role == "user") begin_turn();
    std::string text;
    const json::Value* content = message.require("content");
    if (content && content->is_string()) {
      text = std::string(content->as_string());
    } else if (content) {
      if (const auto* parts = message.array("content"))
        for (std::size_t i = 0; i < parts->size(); ++i) {
          Reader part((*parts)[i], checks_.element(message.path_to("content"), i), checks_);
          read_part(part, role, text);
        }
    }
    count(text);
    if (role == "user") ask_.wish.text = text;
    if (role == "assistant") {
      ask_.is_prefilled = true;
      ask_.wish.prefill = text;
    }
  }

  void read_part(Reader& part, const std::string& role, std::string& text) {
    const std::string type = part.required_text("type");
    const bool is_assistant = role == "assistant";
    const std::string_view text_type = is_assistant ? "output_text" : "input_text";
    if (type == text_type || (is_assistant && type == "refusal")) {
      if (!text.empty()) text += '\n';
      text += part.required_text(type == "refusal" ? "refusal" : "text");
    } else if (type == "input_image" && !is_assistant) {
      part.choice("detail", {"low", "high", "auto", "original"});
      if (part.has("file_id"))
        return take(Medium{.kind = "image", .type = {}, .size_bytes = 0, .url = part.text("file_id")}, part, "file_id");
      take(medium_of_url("image", part.required_text("image_url")), part, "image_url");
    } else if (type == "input_file" && !is_assistant) {
      part.text("filename");
      for (const std::string_view name : {"file_id", "file_url"})
        if (part.has(name))
          return take(Medium{.kind = "file", .type = {}, .size_bytes = 0, .url = part.text(name)}, part, name);
      take(medium_of_url("file", part.required_text("file_data")), part, "file_data");
    } else {
      checks_.invalid(part.path_to("type"), fmt::format("'{}' may not stand in a message of role {}", type, role));
    }
  }

  void take(std::optional<Medium> medium, const Reader& part, std::string_view name) {
    ask_.wish.input_tokens += kTokensPerMedium;
    if (medium)
      ask_.wish.media.push_back(std::move(*medium));
    else
      checks_.invalid(part.path_to(name), "neither an address nor base64 data of a known type");
  }

  void read_call(Reader& item, const std::string& type) {
    const std::string call_id = item.required_text("call_id");
    const std::string name = item.required_text("name");
    count(item.required_text(type == "function_call" ? "arguments" : "input"));
    const std::string id = item.text("id");
    if (id.ends_with(kNeedsReasoning) && !has_reasoning_before_)
      checks_.invalid(
          item.path(),
          fmt::format("the item '{}' of type 'function_call' came without the 'reasoning' item it needs before it",
                      id));
    pending_[call_id] = name;
    names_[call_id] = name;
  }

  void read_output(Reader& item) {
    const std::string call_id = item.required_text("call_id");
    const json::Value* output = item.require("output");
    std::string text;
    if (output && output->is_string()) {
      text = std::string(output->as_string());
    } else if (output) {
      if (const auto* parts = item.array("output"))
        for (std::size_t i = 0; i < parts->size(); ++i) {
          Reader part((*parts)[i], checks_.element(item.path_to("output"), i), checks_);
          if (part.required_text("type") == "input_text") text += part.required_text("text");
        }
    }
    count(text);
    if (pending_.erase(call_id) == 0)
      checks_.invalid(item.path(), fmt::format("no tool call found for function call output with call_id {}", call_id));
    if (!ends_with_results_) ask_.wish.results.clear();
    ends_with_results_ = true;
    ask_.wish.results.push_back({.name = names_[call_id], .text = text});
  }

  void read_reasoning(Reader& item) {
    has_reasoning_before_ = true;
    item.required_text("id");
    item.required_array("summary");
    const std::string sealed = item.text("encrypted_content");
    if (!sealed.empty() && !open_sealed(sealed, "responses"))
      checks_.add({.status = 400,
                   .message = "The encrypted content of a reasoning item could not be verified.",
                   .type = "invalid_request_error",
                   .code = "invalid_encrypted_content",
                   .param = item.path()});
  }

  void count(std::string_view text) { ask_.wish.input_tokens += count_tokens(text); }

  const Call& call_;
  Checks& checks_;
  ResponseAsk& ask_;
  std::map<std::string, std::string> pending_, names_;
  bool ends_with_results_ = false, has_reasoning_before_ = false;
};

void read_tools(Reader& body, Checks& checks, Wish& wish) {
  const auto* tools = body.array("tools");
  for (std::size_t i = 0; tools && i < tools->size(); ++i) {
    Reader tool((*tools)[i], checks.element("tools", i), checks);
    const std::string type = tool.required_text("type");
    if (type != "function" && type != "custom") continue;  // run by the provider, who does not use them here
    const std::string name = tool.required_text("name");
    const auto* parameters = tool.object_at("parameters");
    wish.tools.push_back(
        {.name = name, .schema = parameters ? json::Value(*parameters) : json::Value(), .is_custom = type == "custom"});
    wish.input_tokens += kTokensPerTool;
  }
}

void read_tool_choice(Reader& body, Checks& checks, Wish& wish) {
  const json::Value* choice = body.find("tool_choice");
  if (!choice) return;
  if (choice->is_string()) {
    const std::string_view mode = choice->as_string();
    if (mode == "none")
      wish.choice = Wish::Choice::none;
    else if (mode == "required")
      wish.choice = Wish::Choice::required;
    else if (mode != "auto")
      checks.invalid("tool_choice", fmt::format("'{}' is none of none, auto, required", mode));
    return;
  }
  Reader reader(*choice, "tool_choice", checks);
  const std::string type = reader.required_text("type");
  if (type == "function" || type == "custom") {
    wish.choice = Wish::Choice::named;
    wish.chosen = reader.required_text("name");
    const bool is_known =
        std::any_of(wish.tools.begin(), wish.tools.end(), [&](const Tool& tool) { return tool.name == wish.chosen; });
    checks.require(is_known, "tool_choice", fmt::format("'{}' is not in 'tools'", wish.chosen));
  } else if (type == "allowed_tools") {
    if (reader.choice("mode", {"auto", "required"}) == "required") wish.choice = Wish::Choice::required;
    if (const auto* allowed = reader.required_array("tools"))
      for (const auto& each : *allowed)
        if (const auto* name = each.is_object() ? each.as_object().if_contains("name") : nullptr)
          wish.allowed.emplace_back(name->as_string());
  }
}

void read_text_format(Reader& body, Checks& checks, Wish& wish) {
  const auto* text = body.object_at("text");
  if (!text) return;
  Reader reader(*text, "text", checks);
  reader.choice("verbosity", {"low", "medium", "high"});
  const auto* format = reader.object_at("format");
  if (!format) return;
  Reader inner(*format, "text.format", checks);
  const std::string type = inner.choice("type", {"text", "json_object", "json_schema"});
  wish.wants_json = type == "json_object";
  if (type != "json_schema") return;
  inner.required_text("name");
  if (inner.require("schema"))
    if (const auto* schema = inner.object_at("schema")) wish.schema = *schema;
}

void read_reasoning_wish(Reader& body, Checks& checks, ResponseAsk& ask) {
  const auto* reasoning = body.object_at("reasoning");
  if (!reasoning) return;
  Reader reader(*reasoning, "reasoning", checks);
  const std::string effort = reader.choice("effort", {"none", "minimal", "low", "medium", "high", "xhigh", "max"});
  const std::string summary = reader.choice("summary", {"auto", "concise", "detailed"});
  ask.wish.wants_reasoning = effort != "none";
  ask.wants_summary = !summary.empty();
}

void read_include(Reader& body, ResponseAsk& ask) {
  const auto* include = body.array("include");
  for (std::size_t i = 0; include && i < include->size(); ++i) {
    if ((*include)[i] == "reasoning.encrypted_content") ask.wants_encrypted = true;
    if ((*include)[i] == "message.output_text.logprobs") ask.wants_logprobs = true;
  }
}

}  // namespace

std::string encrypt_reasoning(std::string_view text) { return seal_within("responses", text); }

std::expected<ResponseAsk, Problem> read_response(const Call& call) {
  ResponseAsk ask;
  Checks checks(kOpenAiWords, call.dialect.is_strict);
  Reader body(call.body, "", checks);
  body.ignore({"model"});
  ask.wish.input_tokens += count_tokens(body.text("instructions"));
  Items items(call, checks, ask);
  if (const std::string previous = body.text("previous_response_id"); !previous.empty()) {
    const auto found = call.state.responses.find(previous);
    if (found == call.state.responses.end()) {
      checks.add({.status = 400,
                  .message = fmt::format("Previous response with id '{}' not found.", previous),
                  .type = "invalid_request_error",
                  .code = "previous_response_not_found",
                  .param = "previous_response_id"});
    } else {
      ask.input = found->second.input;
      for (const auto& output : found->second.response.at("output").as_array()) ask.input.push_back(output);
      items.read(ask.input, false);
    }
    checks.require(!body.has("conversation"), "previous_response_id", "it may not stand beside 'conversation'");
  }
  const json::Value* input = body.find("input");
  if (!input && !body.has("prompt") && !body.has("conversation")) {
    checks.add(checks.words().missing("input"));
  } else if (input && input->is_string()) {
    items.read_text(input->as_string());
    ask.input.push_back({{"type", "message"},
                         {"role", "user"},
                         {"content", json::Array{{{"type", "input_text"}, {"text", input->as_string()}}}}});
  } else if (const auto* given = input ? body.array("input") : nullptr) {
    items.read(*given, true);
    for (const auto& item : *given) ask.input.push_back(item);
  }
  items.finish();
  read_tools(body, checks, ask.wish);
  read_tool_choice(body, checks, ask.wish);
  read_text_format(body, checks, ask.wish);
  read_reasoning_wish(body, checks, ask);
  read_include(body, ask);
  ask.wish.is_parallel = body.flag("parallel_tool_calls", true);
  ask.wish.tokens_max = body.integer("max_output_tokens", 16).value_or(0);
  ask.is_streamed = body.flag("stream");
  ask.is_stored = body.flag("store", true) && call.dialect.persona != Persona::ollama;
  if (const auto* options = body.object_at("stream_options")) {
    checks.require(ask.is_streamed, "stream_options", "it is only allowed when 'stream' is true");
    Reader reader(*options, "stream_options", checks);
    ask.has_obfuscation = reader.flag("include_obfuscation", true);
    if (call.dialect.is_strict) reader.refuse_others();
  }
  body.number("temperature", 0, 2);
  body.number("top_p", 0, 1);
  ask.top_logprobs = static_cast<int>(body.integer("top_logprobs", 0, 20).value_or(0));
  body.ignore({"background", "conversation", "max_tool_calls", "metadata", "safety_identifier", "prompt_cache_key",
               "prompt_cache_options", "prompt_cache_retention", "user", "truncation", "context_management",
               "service_tier", "prompt", "moderation"});
  body.refuse_others();
  if (!checks.is_fine()) return std::unexpected(*checks.first());
  return ask;
}

}  // namespace atelier::doubles
