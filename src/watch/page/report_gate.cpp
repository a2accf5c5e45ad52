#include "watch/page/report_gate.hpp"

#include <algorithm>

namespace atelier::watch {

bool ReportGate::admits(UserId who) {
  const auto now = clock_.now();
  const std::lock_guard lock(mutex_);
  Bucket& bucket = buckets_[std::hash<UserId>{}(who) % buckets_.size()];
  const double seconds = std::chrono::duration<double>(now - bucket.filled_at).count();
  bucket.left = std::min(kBurst, bucket.left + seconds / static_cast<double>(kEvery.count()));
  bucket.filled_at = now;
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}

}  // namespace atelier::watch
