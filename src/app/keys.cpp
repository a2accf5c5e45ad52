#include <fmt/format.h>

#include <cstdio>

#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "app/json_fields.hpp"
#include "app/studio_client.hpp"
#include "base/json.hpp"

namespace atelier::app {
int run_keys_create(const Arguments& arguments) {
  auto studio = StudioClient::open(arguments);
  if (!studio) return complain(studio.error());
  json::Object body{{"name", arguments.positional[0]}, {"role", arguments.value("--role").value_or("member")}};
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

}  // namespace atelier::app
