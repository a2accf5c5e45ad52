// Who is signed in, and what the studio offers.
#include "api/session.hpp"
#include "api/authenticate.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "base/version.hpp"
#include "media/protocol/catalog.hpp"
#include "studio/produce/production.hpp"

namespace atelier::api {
namespace {

net::Response with_no_store(net::Response response) {
  response.headers.set("cache-control", "no-store");
  return response;
}

Task<Result<net::Response>> get_session(Services services, net::Request request) {
  auto session = session_cookie(request);
  auto told = co_await tell_session(services, request.caller, std::move(session));
  if (!told) co_return error_of(told);
  co_return with_no_store(net::json_response(*told));
}

// With a key, or with a person's name and password.
Task<Result<net::Response>> sign_in(Services services, net::Request request) {
  auto body = co_await request.read_json(4096);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  const bool is_by_name = reader.has("name") || reader.has("password");
  std::string key, name, password;
  if (is_by_name) {
    name = reader.required_string("name", {.bytes_min = 1, .bytes_max = 200});
    password = reader.required_string("password", {.bytes_min = 1, .bytes_max = 1'024});
    if (reader.has("key")) reader.complain("key", "send a key, or a name and a password");
    (void)reader.optional_value("key");
  } else {
    key = reader.required_string("key", {.bytes_min = 1, .bytes_max = 200});
  }
  if (auto done = reader.finish(); !done) co_return error_of(done);
  studio::SessionOrigin origin = origin_of(request);
  Result<studio::SignedIn> signed_in;
  if (is_by_name)
    signed_in = co_await services.people.sign_in(std::move(name), std::move(password), std::move(origin));
  else
    signed_in = co_await services.accounts.sign_in(std::move(key), std::move(origin));
  if (!signed_in) co_return error_of(signed_in);
  co_return co_await begin_session(services, std::move(request), std::move(*signed_in));
}

Task<Result<net::Response>> sign_out(Services services, net::Request request) {
  if (const auto session = session_cookie(request))
    if (auto done = co_await services.accounts.sign_out(*session); !done) co_return error_of(done);
  net::Response response = net::empty_response();
  response.headers.add("set-cookie", set_session_cookie(request, ""));
  co_return response;
}

Task<Result<net::Response>> get_options(Services services, net::Request) {
  json::Array voices, styles, backgrounds, sizes, rates;
  for (const media::Voice& voice : media::voices())
    voices.push_back(
        json::Object{{"id", voice.id}, {"name", voice.name}, {"language", voice.language}, {"engine", voice.engine}});
  for (const media::CaptionStyle& style : media::caption_styles())
    styles.push_back(json::Object{
        {"id", style.id}, {"name", style.name}, {"help", style.help}, {"highlights_words", style.highlights_words}});
  for (const media::BackgroundKind& kind : media::background_kinds())
    backgrounds.push_back(json::Object{{"id", kind.id}, {"name", kind.name}, {"help", kind.help}});
  for (const media::FrameSize& size : media::frame_sizes())
    sizes.push_back(json::Object{{"id", size.id}, {"name", size.name}, {"width", size.width}, {"height", size.height}});
  for (const std::int32_t rate : media::frame_rates()) rates.push_back(rate);
  json::Array languages;
  std::string_view last;
  for (const media::Voice& voice : media::voices())
    if (voice.language != last) languages.push_back(json::Value(last = voice.language));
  co_return net::json_response(json::Object{{"voices", std::move(voices)},
                                            {"caption_styles", std::move(styles)},
                                            {"backgrounds", std::move(backgrounds)},
                                            {"sizes", std::move(sizes)},
                                            {"frame_rates", std::move(rates)},
                                            {"languages", std::move(languages)},
                                            {"defaults", studio::to_json(studio::ProductionSettings())},
                                            {"limits", json::Object{{"story_bytes_max", studio::kStoryBytesMax},
                                                                    {"scene_bytes_max", studio::kSceneBytesMax},
                                                                    {"scenes_max", studio::kScenesMax},
                                                                    {"upload_bytes_max", services.upload_bytes_max}}}});
}

Task<Result<net::Response>> get_status(Services services, net::Request) {
  const auto uptime = std::chrono::duration_cast<milliseconds>(services.clock.now() - services.started_at);
  co_return net::json_response(
      json::Object{{"version", kVersion}, {"uptime_ms", uptime.count()}, {"media", media_status(services)}});
}

constexpr Route kRoutes[] = {
    {net::Method::get, "/api/session", get_session, Access::open, "Who is signed in", "", "Session"},
    {.method = net::Method::post,
     .path = "/api/session",
     .run = sign_in,
     .access = Access::open,
     .summary = "Signs in with an access key, or a name and a password",
     .request = "SignIn",
     .answer = "Session",
     .is_alone = true},
    {.method = net::Method::del,
     .path = "/api/session",
     .run = sign_out,
     .access = Access::open,
     .summary = "Signs out",
     .status = 204,
     .is_alone = true},
    {net::Method::get, "/api/options", get_options, Access::user, "Voices, styles, sizes and limits", "", "Options"},
    {net::Method::get, "/api/status", get_status, Access::user, "How the server is", "", "Status"},
};

}  // namespace

studio::SessionOrigin origin_of(const net::Request& request) {
  return {.address = request.peer, .agent = std::string(request.headers.find("user-agent").value_or(""))};
}

Task<Result<json::Value>> tell_session(Services services, std::optional<Principal> caller,
                                       std::optional<std::string> session) {
  json::Object object{{"authenticated", caller.has_value()}, {"needs_key", !services.is_open}};
  object["role"] = caller ? json::Value(studio::to_string(caller->role)) : json::Value();
  object["csrf"] = caller && session ? json::Value(studio::csrf_token(*session)) : json::Value();
  object["user"] = nullptr;
  if (caller) {
    auto person = co_await services.people.find(caller->owner);
    if (!person && person.error().code != ErrorCode::not_found) co_return error_of(person);
    if (person) object["user"] = json::Object{{"id", person->id.to_string()}, {"name", person->name}};
  }
  co_return json::Value(std::move(object));
}

Task<Result<net::Response>> begin_session(Services services, net::Request request, studio::SignedIn signed_in) {
  // Whoever signs in anew in a browser has left the session it had.
  if (auto before = session_cookie(request))
    if (auto ended = co_await services.accounts.sign_out(std::move(*before)); !ended) co_return error_of(ended);
  auto told = co_await tell_session(services, signed_in.principal, signed_in.session);
  if (!told) co_return error_of(told);
  net::Response response = with_no_store(net::json_response(*told));
  response.headers.add("set-cookie", set_session_cookie(request, signed_in.session));
  co_return response;
}

std::span<const Route> session_routes() { return kRoutes; }

}  // namespace atelier::api
