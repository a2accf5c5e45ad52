#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/id.hpp"
#include "base/metrics.hpp"

namespace atelier::graph {

inline constexpr Metric kPartialBytes{"atelier_partial_pictures_bytes", MetricKind::gauge,
                                      "Pictures that are not done yet, in memory"};

// Pictures that are being made, as far as they are: the newest of each step, in the memory of the process that makes
// it. Over its bound the one written longest ago goes first. Thread-safe.
class PartialShelf {
 public:
  struct Place {
    UserId owner;
    RunId run;
    std::string node;
  };
  struct Picture {
    std::int64_t number;          // as put() was told
    std::string_view media_type;  // as its first bytes say: image/png, image/jpeg or image/webp
    std::string bytes;
  };
  using PicturePtr = std::shared_ptr<const Picture>;  // shared with answers that are being written

  explicit PartialShelf(Metrics& metrics, std::size_t bytes_max = 32 << 20);

  // In the place of the one before. False: it is no picture that browsers show, or larger than the shelf.
  bool put(const Place& place, std::int64_t number, std::string bytes);
  // Null: there is none, or it is somebody else's.
  PicturePtr find(const Place& place) const;
  void drop(RunId run, std::string_view node);

 private:
  using Key = std::pair<RunId, std::string>;
  struct Kept {
    UserId owner;
    PicturePtr picture;
    std::list<Key>::iterator written;
  };
  using Shelf = std::map<Key, Kept>;
  void erase(Shelf::iterator kept);

  const std::size_t bytes_max_;
  Gauge& held_;
  mutable std::mutex mutex_;
  Shelf shelf_;
  std::list<Key> order_;  // written longest ago first
  std::size_t bytes_ = 0;
};

}  // namespace atelier::graph
