#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "tests/double/call.hpp"

// Ollama's own API.
namespace atelier::doubles {
namespace {

constexpr std::string_view kCreatedAt = "2026-01-02T03:04:05.123456789Z";

struct OllamaAsk {
  Wish wish;
  bool is_prefilled = false;
  bool is_streamed = true;
  bool only_loads = false;
};

void read_message(Reader& message, Checks& checks, OllamaAsk& ask, std::map<std::string, std::string>& names) {
  Wish& wish = ask.wish;
  const std::string role = message.choice("role", {"system", "user", "assistant", "tool"});
  const std::string text = message.text("content");
  wish.input_tokens += count_tokens(text);
  ask.is_prefilled = role == "assistant";
  if (role != "tool" && role != "assistant") wish.results.clear();
  if (role == "user") {
    wish.text = text;
    wish.media.clear();
    wish.prefill.clear();
    const auto* images = message.array("images");
    for (std::size_t i = 0; images && i < images->size(); ++i) {
      const auto* data = (*images)[i].if_string();
      auto medium = data ? medium_of_base64("image", "image", *data) : std::nullopt;
      wish.input_tokens += kTokensPerMedium;
      if (medium)
        wish.media.push_back(std::move(*medium));
      else
        checks.invalid(checks.element(message.path_to("images"), i), "illegal base64 data");
    }
  } else if (role == "assistant") {
    wish.prefill = text;
    wish.results.clear();
    const auto* calls = message.array("tool_calls");
    for (std::size_t i = 0; calls && i < calls->size(); ++i) {
      Reader call((*calls)[i], checks.element(message.path_to("tool_calls"), i), checks);
      const auto* object = call.require("function") ? call.object_at("function") : nullptr;
      if (!object) continue;
      Reader function(*object, call.path_to("function"), checks);
      const std::string name = function.required_text("name");
      if (function.require("arguments")) function.object_at("arguments");  // an object here, never a text
      names[call.text("id")] = name;
    }
  } else if (role == "tool") {
    std::string name = message.text("tool_name");
    if (const auto known = names.find(message.text("tool_call_id")); name.empty() && known != names.end())
      name = known->second;
    wish.results.push_back({.name = name, .text = text});
  }
}

std::expected<OllamaAsk, Problem> read_ollama(const Call& call) {
  OllamaAsk ask;
  Checks checks(kOllamaWords, false);
  Reader body(call.body, "", checks);
  const auto* messages = body.array("messages");
  ask.only_loads = !messages || messages->empty();
  std::map<std::string, std::string> names;
  for (std::size_t i = 0; messages && i < messages->size(); ++i) {
    Reader message((*messages)[i], checks.element("messages", i), checks);
    read_message(message, checks, ask, names);
  }
  const auto* tools = body.array("tools");
  for (std::size_t i = 0; tools && i < tools->size(); ++i) {
    Reader tool((*tools)[i], checks.element("tools", i), checks);
    const auto* object = tool.require("function") ? tool.object_at("function") : nullptr;
    if (!object) continue;
    Reader function(*object, tool.path_to("function"), checks);
    const auto* parameters = function.object_at("parameters");
    ask.wish.tools.push_back(
        {.name = function.required_text("name"), .schema = parameters ? json::Value(*parameters) : json::Value()});
    ask.wish.input_tokens += kTokensPerTool;
  }
  if (const json::Value* format = body.find("format")) {
    if (format->is_object())
      ask.wish.schema = *format;
    else if (format->is_string() && *format == "json")
      ask.wish.wants_json = true;
    else if (!format->is_string() || !format->as_string().empty())
      checks.invalid("format", "it is neither \"json\" nor a JSON schema");
  }
  ask.is_streamed = body.flag("stream", true);
  if (const json::Value* think = body.find("think")) {
    ask.wish.wants_reasoning = !think->is_bool() || think->as_bool();
    if (ask.wish.wants_reasoning && call.model.find("plain") != std::string::npos)
      checks.add({.status = 400, .message = fmt::format("\"{}\" does not support thinking", call.model)});
  }
  if (const auto* options = body.object_at("options")) {
    Reader reader(*options, "options", checks);
    ask.wish.tokens_max = std::max<std::int64_t>(0, reader.integer("num_predict", -2).value_or(0));
    if (const auto* stops = reader.array("stop"))
      for (const auto& stop : *stops)
        if (stop.is_string()) ask.wish.stops.emplace_back(stop.as_string());
  }
  if (!checks.is_fine()) return std::unexpected(*checks.first());
  return ask;
}

class Writer {
 public:
  Writer(const Call& call, const OllamaAsk& ask) : call_(call), said_(say(ask.wish, call.faults)) {}

  Answer whole() const {
    json::Object message{{"role", "assistant"}, {"content", said_.whole_text()}};
    if (!said_.reasoning.empty()) message["thinking"] = said_.whole_reasoning();
    if (!said_.calls.empty()) message["tool_calls"] = calls();
    json::Object body = line(std::move(message));
    finish(body);
    return json_answer(body);
  }

  Answer stream() const {
    Answer answer;
    answer.framing = Framing::ndjson;
    answer.content_type = "application/x-ndjson";
    for (const std::string& token : said_.reasoning)
      add(answer, {{"role", "assistant"}, {"content", ""}, {"thinking", token}});
    for (const std::string& token : said_.text) add(answer, {{"role", "assistant"}, {"content", token}});
    if (!said_.calls.empty()) add(answer, {{"role", "assistant"}, {"content", ""}, {"tool_calls", calls()}});
    json::Object last = line({{"role", "assistant"}, {"content", ""}});
    finish(last);
    answer.pieces.push_back({PieceKind::finish, json::write(last)});
    if (const auto problem = stream_problem(call_.faults))
      answer.error_pieces.push_back(
          {PieceKind::end, json::write(error_body(ErrorShape::ollama, *problem, call_.request.number))});
    return answer;
  }

  Answer loaded() const {
    json::Object body = line({{"role", "assistant"}, {"content", ""}});
    body["done"] = true;
    body["done_reason"] = "load";
    return json_answer(body);
  }

 private:
  json::Object line(json::Object message) const {
    return {{"model", call_.model}, {"created_at", kCreatedAt}, {"message", std::move(message)}, {"done", false}};
  }

  void add(Answer& answer, json::Object message) const {
    answer.pieces.push_back({PieceKind::token, json::write(line(std::move(message)))});
  }

  void finish(json::Object& body) const {
    body["done"] = true;
    body["done_reason"] = said_.finish == Finish::length ? "length" : "stop";
    if (call_.faults.text("usage") == "none") return;
    const Tokens& tokens = said_.tokens;
    body["total_duration"] = 5'000'000;
    body["load_duration"] = 1'000'000;
    // None is shown where all of the prompt was cached.
    if (tokens.input > tokens.cached_read) body["prompt_eval_count"] = tokens.input - tokens.cached_read;
    body["prompt_eval_duration"] = 1'000'000;
    body["eval_count"] = tokens.output + tokens.reasoning;
    body["eval_duration"] = 3'000'000;
  }

  json::Array calls() const {
    json::Array calls;
    for (std::size_t i = 0; i < said_.calls.size(); ++i) {
      const ToolCall& made = said_.calls[i];
      calls.push_back(
          {{"id", fmt::format("call_{}", call_.request.number * 1'000 + i)},
           {"function",
            {{"index", i}, {"name", made.name}, {"arguments", json::parse(made.arguments).value_or(json::Object())}}}});
    }
    return calls;
  }

  const Call& call_;
  Said said_;
};

json::Object details() {
  return {{"parent_model", ""},       {"format", "gguf"},
          {"family", "llama"},        {"families", json::Array{"llama"}},
          {"parameter_size", "8B"},   {"quantization_level", "Q4_K_M"},
          {"context_length", 131'072}};
}

json::Array capabilities(std::string_view model) {
  if (model.find("embedding") != std::string_view::npos) return {"embedding"};
  return {"completion", "tools", "vision", "thinking"};
}

std::string tagged(std::string_view model) {
  return model.find(':') == std::string_view::npos ? fmt::format("{}:latest", model) : std::string(model);
}

json::Object listed(std::string_view model) {
  return {{"name", tagged(model)},
          {"model", tagged(model)},
          {"modified_at", kCreatedAt},
          {"size", 4'920'000'000},
          {"digest", "46e0c10c039e019119339687c3c1757cc81b9da49709a3b3924863ba87ca666e"},
          {"details", details()}};
}

Problem no_model(const std::string& model) {
  return {.status = 404, .message = fmt::format("model '{}' not found", model)};
}

}  // namespace

Answer answer_ollama_chat(const Call& call) {
  const auto ask = read_ollama(call);
  if (!ask) return refuse(call, ask.error());
  if (const auto problem = refusal_of(call, ask->wish, ask->is_prefilled)) return refuse(call, *problem);
  const Writer writer(call, *ask);
  if (ask->only_loads) return writer.loaded();
  return ask->is_streamed && !call.faults.has("as-json") ? writer.stream() : writer.whole();
}

Answer answer_ollama_embed(const Call& call) {
  Checks checks(kOllamaWords, false);
  Reader body(call.body, "", checks);
  std::vector<std::string> texts;
  const json::Value* input = body.require("input");
  if (input && input->is_string())
    texts.emplace_back(input->as_string());
  else if (const auto* all = input ? body.array("input") : nullptr)
    for (const auto& text : *all)
      if (text.is_string()) texts.emplace_back(text.as_string());
  const auto dimensions = static_cast<std::size_t>(body.integer("dimensions", 1, 4096).value_or(256));
  if (!checks.is_fine()) return refuse(call, *checks.first());
  json::Array embeddings;
  std::int64_t tokens = 0;
  for (const std::string& text : texts) {
    tokens += count_tokens(text);
    json::Array values;
    for (const float value : embedding_of(text, dimensions)) values.push_back(static_cast<double>(value));
    embeddings.push_back(std::move(values));
  }
  return json_answer({{"model", call.model},
                      {"embeddings", std::move(embeddings)},
                      {"total_duration", 1'000'000},
                      {"load_duration", 1'000},
                      {"prompt_eval_count", tokens}});
}

Answer answer_ollama_root(const Call&) {
  Answer answer;
  answer.content_type = "text/plain; charset=utf-8";
  answer.body = "Ollama is running";
  return answer;
}

Answer answer_ollama_version(const Call&) { return json_answer({{"version", "0.99.0"}}); }

Answer answer_ollama_tags(const Call& call) {
  json::Array models;
  for (const std::string& model : call.state.models) {
    json::Object each = listed(model);
    each["capabilities"] = capabilities(model);
    models.push_back(std::move(each));
  }
  return json_answer({{"models", std::move(models)}});
}

Answer answer_ollama_ps(const Call& call) {
  json::Array models;
  if (!call.state.models.empty()) {
    json::Object each = listed(call.state.models.front());
    each["expires_at"] = kCreatedAt;
    each["size_vram"] = 4'920'000'000;
    each["context_length"] = 131'072;
    models.push_back(std::move(each));
  }
  return json_answer({{"models", std::move(models)}});
}

Answer answer_ollama_show(const Call& call) {
  const auto& models = call.state.models;
  const auto found = std::find_if(models.begin(), models.end(), [&](const std::string& model) {
    return model == call.model || tagged(model) == call.model;
  });
  if (found == models.end()) return refuse(call, no_model(call.model));
  return json_answer({{"license", ""},
                      {"modelfile", "FROM double"},
                      {"parameters", ""},
                      {"template", "{{ .Prompt }}"},
                      {"details", details()},
                      {"model_info", {{"general.architecture", "llama"}, {"llama.context_length", 131'072}}},
                      {"capabilities", capabilities(*found)},
                      {"modified_at", kCreatedAt}});
}

}  // namespace atelier::doubles
