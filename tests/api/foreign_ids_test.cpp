// Another user's ids, on every route there is. The routes are the server's own list: one whose parameters this file
// does not know fails here, so that whoever adds a route says what an id of it is.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "api/route.hpp"
#include "tests/api/chat_fixture.hpp"

namespace atelier::app {
namespace {

// Two by two pixels.
constexpr std::string_view kPicture =
    "89504e470d0a1a0a0000000d4948445200000002000000020802000000fdd49a73000000104944415478da63f8dfc000440c100a002d"
    "ee05fd633ec10b0000000049454e44ae426082";

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < digits.size(); at += 2)
    bytes.push_back(static_cast<char>(std::stoi(std::string(digits.substr(at, 2)), nullptr, 16)));
  return bytes;
}

// What is there of one user.
struct Belongings {
  std::string thread, folder, production, scene, run, asset, asset_folder, upload, response, call, key, session, chat,
      prompt, endpoint, delivery, generation;
};

// How a route is called with what belongs to somebody.
struct Way {
  std::function<std::map<std::string, std::string>(const Belongings&)> parameters;
  std::string body = {};
  Headers headers = {};
  // What the one it belongs to may be told too: a good id, but nothing to be had for it now.
  std::set<int> also = {};
  // Of clients of other protocols, which are told of nothing in this way.
  int refusal = 404;
};

using Parameters = std::map<std::string, std::string>;

Parameters thread_of(const Belongings& all) { return {{"id", all.thread}}; }
Parameters message_of(const Belongings& all) { return {{"id", all.thread}, {"number", "2"}}; }
Parameters folder_of(const Belongings& all) { return {{"id", all.folder}}; }
Parameters production_of(const Belongings& all) { return {{"id", all.production}}; }
Parameters scene_of(const Belongings& all) { return {{"id", all.production}, {"scene", all.scene}}; }
Parameters run_of(const Belongings& all) { return {{"id", all.run}}; }
Parameters generation_of(const Belongings& all) { return {{"id", all.generation}}; }
Parameters prompt_of(const Belongings& all) { return {{"id", all.prompt}}; }
Parameters asset_of(const Belongings& all) { return {{"id", all.asset}}; }
Parameters upload_of(const Belongings& all) { return {{"id", all.upload}}; }
Parameters asset_folder_of(const Belongings& all) { return {{"id", all.asset_folder}}; }
Parameters response_of(const Belongings& all) { return {{"id", all.response}}; }
Parameters call_of(const Belongings& all) { return {{"number", all.call}}; }

Parameters endpoint_of(const Belongings& all) { return {{"id", all.endpoint}}; }
Parameters delivery_of(const Belongings& all) { return {{"id", all.endpoint}, {"delivery", all.delivery}}; }

Parameters session_of(const Belongings& all) { return {{"id", all.session}}; }
Parameters key_of(const Belongings& all) { return {{"id", all.key}}; }

const Headers kAnyRevision{{"if-match", "1"}};
constexpr const char* kSaid = R"({"parts":[{"type":"text","text":"mine"}]})";

const std::map<std::string, Way>& ways() {
  static const std::map<std::string, Way> all{
      {"GET /api/threads/{id}", {thread_of}},
      {"PATCH /api/threads/{id}", {thread_of, R"({"title":"mine"})"}},
      {"DELETE /api/threads/{id}", {thread_of}},
      {"POST /api/threads/{id}/fork", {thread_of, R"({"message":2})"}},
      {"GET /api/threads/{id}/messages",
       {[](const Belongings& b) -> Parameters { return {{"id", b.thread}, {"?", "from=2"}}; }}},
      {"POST /api/threads/{id}/messages", {thread_of, kSaid}},
      {"PUT /api/threads/{id}/messages",
       {thread_of, R"({"messages":[{"number":1,"parent":0,"role":"user","parts":[{"type":"text","text":"mine"}]}]})"}},
      {"GET /api/threads/{id}/messages/{number}", {message_of}},
      {"POST /api/threads/{id}/messages/{number}/answers", {message_of, "{}"}},
      {"POST /api/threads/{id}/messages/{number}/continue", {message_of, {}, {}, {409}}},
      {"POST /api/threads/{id}/messages/{number}/stop", {message_of}},
      {"POST /api/threads/{id}/stop", {thread_of}},
      // Nothing is called in that thread; below there is a call that waits.
      {"POST /api/threads/{id}/messages/{number}/tool-calls/{call}",
       {[](const Belongings& b) -> Parameters { return {{"id", b.thread}, {"number", "2"}, {"call", "c"}}; },
        R"({"decision":"allow"})",
        {},
        {404}}},
      {"GET /api/threads/{id}/summaries", {thread_of}},
      {"POST /api/threads/{id}/messages/{number}/suggestions", {message_of, {}, {}, {400}}},
      {"GET /api/threads/{id}/export",
       {[](const Belongings& b) -> Parameters { return {{"id", b.thread}, {"?", "format=json"}}; }}},
      {"PATCH /api/thread-folders/{id}", {folder_of, R"({"name":"mine"})"}},
      {"DELETE /api/thread-folders/{id}", {folder_of}},
      {"GET /api/productions/{id}", {production_of}},
      {"PATCH /api/productions/{id}", {production_of, R"({"title":"mine"})", kAnyRevision, {409}}},
      {"DELETE /api/productions/{id}", {production_of}},
      {"PUT /api/productions/{id}/story", {production_of, R"({"story":"Mine."})", kAnyRevision, {409}}},
      {"PATCH /api/productions/{id}/scenes/{scene}", {scene_of, R"({"text":"Mine."})", kAnyRevision, {409}}},
      {"GET /api/productions/{id}/scenes/{scene}/preview", {scene_of}},
      {"POST /api/productions/{id}/render", {production_of, {}, {}, {409}}},
      // Nothing is rendered yet.
      {"GET /api/productions/{id}/files/{name}",
       {[](const Belongings& b) -> Parameters { return {{"id", b.production}, {"name", "poster.jpg"}}; },
        {},
        {},
        {404}}},
      {"GET /api/runs/{id}", {run_of}},
      {"POST /api/runs/{id}/cancel", {run_of, {}, {}, {409}}},
      {"POST /api/runs/{id}/retry", {run_of, {}, {}, {409}}},
      {"GET /api/generations/{id}", {generation_of}},
      // It is over, or drawn at once.
      {"GET /api/generations/{id}/partial", {generation_of, {}, {}, {404}}},
      {"POST /api/generations/{id}/cancel", {generation_of}},
      {"POST /api/generations/{id}/retry", {generation_of, "{}", {}, {409}}},
      // It is known what became of it.
      {"POST /api/generations/{id}/give_up", {generation_of, {}, {}, {409}}},
      {"GET /api/assets/{id}", {asset_of}},
      {"GET /api/assets/{id}/content", {asset_of}},
      {"GET /api/assets/{id}/poster", {asset_of}},
      {"GET /api/assets/{id}/preview", {asset_of}},
      {"GET /api/assets/{id}/cover", {asset_of}},
      // A picture has neither.
      {"GET /api/assets/{id}/loop", {asset_of, {}, {}, {404}}},
      {"GET /api/assets/{id}/peaks", {asset_of, {}, {}, {404}}},
      {"PATCH /api/assets/{id}", {asset_of, R"({"name":"mine"})"}},
      {"DELETE /api/assets/{id}", {asset_of}},
      {"PATCH /api/asset-folders/{id}", {asset_folder_of, R"({"name":"mine"})"}},
      {"DELETE /api/asset-folders/{id}", {asset_folder_of}},
      {"GET /api/uploads/{id}", {upload_of}},
      {"PATCH /api/uploads/{id}",
       {upload_of,
        "half ",
        {{"tus-resumable", "1.0.0"}, {"upload-offset", "0"}, {"content-type", "application/offset+octet-stream"}}}},
      {"DELETE /api/uploads/{id}", {upload_of}},
      {"GET /api/prompts/{id}", {prompt_of}},
      {"PATCH /api/prompts/{id}", {prompt_of, R"({"text":"mine"})", {{"if-match", "7"}}, {409}}},
      {"DELETE /api/prompts/{id}", {prompt_of}},
      {"GET /api/webhook-endpoints/{id}", {endpoint_of}},
      {"PATCH /api/webhook-endpoints/{id}", {endpoint_of, R"({"note":"mine"})", {{"if-match", "7"}}, {409}}},
      {"DELETE /api/webhook-endpoints/{id}", {endpoint_of}},
      {"POST /api/webhook-endpoints/{id}/rotate", {endpoint_of, "{}"}},
      {"POST /api/webhook-endpoints/{id}/test", {endpoint_of}},
      {"POST /api/webhook-endpoints/{id}/redrive", {endpoint_of}},
      {"GET /api/webhook-endpoints/{id}/deliveries", {endpoint_of}},
      {"GET /api/webhook-endpoints/{id}/deliveries/{delivery}", {delivery_of}},
      // It waits to be sent already.
      {"POST /api/webhook-endpoints/{id}/deliveries/{delivery}/redrive", {delivery_of, {}, {}, {409}}},
      {"GET /api/calls/{number}", {call_of}},
      {"DELETE /api/me/sessions/{id}", {session_of}},
      {"DELETE /api/me/keys/{id}", {key_of}},
      {"GET /v1/responses/{id}", {response_of}},
      {"DELETE /v1/responses/{id}", {response_of}},
      {"GET /v1/responses/{id}/input_items", {response_of}},
      {"POST /v1/responses/{id}/cancel", {response_of, "{}", {}, {400}}},
      // A client's own name for a chat, which means nothing to anybody else: as if there were none.
      {"GET /api/chat/{id}/stream", {[](const Belongings& b) { return Parameters{{"id", b.chat}}; }, {}, {}, {}, 204}},
      {"POST /api/chat/{id}/stop", {[](const Belongings& b) { return Parameters{{"id", b.chat}}; }, {}, {}, {}, 204}},
  };
  return all;
}

// Whose parameters name nothing of anybody's; and what does not end for whoever it is of, and is asked for below.
const std::set<std::string> kOfTheStudio{"GET /api/generations/{id}/events", "GET /v1/models/{id...}",
                                         "GET /api/manual/{name}", "PUT /api/tools/{name}/grant",
                                         "DELETE /api/tools/{name}/grant"};

// Query parameters that are no ids, and those that are.
const std::set<std::string_view> kPlainQueries{
    "after",   "limit", "window",         "is_archived", "tag",   "before", "from",   "format", "q",     "usage",
    "kind",    "name",  "width",          "download",    "model", "status", "to",     "by",     "state", "stream",
    "outcome", "order", "starting_after", "checks",      "size",  "v",      "origin", "trash",  "sort",  "skip",
    "total",   "voice", "number",         "query",       "figures"};
// A provider's job is looked for among the caller's own, as its name at that provider.
const std::set<std::string_view> kIdQueries{"provider", "job",     "except", "thread", "folder",
                                            "key",      "subject", "topics", "run",    "ids"};

std::string name_of(const api::Route& route) { return fmt::format("{} {}", to_string(route.method), route.path); }

bool has_parameters(const api::Route& route) { return route.path.find('{') != std::string_view::npos; }

std::string target_of(const api::Route& route, Parameters parameters) {
  std::string target(route.path);
  for (const auto& [name, value] : parameters)
    if (const std::size_t at = target.find("{" + name); at != std::string::npos)
      target.replace(at, target.find('}', at) - at + 1, value);
  if (const auto query = parameters.find("?"); query != parameters.end()) target += "?" + query->second;
  return target;
}

class ForeignIds : public ChatHouseTest {
 protected:
  void SetUp() override {
    ChatHouseTest::SetUp();
    ask_for_keys();
    add_provider("p", "openai_chat", "/openai/v1");
    const Answer person =
        call(net::Method::post, "/api/users", R"({"name":"Owner","password":"a long enough password"})", admin_);
    EXPECT_EQ(person.status, 201) << person.body;
    const Answer signed_in =
        call(net::Method::post, "/api/session", R"({"name":"Owner","password":"a long enough password"})");
    const std::string cookie(signed_in.headers.find("set-cookie").value_or(""));
    const Headers browser{{"cookie", cookie.substr(0, cookie.find(';'))},
                          {"x-csrf-token", text(signed_in.json(), "csrf")}};
    owner_ = {{"authorization", "Bearer " + made("/api/me/keys", R"({"name":"one"})", browser, "secret")}};
    other_key_ = made("/api/me/keys", R"({"name":"two"})", browser);
    stranger_ = make_key(R"({"name":"stranger"})");
  }
  std::string made(std::string path, std::string body, const Headers& who, const char* field = "id") {
    const Answer answer = call(net::Method::post, std::move(path), std::move(body), who);
    EXPECT_LT(answer.status, 300) << answer.body;
    return text(answer.json(), field);
  }
  std::string upload(const Headers& who) {
    Headers headers = who;
    headers.emplace_back("content-type", "image/png");
    return made("/api/assets?name=a.png", from_hex(kPicture), headers);
  }
  std::string begun_upload(Headers who) {
    who.emplace_back("tus-resumable", "1.0.0");
    who.emplace_back("upload-length", "10");
    const Answer begun = call(net::Method::post, "/api/uploads", {}, std::move(who));
    EXPECT_EQ(begun.status, 201) << begun.body;
    const std::string place(begun.headers.find("location").value_or(""));
    return place.substr(place.rfind('/') + 1);
  }
  Belongings belongings_of(const Headers& who) {
    Belongings all;
    all.prompt = made("/api/prompts", R"({"name":"P","text":"mine"})", who);
    // Nobody is there under such a name.
    all.endpoint = made("/api/webhook-endpoints",
                        R"({"url":"https://nobody.invalid/","note":"private","types":["run.failed"]})", who);
    all.delivery = made("/api/webhook-endpoints/" + all.endpoint + "/test", {}, who);
    all.folder = made("/api/thread-folders", R"({"name":"F"})", who);
    all.thread = made("/api/threads", json::write(json::Object{{"model", "p/double"}, {"folder", all.folder}}), who);
    EXPECT_EQ(call(net::Method::post, path(all.thread, "/messages"), said("private words"), who).status, 201);
    for (int i = 0; i < 800; ++i) {
      if (text(call(net::Method::get, path(all.thread, "/messages/2"), {}, who).json(), "state") == "complete") break;
      std::this_thread::sleep_for(std::chrono::milliseconds(12));
    }
    const Answer production = call(net::Method::post, "/api/productions", R"({"story":"One."})", who);
    all.production = text(production.json(), "id");
    all.scene = text(production.json().at("scenes").as_array().at(0), "id");
    all.run = made(fmt::format("/api/productions/{}/render", all.production), {}, who);
    all.generation =
        made("/api/generations",
             R"({"kind":"image","model":"local/procedural","prompt":"private","width":64,"height":64})", who);
    all.asset = upload(who);
    all.upload = begun_upload(who);
    all.asset_folder = made("/api/asset-folders", R"({"name":"F"})", who);
    all.response = made("/v1/responses", R"({"model":"p/double","input":"private words"})", who);
    for (int i = 0; i < 400 && all.call.empty(); ++i) {
      const json::Value page = call(net::Method::get, "/api/calls", {}, who).json();
      if (const json::Array& items = page.at("items").as_array(); !items.empty())
        all.call = std::to_string(items.front().at("number").as_int64());
      else
        std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
    all.key = other_key_;
    const json::Value sessions = call(net::Method::get, "/api/me/sessions", {}, who).json();
    all.session = text(sessions.at("items").as_array().at(0), "id");
    all.chat = "the-clients-own-name";
    const Answer chat = call(
        net::Method::post, "/api/chat",
        fmt::format(
            R"({{"id":"{}","model":"p/double","message":{{"id":"1","role":"user","parts":[{{"type":"text","text":"x"}}]}}}})",
            all.chat),
        who);
    EXPECT_EQ(chat.status, 200) << chat.body;
    return all;
  }
  Answer ask_as(const Headers& who, const api::Route& route, const Way& way, const Belongings& whose) {
    Headers headers = who;
    headers.insert(headers.end(), way.headers.begin(), way.headers.end());
    return call(route.method, target_of(route, way.parameters(whose)), way.body, std::move(headers));
  }

  Headers owner_, stranger_;
  std::string other_key_;
};

TEST_F(ForeignIds, AreNothingThereOnAnyRoute) {
  const Belongings all = belongings_of(owner_);
  std::vector<api::Route> routes;
  for (const api::Route& route : api::all_routes())
    if (has_parameters(route) && route.access == api::Access::user && !kOfTheStudio.contains(name_of(route)))
      routes.push_back(route);
  for (const api::Route& route : routes) {
    SCOPED_TRACE(name_of(route));
    const auto way = ways().find(name_of(route));
    if (way == ways().end()) {
      ADD_FAILURE() << "this test does not know what the ids of the route are";
      continue;
    }
    const Answer refused = ask_as(stranger_, route, way->second, all);
    EXPECT_EQ(refused.status, way->second.refusal) << refused.body;
    EXPECT_EQ(refused.body.find("private"), std::string::npos);
  }
  // They were good ids, and asked for well: whose they are gets something for them.
  std::ranges::stable_partition(routes, [](const api::Route& route) { return route.method != net::Method::del; });
  for (const api::Route& route : routes) {
    SCOPED_TRACE(name_of(route));
    const auto way = ways().find(name_of(route));
    if (way == ways().end()) continue;
    const Answer given = ask_as(owner_, route, way->second, all);
    EXPECT_TRUE(given.status < 300 || way->second.also.contains(given.status)) << given.status << " " << given.body;
  }
}

TEST_F(ForeignIds, OfAGenerationTellNothingOfIt) {
  const Belongings all = belongings_of(owner_);
  EXPECT_EQ(call(net::Method::get, "/api/generations/" + all.generation + "/events", {}, stranger_).status, 404);
  EXPECT_EQ(
      call(net::Method::get, "/api/generations/status?provider=local&job=" + all.generation, {}, stranger_).status,
      404);
}

TEST_F(ForeignIds, OfAThreadAreNothingAsAChatsNameEither) {
  const Belongings all = belongings_of(owner_);
  EXPECT_EQ(call(net::Method::get, "/api/chat/" + all.thread + "/stream", {}, stranger_).status, 404);
  EXPECT_EQ(call(net::Method::post, "/api/chat/" + all.thread + "/stop", {}, stranger_).status, 404);
  const Answer taken =
      call(net::Method::post, "/api/chat",
           fmt::format(R"({{"id":"{}","message":{{"id":"1","role":"user","parts":[{{"type":"text","text":"x"}}]}}}})",
                       all.thread),
           stranger_);
  EXPECT_EQ(taken.status, 404) << taken.body;
}

TEST_F(ForeignIds, OfACallThatWaitsDecideNothing) {
  const std::string thread =
      made("/api/threads", R"({"model":"p/double","parameters":{"tools":["current_time"]}})", owner_);
  ASSERT_EQ(call(net::Method::post, path(thread, "/messages"), said("call current_time"), owner_).status, 201);
  json::Value answer;
  for (int i = 0; i < 800; ++i) {
    answer = call(net::Method::get, path(thread, "/messages/2"), {}, owner_).json();
    if (text(answer, "state") == "waiting") break;
    std::this_thread::sleep_for(std::chrono::milliseconds(12));
  }
  const std::string target = path(thread, "/messages/2/tool-calls/" + text(answer.at("parts").as_array().at(0), "id"));
  const std::string always = R"({"decision":"allow","remember":"always"})";
  EXPECT_EQ(call(net::Method::post, target, always, stranger_).status, 404);
  EXPECT_EQ(call(net::Method::del, "/api/tools/current_time/grant?thread=" + thread, {}, stranger_).status, 404);
  EXPECT_EQ(text(call(net::Method::get, path(thread, "/messages/2"), {}, owner_).json(), "state"), "waiting");
  EXPECT_EQ(call(net::Method::post, target, always, owner_).status, 200);
  // One's own leave is nobody else's.
  const json::Value tools = call(net::Method::get, "/api/tools", {}, stranger_).json();
  for (const json::Value& one : tools.at("items").as_array()) EXPECT_EQ(text(one, "grant"), "ask");
}

TEST_F(ForeignIds, InQueriesFindNothing) {
  const Belongings all = belongings_of(owner_);
  for (const api::Route& route : api::all_routes())
    for (const api::QueryParameter& parameter : route.query)
      EXPECT_TRUE(kPlainQueries.contains(parameter.name) || kIdQueries.contains(parameter.name))
          << name_of(route) << ": is \"" << parameter.name << "\" an id?";
  const std::string production = made("/api/productions", R"({"story":"One."})", stranger_);
  EXPECT_EQ(call(net::Method::get, fmt::format("/api/productions/{}/files/poster.jpg?run={}", production, all.run), {},
                 stranger_)
                .status,
            404);
  ASSERT_EQ(call(net::Method::del, "/api/productions/" + production, {}, stranger_).status, 204);
  const json::Value keys = call(net::Method::get, "/api/keys", {}, admin_).json();
  for (const json::Value& key : keys.at("items").as_array()) {
    const std::string id = text(key, "id");
    const Answer listed = call(net::Method::get, "/api/calls?key=" + id, {}, stranger_);
    EXPECT_EQ(listed.json().at("items").as_array().size(), 0U) << listed.body;
    const Answer used = call(net::Method::get, "/api/usage?by=day_and_key&key=" + id, {}, stranger_);
    EXPECT_EQ(used.body.find(id), std::string::npos) << used.body;
  }
  for (const std::string& target :
       {"/api/tools?thread=" + all.thread, "/api/threads?folder=" + all.folder,
        std::string("/api/threads?is_archived=false"), "/api/runs?subject=" + all.production,
        std::string("/api/productions"), std::string("/api/assets"), std::string("/api/assets/rows"),
        "/api/assets?folder=" + all.asset_folder, "/api/assets?run=" + all.run, "/api/assets?thread=" + all.thread,
        "/api/assets/zip?ids=" + all.asset, std::string("/api/assets/zip"), std::string("/api/assets?q=png"),
        std::string("/api/assets/tags"), std::string("/api/asset-folders"), std::string("/api/thread-folders"),
        std::string("/api/threads/search?q=private")}) {
    const Answer listed = call(net::Method::get, target, {}, stranger_);
    EXPECT_TRUE(listed.status == 404 || listed.json().at("items").as_array().empty()) << target << listed.body;
  }
}

TEST_F(ForeignIds, InBodiesAreRefused) {
  const Belongings all = belongings_of(owner_);
  const std::string thread = made("/api/threads", R"({"model":"p/double"})", stranger_);
  const std::string production = made("/api/productions", R"({"story":"One."})", stranger_);
  const auto asked = conversations();
  struct Case {
    net::Method method;
    std::string target, body;
    Headers headers = {};
  };
  for (const Case& one : std::vector<Case>{
           {net::Method::post, "/api/threads", fmt::format(R"({{"folder":"{}"}})", all.folder)},
           {net::Method::patch, "/api/threads/" + thread, fmt::format(R"({{"folder":"{}"}})", all.folder)},
           {net::Method::post, "/api/assets/bulk",
            fmt::format(R"({{"verb":"move","ids":["{}"],"folder":"{}"}})", all.asset, all.asset_folder)},
           {net::Method::post, path(thread, "/messages"),
            fmt::format(R"({{"parts":[{{"type":"image","asset_id":"{}"}}]}})", all.asset)},
           {net::Method::patch, "/api/productions/" + production,
            fmt::format(R"({{"settings":{{"background":{{"kind":"asset","asset_id":"{}"}}}}}})", all.asset),
            kAnyRevision},
           {net::Method::patch, "/api/productions/" + production,
            fmt::format(R"({{"settings":{{"music":{{"asset_id":"{}","gain_db":0}}}}}})", all.asset), kAnyRevision},
           {net::Method::post, "/v1/responses",
            fmt::format(R"({{"model":"p/double","input":"x","previous_response_id":"{}"}})", all.response)},
       }) {
    Headers headers = stranger_;
    headers.insert(headers.end(), one.headers.begin(), one.headers.end());
    const Answer refused = call(one.method, one.target, one.body, std::move(headers));
    EXPECT_TRUE(refused.status == 404 || refused.status == 400) << one.target << one.body << refused.body;
  }
  EXPECT_EQ(conversations(), asked);
}

TEST_F(ForeignIds, RoutesOfAdminsAreForbiddenToAllOthers) {
  for (const api::Route& route : api::all_routes()) {
    if (route.access != api::Access::admin) continue;
    SCOPED_TRACE(name_of(route));
    const std::string target = target_of(route, {{"id", "00000000000000000000000001"}, {"name", "p"}});
    const Answer refused = call(route.method, target, {}, stranger_);
    EXPECT_EQ(refused.status, 403) << refused.body;
  }
}

TEST_F(ForeignIds, WithoutCredentialsThereIsNothingAtAll) {
  for (const api::Route& route : api::all_routes()) {
    if (route.access == api::Access::open) continue;
    SCOPED_TRACE(name_of(route));
    const std::string target =
        target_of(route, {{"id", "00000000000000000000000001"}, {"name", "p"}, {"number", "1"}, {"scene", "1"}});
    EXPECT_EQ(call(route.method, target).status, 401);
  }
}

}  // namespace
}  // namespace atelier::app
