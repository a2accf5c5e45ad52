// The whole server in this process, asked over HTTP.
#include "golden.hpp"
#include "house_fixture.hpp"

namespace atelier::app {
namespace {

TEST_F(HouseTest, TheApiIsTheOneClientsKnow) {
  expect_golden("openapi.json", json::write_canonical(api::openapi()) + "\n");
}

TEST_F(HouseTest, MetricsAreTheOnesDashboardsKnow) {
  listen();
  (void)call(net::Method::get, "/healthz");
  house_->close();  // a request is counted after its answer: only now for certain
  std::string names;
  for (const Metric* metric : house_->metrics().declared()) {
    names += std::string(metric->name);
    for (const std::string_view label : metric->labels) names += " " + std::string(label);
    names += '\n';
  }
  expect_golden("metrics.txt", names);
}

TEST_F(HouseTest, SettingsAreTheOnesFilesName) {
  std::string names;
  for (const SettingInfo* info : all_settings()) names += std::string(info->name) + "\n";
  expect_golden("settings.txt", names);
}

TEST_F(HouseTest, EveryReferenceInTheApiDocumentLeadsSomewhere) {
  const json::Value document = api::openapi();
  const std::string written = json::write(document);
  for (std::size_t from = written.find("#/components/schemas/"); from != std::string::npos;
       from = written.find("#/components/schemas/", from + 1)) {
    const std::size_t start = from + std::string_view("#/components/schemas/").size();
    const std::string name = written.substr(start, written.find('"', start) - start);
    EXPECT_TRUE(document.at("components").at("schemas").as_object().contains(name)) << name;
  }
}

TEST_F(HouseTest, APageIsServedWithItsPolicyAndItsFilesForEver) {
  listen();
  const Answer page = call(net::Method::get, "/shorts");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.headers.find("content-security-policy"), std::nullopt);
  EXPECT_NE(page.body.find("<!doctype html>"), std::string::npos);
  const std::size_t script = page.body.find("/_app/");
  ASSERT_NE(script, std::string::npos);
  const std::string path = page.body.substr(script, page.body.find_first_of("\"'", script) - script);
  const Answer file = call(net::Method::get, path);
  EXPECT_EQ(file.status, 200);
  EXPECT_NE(file.headers.find("cache-control")->find("immutable"), std::string_view::npos);
}

TEST_F(HouseTest, AStoryBecomesAProductionWithScenes) {
  listen();
  const Answer made = call(net::Method::post, "/api/productions", R"({"story":"One cold morning.\n\nThe ship left."})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.json().at("scenes").as_array().size(), 2U);
  EXPECT_EQ(text(made.json(), "state"), "draft");
  const std::string id = text(made.json(), "id");
  const Answer changed = call(net::Method::patch, "/api/productions/" + id + "/scenes/s2",
                              R"({"text":"The ship stayed."})", {{"if-match", "\"1\""}});
  EXPECT_EQ(changed.status, 200) << changed.body;
  const Answer late =
      call(net::Method::patch, "/api/productions/" + id + "/scenes/s2", R"({"text":"No."})", {{"if-match", "\"1\""}});
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(text(late.json(), "code"), "revision_conflict");
}

TEST_F(HouseTest, UnknownFieldsAreRefusedWithASuggestion) {
  listen();
  const Answer answer = call(net::Method::post, "/api/productions", R"({"stroy":"x"})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("/story"), std::string::npos) << answer.body;
}

TEST_F(HouseTest, APathOfTheServerIsNeverRead) {
  listen();
  const Answer answer = call(net::Method::post, "/api/productions", R"({"story":"![](/etc/passwd.jpg) Hello."})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(text(answer.json(), "code"), "story_link_not_asset");
}

TEST_F(HouseTest, OffLoopbackItWantsAKeyAndSaysHowToMakeOne) {
  auto port = house_->listen({.host = "0.0.0.0", .port = 0, .is_loopback = false});
  ASSERT_FALSE(port);
  EXPECT_NE(port.error().message.find("atelier keys create"), std::string::npos);
}

TEST_F(HouseTest, WithKeysMembersSeeTheirOwnAndAdminsOperate) {
  open({{"access.require_key", "true"}});
  const auto admin = house_->wait_for(house_->accounts().create_key("admin", Role::admin));
  const auto member = house_->wait_for(house_->accounts().create_key("member", Role::member));
  ASSERT_TRUE(admin && member);
  listen();
  const auto as = [](const std::string& secret) {
    return std::vector<std::pair<std::string, std::string>>{{"authorization", "Bearer " + secret}};
  };
  EXPECT_EQ(call(net::Method::get, "/api/productions").status, 401);
  EXPECT_EQ(call(net::Method::get, "/api/productions", {}, as("at_wrong")).status, 401);
  const Answer made = call(net::Method::post, "/api/productions", R"({"story":"Mine."})", as(member->secret));
  ASSERT_EQ(made.status, 201);
  const std::string target = "/api/productions/" + text(made.json(), "id");
  EXPECT_EQ(call(net::Method::get, target, {}, as(member->secret)).status, 200);
  EXPECT_EQ(call(net::Method::get, target, {}, as(admin->secret)).status, 404);
  EXPECT_EQ(call(net::Method::get, "/metrics", {}, as(member->secret)).status, 403);
  EXPECT_EQ(call(net::Method::get, "/metrics", {}, as(admin->secret)).status, 200);
  EXPECT_EQ(call(net::Method::get, "/api/keys", {}, as(member->secret)).status, 403);
}

TEST_F(HouseTest, ASessionNeedsItsTokenForWhatChangesSomething) {
  open({{"access.require_key", "true"}});
  const auto key = house_->wait_for(house_->accounts().create_key("page", Role::admin));
  ASSERT_TRUE(key);
  listen();
  const Answer signed_in = call(net::Method::post, "/api/session", R"({"key":")" + key->secret + "\"}");
  ASSERT_EQ(signed_in.status, 200) << signed_in.body;
  const std::string cookie(
      signed_in.headers.find("set-cookie")->substr(0, signed_in.headers.find("set-cookie")->find(';')));
  EXPECT_NE(signed_in.headers.find("set-cookie")->find("HttpOnly"), std::string_view::npos);
  EXPECT_EQ(call(net::Method::get, "/api/productions", {}, {{"cookie", cookie}}).status, 200);
  EXPECT_EQ(call(net::Method::post, "/api/productions", R"({"story":"x"})", {{"cookie", cookie}}).status, 403);
  EXPECT_EQ(call(net::Method::post, "/api/productions", R"({"story":"x"})",
                 {{"cookie", cookie}, {"x-csrf-token", text(signed_in.json(), "csrf")}})
                .status,
            201);
  EXPECT_EQ(
      call(net::Method::del, "/api/session", {}, {{"cookie", cookie}, {"x-csrf-token", text(signed_in.json(), "csrf")}})
          .status,
      204);
  EXPECT_EQ(call(net::Method::get, "/api/productions", {}, {{"cookie", cookie}}).status, 401);
}

// Each ends the start with exit code 2 (docs/command-line.md), and the message says which setting it is.
TEST_F(HouseTest, AValueThatCannotBeUsedIsToldWithItsSetting) {
  const auto refused = [this](std::vector<std::pair<std::string, std::string>> flags, bool listens = false) {
    const std::string data = folder_.string() + "/other";
    flags.insert(flags.begin(), {"storage.data_dir", data});
    flags.emplace_back("access.sealing_key_file", data + ".sealing.key");
    flags.emplace_back("models.find_local", "false");
    auto settings = Settings::load({.file_text = {}, .file_name = {}, .environment = {}, .flags = std::move(flags)},
                                   all_settings());
    auto house = House::open(*settings);
    if (!house) return std::pair(house.error().reason, house.error().where);
    if (!listens) return std::pair(std::string("it starts"), std::string());
    auto port = (*house)->listen({.host = "127.0.0.1", .port = 0, .is_loopback = true});
    return port ? std::pair(std::string("it listens"), std::string())
                : std::pair(port.error().reason, port.error().where);
  };
  const auto told = [](std::string setting) { return std::pair(std::string("setting_invalid"), std::move(setting)); };
  const std::string none = folder_.string() + "/none.pem";
  EXPECT_EQ(refused({{"storage.data_dir", "/dev/null/studio"}}), told("storage.data_dir"));
  EXPECT_EQ(refused({{"server.public_url", "studio"}}), told("server.public_url"));
  EXPECT_EQ(refused({{"models.price_files", none}}), told("models.price_files"));
  EXPECT_EQ(refused({{"network.reachable", "nowhere"}}), told("network.reachable"));
  EXPECT_EQ(refused({{"alerts.mail_to", "ada@example.org"}}), told("alerts.smtp_url"));
  EXPECT_EQ(refused({{"alerts.smtp_url", "smtps://ada@mail.example.org"}}), told("alerts.smtp_password_file"));
  EXPECT_EQ(refused({{"server.certificate", none}, {"server.certificate_key", none}}, true),
            told("server.certificate"));
  EXPECT_EQ(refused({}, true).first, "it listens");
}

TEST_F(HouseTest, ASecondProcessIsToldWhoHasTheFolder) {
  auto settings = Settings::load(
      {.file_text = {}, .file_name = {}, .environment = {}, .flags = {{"storage.data_dir", folder_.string()}}},
      all_settings());
  auto second = House::open(*settings);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, "data_folder_in_use");
}

}  // namespace
}  // namespace atelier::app
