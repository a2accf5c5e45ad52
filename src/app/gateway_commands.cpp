// What operators of the gateway do at a terminal: models, providers, routes, calls, usage.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "app/json_fields.hpp"
#include "app/studio_client.hpp"
#include "app/table_text.hpp"
#include "base/text.hpp"
#include "net/url.hpp"

namespace atelier::app {
namespace {

constexpr std::size_t kSecretBytesMax = 8192;

bool is_true_at(const json::Value& object, std::string_view name) {
  const json::Value* value = object.is_object() ? object.get_object().if_contains(name) : nullptr;
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::string number_at(const json::Value& object, std::string_view name) {
  return std::to_string(integer_at(object, name));
}

const json::Array& items_of(const json::Value& page) { return page.at("items").as_array(); }

// GET, and its items as a table or as JSON.
template <class RowOf>
int print_list(const Arguments& arguments, std::string target, std::vector<std::string> heading, RowOf row_of) {
  auto studio = StudioClient::open(arguments);
  if (!studio) return complain(studio.error());
  auto page = (*studio)->call("GET", std::move(target), nullptr);
  if (!page) return complain(page.error());
  if (arguments.has("--json")) {
    std::puts(json::write(page->at("items")).c_str());
    return kSuccess;
  }
  std::vector<std::vector<std::string>> rows{std::move(heading)};
  for (const json::Value& item : items_of(*page)) rows.push_back(row_of(item));
  std::fputs(table_text(rows).c_str(), stdout);
  return kSuccess;
}

std::vector<std::string> model_row(const json::Value& model) {
  if (text_at(model, "kind") == "route") return {text_at(model, "id"), "route", "", "", "", ""};
  const json::Value& health = model.at("health");
  const std::string state = is_true_at(health, "is_available") ? "available" : text_at(health, "breaker");
  const std::int64_t attempts = integer_at(health, "attempts");
  const std::string success =
      attempts > 0 ? fmt::format("{:.0f} %", health.at("success_rate").to_number<double>() * 100) : std::string();
  const std::string in = text_at(model, "input_price"), out = text_at(model, "output_price");
  return {text_at(model, "name"),
          state,
          success,
          attempts > 0 ? fmt::format("{:.0f} ms", health.at("first_token_ms").to_number<double>()) : "",
          in.empty() ? "" : fmt::format("${} / ${}", in, out),
          text_at(health, "last_error")};
}

std::vector<std::string> provider_row(const json::Value& provider) {
  const std::string key = is_true_at(provider, "has_key") ? "..." + text_at(provider, "key_end") : "none";
  return {text_at(provider, "name"),
          text_at(provider, "preset"),
          text_at(provider, "base_url"),
          key,
          is_true_at(provider, "is_from_environment") ? "environment" : "stored",
          is_true_at(provider, "is_enabled") ? text_at(provider, "trouble") : "switched off"};
}

std::vector<std::string> route_row(const json::Value& route) {
  std::string targets;
  for (const json::Value& target : route.at("targets").as_array())
    targets += (targets.empty() ? "" : ", ") + text_at(target, "provider") + "/" + text_at(target, "model");
  std::string sharing;
  const auto add = [&sharing](const std::string& word) { sharing += (sharing.empty() ? "" : ", ") + word; };
  if (const std::int64_t life = route.at("cache_life_s").as_int64(); life > 0) add(fmt::format("cache {} s", life));
  if (is_true_at(route, "shares_equal")) add("coalesce");
  if (is_true_at(route, "hedges")) add("hedge");
  return {text_at(route, "name"), text_at(route, "strategy"), targets, sharing};
}

std::vector<std::string> call_row(const json::Value& call) {
  const std::string cost = text_at(call, "cost");
  return {number_at(call, "number"),
          text_at(call, "at"),
          text_at(call, "asked"),
          text_at(call, "provider"),
          number_at(call, "status"),
          number_at(call, "total_ms") + " ms",
          number_at(call.at("usage"), "input"),
          number_at(call.at("usage"), "output"),
          cost.empty() ? "?" : "$" + cost,
          text_at(call, "fault")};
}

std::vector<std::string> usage_row(const json::Value& row) {
  return {text_at(row, "day"),
          text_at(row, "key"),
          text_at(row, "provider") + (text_at(row, "model").empty() ? "" : "/" + text_at(row, "model")),
          number_at(row, "calls"),
          number_at(row, "failed"),
          number_at(row, "input"),
          number_at(row, "output"),
          "$" + text_at(row, "cost")};
}

// A secret comes from standard input, so that it stands in no process list and no shell's history.
Result<std::string> read_secret() {
  std::string text;
  char buffer[1024];
  for (;;) {
    const ssize_t count = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (count < 0) return fail(ErrorCode::invalid_argument, "cannot read the key from standard input");
    if (count == 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > kSecretBytesMax) return fail(ErrorCode::too_large, "a key has at most 8,192 bytes");
    if (text.find('\n') != std::string::npos) break;
  }
  return std::string(trim(text));
}

// "openai/gpt-5" or, with a weight, "openai/gpt-5=3".
Result<json::Object> read_target(std::string_view text) {
  const std::size_t equals = text.rfind('=');
  const std::string_view candidate = text.substr(0, equals);
  const std::size_t slash = candidate.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == candidate.size())
    return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" is no provider/model", printable(text, 200)),
                {.reason = "usage", .where = {}});
  json::Object target{{"provider", candidate.substr(0, slash)}, {"model", candidate.substr(slash + 1)}};
  if (equals == std::string_view::npos) return target;
  auto weight = json::parse(text.substr(equals + 1));
  if (!weight || !weight->is_number())
    return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" is no weight", printable(text.substr(equals + 1), 40)),
                {.reason = "usage", .where = {}});
  target["weight"] = *weight;
  return target;
}

std::string quoted_revision(const json::Value& stored) { return fmt::format("\"{}\"", integer_at(stored, "revision")); }

// PUT over what is there, POST where nothing is.
int store(const Arguments& arguments, const std::string& collection, const std::string& name, json::Object body) {
  auto studio = StudioClient::open(arguments);
  if (!studio) return complain(studio.error());
  const std::string target = collection + "/" + net::percent_encode(name);
  auto old = (*studio)->call("GET", target, nullptr);
  if (!old && old.error().code != ErrorCode::not_found) return complain(old.error());
  Result<json::Value> stored = json::Value();
  if (old && integer_at(*old, "revision") > 0) {
    stored = (*studio)->call("PUT", target, std::move(body), quoted_revision(*old));
  } else {
    body["name"] = name;
    stored = (*studio)->call("POST", collection, std::move(body));
  }
  if (!stored) return complain(stored.error());
  std::puts(old ? "changed" : "added");
  return kSuccess;
}

int remove(const Arguments& arguments, const std::string& collection) {
  auto studio = StudioClient::open(arguments);
  if (!studio) return complain(studio.error());
  auto done = (*studio)->call("DELETE", collection + "/" + net::percent_encode(arguments.positional[0]), nullptr);
  if (!done) return complain(done.error());
  std::puts("removed");
  return kSuccess;
}

}  // namespace

int run_models(const Arguments& arguments) {
  return print_list(arguments, "/api/models",
                    {"MODEL", "STATE", "SUCCESS", "FIRST TOKEN", "PRICE IN / OUT OF A MILLION", "LAST ERROR"},
                    model_row);
}

int run_providers_list(const Arguments& arguments) {
  return print_list(arguments, "/api/providers", {"NAME", "KIND", "ADDRESS", "KEY", "FROM", "TROUBLE"}, provider_row);
}

int run_providers_set(const Arguments& arguments) {
  json::Object body{{"preset", arguments.value("--preset").value_or(arguments.positional[0])}};
  if (const auto url = arguments.value("--base-url")) body["base_url"] = *url;
  if (arguments.has("--key-stdin")) {
    auto key = read_secret();
    if (!key) return complain(key.error());
    body["key"] = *key;
  }
  return store(arguments, "/api/providers", arguments.positional[0], std::move(body));
}

int run_providers_remove(const Arguments& arguments) { return remove(arguments, "/api/providers"); }

int run_routes_list(const Arguments& arguments) {
  return print_list(arguments, "/api/routes", {"ROUTE", "STRATEGY", "CANDIDATES", "SHARING"}, route_row);
}

int run_routes_set(const Arguments& arguments) {
  json::Object body;
  json::Array targets;
  std::string_view rest = arguments.positional[1];
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    auto target = read_target(trim(rest.substr(0, comma)));
    if (!target) return complain(target.error());
    targets.push_back(std::move(*target));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  body["targets"] = std::move(targets);
  if (const auto strategy = arguments.value("--strategy")) body["strategy"] = *strategy;
  // What is no number stays text, which the API refuses by the field's name.
  if (const auto life = arguments.value("--cache"))
    body["cache_life_s"] = json::parse(*life).value_or(json::Value(*life));
  if (arguments.has("--coalesce")) body["shares_equal"] = true;
  if (arguments.has("--hedge")) body["hedges"] = true;
  return store(arguments, "/api/routes", arguments.positional[0], std::move(body));
}

int run_routes_remove(const Arguments& arguments) { return remove(arguments, "/api/routes"); }

int run_calls(const Arguments& arguments) {
  return print_list(arguments, "/api/calls?limit=50",
                    {"NUMBER", "AT", "ASKED", "PROVIDER", "STATUS", "TOOK", "IN", "OUT", "COST", "FAULT"}, call_row);
}

int run_usage(const Arguments& arguments) {
  const std::string by = arguments.value("--by").value_or("day_and_model");
  return print_list(arguments, "/api/usage?by=" + net::percent_encode(by),
                    {"DAY", "KEY", "MODEL", "CALLS", "FAILED", "IN", "OUT", "COST"}, usage_row);
}

// Asks every provider for its models: whether addresses and keys are right.
int run_check(const Arguments& arguments) {
  auto studio = StudioClient::open(arguments);
  if (!studio) return complain(studio.error());
  auto providers = (*studio)->call("GET", "/api/providers", nullptr);
  if (!providers) return complain(providers.error());
  std::vector<std::vector<std::string>> rows{{"PROVIDER", "MODELS", "RESULT"}};
  bool is_good = true;
  for (const json::Value& provider : items_of(*providers)) {
    const std::string name = text_at(provider, "name");
    if (!is_true_at(provider, "is_enabled")) continue;
    auto checked = (*studio)->call("POST", "/api/providers/" + net::percent_encode(name) + "/check", json::Object());
    const bool is_ok = checked && is_true_at(*checked, "is_ok");
    is_good &= is_ok;
    rows.push_back({name, is_ok ? number_at(*checked, "model_count") : "",
                    is_ok     ? "ok"
                    : checked ? text_at(*checked, "error")
                              : checked.error().message});
  }
  if (rows.size() == 1) {
    std::puts("there is no provider yet: set a key such as OPENAI_API_KEY, or add one with atelier providers set");
    return kSuccess;
  }
  std::fputs(table_text(rows).c_str(), stdout);
  return is_good ? kSuccess : kFailure;
}

}  // namespace atelier::app
