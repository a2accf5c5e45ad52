#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "tests/double/call.hpp"
#include "tests/double/seal.hpp"

// Embeddings, models and moderations of OpenAI and those compatible with it.
namespace atelier::doubles {
namespace {

constexpr std::size_t kDimensions = 256;
constexpr std::size_t kInputsMax = 2048;
constexpr std::string_view kCategories[] = {"harassment",
                                            "harassment/threatening",
                                            "hate",
                                            "hate/threatening",
                                            "illicit",
                                            "illicit/violent",
                                            "self-harm",
                                            "self-harm/intent",
                                            "self-harm/instructions",
                                            "sexual",
                                            "sexual/minors",
                                            "violence",
                                            "violence/graphic"};

std::string text_of_tokens(const json::Array& tokens) {
  std::string text;
  for (const auto& token : tokens) text += fmt::format("{}{}", text.empty() ? "" : " ", json::write(token));
  return text;
}

// The texts to embed; those given as token numbers are spelled out.
std::vector<std::string> read_inputs(Reader& body, Checks& checks) {
  std::vector<std::string> texts;
  const json::Value* input = body.require("input");
  if (!input) return texts;
  if (input->is_string()) {
    texts.emplace_back(input->as_string());
  } else if (const auto* all = body.array("input")) {
    checks.require(!all->empty() && all->size() <= kInputsMax, "input", "the array must have 1 to 2048 elements");
    const bool is_one = !all->empty() && all->front().is_number();
    if (is_one) texts.push_back(text_of_tokens(*all));
    for (std::size_t i = 0; !is_one && i < all->size(); ++i) {
      if (const auto* text = (*all)[i].if_string())
        texts.emplace_back(*text);
      else if (const auto* tokens = (*all)[i].if_array())
        texts.push_back(text_of_tokens(*tokens));
      else
        checks.add(checks.words().wrong_type(checks.element("input", i), "a string", kind_name((*all)[i])));
    }
  }
  for (const std::string& text : texts) checks.require(!text.empty(), "input", "it must not be empty");
  return texts;
}

json::Value encode(const std::vector<float>& vector, bool as_base64) {
  if (as_base64) {
    std::string bytes(vector.size() * sizeof(float), '\0');
    std::memcpy(bytes.data(), vector.data(), bytes.size());  // little-endian, as all our machines are
    return base64(bytes).c_str();
  }
  json::Array numbers;
  for (const float value : vector) numbers.push_back(static_cast<double>(value));
  return numbers;
}

json::Object model_object(const Call& call, std::string_view id) {
  json::Object model{{"id", id}, {"object", "model"}, {"created", kCreatedSeconds}, {"owned_by", call.dialect.owner}};
  switch (call.dialect.persona) {
    case Persona::openrouter:
      model["name"] = fmt::format("Double: {}", id);
      model["canonical_slug"] = id;
      model["context_length"] = 200'000;
      model["architecture"] = {{"modality", "text+image->text"},
                               {"input_modalities", {"text", "image"}},
                               {"output_modalities", json::Array{"text"}}};
      model["pricing"] = {{"prompt", "0.000001"}, {"completion", "0.000005"}, {"input_cache_read", "0.0000001"}};
      model["top_provider"] = {{"context_length", 200'000}, {"max_completion_tokens", 64'000}, {"is_moderated", false}};
      model["supported_parameters"] = {"tools", "reasoning"};
      break;
    case Persona::together:
      model["type"] = id.find("embedding") == std::string_view::npos ? "chat" : "embedding";
      model["context_length"] = 131'072;
      model["pricing"] = {{"input", 1}, {"output", 5}, {"hourly", 0}, {"base", 0}, {"finetune", 0}};
      break;
    case Persona::llama_cpp:
      model["meta"] = {{"n_ctx_train", 131'072}, {"n_params", 8'000'000'000}, {"size", 4'900'000'000}};
      break;
    case Persona::vllm:
      model["root"] = id;
      model["parent"] = nullptr;
      model["max_model_len"] = 131'072;
      break;
    case Persona::gemini:
      model["id"] = fmt::format("models/{}", id);
      break;
    case Persona::openai:
      model["shutdown_date"] = nullptr;
      break;
    default:
      break;
  }
  return model;
}

}  // namespace

Answer answer_embeddings(const Call& call) {
  Checks checks(kOpenAiWords, call.dialect.is_strict);
  Reader body(call.body, "", checks);
  body.ignore({"model", "user", "output_dimension", "output_dtype", "keep_alive"});
  const auto texts = read_inputs(body, checks);
  const std::string format = body.choice("encoding_format", {"float", "base64"});
  const auto dimensions = static_cast<std::size_t>(body.integer("dimensions", 1, 4096).value_or(kDimensions));
  body.refuse_others();
  if (!checks.is_fine()) return refuse(call, *checks.first());
  json::Array data;
  std::int64_t tokens = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    tokens += count_tokens(texts[i]);
    data.push_back({{"object", "embedding"},
                    {"index", i},
                    {"embedding", encode(embedding_of(texts[i], dimensions), format == "base64")}});
  }
  return json_answer({{"object", "list"},
                      {"data", std::move(data)},
                      {"model", call.model},
                      {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}}});
}

Answer answer_models(const Call& call) {
  json::Array data;
  for (const std::string& id : call.state.models) data.push_back(model_object(call, id));
  if (call.dialect.persona == Persona::together) return json_answer(data);
  json::Object list{{"object", "list"}, {"data", std::move(data)}};
  if (call.dialect.persona == Persona::openrouter) {
    list["total_count"] = call.state.models.size();
    list["links"] = {{"next", nullptr}};
  }
  return json_answer(list);
}

Answer answer_model(const Call& call) {
  const auto& models = call.state.models;
  if (std::find(models.begin(), models.end(), call.captured) == models.end())
    return refuse(call, {.status = 404,
                         .message = fmt::format("The model '{}' does not exist.", call.captured),
                         .type = "invalid_request_error",
                         .code = "model_not_found",
                         .param = "model"});
  return json_answer(model_object(call, call.captured));
}

Answer answer_moderations(const Call& call) {
  Checks checks(kOpenAiWords, call.dialect.is_strict);
  Reader body(call.body, "", checks);
  body.ignore({"model"});
  std::vector<std::string> texts;
  const json::Value* input = body.require("input");
  if (input && input->is_string()) {
    texts.emplace_back(input->as_string());
  } else if (const auto* all = input ? body.array("input") : nullptr) {
    std::string joined;
    for (std::size_t i = 0; i < all->size(); ++i) {
      if (const auto* text = (*all)[i].if_string()) {
        texts.emplace_back(*text);
        continue;
      }
      Reader part((*all)[i], checks.element("input", i), checks);
      if (part.choice("type", {"text", "image_url"}) == "text") joined += part.required_text("text");
    }
    // Parts make one input together, strings one each.
    if (texts.empty()) texts.push_back(joined);
  }
  body.refuse_others();
  if (!checks.is_fine()) return refuse(call, *checks.first());
  json::Array results;
  for (const std::string& text : texts) {
    json::Object categories, scores, applied;
    bool is_flagged = false;
    for (const std::string_view category : kCategories) {
      const bool is_hit = text.find(category) != std::string::npos;
      is_flagged = is_flagged || is_hit;
      categories[category] = is_hit;
      scores[category] = is_hit ? 0.99 : 0.01;
      applied[category] = json::Array{"text"};
    }
    results.push_back({{"flagged", is_flagged},
                       {"categories", categories},
                       {"category_scores", scores},
                       {"category_applied_input_types", applied}});
  }
  const std::string model = call.model.empty() ? "omni-moderation-latest" : call.model;
  return json_answer(
      {{"id", fmt::format("modr-{}", call.request.number)}, {"model", model}, {"results", std::move(results)}});
}

Answer answer_openrouter_key(const Call&) {
  return json_answer({{"data",
                       {{"label", "double"},
                        {"limit", nullptr},
                        {"limit_remaining", nullptr},
                        {"usage", 0.25},
                        {"is_free_tier", false}}}});
}

}  // namespace atelier::doubles
