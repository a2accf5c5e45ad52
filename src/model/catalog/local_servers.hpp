#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "model/call/upstream.hpp"

namespace atelier::model {

// A place where a model server of this machine usually listens, and what proves that it is one: known by what it says,
// never by its port or a status of 200 alone.
struct LocalPlace {
  std::string name;  // of the provider it becomes
  Protocol protocol;
  std::string probe_url;
  std::string base_url;
  bool (*is_it)(const json::Value& answer);  // null for an answer that is no JSON
  // Of one that makes media, and answers no chat.
  MediaWire media = MediaWire::by_protocol;
  std::string_view page_says = {};  // of one that proves itself by a page only: what stands in it
};
// Ollama on 11434, llama.cpp on 8080 and 9931, LM Studio on 1234, vLLM on 8000; of those that make media, ComfyUI on
// 8188, Stable Diffusion's web UI on 7860, stable-diffusion.cpp on 1234, whisper.cpp on 8080, Piper on 5000, Kokoro on
// 8880, speaches on 8000.
std::vector<LocalPlace> local_places();

// Asks it, with a short limit. The provider it is, or nullopt: nobody there, or somebody else.
Task<std::optional<Provider>> probe(Upstream* upstream, LocalPlace place, std::chrono::milliseconds limit);

}  // namespace atelier::model
