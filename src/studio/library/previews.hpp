#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/metrics.hpp"
#include "base/task_group.hpp"
#include "studio/library/preview_set.hpp"

namespace atelier::studio {

// What is shown of assets in place of them. All that is usual of an asset is made behind everything else, the newest
// asset first, and goes on after a restart: the table tells what is missing. Whatever somebody looks at and is not
// there is made at once, ahead of that, once for all who ask; what nobody waits for any more (a tile that went by) is
// not. Evicted ones are made again. Thread-safe.
class Previews {
 public:
  struct Parts {
    graph::NodeServices& services;
    Metrics& metrics;
  };
  struct Options {
    std::size_t at_most = 2;        // made at once for those who wait
    std::size_t waiting_max = 256;  // passes that are waited for
    std::size_t wishes_max = 256;
    std::chrono::milliseconds patience{20'000};    // of whoever waits
    std::chrono::milliseconds look_every{30'000};  // for assets that came in by ways that do not notice()
  };
  Previews(Executor executor, Parts parts, Options options);
  ~Previews();  // stop() came before

  struct Preview {
    store::OpenBlob blob;
    std::string media_type;
  };
  // Made now if it is not there. not_found: such an asset has none (asset_no_preview), or it cannot be made
  // (preview_refused). unavailable, with a time to ask again: too many are waiting (previews_busy), or it takes long
  // (preview_pending).
  Task<Result<Preview>> open(store::Asset asset, std::string name);
  // Nothing where it is not there; refused ones are errors as above.
  Task<Result<std::optional<Preview>>> open_if_there(store::Asset asset, std::string name);
  // It will be of use some time: made when there is nothing else to do, or forgotten where too much is wished for.
  void wish(store::Asset asset, std::string name);
  // Assets came in.
  void notice();

  // Makes what is missing, until cancelled. On the executor.
  Task<Result<>> run();
  // Ends what is being made. Blocks; nobody asks any more.
  void stop();

 private:
  struct Job;
  using JobPtr = std::shared_ptr<Job>;  // shared by those who wait and the one who makes it

  Task<Result<>> wait_for(store::Asset asset, std::string name);
  Task<Result<>> carry_out(JobPtr job);
  Task<Result<>> make(JobPtr job);
  struct Found {
    JobPtr job;
    bool is_new = false;  // then it is the caller's to have it carried out
  };
  Found job_for(const store::Asset& asset, std::vector<std::string> names);
  Task<Result<>> make_missing(store::Asset asset);
  Task<Result<bool>> has_all(store::Asset asset, std::vector<std::string> names);
  Task<Result<>> settle(store::Asset asset);
  Task<> end();
  Task<Result<>> grant(store::Asset asset, std::string name);

  const Executor executor_;
  const Parts parts_;
  const Options options_;
  store::Previews rows_;
  store::Assets assets_;
  Counter& made_;
  Counter& refused_;
  Counter& busy_;
  struct State;  // of the executor alone
  std::unique_ptr<State> state_;
  std::unique_ptr<TaskGroup> group_;  // on the executor; last, since it uses all of the above
};

}  // namespace atelier::studio
