#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/double/openai_chat.hpp"
#include "tests/double/seal.hpp"

namespace atelier::doubles {
namespace {

// Walks through the messages: what they hold, and whether calls and results fit each other.
class Messages {
 public:
  Messages(const Call& call, Checks& checks, ChatAsk& ask) : call_(call), checks_(checks), ask_(ask) {}

  void read(const json::Array& messages) {
    checks_.require(!messages.empty(), "messages", "the array is too short: at least one message is needed");
    for (std::size_t i = 0; i < messages.size(); ++i) {
      Reader message(messages[i], checks_.element("messages", i), checks_);
      read_message(message);
    }
    demand_results(checks_.element("messages", messages.size()));
    if (!ends_with_results_) ask_.wish.results.clear();
  }

 private:
  void read_message(Reader& message) {
    const std::string role = message.required_text("role");
    message.text("name");
    if (role != "tool") {
      demand_results(message.path());
      ends_with_results_ = false;
    }
    ask_.is_prefilled = role == "assistant";
    if (role == "user") {
      read_user(message);
    } else if (role == "assistant") {
      read_assistant(message);
    } else if (role == "tool") {
      read_tool(message);
    } else if (role == "system" || role == "developer") {
      count(text_of(message, true));
    } else {
      checks_.invalid(message.path_to("role"),
                      fmt::format("'{}' is none of system, developer, user, assistant, tool", role));
    }
    if (role == "assistant")
      message.ignore({"refusal", "audio", "function_call", "annotations", "reasoning", "reasoning_content", "images",
                      "prefix", "provider_specific_fields"});
    if (call_.dialect.is_strict) message.refuse_others();
  }

  void read_user(Reader& message) {
    Wish& wish = ask_.wish;
    wish.text.clear();
    wish.media.clear();
    wish.results.clear();
    wish.prefill.clear();
    const json::Value* content = message.require("content");
    if (!content) return;
    if (content->is_string()) {
      wish.text = std::string(content->as_string());
    } else if (const auto* parts = message.array("content")) {
      for (std::size_t i = 0; i < parts->size(); ++i) {
        Reader part((*parts)[i], checks_.element(message.path_to("content"), i), checks_);
        read_part(part);
      }
    }
    count(wish.text);
  }

  void read_part(Reader& part) {
    Wish& wish = ask_.wish;
    const std::string type = part.required_text("type");
    if (type == "text") {
      if (!wish.text.empty()) wish.text += '\n';
      wish.text += part.required_text("text");
    } else if (type == "image_url") {
      const json::Value* image = part.require("image_url");
      // Mistral takes the bare address too.
      if (image && image->is_string() && call_.dialect.persona == Persona::mistral)
        return take(medium_of_url("image", image->as_string()), part, "image_url");
      if (const auto* object = part.object_at("image_url")) {
        Reader reader(*object, part.path_to("image_url"), checks_);
        const std::string url = reader.required_text("url");
        reader.choice("detail", {"auto", "low", "high"});
        const bool may_be_remote = !call_.dialect.is_local || call_.dialect.persona != Persona::ollama;
        auto medium = medium_of_url("image", url);
        if (medium && !medium->url.empty() && !may_be_remote) medium.reset();
        take(std::move(medium), reader, "url");
      }
    } else if (type == "input_audio") {
      if (const auto* object = part.object_at("input_audio")) {
        Reader reader(*object, part.path_to("input_audio"), checks_);
        const std::string format = reader.choice("format", {"wav", "mp3"});
        take(medium_of_base64("audio", "audio/" + format, reader.required_text("data")), reader, "data");
      }
    } else if (type == "file") {
      if (const auto* object = part.object_at("file")) {
        Reader reader(*object, part.path_to("file"), checks_);
        const std::string id = reader.text("file_id");
        if (!id.empty()) return take(Medium{.kind = "file", .type = {}, .size_bytes = 0, .url = id}, reader, "file_id");
        reader.text("filename");
        take(medium_of_url("file", reader.required_text("file_data")), reader, "file_data");
      }
    } else {
      checks_.invalid(part.path_to("type"), fmt::format("'{}' is none of text, image_url, input_audio, file", type));
    }
  }

  void take(std::optional<Medium> medium, const Reader& reader, std::string_view name) {
    ask_.wish.input_tokens += kTokensPerMedium;
    if (medium) {
      ask_.wish.media.push_back(std::move(*medium));
    } else {
      checks_.invalid(reader.path_to(name), "neither an address nor base64 data of a known type");
    }
  }

  // A text, or text parts.
  std::string text_of(Reader& message, bool is_required) {
    const json::Value* content = is_required ? message.require("content") : message.find("content");
    if (!content) return {};
    if (content->is_string()) return std::string(content->as_string());
    std::string text;
    if (const auto* parts = message.array("content")) {
      for (std::size_t i = 0; i < parts->size(); ++i) {
        Reader part((*parts)[i], checks_.element(message.path_to("content"), i), checks_);
        const std::string type = part.required_text("type");
        if (type == "text") text += part.required_text("text");
        if (type == "refusal") text += part.required_text("refusal");
        const bool is_thinking = type == "thinking" && call_.dialect.has_thinking_content;
        checks_.require(type == "text" || type == "refusal" || is_thinking, part.path_to("type"),
                        fmt::format("'{}' may not stand here", type));
      }
    }
    return text;
  }

  void read_assistant(Reader& message) {
    const auto* calls = message.array("tool_calls");
    const std::string text = text_of(message, false);
    const bool says_something =
        message.has("content") || message.has("refusal") || message.has("audio") || message.has("function_call");
    if (!calls && !says_something) checks_.add(checks_.words().missing(message.path_to("content")));
    ask_.wish.prefill = text;
    count(text);
    check_reasoning(message);
    if (!calls) return;
    checks_.require(!calls->empty(), message.path_to("tool_calls"),
                    "the array is too short: at least one call is needed");
    for (std::size_t i = 0; i < calls->size(); ++i)
      read_call((*calls)[i], checks_.element(message.path_to("tool_calls"), i), i == 0);
    calls_path_ = message.path();
  }

  void read_call(const json::Value& value, const std::string& path, bool is_first) {
    Reader call(value, path, checks_);
    const std::string id = call.required_text("id");
    const std::string type = call.text("type", "function");
    const std::string_view inner = type == "custom" ? "custom" : "function";
    const auto* object = call.require(inner) ? call.object_at(inner) : nullptr;
    if (!object) return;
    Reader function(*object, call.path_to(inner), checks_);
    const std::string name = function.required_text("name");
    const std::string arguments = function.required_text(type == "custom" ? "input" : "arguments");
    count(arguments);
    if (call_.dialect.persona == Persona::mistral) {
      const bool is_short =
          id.size() == 9 && std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c); });
      checks_.require(is_short, call.path_to("id"), fmt::format("'{}' must be nine letters and digits", id));
    }
    if (call_.dialect.persona == Persona::gemini && is_first) check_google_signature(call, name, arguments);
    if (!pending_.emplace(id, name).second)
      checks_.invalid(call.path_to("id"), fmt::format("the id '{}' appears twice", id));
    names_[id] = name;
  }

  // Gemini's compatible endpoint wants the signature of the first call of a step back.
  void check_google_signature(Reader& call, const std::string& name, const std::string& arguments) {
    const auto* extra = call.object_at("extra_content");
    const auto* google = extra ? extra->if_contains("google") : nullptr;
    const auto* signature =
        google && google->is_object() ? google->as_object().if_contains("thought_signature") : nullptr;
    if (!signature || !signature->is_string()) {
      checks_.invalid(call.path(), fmt::format("Function call {} is missing a `thought_signature`", name));
    } else if (!is_sealed(signature->as_string(), "gemini-compatible", name + arguments)) {
      checks_.invalid(call.path(), "the thought signature is not valid");
    }
  }

  // OpenRouter's reasoning_details come back as they were.
  void check_reasoning(Reader& message) {
    const auto* details = message.array("reasoning_details");
    if (!details || !call_.dialect.has_reasoning_details) return;
    for (std::size_t i = 0; i < details->size(); ++i) {
      Reader detail((*details)[i], checks_.element(message.path_to("reasoning_details"), i), checks_);
      const std::string signature = detail.text("signature");
      if (detail.text("type") != "reasoning.text" || signature.empty()) continue;
      checks_.require(is_sealed(signature, "openrouter", detail.text("text")), detail.path_to("signature"),
                      "the signature does not fit the text");
    }
  }

  void read_tool(Reader& message) {
    const std::string id = message.required_text("tool_call_id");
    const std::string text = text_of(message, true);
    count(text);
    if (pending_.erase(id) == 0)
      checks_.invalid(
          message.path(),
          fmt::format("a message of role 'tool' must answer a preceding message with 'tool_calls'; nothing called '{}'",
                      id));
    if (!ends_with_results_) ask_.wish.results.clear();
    ask_.wish.results.push_back({.name = names_[id], .text = text});
    ends_with_results_ = true;
  }

  void demand_results(const std::string& path) {
    if (pending_.empty()) return;
    std::string ids;
    for (const auto& [id, name] : pending_) ids += (ids.empty() ? "" : ", ") + id;
    checks_.invalid(path, fmt::format("an assistant message with 'tool_calls' must be followed by a tool message for "
                                      "each 'tool_call_id'; {} had none: {}",
                                      calls_path_, ids));
    pending_.clear();
  }

  void count(const std::string& text) { ask_.wish.input_tokens += count_tokens(text); }

  const Call& call_;
  Checks& checks_;
  ChatAsk& ask_;
  std::map<std::string, std::string> pending_;  // calls without result: id, name
  std::map<std::string, std::string> names_;
  std::string calls_path_;
  bool ends_with_results_ = false;
};

bool is_function_name(const std::string& name) {
  const auto is_allowed = [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), is_allowed);
}

void read_tools(Reader& body, Checks& checks, Wish& wish) {
  const auto* tools = body.array("tools");
  if (!tools) return;
  checks.require(!tools->empty(), "tools", "the array is too short: at least one tool is needed");
  for (std::size_t i = 0; i < tools->size(); ++i) {
    Reader tool((*tools)[i], checks.element("tools", i), checks);
    const std::string type = tool.required_text("type");
    if (type != "function" && type != "custom") {
      checks.invalid(tool.path_to("type"), fmt::format("'{}' is neither function nor custom", type));
      continue;
    }
    const auto* inner = tool.require(type) ? tool.object_at(type) : nullptr;
    if (!inner) continue;
    Reader function(*inner, tool.path_to(type), checks);
    const std::string name = function.required_text("name");
    checks.require(is_function_name(name), function.path_to("name"),
                   fmt::format("'{}' must be 1 to 64 letters, digits, '_' and '-'", name));
    function.text("description");
    function.flag("strict");
    const auto* parameters = function.object_at("parameters");
    wish.tools.push_back(
        {.name = name, .schema = parameters ? json::Value(*parameters) : json::Value(), .is_custom = type == "custom"});
    wish.input_tokens += kTokensPerTool;
  }
}

void read_tool_choice(Reader& body, Checks& checks, Wish& wish) {
  const json::Value* choice = body.find("tool_choice");
  if (!choice) return;
  if (wish.tools.empty()) return checks.invalid("tool_choice", "it may only stand beside 'tools'");
  if (choice->is_string()) {
    const std::string_view mode = choice->as_string();
    if (mode == "none")
      wish.choice = Wish::Choice::none;
    else if (mode == "required" || mode == "any")
      wish.choice = Wish::Choice::required;
    else if (mode != "auto")
      checks.invalid("tool_choice", fmt::format("'{}' is none of none, auto, required", mode));
    return;
  }
  Reader reader(*choice, "tool_choice", checks);
  const std::string type = reader.choice("type", {"function", "custom", "allowed_tools"});
  const auto* inner = type.empty() ? nullptr : reader.object_at(type);
  if (!inner) return checks.invalid("tool_choice", "it names no tool");
  Reader named(*inner, reader.path_to(type), checks);
  if (type != "allowed_tools") {
    wish.choice = Wish::Choice::named;
    wish.chosen = named.required_text("name");
    const bool is_known =
        std::any_of(wish.tools.begin(), wish.tools.end(), [&](const Tool& tool) { return tool.name == wish.chosen; });
    return checks.require(is_known, "tool_choice", fmt::format("'{}' is not in 'tools'", wish.chosen));
  }
  if (named.choice("mode", {"auto", "required"}) == "required") wish.choice = Wish::Choice::required;
  if (const auto* allowed = named.required_array("tools"))
    for (const auto& each : *allowed)
      if (const auto* name = each.is_object() && each.as_object().contains("function")
                                 ? each.at("function").as_object().if_contains("name")
                                 : nullptr)
        wish.allowed.emplace_back(name->as_string());
}

void read_format(Reader& body, Checks& checks, Wish& wish) {
  const auto* format = body.object_at("response_format");
  if (!format) return;
  Reader reader(*format, "response_format", checks);
  const std::string type = reader.choice("type", {"text", "json_object", "json_schema"});
  wish.wants_json = type == "json_object";
  if (type != "json_schema") return;
  // llama.cpp takes the schema beside the type too.
  if (const auto* bare = reader.object_at("schema")) {
    wish.schema = *bare;
    return;
  }
  const auto* inner = reader.require("json_schema") ? reader.object_at("json_schema") : nullptr;
  if (!inner) return;
  Reader schema(*inner, "response_format.json_schema", checks);
  schema.required_text("name");
  if (schema.require("schema"))
    if (const auto* object = schema.object_at("schema")) wish.schema = *object;
}

void read_stops(Reader& body, Checks& checks, Wish& wish) {
  const json::Value* stop = body.find("stop");
  if (!stop) return;
  if (stop->is_string()) {
    wish.stops.emplace_back(stop->as_string());
  } else if (const auto* all = body.array("stop")) {
    checks.require(all->size() <= 4, "stop", "at most four stop sequences are allowed");
    for (const auto& each : *all)
      if (each.is_string()) wish.stops.emplace_back(each.as_string());
  }
}

bool wants_reasoning(Reader& body) {
  const std::string effort = body.text("reasoning_effort");
  if (!effort.empty() && effort != "none") return true;
  if (const auto* thinking = body.object_at("thinking"))
    if (const auto* type = thinking->if_contains("type"); type && *type == "enabled") return true;
  const auto* reasoning = body.object_at("reasoning");
  if (!reasoning) return false;
  const auto* wish = reasoning->if_contains("effort");
  return !wish || *wish != "none";
}

// What only some providers know.
void ignore_extensions(Reader& body, Persona persona) {
  if (persona == Persona::mistral) {
    body.ignore({"random_seed", "safe_prompt", "prompt_mode", "document_image_limit", "document_page_limit"});
    return;
  }
  body.ignore({"seed", "user", "logit_bias", "store", "metadata", "service_tier", "modalities", "audio",
               "web_search_options", "safety_identifier", "prompt_cache_key", "prompt_cache_options",
               "prompt_cache_retention", "verbosity", "moderation", "functions", "function_call"});
  if (persona == Persona::groq) body.ignore({"reasoning_format", "include_reasoning", "documents", "search_settings"});
  if (persona == Persona::azure) body.ignore({"data_sources"});
}

}  // namespace

std::expected<ChatAsk, Problem> read_chat(const Call& call) {
  ChatAsk ask;
  Checks checks(kOpenAiWords, call.dialect.is_strict);
  Reader body(call.body, "", checks);
  body.ignore({"model"});
  if (const auto* messages = body.required_array("messages")) Messages(call, checks, ask).read(*messages);
  read_tools(body, checks, ask.wish);
  read_tool_choice(body, checks, ask.wish);
  read_format(body, checks, ask.wish);
  read_stops(body, checks, ask.wish);
  ask.wish.is_parallel = body.flag("parallel_tool_calls", true);
  ask.is_streamed = body.flag("stream");
  if (const auto* options = body.object_at("stream_options")) {
    checks.require(ask.is_streamed, "stream_options", "it is only allowed when 'stream' is true");
    Reader reader(*options, "stream_options", checks);
    ask.wants_usage = reader.flag("include_usage");
    ask.has_obfuscation = reader.flag("include_obfuscation", true);
    if (call.faults.has("no-include-usage") && reader.has("include_usage"))
      checks.add(checks.words().unknown("stream_options.include_usage"));
  }
  const bool is_mistral = call.dialect.persona == Persona::mistral;
  const auto tokens = is_mistral ? std::nullopt : body.integer("max_completion_tokens", 1);
  const auto old_tokens = body.integer("max_tokens", 1);
  ask.wish.tokens_max = tokens.value_or(old_tokens.value_or(0));
  body.number("temperature", 0, 2);
  body.number("top_p", 0, 1);
  body.number("presence_penalty", -2, 2);
  body.number("frequency_penalty", -2, 2);
  ask.count = static_cast<int>(body.integer("n", 1, 128).value_or(1));
  if (call.dialect.persona == Persona::ollama) ask.count = 1;
  if (!is_mistral && call.dialect.persona != Persona::together) {
    ask.has_logprobs = body.flag("logprobs");
    ask.top_logprobs = static_cast<int>(body.integer("top_logprobs", 0, 20).value_or(0));
    checks.require(ask.has_logprobs || !body.has("top_logprobs"), "top_logprobs",
                   "it may only stand beside 'logprobs'");
  } else {
    body.ignore({"logprobs"});
  }
  ask.wish.wants_reasoning = wants_reasoning(body);
  body.ignore({"prediction", "reasoning_effort"});
  ignore_extensions(body, call.dialect.persona);
  body.refuse_others();
  if (!checks.is_fine()) return std::unexpected(*checks.first());
  return ask;
}

}  // namespace atelier::doubles
