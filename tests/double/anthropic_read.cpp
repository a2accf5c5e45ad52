#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/hash.hpp"
#include "tests/double/anthropic.hpp"
#include "tests/double/seal.hpp"

namespace atelier::doubles {
namespace {

constexpr std::size_t kCacheMarksMax = 4;

// Which prefix of the prompt is in the cache: tools, then system, then messages, up to each cache_control.
class CachePrefix {
 public:
  explicit CachePrefix(std::string model) : text_(std::move(model)) {}

  void add(const json::Object& block, std::int64_t tokens_so_far) {
    json::Object plain = block;
    plain.erase("cache_control");
    text_ += json::write(plain);
    const auto* control = block.if_contains("cache_control");
    if (control && control->is_object()) mark(control->as_object(), tokens_so_far);
  }
  void mark(const json::Object& control, std::int64_t tokens_so_far) {
    marks_.push_back({quick_hash(text_), tokens_so_far});
    const auto* ttl = control.if_contains("ttl");
    is_hour_ = ttl && *ttl == "1h";
  }
  std::size_t count() const noexcept { return marks_.size(); }

  void settle(State& state, MessagesAsk& ask) const {
    if (marks_.empty()) return;
    ask.has_cache_marks = true;
    ask.is_hour_cache = is_hour_;
    for (const auto& [hash, tokens] : marks_)
      if (state.cached_prefixes.contains(hash)) ask.cached_read = std::max(ask.cached_read, tokens);
    ask.cached_write = std::max<std::int64_t>(0, marks_.back().second - ask.cached_read);
    for (const auto& [hash, tokens] : marks_) state.cached_prefixes.insert(hash);
  }

 private:
  std::string text_;
  std::vector<std::pair<std::uint64_t, std::int64_t>> marks_;
  bool is_hour_ = false;
};

class Conversation {
 public:
  Conversation(Checks& checks, MessagesAsk& ask, CachePrefix& cache) : checks_(checks), ask_(ask), cache_(cache) {}

  void read(const json::Array& messages, bool needs_thoughts) {
    checks_.require(!messages.empty(), "messages", "at least one message is required");
    for (std::size_t i = 0; i < messages.size(); ++i) {
      Reader message(messages[i], checks_.element("messages", i), checks_);
      const std::string role = message.required_text("role");
      if (role == "system")
        checks_.invalid(message.path_to("role"), "role 'system' is not supported on this model");
      else if (role != "user" && role != "assistant")
        checks_.invalid(message.path_to("role"), "Input should be 'user' or 'assistant'");
      if (i == 0) checks_.require(role != "assistant", "messages", "first message must use the \"user\" role");
      is_last_ = i + 1 == messages.size();
      read_message(message, role);
      message.refuse_others();
    }
    demand_results("messages");
    if (needs_thoughts && last_calls_lack_thinking_)
      checks_.invalid(last_calls_path_,
                      "Expected `thinking` or `redacted_thinking`, but found `tool_use`: with thinking on, the last "
                      "assistant message must start with a thinking block");
    if (!ends_with_results_) ask_.wish.results.clear();
  }

 private:
  void read_message(Reader& message, const std::string& role) {
    const bool is_user = role == "user";
    ask_.is_prefilled = !is_user;
    if (!is_user) demand_results(message.path());
    texts_.clear();
    results_here_ = 0;
    media_.clear();
    has_calls_ = false;
    first_type_.clear();
    ends_with_results_ = false;
    const json::Value* content = message.require("content");
    if (content && content->is_string()) {
      add_text(content->as_string(), message.path_to("content"));
      cache_.add({{"role", role}, {"text", *content}}, ask_.wish.input_tokens);
    } else if (content) {
      read_blocks(message, is_user);
    }
    if (is_user) {
      demand_results(message.path());
      end_user_turn();
    } else {
      ask_.wish.prefill = texts_;
      if (is_last_ && !texts_.empty())
        checks_.require(texts_.find_last_not_of(" \n\t") == texts_.size() - 1, "messages",
                        "final assistant content cannot end with trailing whitespace");
      last_calls_lack_thinking_ = has_calls_ && first_type_ != "thinking" && first_type_ != "redacted_thinking";
      if (has_calls_) last_calls_path_ = checks_.element(message.path_to("content"), 0) + ".type";
    }
  }

  // A user message that only holds results goes on with the turn before it.
  void end_user_turn() {
    Wish& wish = ask_.wish;
    ends_with_results_ = results_here_ > 0 && texts_.empty();
    if (ends_with_results_) return;
    wish.text = texts_;
    wish.media = media_;
    wish.results.clear();
    wish.prefill.clear();
    last_calls_lack_thinking_ = false;
  }

  void read_blocks(Reader& message, bool is_user) {
    const auto* blocks = message.array("content");
    if (!blocks) return;
    const std::string path = message.path_to("content");
    if (!is_last_ || is_user)
      checks_.require(!blocks->empty(), path,
                      "all messages must have non-empty content except for the optional final assistant message");
    for (std::size_t i = 0; i < blocks->size(); ++i) {
      Reader block((*blocks)[i], checks_.element(path, i), checks_);
      const std::string type = block.required_text("type");
      if (i == 0) first_type_ = type;
      if (is_user)
        read_user_block(block, type, i);
      else
        read_assistant_block(block, type);
      block.ignore({"cache_control", "citations", "caller"});
      block.refuse_others();
      cache_.add(block.object(), ask_.wish.input_tokens);
    }
  }

  void read_user_block(Reader& block, const std::string& type, std::size_t index) {
    if (type == "text") {
      add_text(block.required_text("text"), block.path());
    } else if (type == "image") {
      read_source(block, "image");
    } else if (type == "document") {
      block.ignore({"title", "context"});
      read_source(block, "file");
    } else if (type == "search_result") {
      block.required_text("source");
      block.required_text("title");
      block.required_array("content");
    } else if (type == "tool_result") {
      if (index != results_here_) checks_.invalid(block.path(), "tool_result blocks must come first in the content");
      read_result(block);
    } else {
      checks_.invalid(block.path_to("type"), fmt::format("'{}' may not stand in a user message", type));
    }
  }

  void read_source(Reader& block, std::string_view kind) {
    block.ignore({"transformations"});
    const auto* object = block.require("source") ? block.object_at("source") : nullptr;
    if (!object) return;
    Reader source(*object, block.path_to("source"), checks_);
    const std::string type = source.choice("type", {"base64", "url", "file", "text", "content"});
    ask_.wish.input_tokens += kTokensPerMedium;
    std::optional<Medium> medium;
    if (type == "base64") {
      const std::string media_type =
          kind == "image" ? source.choice("media_type", {"image/jpeg", "image/png", "image/gif", "image/webp"})
                          : source.choice("media_type", {"application/pdf"});
      medium = medium_of_base64(kind, media_type, source.required_text("data"));
    } else if (type == "url") {
      medium = medium_of_url(kind, source.required_text("url"));
    } else if (type == "file") {
      medium = Medium{.kind = std::string(kind), .type = {}, .size_bytes = 0, .url = source.required_text("file_id")};
    } else if (type == "text") {
      source.ignore({"media_type"});
      medium = Medium{.kind = std::string(kind),
                      .type = "text/plain",
                      .size_bytes = source.required_text("data").size(),
                      .url = {}};
    } else {
      source.ignore({"content"});
      medium = Medium{.kind = std::string(kind), .type = "content", .size_bytes = 0, .url = {}};
    }
    if (medium)
      media_.push_back(std::move(*medium));
    else
      checks_.invalid(source.path(), "Could not process the data: it is no base64 of that type");
  }

  void read_result(Reader& block) {
    const std::string id = block.required_text("tool_use_id");
    const bool is_error = block.flag("is_error");
    std::string text;
    const json::Value* content = block.find("content");
    if (content && content->is_string()) {
      text = std::string(content->as_string());
    } else if (const auto* parts = content ? block.array("content") : nullptr) {
      for (std::size_t i = 0; i < parts->size(); ++i) {
        Reader part((*parts)[i], checks_.element(block.path_to("content"), i), checks_);
        const std::string type = part.required_text("type");
        if (type == "text")
          text += part.required_text("text");
        else if (type == "image")
          read_source(part, "image");
      }
    }
    ask_.wish.input_tokens += count_tokens(text);
    if (pending_.erase(id) == 0)
      checks_.invalid(block.path(),
                      fmt::format("unexpected `tool_use_id` found in `tool_result` blocks: {}. Each `tool_result` "
                                  "block must have a corresponding `tool_use` block in the previous message",
                                  id));
    if (results_here_++ == 0) ask_.wish.results.clear();
    ask_.wish.results.push_back({.name = names_[id], .text = text, .is_error = is_error});
  }

  void read_assistant_block(Reader& block, const std::string& type) {
    if (type == "text") {
      add_text(block.required_text("text"), block.path());
    } else if (type == "tool_use") {
      const std::string id = block.required_text("id");
      const std::string name = block.required_text("name");
      if (block.require("input"))
        if (const auto* input = block.object_at("input")) ask_.wish.input_tokens += count_tokens(json::write(*input));
      pending_[id] = name;
      names_[id] = name;
      has_calls_ = true;
      calls_path_ = block.path();
    } else if (type == "thinking") {
      const json::Value* thinking = block.require("thinking");
      const std::string text = block.text("thinking");
      if (thinking && !is_sealed(block.required_text("signature"), kThinkingSeal, text))
        checks_.invalid(block.path(), "Invalid `signature` in `thinking` block");
    } else if (type == "redacted_thinking") {
      if (!open_sealed(block.required_text("data"), kRedactedSeal))
        checks_.invalid(block.path(), "Invalid `data` in `redacted_thinking` block");
    } else if (!type.starts_with("server_tool_") && !type.ends_with("_tool_result")) {
      checks_.invalid(block.path_to("type"), fmt::format("'{}' may not stand in an assistant message", type));
    }
  }

  void add_text(std::string_view text, const std::string& path) {
    checks_.require(!text.empty(), path, "text content blocks must be non-empty");
    if (!texts_.empty()) texts_ += '\n';
    texts_ += text;
    ask_.wish.input_tokens += count_tokens(text);
  }

  void demand_results(const std::string& path) {
    if (pending_.empty()) return;
    std::string ids;
    for (const auto& [id, name] : pending_) ids += (ids.empty() ? "" : ", ") + id;
    checks_.invalid(path,
                    fmt::format("`tool_use` ids were found without `tool_result` blocks immediately after: {}. Each "
                                "`tool_use` block must have a corresponding `tool_result` block in the next message",
                                ids));
    pending_.clear();
  }

  Checks& checks_;
  MessagesAsk& ask_;
  CachePrefix& cache_;
  std::map<std::string, std::string> pending_, names_;
  std::string texts_, first_type_, calls_path_, last_calls_path_;
  std::vector<Medium> media_;
  std::size_t results_here_ = 0;
  bool has_calls_ = false, is_last_ = false, ends_with_results_ = false, last_calls_lack_thinking_ = false;
};

void read_system(Reader& body, Checks& checks, MessagesAsk& ask, CachePrefix& cache) {
  const json::Value* system = body.find("system");
  if (!system) return;
  if (system->is_string()) {
    ask.wish.input_tokens += count_tokens(system->as_string());
    cache.add({{"system", *system}}, ask.wish.input_tokens);
  } else if (const auto* blocks = body.array("system")) {
    for (std::size_t i = 0; i < blocks->size(); ++i) {
      Reader block((*blocks)[i], checks.element("system", i), checks);
      block.choice("type", {"text"});
      ask.wish.input_tokens += count_tokens(block.required_text("text"));
      block.ignore({"cache_control", "citations"});
      block.refuse_others();
      cache.add(block.object(), ask.wish.input_tokens);
    }
  }
}

void read_tools(Reader& body, Checks& checks, MessagesAsk& ask, CachePrefix& cache) {
  const auto* tools = body.array("tools");
  for (std::size_t i = 0; tools && i < tools->size(); ++i) {
    Reader tool((*tools)[i], checks.element("tools", i), checks);
    const std::string type = tool.text("type", "custom");
    const std::string name = tool.required_text("name");
    ask.wish.input_tokens += kTokensPerTool;
    if (type == "custom") {
      const auto* schema = tool.require("input_schema") ? tool.object_at("input_schema") : nullptr;
      if (schema && (!schema->contains("type") || schema->at("type") != "object"))
        checks.invalid(tool.path_to("input_schema") + ".type", "Input should be 'object'");
      ask.wish.tools.push_back({.name = name, .schema = schema ? json::Value(*schema) : json::Value()});
      tool.ignore({"description", "strict", "eager_input_streaming", "cache_control", "input_examples", "defer_loading",
                   "allowed_callers"});
      tool.refuse_others();
    }
    cache.add(tool.object(), ask.wish.input_tokens);
  }
}

void read_tool_choice(Reader& body, Checks& checks, Wish& wish) {
  const auto* choice = body.object_at("tool_choice");
  if (!choice) return;
  Reader reader(*choice, "tool_choice", checks);
  const std::string type = reader.choice("type", {"auto", "any", "tool", "none"});
  checks.require(!wish.tools.empty() || type == "none", "tool_choice", "may only be specified while providing tools");
  wish.is_parallel = !reader.flag("disable_parallel_tool_use");
  if (type == "any") wish.choice = Wish::Choice::required;
  if (type == "none") wish.choice = Wish::Choice::none;
  if (type != "tool") return;
  wish.choice = Wish::Choice::named;
  wish.chosen = reader.required_text("name");
  const bool is_known =
      std::any_of(wish.tools.begin(), wish.tools.end(), [&](const Tool& tool) { return tool.name == wish.chosen; });
  checks.require(is_known, "tool_choice", fmt::format("Tool '{}' not found in provided tools", wish.chosen));
}

// How thinking is asked for; empty: it is off.
std::string read_thinking(Reader& body, Checks& checks, MessagesAsk& ask) {
  const auto* thinking = body.object_at("thinking");
  if (!thinking) return {};
  Reader reader(*thinking, "thinking", checks);
  const std::string type = reader.choice("type", {"enabled", "adaptive", "disabled"});
  ask.hides_thinking = reader.choice("display", {"summarized", "omitted"}) == "omitted";
  if (type == "enabled") {
    if (!reader.require("budget_tokens")) return {};
    const auto budget = reader.integer("budget_tokens", 1024);
    if (budget && ask.wish.tokens_max > 0)
      checks.require(*budget < ask.wish.tokens_max, "max_tokens",
                     "`max_tokens` must be greater than `thinking.budget_tokens`");
    checks.require(ask.wish.choice != Wish::Choice::required && ask.wish.choice != Wish::Choice::named, "thinking",
                   "Thinking may not be enabled when tool_choice forces tool use.");
    const auto* temperature = body.find("temperature");
    checks.require(!temperature || *temperature == 1 || *temperature == 1.0, "temperature",
                   "may only be set to 1 when thinking is enabled");
  }
  reader.refuse_others();
  return type == "disabled" ? std::string() : type;
}

void read_output_config(Reader& body, Checks& checks, Wish& wish) {
  const auto* config = body.object_at("output_config");
  if (!config) return;
  Reader reader(*config, "output_config", checks);
  reader.choice("effort", {"low", "medium", "high", "xhigh", "max"});
  reader.ignore({"task_budget"});
  if (const auto* format = reader.object_at("format")) {
    Reader inner(*format, "output_config.format", checks);
    inner.choice("type", {"json_schema"});
    if (inner.require("schema"))
      if (const auto* schema = inner.object_at("schema")) wish.schema = *schema;
  }
  reader.refuse_others();
}

}  // namespace

std::expected<MessagesAsk, Problem> read_messages(const Call& call, Purpose purpose) {
  MessagesAsk ask;
  Checks checks(kAnthropicWords, call.dialect.persona == Persona::anthropic);
  Reader body(call.body, "", checks);
  if (call.dialect.persona == Persona::anthropic && !call.request.field("anthropic-version"))
    checks.add({.status = 400, .message = "anthropic-version: header is required"});
  body.ignore({"model"});
  if (purpose == Purpose::answer) {
    if (body.require("max_tokens")) ask.wish.tokens_max = body.integer("max_tokens", 0).value_or(0);
    ask.is_streamed = body.flag("stream");
  }
  CachePrefix cache(call.model);
  read_tools(body, checks, ask, cache);
  read_tool_choice(body, checks, ask.wish);
  read_system(body, checks, ask, cache);
  const std::string thinking = read_thinking(body, checks, ask);
  ask.wish.wants_reasoning = !thinking.empty();
  // Only with a budget must every step of a tool loop begin with a thought.
  if (const auto* messages = body.required_array("messages"))
    Conversation(checks, ask, cache).read(*messages, thinking == "enabled");
  if (const auto* control = body.object_at("cache_control")) cache.mark(*control, ask.wish.input_tokens);
  checks.require(cache.count() <= kCacheMarksMax, "cache_control",
                 fmt::format("a maximum of 4 blocks with cache_control may be provided, found {}", cache.count()));
  read_output_config(body, checks, ask.wish);
  if (const auto* stops = body.array("stop_sequences"))
    for (const auto& stop : *stops)
      if (stop.is_string()) ask.wish.stops.emplace_back(stop.as_string());
  body.number("temperature", 0, 1);
  body.number("top_p", 0, 1);
  body.integer("top_k", 0);
  body.ignore({"metadata", "service_tier", "container", "inference_geo", "context_management", "mcp_servers", "betas"});
  body.refuse_others();
  if (!checks.is_fine()) return std::unexpected(*checks.first());
  if (purpose == Purpose::answer) cache.settle(call.state, ask);
  return ask;
}

}  // namespace atelier::doubles
