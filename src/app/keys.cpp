#include <fmt/format.h>

#include <cstdio>

#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "app/json_fields.hpp"
#include "app/studio_client.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace atelier::app {
namespace {

json::Array list_of(std::string_view text) {
  json::Array list;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    list.emplace_back(trim(text.substr(0, comma)));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return list;
}

// A flag that is given as the API's field. What is no number stays text, which the API refuses by the field's name.
void set_number(const Arguments& arguments, std::string_view flag, std::string_view field, json::Object& body) {
  const auto text = arguments.value(flag);
  if (!text) return;
  auto number = json::parse(*text);
  body[field] = number && number->is_int64() ? std::move(*number) : json::Value(*text);
}

void set_limits(const Arguments& arguments, json::Object& body) {
  if (const auto models = arguments.value("--models")) body["models"] = list_of(*models);
  if (const auto routes = arguments.value("--routes")) body["routes"] = list_of(*routes);
  if (const auto expires = arguments.value("--expires")) body["expires_at"] = *expires;
  set_number(arguments, "--requests-per-minute", "requests_per_minute", body);
  set_number(arguments, "--tokens-per-minute", "tokens_per_minute", body);
  set_number(arguments, "--concurrent", "concurrent_max", body);
  if (const auto day = arguments.value("--day")) body["day_allowance"] = *day;
  if (const auto month = arguments.value("--month")) body["month_allowance"] = *month;
}

}  // namespace

int run_keys_create(const Arguments& arguments) {
  auto studio = StudioClient::open(arguments);
  if (!studio) return complain(studio.error());
  json::Object body{{"name", arguments.positional[0]}, {"role", arguments.value("--role").value_or("member")}};
  set_limits(arguments, body);
  auto key = (*studio)->call("POST", "/api/keys", std::move(body));
  if (!key) return complain(key.error());
  std::fputs("This key is shown once. Keep it safe:\n", stderr);
  std::puts(text_at(*key, "secret").c_str());
  return kSuccess;
}

int run_keys_list(const Arguments& arguments) {
  auto studio = StudioClient::open(arguments);
  if (!studio) return complain(studio.error());
  auto keys = (*studio)->call("GET", "/api/keys", nullptr);
  if (!keys) return complain(keys.error());
  const json::Value& items = keys->at("items");
  if (arguments.has("--json")) {
    std::puts(json::write(items).c_str());
    return kSuccess;
  }
  for (const json::Value& key : items.as_array())
    std::puts(fmt::format("{}  {:<6}  {}  {}{}", text_at(key, "id"), text_at(key, "role"), text_at(key, "created_at"),
                          text_at(key, "name"), key.at("is_revoked").as_bool() ? "  (revoked)" : "")
                  .c_str());
  return kSuccess;
}

int run_keys_revoke(const Arguments& arguments) {
  auto studio = StudioClient::open(arguments);
  if (!studio) return complain(studio.error());
  auto done = (*studio)->call("DELETE", "/api/keys/" + arguments.positional[0], nullptr);
  if (!done) return complain(done.error());
  std::puts("revoked");
  return kSuccess;
}

int run_keys_rotate_sealing_key(const Arguments& arguments) {
  auto studio = StudioClient::open(arguments);
  if (!studio) return complain(studio.error());
  auto done =
      (*studio)->call("POST", "/api/sealing-key/rotate", json::Object{{"keeps_old", arguments.has("--keep-old")}});
  if (!done) return complain(done.error());
  std::puts(fmt::format("{} sealed anew with key {}", done->at("sealed").as_int64(), text_at(*done, "key")).c_str());
  if (const std::int64_t old_count = done->at("old_keys").as_int64(); old_count > 0)
    std::puts(fmt::format("{} old still open what was sealed before", old_count).c_str());
  return kSuccess;
}

}  // namespace atelier::app
