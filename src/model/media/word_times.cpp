#include "model/media/word_times.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace atelier::model {

std::optional<double> seconds_of(const json::Value& value) {
  if (!value.is_number()) return std::nullopt;
  const auto seconds = value.to_number<double>();
  return std::isfinite(seconds) && seconds >= 0 ? std::optional(seconds) : std::nullopt;
}

void WordTimes::add(std::string_view piece, double start, double end) {
  if (text_.empty()) start_ = end_ = start;
  text_ += piece;
  end_ = std::max(end_, end);
}

void WordTimes::end_word() {
  if (text_.empty()) return;
  words_.push_back(json::Object{{"text", std::exchange(text_, {})}, {"start", start_}, {"end", end_}});
}

json::Array WordTimes::take() {
  end_word();
  return std::exchange(words_, {});
}

std::string_view primary_language(std::string_view tag) noexcept { return tag.substr(0, tag.find('-')); }

}  // namespace atelier::model
