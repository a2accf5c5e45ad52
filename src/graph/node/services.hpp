#pragma once

#include <functional>
#include <string>

#include "base/clock.hpp"
#include "media/supervisor/workers.hpp"
#include "model/limit/key_state.hpp"
#include "store/blob_store.hpp"
#include "store/database.hpp"
#include "store/events.hpp"

namespace atelier::model {
class MediaGateway;
}

namespace atelier::graph {

class PartialShelf;

// What node types work with. Made by app/; outlives every step.
struct NodeServices {
  media::Workers& workers;  // lives on the engine's loop
  store::Database& database;
  store::BlobStore& blobs;
  store::EventLog& events;
  const Clock& clock;
  // Versions of the worker's tasks and the digest of its fonts, as one text: part of every media step's cache key.
  std::string media_version;
  // Null where nothing is generated (commands that only render).
  model::MediaGateway* generator = nullptr;
  // Where pictures are that are not done yet. Null: nobody looks at them.
  PartialShelf* partials = nullptr;
  // What holds for what they make models do, by the key they came with. Null: nothing.
  std::function<Result<model::KeyStatePtr>(const Principal& principal)> key_state_of = {};
  // Told of work that is left at a provider because its step was stopped: media_jobs' key. On the engine's loop.
  std::function<void(std::string key)> on_work_left = {};
  // Where a provider may tell of news of the work of that key; null: nowhere.
  std::function<Task<std::string>(std::string provider, std::string key)> webhook_url = {};
};

}  // namespace atelier::graph
