#include "tests/double/endpoints.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tests/double/http1.hpp"

namespace atelier::doubles {
namespace {

constexpr std::uint32_t bit(Persona persona) { return 1U << static_cast<unsigned>(persona); }
template <class... Personas>
constexpr std::uint32_t bits(Personas... personas) {
  return (bit(personas) | ...);
}
using enum Persona;

constexpr std::uint32_t kMakers = bits(replicate, fal, luma, runway, bfl);
constexpr std::uint32_t kMakersAtOnce = bits(stability, elevenlabs, comfyui, a1111, sdcpp, whispercpp, piper, kokoro);
constexpr std::uint32_t kAll = ((1U << kPersonaCount) - 1) & ~(kMakers | kMakersAtOnce);
constexpr std::uint32_t kLocal = bits(ollama, llama_cpp, lm_studio, vllm);
constexpr std::uint32_t kResponses = bits(openai, azure, openrouter, groq, xai) | kLocal;
constexpr std::uint32_t kMessages = bits(anthropic, openrouter) | kLocal;

// A new endpoint is a row here and a function in its protocol's file.
constexpr Endpoint kEndpoints[] = {
    {"POST", "/chat/completions", Family::openai, kAll, answer_chat_completions},
    {"POST", "/responses", Family::openai, kResponses, answer_responses},
    {"POST", "/responses/input_tokens", Family::openai, bits(openai, azure), answer_response_tokens},
    {"GET", "/responses/*/input_items", Family::openai, bits(openai, azure), answer_response_items},
    {"POST", "/responses/*/cancel", Family::openai, bits(openai, azure), answer_cancel_response},
    {"GET", "/responses/*", Family::openai, bits(openai, azure), answer_response},
    {"DELETE", "/responses/*", Family::openai, bits(openai, azure), answer_delete_response},
    {"POST", "/embeddings", Family::openai, bits(openai, azure, openrouter, mistral, together, gemini) | kLocal,
     answer_embeddings},
    {"POST", "/moderations", Family::openai, bits(openai, mistral), answer_moderations},
    {"POST", "/images/generations", Family::openai, bits(openai, azure), answer_image_generations},
    {"POST", "/images/edits", Family::openai, bits(openai, azure), answer_image_edits},
    {"POST", "/audio/speech", Family::openai, bits(openai, azure), answer_speech},
    {"POST", "/audio/transcriptions", Family::openai, bits(openai, azure), answer_transcriptions},
    {"POST", "/audio/translations", Family::openai, bits(openai, azure), answer_translations},
    {"GET", "/models", Family::openai, kAll & ~bits(anthropic), answer_models},
    {"GET", "/models/*", Family::openai, kAll & ~bits(anthropic, together), answer_model},
    {"GET", "/key", Family::openai, bits(openrouter), answer_openrouter_key},

    {"POST", "/v1/messages", Family::anthropic, kMessages, answer_messages},
    {"POST", "/api/v1/messages", Family::anthropic, bits(openrouter), answer_messages},
    {"POST", "/anthropic/v1/messages", Family::anthropic, bits(deepseek), answer_messages},
    {"POST", "/v1/messages/count_tokens", Family::anthropic, bits(anthropic, llama_cpp), answer_count_tokens},
    {"GET", "/v1/models", Family::anthropic, bits(anthropic), answer_anthropic_models},
    {"GET", "/v1/models/*", Family::anthropic, bits(anthropic), answer_anthropic_model},

    {"POST", "/v1beta/models/*:generateContent", Family::gemini, bits(gemini), answer_generate_content},
    {"POST", "/v1beta/models/*:streamGenerateContent", Family::gemini, bits(gemini), answer_stream_generate_content},
    {"POST", "/v1beta/models/*:countTokens", Family::gemini, bits(gemini), answer_gemini_count_tokens},
    {"POST", "/v1beta/models/*:embedContent", Family::gemini, bits(gemini), answer_embed_content},
    {"POST", "/v1beta/models/*:batchEmbedContents", Family::gemini, bits(gemini), answer_batch_embed_contents},
    {"POST", "/v1beta/models/*:predictLongRunning", Family::gemini, bits(gemini), answer_veo},
    {"GET", "/v1beta/models/*", Family::gemini, bits(gemini), answer_veo_operation},
    {"GET", "/v1beta/files/*:download", Family::gemini, bits(gemini), answer_veo_file},
    {"GET", "/v1beta/models", Family::gemini, bits(gemini), answer_gemini_models},

    {"GET", "/", Family::ollama, bits(ollama), answer_ollama_root, true},
    {"POST", "/api/chat", Family::ollama, bits(ollama), answer_ollama_chat},
    {"POST", "/api/embed", Family::ollama, bits(ollama), answer_ollama_embed},
    {"POST", "/api/show", Family::ollama, bits(ollama), answer_ollama_show},
    {"GET", "/api/version", Family::ollama, bits(ollama), answer_ollama_version, true},
    {"GET", "/api/tags", Family::ollama, bits(ollama), answer_ollama_tags, true},
    {"GET", "/api/ps", Family::ollama, bits(ollama), answer_ollama_ps, true},

    {"GET", "/health", Family::local, bits(llama_cpp), answer_health, true},
    {"GET", "/v1/health", Family::local, bits(llama_cpp), answer_health, true},
    {"GET", "/props", Family::local, bits(llama_cpp), answer_props, true},
    {"GET", "/slots", Family::local, bits(llama_cpp), answer_slots},
    {"GET", "/health", Family::local, bits(vllm), answer_vllm_health, true},
    {"GET", "/ping", Family::local, bits(vllm), answer_vllm_health, true},
    {"GET", "/version", Family::local, bits(vllm), answer_vllm_version, true},
    {"GET", "/api/v1/models", Family::local, bits(lm_studio), answer_lm_studio_models},
    {"GET", "/api/v0/models", Family::local, bits(lm_studio), answer_lm_studio_old_models},

    {"GET", "/results/*", Family::media, kMakers, answer_result, true},

    {"POST", "/v1/models/*/predictions", Family::media, bits(replicate), answer_prediction_of_model},
    {"POST", "/v1/predictions", Family::media, bits(replicate), answer_prediction_of_version},
    {"POST", "/v1/predictions/*/cancel", Family::media, bits(replicate), answer_cancel_prediction},
    {"GET", "/v1/predictions/*", Family::media, bits(replicate), answer_prediction},
    {"POST", "/v1/files", Family::media, bits(replicate), answer_replicate_upload},
    {"GET", "/v1/files/*", Family::media, bits(replicate), answer_replicate_file},
    {"GET", "/v1/webhooks/default/secret", Family::media, bits(replicate), answer_replicate_secret},
    {"GET", "/v1/account", Family::media, bits(replicate), answer_replicate_account},

    {"POST", "/generations", Family::media, bits(luma), answer_luma_generate},
    {"GET", "/generations/*", Family::media, bits(luma), answer_luma_generation},

    {"GET", "/v1/organization", Family::media, bits(runway), answer_runway_organization},
    {"GET", "/v1/tasks/*", Family::media, bits(runway), answer_runway_task},
    {"DELETE", "/v1/tasks/*", Family::media, bits(runway), answer_cancel_runway_task},
    {"POST", "/v1/*", Family::media, bits(runway), answer_runway},

    {"GET", "/v1/credits", Family::media, bits(bfl), answer_bfl_credits},
    {"GET", "/v1/get_result", Family::media, bits(bfl), answer_bfl_result},
    {"POST", "/v1/*", Family::media, bits(bfl), answer_bfl},

    {"POST", "/v2beta/stable-image/*", Family::media, bits(stability), answer_stability_image},
    {"POST", "/v2beta/audio/stable-audio-2/*", Family::media, bits(stability), answer_stability_audio},
    {"GET", "/v2beta/results/*", Family::media, bits(stability), answer_stability_result},

    {"POST", "/v1/text-to-speech/*", Family::media, bits(elevenlabs), answer_eleven_speech},
    {"POST", "/v1/sound-generation", Family::media, bits(elevenlabs), answer_eleven_sound},
    {"POST", "/v1/music", Family::media, bits(elevenlabs), answer_eleven_music},
    {"POST", "/v1/music/stream", Family::media, bits(elevenlabs), answer_eleven_music},
    {"POST", "/v1/speech-to-text", Family::media, bits(elevenlabs), answer_eleven_transcription},
    {"GET", "/v1/models", Family::media, bits(elevenlabs), answer_eleven_models},
    {"GET", "/v2/voices", Family::media, bits(elevenlabs), answer_eleven_voices},
    {"GET", "/v1/samples/*", Family::media, bits(elevenlabs), answer_eleven_sample, true},

    {"POST", "/prompt", Family::media, bits(comfyui), answer_comfy_prompt},
    {"GET", "/queue", Family::media, bits(comfyui), answer_comfy_queue},
    {"POST", "/queue", Family::media, bits(comfyui), answer_comfy_change_queue},
    {"POST", "/interrupt", Family::media, bits(comfyui), answer_comfy_interrupt},
    {"GET", "/history/*", Family::media, bits(comfyui), answer_comfy_history},
    {"GET", "/view", Family::media, bits(comfyui), answer_comfy_view},
    {"POST", "/upload/image", Family::media, bits(comfyui), answer_comfy_upload},
    {"GET", "/system_stats", Family::media, bits(comfyui), answer_comfy_stats},
    {"GET", "/models/checkpoints", Family::media, bits(comfyui), answer_comfy_checkpoints},

    {"POST", "/sdapi/v1/txt2img", Family::media, bits(a1111), answer_a1111_txt2img},
    {"POST", "/sdapi/v1/img2img", Family::media, bits(a1111), answer_a1111_img2img},
    {"POST", "/sdapi/v1/extra-single-image", Family::media, bits(a1111), answer_a1111_enlarge},
    {"GET", "/sdapi/v1/options", Family::media, bits(a1111), answer_a1111_options},
    {"GET", "/sdapi/v1/sd-models", Family::media, bits(a1111), answer_a1111_models},

    {"POST", "/sdcpp/v1/img_gen", Family::media, bits(sdcpp), answer_sdcpp_image},
    {"POST", "/sdcpp/v1/vid_gen", Family::media, bits(sdcpp), answer_sdcpp_clip},
    {"POST", "/sdcpp/v1/jobs/*/cancel", Family::media, bits(sdcpp), answer_cancel_sdcpp},
    {"GET", "/sdcpp/v1/jobs/*", Family::media, bits(sdcpp), answer_sdcpp_job},
    {"GET", "/sdcpp/v1/capabilities", Family::media, bits(sdcpp), answer_sdcpp_capabilities},

    {"POST", "/inference", Family::media, bits(whispercpp), answer_whispercpp_inference},
    {"GET", "/", Family::media, bits(whispercpp), answer_whispercpp_page},
    {"GET", "/health", Family::media, bits(whispercpp), answer_health},
    {"POST", "/synthesize", Family::media, bits(piper), answer_piper_speech},
    {"GET", "/voices", Family::media, bits(piper), answer_piper_voices},
    {"POST", "/dev/captioned_speech", Family::media, bits(kokoro), answer_kokoro_captioned},
    {"POST", "/v1/audio/speech", Family::media, bits(kokoro), answer_kokoro_speech},
    {"GET", "/v1/audio/voices", Family::media, bits(kokoro), answer_kokoro_voices},
    {"GET", "/openapi.json", Family::media, bits(kokoro), answer_kokoro_document},

    {"GET", "/.well-known/jwks.json", Family::media, bits(fal), answer_fal_keys, true},
    {"GET", "/*/status", Family::media, bits(fal), answer_fal_status},
    {"PUT", "/*/cancel", Family::media, bits(fal), answer_cancel_fal},
    {"GET", "/*", Family::media, bits(fal), answer_fal_response},
    {"POST", "/*", Family::media, bits(fal), answer_fal},
};

// Tried in this order when neither the options nor the path say who is meant.
constexpr Persona kGuesses[] = {openai, anthropic, gemini, ollama, llama_cpp};

// What "*" stands for; nullopt when the path is another.
std::optional<std::string> match(std::string_view pattern, std::string_view path) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == path ? std::optional<std::string>("") : std::nullopt;
  const std::string_view before = pattern.substr(0, star), after = pattern.substr(star + 1);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after))
    return std::nullopt;
  return std::string(path.substr(before.size(), path.size() - before.size() - after.size()));
}

std::optional<std::string> match_endpoint(const Endpoint& endpoint, const Dialect& dialect, std::string_view path) {
  if (endpoint.family != Family::openai) return match(endpoint.path, path);
  for (const std::string_view base : dialect.bases)
    if (path.starts_with(base))
      if (auto captured = match(endpoint.path, path.substr(base.size()))) return captured;
  // Azure's older way names the model in the path.
  constexpr std::string_view kDeployments = "/openai/deployments/";
  if (dialect.persona == azure && path.starts_with(kDeployments) && path.ends_with(endpoint.path))
    return match(fmt::format("{}*{}", kDeployments, endpoint.path), path);
  return std::nullopt;
}

ErrorShape shape_of(Family family, const Dialect& dialect) {
  switch (family) {
    case Family::openai:
      return dialect.errors;
    case Family::anthropic:
      return ErrorShape::anthropic;
    case Family::gemini:
      return ErrorShape::gemini;
    case Family::ollama:
      return ErrorShape::ollama;
    case Family::local:
      return ErrorShape::numeric;
    case Family::media:
      return dialect.errors;
  }
  return ErrorShape::openai;
}

bool find_endpoint(Place& place, std::string_view method) {
  if (method == "HEAD") method = "GET";
  for (const Endpoint& endpoint : kEndpoints) {
    if (endpoint.method != method || !(endpoint.personas & bit(place.dialect->persona))) continue;
    auto captured = match_endpoint(endpoint, *place.dialect, place.path);
    if (!captured) continue;
    place.endpoint = &endpoint;
    place.captured = std::move(*captured);
    place.errors = shape_of(endpoint.family, *place.dialect);
    return true;
  }
  return false;
}

ErrorShape own_shape(const Dialect& dialect) {
  if (dialect.persona == anthropic) return ErrorShape::anthropic;
  if (dialect.persona == gemini) return ErrorShape::gemini;
  if (dialect.persona == ollama) return ErrorShape::ollama;
  return dialect.errors;
}

std::string bearer_of(const Request& request) {
  const std::string_view value = request.field("authorization").value_or("");
  constexpr std::string_view kBearer = "bearer ";
  return value.size() > kBearer.size() && equal_ignoring_case(value.substr(0, kBearer.size()), kBearer)
             ? std::string(value.substr(kBearer.size()))
             : "";
}

// fal's scheme has a name of its own.
std::string fal_key_of(const Request& request) {
  constexpr std::string_view kKey = "Key ";
  const std::string_view value = request.field("authorization").value_or("");
  return value.starts_with(kKey) ? std::string(value.substr(kKey.size())) : "";
}

std::string key_of(const Place& place, const Request& request) {
  const auto field = [&](std::string_view name) { return std::string(request.field(name).value_or("")); };
  std::string key;
  switch (place.endpoint ? place.endpoint->family : Family::openai) {
    case Family::anthropic:
      key = field("x-api-key");
      break;
    case Family::gemini:
      return !field("x-goog-api-key").empty() ? field("x-goog-api-key") : request.query_value("key").value_or("");
    case Family::media:
      if (place.dialect->persona == bfl) return field("x-key");
      if (place.dialect->persona == elevenlabs) return field("xi-api-key");
      if (place.dialect->persona == Persona::fal) return fal_key_of(request);
      break;
    default:
      if (place.dialect->persona == azure) key = field("api-key");
      break;
  }
  return key.empty() ? bearer_of(request) : key;
}

}  // namespace

Place find_place(std::optional<Persona> only, const Request& request) {
  Place place;
  place.path = request.path;
  if (only) {
    place.dialect = &dialect_of(*only);
    if (!find_endpoint(place, request.method)) place.errors = own_shape(*place.dialect);
    return place;
  }
  const std::size_t end = std::min(request.path.find('/', 1), request.path.size());
  if (const auto named =
          request.path.size() > 1 ? parse_persona(std::string_view(request.path).substr(1, end - 1)) : std::nullopt) {
    place.dialect = &dialect_of(*named);
    place.path = end < request.path.size() ? request.path.substr(end) : "/";
    if (find_endpoint(place, request.method)) return place;
    place.errors = own_shape(*place.dialect);
    return place;
  }
  const bool is_anthropic = request.field("anthropic-version") || request.field("x-api-key");
  if (is_anthropic) {
    place.dialect = &dialect_of(anthropic);
    if (find_endpoint(place, request.method)) return place;
  }
  for (const Persona guess : kGuesses) {
    place.dialect = &dialect_of(guess);
    if (find_endpoint(place, request.method)) return place;
  }
  place.dialect = &dialect_of(is_anthropic ? anthropic : openai);
  place.errors = own_shape(*place.dialect);
  return place;
}

std::optional<Problem> check_key(const Place& place, const Request& request, const std::vector<std::string>& keys,
                                 bool local_needs_key, std::string& key) {
  key = key_of(place, request);
  if (place.endpoint->is_public || (place.dialect->is_local && !local_needs_key)) return std::nullopt;
  if (std::find(keys.begin(), keys.end(), key) != keys.end()) return std::nullopt;
  if (place.errors == ErrorShape::gemini) {
    if (key.empty())
      return Problem{.status = 403, .message = "Method doesn't allow unregistered callers: send an API key."};
    Problem problem{.status = 400, .message = "API key not valid. Please pass a valid API key."};
    problem.details["details"] = json::Array{{{"@type", "type.googleapis.com/google.rpc.ErrorInfo"},
                                              {"reason", "API_KEY_INVALID"},
                                              {"domain", "googleapis.com"}}};
    return problem;
  }
  if (place.errors == ErrorShape::anthropic)
    return Problem{.status = 401, .message = key.empty() ? "x-api-key header is required" : "invalid x-api-key"};
  return Problem{.status = 401,
                 .message = key.empty() ? "You didn't provide an API key." : "Incorrect API key provided.",
                 .type = place.errors == ErrorShape::openai ? "invalid_request_error" : "",
                 .code = key.empty() ? "" : "invalid_api_key"};
}

}  // namespace atelier::doubles
