#include "studio/gateway/route_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"

namespace atelier::studio {
namespace {

constexpr std::size_t kNameBytesMax = 128, kModelBytesMax = 256, kProviderBytesMax = 64, kTargetsMax = 32;
constexpr double kWeightMax = 1'000'000;
constexpr std::int64_t kCacheLifeMax = 30LL * 24 * 3600;
constexpr std::array kStrategies = {model::Strategy::ordered,      model::Strategy::weighted,
                                    model::Strategy::least_loaded, model::Strategy::lowest_latency,
                                    model::Strategy::lowest_cost,  model::Strategy::automatic};

std::unexpected<Error> refuse(std::string where, std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = {}, .where = std::move(where)});
}

bool is_name(std::string_view text, std::size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

Result<> check_target(const model::RouteTarget& target, const std::string& where) {
  if (!is_name(target.provider, kProviderBytesMax) || target.provider.find('/') != std::string::npos)
    return refuse(where + "/provider", "a provider's name is wanted, without a slash");
  if (!is_name(target.model, kModelBytesMax))
    return refuse(where + "/model", fmt::format("a model's name has 1 to {} visible ASCII characters", kModelBytesMax));
  if (!std::isfinite(target.weight) || target.weight <= 0 || target.weight > kWeightMax)
    return refuse(where + "/weight", "a weight is over 0 and at most a million");
  return {};
}

}  // namespace

Result<> check(const model::Route& route) {
  // A slash would hide what "provider/model" means.
  if (!is_name(route.name, kNameBytesMax) || route.name.find('/') != std::string::npos)
    return refuse("/name",
                  fmt::format("a route's name has 1 to {} visible ASCII characters and no slash", kNameBytesMax));
  if (route.targets.empty() || route.targets.size() > kTargetsMax)
    return refuse("/targets", fmt::format("a route has 1 to {} targets", kTargetsMax));
  for (std::size_t i = 0; i < route.targets.size(); ++i) {
    const std::string where = fmt::format("/targets/{}", i);
    const model::RouteTarget& target = route.targets[i];
    if (auto good = check_target(target, where); !good) return good;
    for (std::size_t j = 0; j < i; ++j)
      if (route.targets[j].provider == target.provider && route.targets[j].model == target.model)
        return refuse(where, fmt::format("{}/{} is a target already", target.provider, target.model));
  }
  if (route.cache_life.count() < 0 || route.cache_life.count() > kCacheLifeMax)
    return refuse("/cache_life_s", fmt::format("must be from 0 to {}", kCacheLifeMax));
  return {};
}

json::Object to_json(const model::Route& route) {
  json::Array targets;
  for (const model::RouteTarget& target : route.targets)
    targets.push_back(json::Object{{"provider", target.provider}, {"model", target.model}, {"weight", target.weight}});
  return json::Object{{"strategy", to_string(route.strategy)},
                      {"targets", std::move(targets)},
                      {"cache_life_s", route.cache_life.count()},
                      {"hedges", route.hedges},
                      {"shares_equal", route.shares_equal}};
}

Result<model::Route> read_route(std::string name, const json::Value& definition, std::string where) {
  model::Route route{.name = std::move(name), .targets = {}};
  json::ObjectReader reader(definition, where);
  std::vector<std::string_view> strategies;
  for (const model::Strategy strategy : kStrategies) strategies.push_back(to_string(strategy));
  if (const auto strategy = reader.optional_choice("strategy", std::move(strategies)))
    route.strategy = *model::parse_strategy(*strategy);
  const json::Array* targets = reader.required_array("targets", kTargetsMax);
  route.cache_life = std::chrono::seconds(reader.optional_integer("cache_life_s", 0, kCacheLifeMax).value_or(0));
  route.hedges = reader.optional_bool("hedges").value_or(false);
  route.shares_equal = reader.optional_bool("shares_equal").value_or(false);
  if (auto done = reader.finish(); !done) return error_of(std::move(done));
  for (std::size_t i = 0; i < targets->size(); ++i) {
    json::ObjectReader target((*targets)[i], fmt::format("{}/targets/{}", where, i));
    model::RouteTarget read{.provider = target.required_string("provider", {.bytes_max = kProviderBytesMax}),
                            .model = target.required_string("model", {.bytes_max = kModelBytesMax})};
    read.weight = target.optional_number("weight", 0, kWeightMax).value_or(1);
    if (auto done = target.finish(); !done) return error_of(std::move(done));
    route.targets.push_back(std::move(read));
  }
  return route;
}

namespace route_rows {

store::Statement insert(const StoredRoute& stored) {
  return {
      "INSERT INTO routes (name, definition, revision, created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5)",
      {stored.route.name, json::write(to_json(stored.route)), stored.revision, stored.created_ms, stored.updated_ms}};
}

store::Statement update(const StoredRoute& stored) {
  return {
      "UPDATE routes SET definition = $3, updated_ms = $4, revision = revision + 1 WHERE name = $1 AND revision = $2",
      {stored.route.name, stored.revision, json::write(to_json(stored.route)), stored.updated_ms},
      store::Expect::exactly_one};
}

store::Statement remove(const std::string& name) {
  return {"DELETE FROM routes WHERE name = $1", {name}, store::Expect::exactly_one};
}

store::Statement find(const std::string& name) {
  return {"SELECT name, definition, revision, created_ms, updated_ms FROM routes WHERE name = $1", {name}};
}

store::Statement all(std::int64_t count_max) {
  return {"SELECT name, definition, revision, created_ms, updated_ms FROM routes ORDER BY name LIMIT $1", {count_max}};
}

Result<StoredRoute> read(const store::Rows& rows, std::size_t row) {
  auto definition = json::parse(rows.text(row, 1));
  if (!definition) return error_of(std::move(definition));
  auto route = read_route(rows.text(row, 0), *definition);
  if (!route) return error_of(std::move(route));
  return StoredRoute{.route = std::move(*route),
                     .revision = rows.integer(row, 2),
                     .created_ms = rows.integer(row, 3),
                     .updated_ms = rows.integer(row, 4)};
}

}  // namespace route_rows

}  // namespace atelier::studio
