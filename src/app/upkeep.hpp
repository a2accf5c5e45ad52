#pragma once

#include <cstdint>
#include <functional>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "graph/engine.hpp"
#include "graph/node/services.hpp"
#include "media/supervisor/workers.hpp"
#include "store/blob_store.hpp"
#include "store/database.hpp"
#include "store/events.hpp"
#include "studio/account/invitations.hpp"
#include "studio/account/people.hpp"
#include "studio/chat/threads.hpp"
#include "studio/library/shelves.hpp"
#include "studio/library/uploads.hpp"

namespace atelier::app {

struct UpkeepParts {
  store::Database& database;
  store::BlobStore& blobs;
  store::EventLog& events;
  graph::Engine& engine;
  std::uint32_t events_kept;
  std::chrono::hours runs_kept;
  const Clock& clock;
  std::function<bool()> may_evict;  // once the engine holds what it took up
};

// Until cancelled: evicts derived blobs over quota, trims the event log, forgets old runs and what was deleted, removes
// files nobody refers to any more.
Task<Result<>> keep_house(UpkeepParts parts);

struct ThreadUpkeepParts {
  studio::Threads& threads;
  studio::Answers& answers;
  UnixMs opened_ms;  // answers begun before are nobody's any more
};
// Until cancelled: closes answers that were left open, and forgets threads that were deleted or whose time is over.
Task<Result<>> keep_threads(ThreadUpkeepParts parts);

struct PeopleUpkeepParts {
  studio::People& people;
  studio::Invitations& invitations;
};
// Until cancelled: deletes what deleted people had, and old invitations.
Task<Result<>> keep_people(PeopleUpkeepParts parts);

struct LibraryUpkeepParts {
  studio::AssetSearch& search;
  studio::Shelves& shelves;
  studio::Uploads& uploads;
};
// Until cancelled: reads assets that a search does not know yet, deletes what was in the trash for too long, and drops
// uploads that nobody goes on with.
Task<Result<>> keep_library(LibraryUpkeepParts parts);

// Asks a worker what it can do, and puts that into the services: part of every media step's cache key.
Task<Result<>> learn_media_version(media::Workers* workers, graph::NodeServices* services);

}  // namespace atelier::app
