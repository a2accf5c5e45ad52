#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"
#include "model/route/directory.hpp"
#include "store/database.hpp"

namespace atelier::studio {

// A route as an operator sets it.
struct StoredRoute {
  model::Route route = {};
  std::int64_t revision = 1;
  UnixMs created_ms = 0, updated_ms = 0;
};

// invalid_argument names the field ("/targets/2/weight"). That a provider is there is not asked: it may come later.
Result<> check(const model::Route& route);

// All but the name: {"strategy", "targets": [{"provider", "model", "weight"}], "cache_life_s", "hedges",
// "shares_equal"}.
json::Object to_json(const model::Route& route);
// Errors name the field below `where`. What is left out is as in model::Route.
Result<model::Route> read_route(std::string name, const json::Value& definition, std::string where = {});

// The table routes.
namespace route_rows {
store::Statement insert(const StoredRoute& stored);
store::Statement update(const StoredRoute& stored);  // of that revision, which rises
store::Statement remove(const std::string& name);
store::Statement find(const std::string& name);
store::Statement all(std::int64_t count_max);  // by name
Result<StoredRoute> read(const store::Rows& rows, std::size_t row);
}  // namespace route_rows

}  // namespace atelier::studio
