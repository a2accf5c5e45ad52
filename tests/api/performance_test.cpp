// Figures over time, as the page reads them.
#include <gmock/gmock.h>

#include <fstream>

#include "base/clock.hpp"
#include "tests/api/gateway_fixture.hpp"

namespace atelier::app {
namespace {

using net::Method;
using testing::HasSubstr;

class PerformanceApi : public GatewayHouseTest {
 protected:
  std::string asked(std::string figures, std::string more = {}) {
    const UnixMs now = system_clock().wall_ms();
    return R"({"figures":)" + figures + R"(,"from":")" + format_rfc3339(now - 60'000) + R"(","to":")" +
           format_rfc3339(now + 5'000) + "\"" + more + "}";
  }
  Answer ask(std::string body, Headers who = {}) {
    return call(Method::post, "/api/performance/history", std::move(body), std::move(who));
  }
};

TEST_F(PerformanceApi, WhatHappensIsSeenWithinSeconds) {
  listen();
  const std::string figure = R"("atelier_process_resident_bytes:value")";
  for (int i = 0; i < 400; ++i) {
    const Answer answer = ask(asked("[" + figure + "]"));
    ASSERT_EQ(answer.status, 200) << answer.body;
    const json::Value body = answer.json();
    EXPECT_EQ(body.at("step_ms").as_int64(), 1'000);
    for (const json::Value& point : body.at("lines").as_array().front().at("points").as_array())
      if (!point.is_null() && point.to_number<double>() > 1 << 20) {
        EXPECT_THAT(call(Method::get, "/api/performance/figures").body,
                    HasSubstr("atelier_process_resident_bytes:value"));
        return;
      }
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  FAIL() << "no second had any memory";
}

TEST_F(PerformanceApi, WhatIsWrongIsNamed) {
  listen();
  const auto where = [&](std::string body) {
    const Answer answer = ask(std::move(body));
    EXPECT_EQ(answer.status, 400) << answer.body;
    return text(answer.json(), "where");
  };
  EXPECT_EQ(where(R"({"figures":["x"],"from":"2027-01-01T00:00:00Z","to":"2027-01-02T00:00:00Z"})"), "/figures");
  EXPECT_EQ(where(R"({"figures":["x:p95"],"from":"yesterday","to":"2027-01-02T00:00:00Z"})"), "/from");
  EXPECT_EQ(where(asked(R"(["x:p95"])", R"(,"points":0)")), "/points");
  EXPECT_EQ(where(asked(R"(["x:p95"])", R"(,"colour":1)")), "/colour");
}

TEST_F(PerformanceApi, ObjectivesAndBudgetsAreThereFromTheStart) {
  listen();
  // Looked at each second at first.
  for (int i = 0; i < 200; ++i) {
    const Answer answer = call(Method::get, "/api/performance/objectives");
    ASSERT_EQ(answer.status, 200) << answer.body;
    const json::Value body = answer.json();
    const auto named = [&](std::string_view list, std::string_view name) {
      for (const json::Value& one : body.at(list).as_array())
        if (text(one, "name") == name) return one;
      ADD_FAILURE() << "no " << name << " in " << list;
      return json::Value(json::Object{});
    };
    const json::Value api = named("objectives", "api"), memory = named("budgets", "memory_idle");
    if (api.at("event_count").to_number<double>() < 2 || body.at("marks").as_array().size() != 1) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      continue;
    }
    EXPECT_EQ(api.at("target").to_number<double>(), 0.999);
    EXPECT_EQ(api.at("bad_count").to_number<double>(), 0);
    EXPECT_EQ(api.at("share").to_number<double>(), 1);
    EXPECT_EQ(api.at("budget_left").to_number<double>(), 1);
    EXPECT_EQ(api.at("burns").as_array().size(), 5U);
    EXPECT_TRUE(api.at("burning").is_null());
    EXPECT_TRUE(api.at("spent_in_seconds").is_null());
    EXPECT_EQ(text(memory, "unit"), "bytes");
    EXPECT_GT(memory.at("value").to_number<double>(), 1 << 20);
    EXPECT_GT(named("budgets", "script_bytes").at("value").to_number<double>(), 10'000);
    EXPECT_EQ(text(named("budgets", "image_mean"), "verdict"), "no_data");
    EXPECT_FALSE(text(body.at("marks").as_array().front(), "version").empty());
    return;
  }
  FAIL() << "requests were not counted";
}

TEST_F(PerformanceApi, AFileOfObjectivesStandsInPlaceOfWhatIsBuiltIn) {
  const std::string path = folder_.string() + ".objectives.toml";
  const auto write = [&](std::string_view target) {
    std::ofstream(path) << "[[objective]]\nname = \"mine\"\ntitle = \"Mine\"\ntarget = " << target
                        << "\nrequired = 90\ngood = ['a_total']\nbad = ['b_total']\n";
  };
  write("95");
  open({{"watch.objectives_file", path}});
  listen();
  const json::Value body = call(Method::get, "/api/performance/objectives").json();
  ASSERT_EQ(body.at("objectives").as_array().size(), 1U);
  EXPECT_EQ(text(body.at("objectives").as_array().front(), "title"), "Mine");
  EXPECT_TRUE(body.at("budgets").as_array().empty());

  write("195");
  const auto settings =
      Settings::load({.file_text = {},
                      .file_name = {},
                      .environment = {},
                      .flags = {{"storage.data_dir", folder_.string()}, {"watch.objectives_file", path}}},
                     all_settings());
  house_.reset();
  const auto opened = House::open(*settings);
  ASSERT_FALSE(opened) << "the studio does not start with it";
  EXPECT_EQ(opened.error().describe(),
            path + ":4: objective mine: target must be a share in percent, above 0 and below 100");
  fs::remove(path);
}

TEST_F(PerformanceApi, IsForAdminsAlone) {
  ask_for_keys();
  const Headers member = make_key(R"({"name":"m"})");
  EXPECT_EQ(ask(asked(R"(["x:p95"])"), member).status, 403);
  EXPECT_EQ(call(Method::get, "/api/performance/figures", {}, member).status, 403);
  EXPECT_EQ(call(Method::get, "/api/performance/objectives", {}, member).status, 403);
  EXPECT_EQ(ask(asked(R"(["x:p95"])"), admin_).status, 200);
}

}  // namespace
}  // namespace atelier::app
