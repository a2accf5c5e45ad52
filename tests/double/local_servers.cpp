#include <fmt/format.h>

#include "tests/double/call.hpp"

// What tells llama.cpp, vLLM and LM Studio apart from other servers on a port.
namespace atelier::doubles {
namespace {

constexpr int kContextTokens = 131'072;

Answer nothing() {
  Answer answer;
  answer.content_type = "text/plain; charset=utf-8";
  return answer;
}

}  // namespace

Answer answer_health(const Call&) { return json_answer({{"status", "ok"}}); }

Answer answer_props(const Call& call) {
  const std::string path = call.state.models.empty() ? "" : fmt::format("/models/{}.gguf", call.state.models.front());
  return json_answer({{"default_generation_settings", {{"n_ctx", kContextTokens}}},
                      {"total_slots", 4},
                      {"model_path", path},
                      {"chat_template", ""},
                      {"modalities", {{"vision", true}, {"audio", false}}},
                      {"build_info", "b9999-double"},
                      {"is_sleeping", false}});
}

Answer answer_slots(const Call&) {
  json::Array slots;
  for (int i = 0; i < 4; ++i)
    slots.push_back({{"id", i}, {"id_task", -1}, {"n_ctx", kContextTokens / 4}, {"is_processing", false}});
  return json_answer(slots);
}

Answer answer_vllm_health(const Call&) { return nothing(); }
Answer answer_vllm_version(const Call&) { return json_answer({{"version", "0.99.0"}}); }

Answer answer_lm_studio_models(const Call& call) {
  json::Array models;
  for (const std::string& id : call.state.models) {
    const bool embeds = id.find("embedding") != std::string::npos;
    models.push_back({{"type", embeds ? "embedding" : "llm"},
                      {"publisher", "double"},
                      {"key", id},
                      {"display_name", fmt::format("Double {}", id)},
                      {"architecture", "llama"},
                      {"quantization", {{"name", "Q4_K_M"}, {"bits_per_weight", 4}}},
                      {"size_bytes", 4'920'000'000},
                      {"params_string", "8B"},
                      {"loaded_instances", json::Array()},
                      {"max_context_length", kContextTokens},
                      {"format", "gguf"},
                      {"capabilities", {{"vision", true}, {"trained_for_tool_use", true}}}});
  }
  return json_answer({{"models", std::move(models)}});
}

Answer answer_lm_studio_old_models(const Call& call) {
  json::Array models;
  for (const std::string& id : call.state.models)
    models.push_back({{"id", id},
                      {"object", "model"},
                      {"type", "llm"},
                      {"publisher", "double"},
                      {"arch", "llama"},
                      {"compatibility_type", "gguf"},
                      {"quantization", "Q4_K_M"},
                      {"state", "not-loaded"},
                      {"max_context_length", kContextTokens}});
  return json_answer({{"object", "list"}, {"data", std::move(models)}});
}

}  // namespace atelier::doubles
