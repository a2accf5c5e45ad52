#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/task.hpp"
#include "store/database.hpp"

namespace atelier::store {

// Where work at a provider is.
enum class MediaJobState : std::uint8_t {
  intended,   // about to be asked for, or asked for without an answer yet
  submitted,  // the provider has it, under `job`
  done,
  failed,
  unknown,  // nobody knows whether the provider took it: somebody has to decide
  cancelled,
};
std::string_view to_string(MediaJobState state) noexcept;

struct MediaJobRow {
  std::string key;  // of what is wanted: graph/node/generate.hpp
  UserId owner;
  RunId run;  // that wanted it last
  MediaJobState state = MediaJobState::intended;
  std::string candidate;                  // "replicate/owner/name"
  std::string submission;                 // the key it was asked for with
  std::string provider = {};              // the candidate's
  std::string job_id = {};                // "": none, or not known
  std::string job = {};                   // all that is known of it, JSON
  std::string result = {};                // of a done one, JSON
  std::string words = {};                 // why it failed; what a cancelled one may still cost
  std::optional<std::int64_t> cost = {};  // picodollars
  UnixMs created_ms = 0, updated_ms = 0;
};

// The table of work at providers. Written by the step that does it; read by whoever is asked about it.
class MediaJobs {
 public:
  explicit MediaJobs(Database& database) : database_(database) {}
  Task<Result<std::optional<MediaJobRow>>> find(std::string key);
  // Of the runs from the first to the last of these, by their ids.
  static Statement select_of_runs(Principal principal, RunId first, RunId last);
  static Result<std::vector<MediaJobRow>> read(const Rows& rows);
  // The owner's job of that name at that provider.
  Task<Result<std::optional<MediaJobRow>>> find_job(Principal principal, std::string provider, std::string job_id);
  // Anybody's job of that name at that provider.
  Task<Result<std::optional<MediaJobRow>>> find_any(std::string provider, std::string job_id);
  // Those of the next `count_max` open ones after `after` (a key, "" for the first) whose run was cancelled: anybody's.
  Task<Result<std::vector<MediaJobRow>>> left_open(std::string after, std::size_t count_max);

  // Replaces the row of that key.
  static Statement put(const MediaJobRow& row);
  static Statement remove(std::string key);
  // Another run wants it now.
  static Statement adopt(std::string key, RunId run, UnixMs now_ms);
  // From an open or unknown state to one that is over.
  static Statement end(std::string key, MediaJobState state, std::string words, UnixMs now_ms);

 private:
  Database& database_;
};

}  // namespace atelier::store
