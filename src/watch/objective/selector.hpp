#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace atelier::watch {

// Which series of a metric are meant: atelier_http_requests_total{route="/v1/*",status!="5xx"}. A star stands for any
// letters; a label that is not named may be anything.
class Selector {
 public:
  // invalid_argument where the text is none.
  static Result<Selector> parse(std::string_view text);

  const std::string& metric() const noexcept { return metric_; }
  // `labels` as Prometheus writes them, without braces.
  bool matches(std::string_view labels) const;

 private:
  struct Condition {
    std::string label, pattern;
    bool is_other = false;  // what does not match is meant
  };
  std::string metric_;
  std::vector<Condition> conditions_;
};

// The labels of a series apart: route="/v1/models",status="2xx".
std::vector<std::pair<std::string, std::string>> split_labels(std::string_view labels);

}  // namespace atelier::watch
