#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace atelier::model {

// The events a caller was sent, to the byte, for accounting and for going on elsewhere when the stream breaks off.
// Events of one stream differ in a few bytes out of some hundred: of each, only what its predecessor does not begin or
// end with is held, so that two hundred long streams take no more than a few megabytes. Not thread-safe.
class KeptEvents {
 public:
  // Of what is held. Over this, further events are not kept; those before stay.
  explicit KeptEvents(std::size_t held_bytes_max) : held_bytes_max_(held_bytes_max) {}

  void add(std::string_view event);
  // False: some were not kept.
  bool is_all() const noexcept { return is_all_; }
  // Each that was kept, in order; its bytes are good during the call.
  void read(const std::function<void(std::string_view event)>& take) const;
  std::size_t held_bytes() const noexcept { return held_.size() + last_.capacity(); }

 private:
  const std::size_t held_bytes_max_;
  std::string held_;  // for each event: how much it shares at its beginning and its end, how much follows, and that
  std::string last_;  // the latest event, whole
  bool is_all_ = true;
};

}  // namespace atelier::model
