#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/task.hpp"
#include "model/kept/response_shelf.hpp"

namespace atelier::model {

// One call of Responses between its program, who names state by ids, and the gateway, which knows whole conversations
// alone: puts the state into the request, gives the answer the id under which it is kept, and keeps it before its last
// bytes are sent. One per call, on its loop.
class ResponseTurn {
 public:
  // Takes the state out of `body`, which has been glanced at. Null: it neither names state nor asks for any. Errors: as
  // read_state_wish(), ResponseShelf::conversation() and find_items(); too_large where all of it together is.
  static Task<Result<std::unique_ptr<ResponseTurn>>> begin(ResponseShelf* shelf, ResponseOwner whose, std::string* body,
                                                           std::size_t body_bytes_max);

  // Whether later turns may go on from this one, so that thoughts had better come sealed.
  bool is_kept() const noexcept { return is_kept_; }

  // A whole answer, as the caller is to see it. It says "store": false where it could not be kept.
  std::string take_whole(std::string body, UnixMs now_ms);
  // The next whole events of a streamed one. An answer is kept when its last event has come, if that is no failure.
  std::string take_events(std::string bytes, UnixMs now_ms);

 private:
  explicit ResponseTurn(ResponseShelf& shelf) : shelf_(shelf) {}
  std::string labelled(std::string_view response, bool is_stored) const;
  std::string keep(std::string_view response, UnixMs now_ms);
  std::string with_output(std::string_view response) const;
  std::string take_event(std::string_view type, std::string_view data, UnixMs now_ms);
  void remember_item(std::string_view data);

  ResponseShelf& shelf_;
  bool is_kept_ = false;
  KeptResponse turn_;  // all but the response
  // Of a stream: items that ended, by their place, for providers whose last event does not repeat them.
  std::map<std::int64_t, std::string> items_;
  std::size_t items_bytes_ = 0;
};

}  // namespace atelier::model
