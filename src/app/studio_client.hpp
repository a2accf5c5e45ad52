#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/arguments.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/setting.hpp"

namespace atelier::app {

// The studio as a command sees it: the server that owns the data folder, reached over its Unix socket, or, where none
// runs, one opened inside this process for as long as the command lasts. Either way the command speaks the API.
class StudioClient {
 public:
  static Result<std::unique_ptr<StudioClient>> open(const Arguments& arguments);
  ~StudioClient();

  // Whether the work is done by another process.
  bool is_remote() const noexcept;
  const std::string& data_folder() const noexcept;

  // A JSON call. `body` null sends none. A problem document comes back as its Error.
  Result<json::Value> call(std::string method, std::string target, json::Value body, std::string if_match = {});
  // Sends an open file as the body, from its beginning.
  Result<json::Value> upload(std::string target, int fd, std::uint64_t size_bytes);
  // Writes the answer's body to `fd`.
  Result<> download(std::string target, int fd);
  // Follows the event stream until `take` returns false or the stream ends, reconnecting from where it was. `take` gets
  // the event's type and data, and on every connection first what a GET of `snapshot` says, as "run.changed": what
  // happened before the stream was open is not in it. `should_stop` is asked at least ten times a second.
  Result<> follow(std::string topics, std::string snapshot,
                  std::function<bool(std::string_view type, const json::Value& data)> take,
                  std::function<bool()> should_stop);

 private:
  struct State;
  explicit StudioClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace atelier::app
