#include "model/provider/presets.hpp"

namespace atelier::model {
namespace {

void openai(Quirks& quirks) { quirks.has_responses = true; }
// Chat as it was before reasoning models, in which most write it.
void old_form(Quirks& quirks) {
  quirks.token_limit_name = Quirks::TokenLimitName::max_tokens;
  quirks.has_developer_role = false;
  quirks.has_custom_tools = false;
}
void together(Quirks& quirks) {
  old_form(quirks);
  quirks.has_top_k = true;
}
// Programs on one's own machine: what a model's template makes of its thoughts depends on how the server was started.
void local(Quirks& quirks) {
  old_form(quirks);
  quirks.has_top_k = true;
  quirks.has_think_tags = true;
}
void openrouter(Quirks& quirks) {
  quirks.has_custom_tools = false;
  quirks.has_top_k = true;
  quirks.has_reasoning_object = true;
  quirks.takes_cache_control = true;
}
void azure(Quirks& quirks) {
  openai(quirks);
  quirks.key_header = "api-key";
}
void deepseek(Quirks& quirks) {
  old_form(quirks);
  quirks.takes_reasoning_back = true;
}
void mistral(Quirks& quirks) {
  old_form(quirks);
  quirks.seed_name = "random_seed";
  quirks.has_short_call_ids = true;
  quirks.has_stream_options = false;  // its usage comes unasked
  quirks.answers_differ = true;       // thoughts among the content, calls without index and type
}
void groq(Quirks& quirks) {
  quirks.has_developer_role = false;
  quirks.has_custom_tools = false;
}
void xai(Quirks& quirks) {
  quirks.has_developer_role = false;
  quirks.has_custom_tools = false;
  quirks.reasoning_is_outside_output = true;
  quirks.answers_differ = true;  // calls without index and type
}

// Of providers that make media and answer no chat: their protocol of chat is never spoken.
template <MediaWire wire>
void only_media(Quirks& quirks) {
  quirks.has_chat = false;
  quirks.media = wire;
}

constexpr Preset kPresets[] = {
    {"openai", "OpenAI", Protocol::openai_chat, "https://api.openai.com/v1", "OPENAI_API_KEY", "OPENAI_BASE_URL",
     "gpt- chatgpt- o1 o3 o4 text-embedding- omni-moderation", openai},
    {"anthropic", "Anthropic", Protocol::anthropic, "https://api.anthropic.com", "ANTHROPIC_API_KEY",
     "ANTHROPIC_BASE_URL", "claude-", nullptr},
    {"gemini", "Google Gemini", Protocol::gemini, "https://generativelanguage.googleapis.com/v1beta", "GEMINI_API_KEY",
     "GEMINI_BASE_URL", "gemini- gemma-", nullptr},
    {"openrouter", "OpenRouter", Protocol::openai_chat, "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY",
     "OPENROUTER_BASE_URL", "", openrouter},
    {"deepseek", "DeepSeek", Protocol::openai_chat, "https://api.deepseek.com", "DEEPSEEK_API_KEY", "DEEPSEEK_BASE_URL",
     "deepseek-", deepseek},
    {"mistral", "Mistral", Protocol::openai_chat, "https://api.mistral.ai/v1", "MISTRAL_API_KEY", "MISTRAL_BASE_URL",
     "mistral- codestral- ministral- magistral- pixtral-", mistral},
    {"groq", "Groq", Protocol::openai_chat, "https://api.groq.com/openai/v1", "GROQ_API_KEY", "GROQ_BASE_URL", "",
     groq},
    {"xai", "xAI", Protocol::openai_chat, "https://api.x.ai/v1", "XAI_API_KEY", "XAI_BASE_URL", "grok-", xai},
    {"together", "Together", Protocol::openai_chat, "https://api.together.xyz/v1", "TOGETHER_API_KEY",
     "TOGETHER_BASE_URL", "", together},
    {"azure", "Azure OpenAI", Protocol::openai_chat, "", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_BASE_URL", "", azure},
    {"ollama", "Ollama", Protocol::ollama, "http://127.0.0.1:11434", "", "OLLAMA_BASE_URL", "", nullptr},
    {"llamacpp", "llama.cpp", Protocol::openai_chat, "http://127.0.0.1:8080/v1", "", "LLAMACPP_BASE_URL", "", local},
    {"lmstudio", "LM Studio", Protocol::openai_chat, "http://127.0.0.1:1234/v1", "", "LMSTUDIO_BASE_URL", "", local},
    {"vllm", "vLLM", Protocol::openai_chat, "http://127.0.0.1:8000/v1", "", "VLLM_BASE_URL", "", local},
    {"replicate", "Replicate", Protocol::openai_chat, "https://api.replicate.com/v1", "REPLICATE_API_TOKEN",
     "REPLICATE_BASE_URL", "", only_media<MediaWire::replicate>},
    {"fal", "fal", Protocol::openai_chat, "https://queue.fal.run", "FAL_KEY", "FAL_BASE_URL", "fal-ai/",
     only_media<MediaWire::fal>},
    {"luma", "Luma", Protocol::openai_chat, "https://agents.lumalabs.ai/v1", "LUMA_AGENTS_API_KEY", "LUMA_BASE_URL", "",
     only_media<MediaWire::luma>},
    {"runway", "Runway", Protocol::openai_chat, "https://api.dev.runwayml.com/v1", "RUNWAYML_API_SECRET",
     "RUNWAYML_BASE_URL", "", only_media<MediaWire::runway>},
    {"bfl", "Black Forest Labs", Protocol::openai_chat, "https://api.bfl.ai/v1", "BFL_API_KEY", "BFL_BASE_URL", "",
     only_media<MediaWire::bfl>},
    {"stability", "Stability AI", Protocol::openai_chat, "https://api.stability.ai", "STABILITY_API_KEY",
     "STABILITY_BASE_URL", "stable-image- stable-upscale- stable-audio- sd3.5-", only_media<MediaWire::stability>},
    {"elevenlabs", "ElevenLabs", Protocol::openai_chat, "https://api.elevenlabs.io", "ELEVENLABS_API_KEY",
     "ELEVENLABS_BASE_URL", "eleven_ scribe_ music_v", only_media<MediaWire::elevenlabs>},
    // On one's own machine.
    {"comfyui", "ComfyUI", Protocol::openai_chat, "http://127.0.0.1:8188", "", "COMFYUI_BASE_URL", "",
     only_media<MediaWire::comfyui>},
    {"a1111", "Stable Diffusion web UI", Protocol::openai_chat, "http://127.0.0.1:7860", "", "A1111_BASE_URL", "",
     only_media<MediaWire::a1111>},
    {"sdcpp", "stable-diffusion.cpp", Protocol::openai_chat, "http://127.0.0.1:1234", "", "SDCPP_BASE_URL", "",
     only_media<MediaWire::sdcpp>},
    {"whispercpp", "whisper.cpp", Protocol::openai_chat, "http://127.0.0.1:8080", "", "WHISPERCPP_BASE_URL", "",
     only_media<MediaWire::whispercpp>},
    {"piper", "Piper", Protocol::openai_chat, "http://127.0.0.1:5000", "", "PIPER_BASE_URL", "",
     only_media<MediaWire::piper>},
    {"kokoro", "Kokoro", Protocol::openai_chat, "http://127.0.0.1:8880", "", "KOKORO_BASE_URL", "",
     only_media<MediaWire::kokoro>},
    {"speaches", "speaches", Protocol::openai_chat, "http://127.0.0.1:8000/v1", "", "SPEACHES_BASE_URL", "",
     only_media<MediaWire::openai>},
};

}  // namespace

std::span<const Preset> presets() noexcept { return kPresets; }

const Preset* find_preset(std::string_view name) noexcept {
  for (const Preset& preset : kPresets)
    if (preset.name == name) return &preset;
  return nullptr;
}

Quirks quirks_of(const Preset& preset) {
  Quirks quirks;
  if (preset.set_quirks) preset.set_quirks(quirks);
  return quirks;
}

}  // namespace atelier::model
