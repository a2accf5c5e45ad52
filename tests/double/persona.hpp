#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "tests/double/message.hpp"

namespace atelier::doubles {

// Whom the double stands for. In a URL's first segment as spelled here, with hyphens: "/llama-cpp/v1/chat/completions".
enum class Persona : std::uint8_t {
  openai,
  azure,
  anthropic,
  gemini,
  openrouter,
  deepseek,
  mistral,
  groq,
  xai,
  together,
  ollama,
  llama_cpp,
  lm_studio,
  vllm,
  replicate,
  fal,
  luma,
  runway,
  bfl,
  stability,
  elevenlabs,
  comfyui,
  a1111,
  sdcpp,
  whispercpp,
  piper,
  kokoro,
};
inline constexpr std::size_t kPersonaCount = 27;

// How a provider's chat completions differ from OpenAI's.
struct Dialect {
  enum class Usage : std::uint8_t {
    asked,            // its own chunk, if include_usage asks for it
    trailing,         // its own chunk, always
    on_finish,        // on the chunk with the finish reason, always
    on_finish_asked,  // there, if asked; null on the others then
    x_groq,           // there, and in x_groq again
  };
  enum class Tools : std::uint8_t { fragments, whole, whole_without_index };

  Persona persona;
  std::string_view name;
  std::span<const std::string_view> bases = {};  // what stands before "/chat/completions"
  ErrorShape errors = ErrorShape::openai;
  std::string_view owner = {};
  bool is_local = false;   // asks for no key
  bool is_strict = false;  // refuses fields it does not know
  Usage usage = Usage::asked;
  Tools tools = Tools::fragments;
  std::string_view reasoning_field = "reasoning_content";
  bool has_reasoning_details = false;  // OpenRouter's, with signatures
  bool has_thinking_content = false;   // Mistral's content arrays
  bool omits_nulls = false;
  bool excludes_reasoning = false;  // from completion_tokens
  bool has_obfuscation = false;
  bool has_filter_results = false;  // Azure's first chunk
  bool has_comments = false;        // keep-alives before the first event
  std::string_view stop_word = "stop";
  bool makes_only_media = false;  // and answers no chat: its work is jobs
};

const Dialect& dialect_of(Persona persona) noexcept;
std::optional<Persona> parse_persona(std::string_view name) noexcept;
std::span<const Dialect> dialects() noexcept;

}  // namespace atelier::doubles
