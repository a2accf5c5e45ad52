#include "tests/double/persona.hpp"

#include <algorithm>
#include <array>

namespace atelier::doubles {
namespace {

constexpr std::string_view kV1[] = {"/v1"};
constexpr std::string_view kAzure[] = {"/openai/v1"};
constexpr std::string_view kGemini[] = {"/v1beta/openai"};
constexpr std::string_view kOpenRouter[] = {"/api/v1"};
constexpr std::string_view kDeepSeek[] = {"", "/v1"};
constexpr std::string_view kGroq[] = {"/openai/v1"};
constexpr std::string_view kLlamaCpp[] = {"/v1", ""};

// In the order of the enumerators.
const std::array<Dialect, kPersonaCount> kDialects{{
    {.persona = Persona::openai,
     .name = "openai",
     .bases = kV1,
     .owner = "openai",
     .is_strict = true,
     .has_obfuscation = true},
    {.persona = Persona::azure,
     .name = "azure",
     .bases = kAzure,
     .owner = "azure",
     .is_strict = true,
     .has_filter_results = true},
    {.persona = Persona::anthropic, .name = "anthropic", .bases = kV1, .owner = "anthropic", .reasoning_field = ""},
    {.persona = Persona::gemini,
     .name = "gemini",
     .bases = kGemini,
     .errors = ErrorShape::gemini_openai,
     .owner = "google",
     .tools = Dialect::Tools::whole,
     .reasoning_field = ""},
    {.persona = Persona::openrouter,
     .name = "openrouter",
     .bases = kOpenRouter,
     .errors = ErrorShape::openrouter,
     .owner = "openrouter",
     .usage = Dialect::Usage::trailing,
     .reasoning_field = "reasoning",
     .has_reasoning_details = true,
     .has_comments = true},
    {.persona = Persona::deepseek,
     .name = "deepseek",
     .bases = kDeepSeek,
     .owner = "deepseek",
     .usage = Dialect::Usage::on_finish_asked},
    {.persona = Persona::mistral,
     .name = "mistral",
     .bases = kV1,
     .errors = ErrorShape::mistral,
     .owner = "mistralai",
     .is_strict = true,
     .usage = Dialect::Usage::on_finish,
     .tools = Dialect::Tools::whole_without_index,
     .reasoning_field = "",
     .has_thinking_content = true},
    {.persona = Persona::groq,
     .name = "groq",
     .bases = kGroq,
     .owner = "groq",
     .is_strict = true,
     .usage = Dialect::Usage::x_groq,
     .tools = Dialect::Tools::whole,
     .reasoning_field = "reasoning"},
    {.persona = Persona::xai,
     .name = "xai",
     .bases = kV1,
     .errors = ErrorShape::xai,
     .owner = "xai",
     .tools = Dialect::Tools::whole_without_index,
     .omits_nulls = true,
     .excludes_reasoning = true},
    {.persona = Persona::together,
     .name = "together",
     .bases = kV1,
     .owner = "together",
     .usage = Dialect::Usage::on_finish,
     .reasoning_field = "reasoning",
     .stop_word = "eos"},
    {.persona = Persona::ollama,
     .name = "ollama",
     .bases = kV1,
     .owner = "library",
     .is_local = true,
     .tools = Dialect::Tools::whole,
     .reasoning_field = "reasoning"},
    {.persona = Persona::llama_cpp,
     .name = "llama-cpp",
     .bases = kLlamaCpp,
     .errors = ErrorShape::numeric,
     .owner = "llamacpp",
     .is_local = true},
    {.persona = Persona::lm_studio, .name = "lm-studio", .bases = kV1, .owner = "organization_owner", .is_local = true},
    {.persona = Persona::vllm,
     .name = "vllm",
     .bases = kV1,
     .errors = ErrorShape::numeric,
     .owner = "vllm",
     .is_local = true},
    {.persona = Persona::replicate, .name = "replicate", .errors = ErrorShape::detail, .makes_only_media = true},
    {.persona = Persona::fal, .name = "fal", .errors = ErrorShape::detail, .makes_only_media = true},
    {.persona = Persona::luma, .name = "luma", .errors = ErrorShape::detail, .makes_only_media = true},
    {.persona = Persona::runway, .name = "runway", .errors = ErrorShape::ollama, .makes_only_media = true},
    {.persona = Persona::bfl, .name = "bfl", .errors = ErrorShape::detail, .makes_only_media = true},
    {.persona = Persona::stability, .name = "stability", .errors = ErrorShape::stability, .makes_only_media = true},
    {.persona = Persona::elevenlabs, .name = "elevenlabs", .errors = ErrorShape::elevenlabs, .makes_only_media = true},
    {.persona = Persona::comfyui,
     .name = "comfyui",
     .errors = ErrorShape::comfyui,
     .is_local = true,
     .makes_only_media = true},
    {.persona = Persona::a1111,
     .name = "a1111",
     .errors = ErrorShape::detail,
     .is_local = true,
     .makes_only_media = true},
    {.persona = Persona::sdcpp,
     .name = "sdcpp",
     .errors = ErrorShape::ollama,
     .is_local = true,
     .makes_only_media = true},
    {.persona = Persona::whispercpp,
     .name = "whispercpp",
     .errors = ErrorShape::ollama,
     .is_local = true,
     .makes_only_media = true},
    {.persona = Persona::piper,
     .name = "piper",
     .errors = ErrorShape::ollama,
     .is_local = true,
     .makes_only_media = true},
    {.persona = Persona::kokoro,
     .name = "kokoro",
     .errors = ErrorShape::kokoro,
     .is_local = true,
     .makes_only_media = true},
}};

}  // namespace

std::span<const Dialect> dialects() noexcept { return kDialects; }

const Dialect& dialect_of(Persona persona) noexcept { return kDialects[static_cast<std::size_t>(persona)]; }

std::optional<Persona> parse_persona(std::string_view name) noexcept {
  const auto found =
      std::find_if(kDialects.begin(), kDialects.end(), [&](const Dialect& dialect) { return dialect.name == name; });
  if (found == kDialects.end()) return std::nullopt;
  return found->persona;
}

}  // namespace atelier::doubles
