#include <fmt/format.h>

#include <algorithm>

#include "tests/double/gemini.hpp"
#include "tests/double/seal.hpp"

namespace atelier::doubles {
namespace {

constexpr std::string_view kData[] = {
    "text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"};
// What the provider tells its clients to send for calls that it did not make itself.
constexpr std::string_view kSkipSignature = "skip_thought_signature_validator";
constexpr std::string_view kSchemaWords[] = {
    "type",     "format",     "title",    "description",      "nullable",      "enum",         "items",     "maxItems",
    "minItems", "properties", "required", "propertyOrdering", "minimum",       "maximum",      "minLength", "maxLength",
    "pattern",  "anyOf",      "example",  "default",          "minProperties", "maxProperties"};

struct PendingCall {
  std::string id, name;
};

class Contents {
 public:
  Contents(const Call& call, Checks& checks, GeminiAsk& ask) : call_(call), checks_(checks), ask_(ask) {}

  void read(const json::Array& contents) {
    checks_.require(!contents.empty(), "contents", "contents are required");
    const std::size_t turn = begin_of_turn(contents);
    for (std::size_t i = 0; i < contents.size(); ++i) {
      Reader content(contents[i], checks_.element("contents", i), checks_);
      is_current_turn_ = i >= turn;
      read_content(content);
      content.refuse_others();
    }
    if (!pending_.empty()) complain_of_count("contents");
    if (!ends_with_results_) ask_.wish.results.clear();
  }

 private:
  // The index of the last content in which the user says something: what follows is the current turn.
  static std::size_t begin_of_turn(const json::Array& contents) {
    for (std::size_t i = contents.size(); i > 0; --i) {
      const auto* content = contents[i - 1].if_object();
      const auto* role = content ? content->if_contains("role") : nullptr;
      const auto* parts = content ? content->if_contains("parts") : nullptr;
      if ((role && *role == "model") || !parts || !parts->is_array()) continue;
      for (const auto& part : parts->as_array())
        if (part.is_object() && part.as_object().contains("text")) return i - 1;
    }
    return 0;
  }

  void read_content(Reader& content) {
    const std::string role = content.text("role", "user");
    if (role != "user" && role != "model" && role != "function")
      checks_.invalid(content.path_to("role"), "Please use a valid role: user, model.");
    const bool is_model = role == "model";
    ask_.is_prefilled = is_model;
    text_.clear();
    media_.clear();
    results_.clear();
    has_call_ = false;
    const auto* parts = content.required_array("parts");
    for (std::size_t i = 0; parts && i < parts->size(); ++i) {
      Reader part((*parts)[i], checks_.element(content.path_to("parts"), i), checks_);
      read_part(part, is_model);
      part.refuse_others();
    }
    ask_.wish.input_tokens += count_tokens(text_);
    if (is_model) {
      ask_.wish.prefill = text_;
      ends_with_results_ = false;
      return;
    }
    if (!results_.empty() || !pending_.empty()) match_results(content.path());
    ends_with_results_ = !results_.empty() && text_.empty();
    if (ends_with_results_) {
      ask_.wish.results = results_;
      return;
    }
    ask_.wish.text = text_;
    ask_.wish.media = media_;
    ask_.wish.prefill.clear();
  }

  void read_part(Reader& part, bool is_model) {
    const auto count =
        std::count_if(std::begin(kData), std::end(kData), [&](std::string_view name) { return part.has(name); });
    const std::string signature = part.text("thoughtSignature");
    const bool is_thought = part.flag("thought");
    part.ignore({"videoMetadata", "mediaResolution", "partMetadata"});
    checks_.require(count <= 1, part.path(), "oneof field 'data' is already set");
    checks_.require(count == 1 || !signature.empty(), part.path(),
                    "required oneof field 'data' must have one initialized field");
    if (part.has("text")) {
      if (!is_thought) text_ += part.text("text");
      if (!signature.empty() && signature != kSkipSignature && !open_sealed(signature, kTextSeal))
        checks_.invalid(part.path_to("thought_signature"), "Thought signature is not valid");
    } else if (part.has("inlineData")) {
      read_inline(part);
    } else if (part.has("fileData")) {
      if (const auto* object = part.object_at("fileData")) {
        Reader file(*object, part.path_to("file_data"), checks_);
        media_.push_back(
            {.kind = "file", .type = file.text("mimeType"), .size_bytes = 0, .url = file.required_text("fileUri")});
        ask_.wish.input_tokens += kTokensPerMedium;
      }
    } else if (part.has("functionCall")) {
      checks_.require(is_model, part.path(), "a function call must stand in a turn of the model");
      read_call(part, signature);
    } else if (part.has("functionResponse")) {
      checks_.require(!is_model, part.path(), "a function response must stand in a turn of the user");
      read_response(part);
    }
  }

  void read_inline(Reader& part) {
    const auto* object = part.object_at("inlineData");
    if (!object) return;
    Reader data(*object, part.path_to("inline_data"), checks_);
    const std::string type = data.required_text("mimeType");
    const std::string_view kind = type.starts_with("image/") ? "image" : type.starts_with("audio/") ? "audio" : "file";
    auto medium = medium_of_base64(kind, type, data.required_text("data"));
    ask_.wish.input_tokens += kTokensPerMedium;
    if (medium)
      media_.push_back(std::move(*medium));
    else
      checks_.invalid(data.path_to("data"), "Base64 decoding failed");
    data.ignore({"displayName"});
    data.refuse_others();
  }

  void read_call(Reader& part, const std::string& signature) {
    const auto* object = part.object_at("functionCall");
    if (!object) return;
    Reader function(*object, part.path_to("function_call"), checks_);
    const std::string name = function.required_text("name");
    const std::string id = function.text("id");
    const auto* args = function.object_at("args");
    function.refuse_others();
    const json::Value arguments = args ? json::Value(*args) : json::Value(json::Object());
    ask_.wish.input_tokens += count_tokens(json::write(arguments));
    pending_.push_back({id, name});
    // Only the first call of a step has one.
    const bool is_first = !std::exchange(has_call_, true);
    if (signature.empty()) {
      if (is_first && is_current_turn_ && has_signatures(call_.model))
        checks_.add({.status = 400,
                     .message = fmt::format("Function call is missing a thought_signature in functionCall parts: {} "
                                            "(position {}). Send the model's parts back as they came.",
                                            name, part.path())});
    } else if (signature != kSkipSignature && signature != call_signature(call_.model, name, arguments)) {
      checks_.add({.status = 400, .message = "Thought signature is not valid."});
    }
  }

  void read_response(Reader& part) {
    const auto* object = part.object_at("functionResponse");
    if (!object) return;
    Reader response(*object, part.path_to("function_response"), checks_);
    const std::string name = response.required_text("name");
    response.text("id");
    const auto* value = response.require("response") ? response.object_at("response") : nullptr;
    response.ignore({"parts", "willContinue", "scheduling"});
    response.refuse_others();
    std::string text;
    bool is_error = false;
    if (value) {
      const auto* output = value->if_contains("output");
      const auto* error = value->if_contains("error");
      is_error = error != nullptr;
      const json::Value shown = output ? *output : error ? *error : json::Value(*value);
      text = shown.is_string() ? std::string(shown.as_string()) : json::write(shown);
    }
    ask_.wish.input_tokens += count_tokens(text);
    results_.push_back({.name = name, .text = text, .is_error = is_error});
    ids_.push_back(response.text("id"));
  }

  void match_results(const std::string& path) {
    if (results_.size() != pending_.size()) return complain_of_count(path);
    for (std::size_t i = 0; i < results_.size(); ++i) {
      const auto fits = [&](const PendingCall& call) {
        return call.name == results_[i].name && (call.id.empty() || ids_[i].empty() || call.id == ids_[i]);
      };
      const auto found = std::find_if(pending_.begin(), pending_.end(), fits);
      if (found == pending_.end())
        return checks_.invalid(
            path,
            fmt::format("the function response '{}' answers no function call of the turn before", results_[i].name));
      pending_.erase(found);
    }
    ids_.clear();
  }

  void complain_of_count(const std::string&) {
    checks_.add({.status = 400,
                 .message = "Please ensure that the number of function response parts is equal to the number of "
                            "function call parts of the function call turn."});
    pending_.clear();
    ids_.clear();
  }

  const Call& call_;
  Checks& checks_;
  GeminiAsk& ask_;
  std::vector<PendingCall> pending_;
  std::vector<ToolResult> results_;
  std::vector<std::string> ids_;
  std::string text_;
  std::vector<Medium> media_;
  bool has_call_ = false, is_current_turn_ = false, ends_with_results_ = false;
};

// The provider's subset of JSON Schema; what is not in it is an unknown field.
void check_schema(const json::Value& schema, const std::string& path, Checks& checks) {
  const auto* object = schema.if_object();
  if (!object) return;
  for (const auto& [key, value] : *object) {
    const std::string name(key);
    if (std::find(std::begin(kSchemaWords), std::end(kSchemaWords), name) == std::end(kSchemaWords))
      checks.add(checks.words().unknown(path + "." + name));
    if (name == "items") check_schema(value, path + ".items", checks);
    if (name == "properties" && value.is_object())
      for (const auto& [property, inner] : value.as_object())
        check_schema(inner, fmt::format("{}.properties.{}", path, std::string_view(property)), checks);
    if (name == "anyOf" && value.is_array())
      for (const auto& inner : value.as_array()) check_schema(inner, path + ".any_of", checks);
  }
}

bool is_function_name(const std::string& name) {
  const auto is_letter = [](unsigned char c) { return std::isalpha(c) || c == '_'; };
  const auto is_allowed = [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '.' || c == ':' || c == '-';
  };
  return !name.empty() && name.size() <= 128 && is_letter(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), is_allowed);
}

void read_tools(Reader& body, Checks& checks, Wish& wish) {
  const auto* tools = body.array("tools");
  for (std::size_t i = 0; tools && i < tools->size(); ++i) {
    Reader tool((*tools)[i], checks.element("tools", i), checks);
    tool.ignore({"googleSearch", "googleSearchRetrieval", "codeExecution", "urlContext", "googleMaps", "fileSearch",
                 "computerUse"});
    const auto* declarations = tool.array("functionDeclarations");
    for (std::size_t k = 0; declarations && k < declarations->size(); ++k) {
      Reader function((*declarations)[k], checks.element(tool.path_to("function_declarations"), k), checks);
      const std::string name = function.required_text("name");
      checks.require(is_function_name(name), function.path_to("name"),
                     "Invalid function name. Must start with a letter or an underscore.");
      function.ignore({"description", "response", "responseJsonSchema", "behavior"});
      const auto* parameters = function.object_at("parameters");
      const auto* schema = function.object_at("parametersJsonSchema");
      if (parameters) check_schema(*parameters, function.path_to("parameters"), checks);
      function.refuse_others();
      const auto* chosen = schema ? schema : parameters;
      wish.tools.push_back({.name = name, .schema = chosen ? json::Value(*chosen) : json::Value()});
      wish.input_tokens += kTokensPerTool;
    }
    tool.refuse_others();
  }
}

void read_tool_config(Reader& body, Checks& checks, Wish& wish) {
  const auto* config = body.object_at("toolConfig");
  if (!config) return;
  Reader reader(*config, "tool_config", checks);
  reader.ignore({"retrievalConfig"});
  if (const auto* calling = reader.object_at("functionCallingConfig")) {
    Reader inner(*calling, "tool_config.function_calling_config", checks);
    const std::string mode = inner.choice("mode", {"AUTO", "ANY", "NONE", "VALIDATED", "MODE_UNSPECIFIED"});
    if (mode == "ANY") wish.choice = Wish::Choice::required;
    if (mode == "NONE") wish.choice = Wish::Choice::none;
    if (const auto* names = inner.array("allowedFunctionNames")) {
      checks.require(names->empty() || mode == "ANY" || mode == "VALIDATED", inner.path(),
                     "allowed_function_names may only be set when the mode is ANY or VALIDATED");
      for (const auto& name : *names)
        if (name.is_string()) wish.allowed.emplace_back(name.as_string());
    }
    inner.ignore({"streamFunctionCallArguments"});
    inner.refuse_others();
  }
  reader.refuse_others();
}

void read_thinking(Reader& config, Checks& checks, GeminiAsk& ask) {
  const auto* thinking = config.object_at("thinkingConfig");
  if (!thinking) return;
  Reader reader(*thinking, config.path_to("thinking_config"), checks);
  ask.shows_thoughts = reader.flag("includeThoughts");
  const auto budget = reader.integer("thinkingBudget", -1);
  const std::string level =
      reader.choice("thinkingLevel", {"MINIMAL", "LOW", "MEDIUM", "HIGH", "THINKING_LEVEL_UNSPECIFIED"});
  checks.require(!budget || level.empty(), reader.path(), "thinking_budget and thinking_level may not be set together");
  ask.wish.wants_reasoning = budget.value_or(-1) != 0;
  reader.refuse_others();
}

void read_config(Reader& body, Checks& checks, GeminiAsk& ask) {
  const auto* config = body.object_at("generationConfig");
  if (!config) return;
  Reader reader(*config, "generation_config", checks);
  ask.count = static_cast<int>(reader.integer("candidateCount", 1, 8).value_or(1));
  ask.wish.tokens_max = reader.integer("maxOutputTokens", 1).value_or(0);
  reader.number("temperature", 0, 2);
  reader.number("topP", 0, 1);
  reader.number("topK", 0, 1000);
  if (const auto* stops = reader.array("stopSequences")) {
    checks.require(stops->size() <= 5, reader.path_to("stop_sequences"), "at most five are allowed");
    for (const auto& stop : *stops)
      if (stop.is_string()) ask.wish.stops.emplace_back(stop.as_string());
  }
  const std::string type = reader.choice("responseMimeType", {"text/plain", "application/json", "text/x.enum"});
  const auto* schema = reader.object_at("responseSchema");
  const auto* json_schema = reader.object_at("responseJsonSchema");
  if (schema) check_schema(*schema, reader.path_to("response_schema"), checks);
  if (schema || json_schema) {
    checks.require(type == "application/json" || type == "text/x.enum", reader.path(),
                   "a schema needs response_mime_type application/json");
    ask.wish.schema = json_schema ? *json_schema : *schema;
  }
  ask.wish.wants_json = type == "application/json" && ask.wish.schema.is_null();
  read_thinking(reader, checks, ask);
  reader.ignore({"seed", "presencePenalty", "frequencyPenalty", "responseLogprobs", "logprobs", "responseModalities",
                 "mediaResolution", "speechConfig", "imageConfig", "enableEnhancedCivicAnswers", "audioTimestamp"});
  reader.refuse_others();
}

}  // namespace

bool has_signatures(std::string_view model) noexcept {
  return !model.starts_with("gemini-1") && !model.starts_with("gemini-2");
}

std::string call_signature(std::string_view model, std::string_view name, const json::Value& arguments) {
  return seal("gemini:" + std::string(model), std::string(name) + json::write_canonical(arguments));
}

std::expected<GeminiAsk, Problem> read_generate(const Call& call) {
  GeminiAsk ask;
  Checks checks(kGeminiWords, true);
  Reader body(call.body, "", checks);
  if (const auto* system = body.object_at("systemInstruction")) {
    Reader instruction(*system, "system_instruction", checks);
    const auto* parts = instruction.required_array("parts");
    for (std::size_t i = 0; parts && i < parts->size(); ++i) {
      Reader part((*parts)[i], checks.element("system_instruction.parts", i), checks);
      ask.wish.input_tokens += count_tokens(part.required_text("text"));
    }
  }
  read_tools(body, checks, ask.wish);
  read_tool_config(body, checks, ask.wish);
  read_config(body, checks, ask);
  if (const auto* contents = body.required_array("contents")) Contents(call, checks, ask).read(*contents);
  body.ignore({"model", "safetySettings", "cachedContent", "serviceTier", "labels"});
  body.refuse_others();
  if (!checks.is_fine()) return std::unexpected(*checks.first());
  return ask;
}

}  // namespace atelier::doubles
