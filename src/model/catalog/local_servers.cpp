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
  return places;
}

Task<std::optional<Provider>> probe(Upstream* upstream, LocalPlace place, std::chrono::milliseconds limit) {
  auto asked = std::make_shared<Provider>();
  asked->name = place.name;
  asked->protocol = place.protocol;
  asked->base_url = place.base_url;
  asked->is_local = asked->is_found = true;
  asked->first_byte_timeout = limit;
  asked->stall_timeout = limit;
  WireRequest request{.method = WireRequest::Method::get, .url = place.probe_url, .headers = {}, .body = {}};
  auto answer = co_await upstream->send(asked, std::move(request), std::chrono::steady_clock::now() + limit);
  if (!answer || (*answer)->status() != 200) co_return std::nullopt;
  auto body = co_await read_whole(**answer, kProbeBytesMax);
  if (!body) co_return std::nullopt;
  const auto told = json::parse(*body);
  if (!told || !place.is_it(*told)) co_return std::nullopt;
  Provider found = *asked;
  found.first_byte_timeout = kLocalFirstByte;
  found.stall_timeout = kLocalFirstByte;
  co_return found;
}

}  // namespace atelier::model
