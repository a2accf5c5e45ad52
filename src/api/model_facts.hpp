#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"
#include "model/price/prices.hpp"
#include "model/route/candidate.hpp"

// What several routes tell of a candidate.
namespace atelier::api {

// As ModelHealth in schema.cpp.
json::Object health_of(const model::Candidate& candidate, const Clock& clock);

// What it charges for, as ModelRates in schema.cpp: dollars of so many of each thing; null where nobody knows.
json::Value rates_of(const model::Candidate& candidate, const model::Prices& prices);

}  // namespace atelier::api
