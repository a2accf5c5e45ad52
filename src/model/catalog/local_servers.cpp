#include "model/catalog/local_servers.hpp"

#include <fmt/format.h>

#include "base/async.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kProbeBytesMax = 1 << 20;
// A local server may load a model for minutes before its first token.
constexpr std::chrono::minutes kLocalFirstByte{10};

const json::Value* member(const json::Value& value, std::string_view name) {
  return value.is_object() ? value.get_object().if_contains(name) : nullptr;
}

bool is_owned_by(const json::Value& list, std::string_view owner) {
  const json::Value* data = member(list, "data");
  if (!data || !data->is_array() || data->get_array().empty()) return false;
  const json::Value* owned_by = member(data->get_array()[0], "owned_by");
  return owned_by && owned_by->is_string() && owned_by->get_string() == owner;
}

bool is_ollama(const json::Value& answer) {
  const json::Value* version = member(answer, "version");
  return version && version->is_string();
}
bool is_llama_cpp(const json::Value& answer) { return is_owned_by(answer, "llamacpp"); }
bool is_vllm(const json::Value& answer) { return is_owned_by(answer, "vllm"); }
bool is_lm_studio(const json::Value& answer) {
  const json::Value* data = member(answer, "data");
  return data && data->is_array() && !data->get_array().empty() && member(data->get_array()[0], "state") != nullptr;
}

bool has_text(const json::Value& value, std::string_view name) {
  const json::Value* found = member(value, name);
  return found && found->is_string();
}
bool is_comfyui(const json::Value& answer) {
  const json::Value* system = member(answer, "system");
  const json::Value* devices = member(answer, "devices");
  return system && devices && devices->is_array() &&
         (has_text(*system, "comfyui_version") || member(*system, "embedded_python") != nullptr);
}
// stable-diffusion.cpp has these options too, but not what is saved of them.
bool is_a1111(const json::Value& answer) {
  return member(answer, "sd_model_checkpoint") != nullptr && member(answer, "samples_save") != nullptr;
}
bool is_sdcpp(const json::Value& answer) {
  const json::Value* modes = member(answer, "supported_modes");
  return modes && modes->is_array() && member(answer, "defaults_by_mode") != nullptr;
}
// Its voices by their names, each with what its file says of it.
bool is_piper(const json::Value& answer) {
  if (!answer.is_object() || answer.get_object().empty()) return false;
  const json::Value& first = answer.get_object().begin()->value();
  return member(first, "espeak") != nullptr || member(first, "phoneme_id_map") != nullptr ||
         member(first, "num_speakers") != nullptr;
}
bool has_path(const json::Value& document, std::string_view path) {
  const json::Value* paths = member(document, "paths");
  return paths && member(*paths, path) != nullptr;
}
bool is_kokoro(const json::Value& document) { return has_path(document, "/dev/captioned_speech"); }
bool is_speaches(const json::Value& document) { return has_path(document, "/v1/audio/speech/timestamps"); }

}  // namespace

std::vector<LocalPlace> local_places() {
  std::vector<LocalPlace> places;
  places.push_back(
      {"ollama", Protocol::ollama, "http://127.0.0.1:11434/api/version", "http://127.0.0.1:11434", is_ollama});
  places.push_back(
      {"llamacpp", Protocol::openai_chat, "http://127.0.0.1:8080/v1/models", "http://127.0.0.1:8080/v1", is_llama_cpp});
  places.push_back({"llamacpp-9931", Protocol::openai_chat, "http://127.0.0.1:9931/v1/models",
                    "http://127.0.0.1:9931/v1", is_llama_cpp});
  places.push_back({"lmstudio", Protocol::openai_chat, "http://127.0.0.1:1234/api/v0/models",
                    "http://127.0.0.1:1234/v1", is_lm_studio});
  places.push_back(
      {"vllm", Protocol::openai_chat, "http://127.0.0.1:8000/v1/models", "http://127.0.0.1:8000/v1", is_vllm});
  const auto add_media = [&](std::string name, MediaWire media, std::string_view origin, std::string_view asked,
                             bool (*is_it)(const json::Value& answer)) {
    places.push_back({.name = std::move(name),
                      .protocol = Protocol::openai_chat,
                      .probe_url = fmt::format("{}{}", origin, asked),
                      .base_url = std::string(origin),
                      .is_it = is_it,
                      .media = media});
  };
  add_media("comfyui", MediaWire::comfyui, "http://127.0.0.1:8188", "/system_stats", is_comfyui);
  add_media("a1111", MediaWire::a1111, "http://127.0.0.1:7860", "/sdapi/v1/options", is_a1111);
  add_media("sdcpp", MediaWire::sdcpp, "http://127.0.0.1:1234", "/sdcpp/v1/capabilities", is_sdcpp);
  add_media("whispercpp", MediaWire::whispercpp, "http://127.0.0.1:8080", "/", nullptr);
  places.back().page_says = "<title>Whisper.cpp Server</title>";
  add_media("piper", MediaWire::piper, "http://127.0.0.1:5000", "/voices", is_piper);
  add_media("kokoro", MediaWire::kokoro, "http://127.0.0.1:8880", "/openapi.json", is_kokoro);
  add_media("speaches", MediaWire::openai, "http://127.0.0.1:8000", "/openapi.json", is_speaches);
  places.back().base_url += "/v1";
  return places;
}

Task<std::optional<Provider>> probe(Upstream* upstream, LocalPlace place, std::chrono::milliseconds limit) {
  auto asked = std::make_shared<Provider>();
  asked->name = place.name;
  asked->protocol = place.protocol;
  asked->base_url = place.base_url;
  if (place.media != MediaWire::by_protocol) {
    asked->quirks.has_chat = false;
    asked->quirks.media = place.media;
  }
  asked->is_local = asked->is_found = true;
  asked->first_byte_timeout = limit;
  asked->stall_timeout = limit;
  WireRequest request{.method = WireRequest::Method::get, .url = place.probe_url, .headers = {}, .body = {}};
  auto answer = co_await upstream->send(asked, std::move(request), std::chrono::steady_clock::now() + limit);
  if (!answer || (*answer)->status() != 200) co_return std::nullopt;
  auto body = co_await read_whole(**answer, kProbeBytesMax);
  if (!body) co_return std::nullopt;
  if (place.is_it != nullptr) {
    const auto told = json::parse(*body);
    if (!told || !place.is_it(*told)) co_return std::nullopt;
  } else if (body->find(place.page_says) == std::string::npos) {
    co_return std::nullopt;
  }
  Provider found = *asked;
  found.first_byte_timeout = kLocalFirstByte;
  found.stall_timeout = kLocalFirstByte;
  co_return found;
}

}  // namespace atelier::model
