#pragma once

#include <optional>
#include <vector>

#include "base/json.hpp"
#include "model/record/call_query.hpp"
#include "watch/overview/overview.hpp"
#include "watch/overview/survey.hpp"

// What Overview puts together: one part of the document each.
namespace atelier::watch::overview {

// Rounded to a microsecond; of what is in seconds.
double milliseconds_of(double seconds);
// A count as it is written: without a fraction where it has none.
json::Value count_of(double value);

json::Object process(const Survey& survey);
json::Array loops(const Survey& survey);
// Those with the most requests first.
json::Array requests(const Survey& survey);
json::Array queues(const Survey& survey, const Overview::Parts& parts);
json::Object pools(const Survey& survey, const Overview::Parts& parts);
// What models were asked and cost; nullopt where the log could not be read.
using Usage = std::optional<std::vector<model::UsageRow>>;
json::Object caches(const Survey& survey, const Overview::Parts& parts, const Usage& usage);
// Those with the most calls first.
json::Array providers(const Overview::Parts& parts, const Usage& usage);

}  // namespace atelier::watch::overview
