#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "model/catalog/local_servers.hpp"
#include "model/route/directory.hpp"

namespace atelier::model {

class MediaAdapter;

struct CatalogOptions {
  std::chrono::milliseconds list_life{std::chrono::hours(1)};
  std::chrono::milliseconds retry_after{std::chrono::minutes(1)};  // a list that could not be read
  std::chrono::milliseconds probe_interval{10'000};                // of local servers
  std::chrono::milliseconds probe_limit{800};
  bool finds_local_servers = true;
};

// Keeps the lists of models fresh in the background, so that asking for them never waits: what was read last is served
// while it is read again, and when that fails. Also looks for model servers on this machine, as they come and go.
class Catalog {
 public:
  Catalog(Models& models, Upstream& upstream, const Clock& clock, CatalogOptions options)
      : models_(models), upstream_(upstream), clock_(clock), options_(options) {}

  // Until cancelled. On one loop.
  Task<Result<>> run();
  // Reads one provider's list now.
  Task<Result<>> refresh(std::shared_ptr<const Provider> provider);
  // One round of whatever is due: local servers, and lists that are old.
  Task<> look_around();

 private:
  Task<> probe_places();
  // Of one that makes media alone: what is known of it, and what it tells.
  Task<Result<>> refresh_media(std::shared_ptr<const Provider> provider);
  Task<Result<std::vector<ListedModel>>> ask_media(std::shared_ptr<const Provider> provider,
                                                   const MediaAdapter* adapter, WireRequest request);
  bool is_due(const Provider& provider, const ModelList* list) const;
  Models& models_;
  Upstream& upstream_;
  const Clock& clock_;
  const CatalogOptions options_;
};

}  // namespace atelier::model
