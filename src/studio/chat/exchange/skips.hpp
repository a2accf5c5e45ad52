#pragma once

#include <string>
#include <utility>
#include <vector>

#include "studio/chat/exchange/imported_thread.hpp"

namespace atelier::studio::exchange {

// What could not be taken. Bounded: a hostile file has more complaints in it than anybody reads.
class Skips {
 public:
  void add(std::string where, std::string reason) {
    if (skipped_.size() < kSkippedMax)
      skipped_.push_back({.where = std::move(where), .reason = std::move(reason)});
    else
      ++more_count_;
  }
  std::vector<Skipped> take() {
    if (more_count_ > 0)
      skipped_.push_back({.where = "", .reason = std::to_string(more_count_) + " more are not listed"});
    return std::move(skipped_);
  }

 private:
  std::vector<Skipped> skipped_;
  std::size_t more_count_ = 0;
};

}  // namespace atelier::studio::exchange
