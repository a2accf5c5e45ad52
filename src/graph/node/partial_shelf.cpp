#include "graph/node/partial_shelf.hpp"

namespace atelier::graph {
namespace {

// Empty: none of them.
std::string_view picture_type(std::string_view bytes) noexcept {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (bytes.starts_with("\xff\xd8\xff")) return "image/jpeg";
  if (bytes.starts_with("RIFF") && bytes.size() > 12 && bytes.substr(8, 4) == "WEBP") return "image/webp";
  return {};
}

}  // namespace

PartialShelf::PartialShelf(Metrics& metrics, std::size_t bytes_max)
    : bytes_max_(bytes_max), held_(metrics.gauge(kPartialBytes)) {}

bool PartialShelf::put(const Place& place, std::int64_t number, std::string bytes) {
  const std::string_view type = picture_type(bytes);
  const std::size_t size = bytes.size();
  if (type.empty() || size > bytes_max_) return false;
  auto picture =
      std::make_shared<const Picture>(Picture{.number = number, .media_type = type, .bytes = std::move(bytes)});
  const std::scoped_lock lock(mutex_);
  Key key{place.run, place.node};
  if (const auto before = shelf_.find(key); before != shelf_.end()) erase(before);
  while (bytes_ + size > bytes_max_) erase(shelf_.find(order_.front()));
  const auto written = order_.insert(order_.end(), key);
  shelf_.emplace(std::move(key), Kept{.owner = place.owner, .picture = std::move(picture), .written = written});
  bytes_ += size;
  held_.set(static_cast<double>(bytes_));
  return true;
}

PartialShelf::PicturePtr PartialShelf::find(const Place& place) const {
  const std::scoped_lock lock(mutex_);
  const auto found = shelf_.find(Key{place.run, place.node});
  return found != shelf_.end() && found->second.owner == place.owner ? found->second.picture : nullptr;
}

void PartialShelf::drop(RunId run, std::string_view node) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = shelf_.find(Key{run, std::string(node)}); found != shelf_.end()) erase(found);
}

void PartialShelf::erase(Shelf::iterator kept) {
  bytes_ -= kept->second.picture->bytes.size();
  order_.erase(kept->second.written);
  shelf_.erase(kept);
  held_.set(static_cast<double>(bytes_));
}

}  // namespace atelier::graph
