#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "tests/double/faults.hpp"
#include "tests/double/form.hpp"
#include "tests/double/jobs.hpp"
#include "tests/double/message.hpp"
#include "tests/double/persona.hpp"
#include "tests/double/reader.hpp"
#include "tests/double/talk.hpp"

namespace atelier::doubles {

// What the providers remember between requests.
struct State {
  struct Stored {
    json::Object response;
    json::Array input;  // items
  };
  static constexpr std::size_t kResponsesMax = 10'000;

  std::vector<std::string> models;
  std::map<std::string, Stored, std::less<>> responses;
  std::deque<std::string> response_order;   // oldest first
  std::set<std::uint64_t> cached_prefixes;  // hashes
  Jobs jobs;
  std::set<std::string, std::less<>> comfy_files;  // that were uploaded

  void store(const std::string& id, Stored stored);
};

// One request at its endpoint: authenticated, its body parsed, no status asked for.
struct Call {
  const Request& request;
  const Dialect& dialect;
  const Faults& faults;
  State& state;
  ErrorShape errors;
  json::Object body;           // empty without one; of a form its fields, all of them texts
  std::string model;           // without its faults; empty without one
  std::string captured;        // what "*" in the endpoint's path stood for
  const Form* form = nullptr;  // null: the body was none
};

// Every value in an answer that a real provider takes from a clock.
inline constexpr std::int64_t kCreatedSeconds = 1'760'000'000;

Answer refuse(const Call& call, const Problem& problem);
// What the faults say about what was asked: too long, filtered, prefill.
std::optional<Problem> refusal_of(const Call& call, const Wish& wish, bool is_prefilled);
// Whether this is a model that the double has not: names that begin with "missing".
bool is_missing_model(std::string_view model) noexcept;

// A "data:image/png;base64,..." or http(s) URL; nullopt for what is neither.
std::optional<Medium> medium_of_url(std::string_view kind, std::string_view url);
// Bare base64; nullopt for what is none.
std::optional<Medium> medium_of_base64(std::string_view kind, std::string_view type, std::string_view data);
inline constexpr std::int64_t kTokensPerMedium = 85;
inline constexpr std::int64_t kTokensPerTool = 10;

// Pieces of several choices, in turns.
void append_in_turns(std::vector<Piece>& out, std::vector<std::vector<Piece>> lanes);

extern const Words kOpenAiWords;
extern const Words kAnthropicWords;
extern const Words kGeminiWords;
extern const Words kOllamaWords;

// The endpoints. Each file named as its protocol.
Answer answer_chat_completions(const Call& call);
Answer answer_responses(const Call& call);
Answer answer_response(const Call& call);
Answer answer_delete_response(const Call& call);
Answer answer_cancel_response(const Call& call);
Answer answer_response_items(const Call& call);
Answer answer_response_tokens(const Call& call);
Answer answer_embeddings(const Call& call);
Answer answer_models(const Call& call);
Answer answer_model(const Call& call);
Answer answer_moderations(const Call& call);
Answer answer_openrouter_key(const Call& call);
Answer answer_image_generations(const Call& call);
Answer answer_image_edits(const Call& call);
Answer answer_speech(const Call& call);
Answer answer_transcriptions(const Call& call);
Answer answer_translations(const Call& call);

Answer answer_messages(const Call& call);
Answer answer_count_tokens(const Call& call);
Answer answer_anthropic_models(const Call& call);
Answer answer_anthropic_model(const Call& call);

Answer answer_generate_content(const Call& call);
Answer answer_stream_generate_content(const Call& call);
Answer answer_gemini_count_tokens(const Call& call);
Answer answer_embed_content(const Call& call);
Answer answer_batch_embed_contents(const Call& call);
Answer answer_gemini_models(const Call& call);
Answer answer_gemini_model(const Call& call);

Answer answer_ollama_chat(const Call& call);
Answer answer_ollama_embed(const Call& call);
Answer answer_ollama_root(const Call& call);
Answer answer_ollama_version(const Call& call);
Answer answer_ollama_tags(const Call& call);
Answer answer_ollama_ps(const Call& call);
Answer answer_ollama_show(const Call& call);

Answer answer_veo(const Call& call);
Answer answer_veo_operation(const Call& call);
Answer answer_veo_file(const Call& call);

// Those that make media, each in its file.
Answer answer_result(const Call& call);
Answer answer_prediction_of_model(const Call& call);
Answer answer_prediction_of_version(const Call& call);
Answer answer_prediction(const Call& call);
Answer answer_cancel_prediction(const Call& call);
Answer answer_replicate_upload(const Call& call);
Answer answer_replicate_file(const Call& call);
Answer answer_replicate_secret(const Call& call);
Answer answer_replicate_account(const Call& call);
Answer answer_luma_generate(const Call& call);
Answer answer_luma_generation(const Call& call);
Answer answer_runway(const Call& call);
Answer answer_runway_organization(const Call& call);
Answer answer_runway_task(const Call& call);
Answer answer_cancel_runway_task(const Call& call);
Answer answer_bfl(const Call& call);
Answer answer_bfl_credits(const Call& call);
Answer answer_bfl_result(const Call& call);
Answer answer_fal(const Call& call);
Answer answer_fal_status(const Call& call);
Answer answer_fal_response(const Call& call);
Answer answer_cancel_fal(const Call& call);
Answer answer_fal_keys(const Call& call);

Answer answer_stability_image(const Call& call);
Answer answer_stability_audio(const Call& call);
Answer answer_stability_result(const Call& call);
Answer answer_eleven_speech(const Call& call);
Answer answer_eleven_sound(const Call& call);
Answer answer_eleven_music(const Call& call);
Answer answer_eleven_transcription(const Call& call);
Answer answer_eleven_models(const Call& call);
Answer answer_eleven_voices(const Call& call);
Answer answer_eleven_sample(const Call& call);
Answer answer_comfy_prompt(const Call& call);
Answer answer_comfy_queue(const Call& call);
Answer answer_comfy_change_queue(const Call& call);
Answer answer_comfy_interrupt(const Call& call);
Answer answer_comfy_history(const Call& call);
Answer answer_comfy_view(const Call& call);
Answer answer_comfy_upload(const Call& call);
Answer answer_comfy_stats(const Call& call);
Answer answer_comfy_checkpoints(const Call& call);
Answer answer_a1111_txt2img(const Call& call);
Answer answer_a1111_img2img(const Call& call);
Answer answer_a1111_enlarge(const Call& call);
Answer answer_a1111_options(const Call& call);
Answer answer_a1111_models(const Call& call);
Answer answer_sdcpp_image(const Call& call);
Answer answer_sdcpp_clip(const Call& call);
Answer answer_sdcpp_job(const Call& call);
Answer answer_cancel_sdcpp(const Call& call);
Answer answer_sdcpp_capabilities(const Call& call);
Answer answer_whispercpp_inference(const Call& call);
Answer answer_whispercpp_page(const Call& call);
Answer answer_piper_speech(const Call& call);
Answer answer_piper_voices(const Call& call);
Answer answer_kokoro_captioned(const Call& call);
Answer answer_kokoro_speech(const Call& call);
Answer answer_kokoro_voices(const Call& call);
Answer answer_kokoro_document(const Call& call);

Answer answer_health(const Call& call);
Answer answer_props(const Call& call);
Answer answer_slots(const Call& call);
Answer answer_vllm_health(const Call& call);
Answer answer_vllm_version(const Call& call);
Answer answer_lm_studio_models(const Call& call);
Answer answer_lm_studio_old_models(const Call& call);

// A unit vector made of the text's words.
std::vector<float> embedding_of(std::string_view text, std::size_t dimensions);

}  // namespace atelier::doubles
