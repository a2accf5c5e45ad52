// Figures over time, as the page reads them.
#include <gmock/gmock.h>

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

TEST_F(PerformanceApi, IsForAdminsAlone) {
  ask_for_keys();
  const Headers member = make_key(R"({"name":"m"})");
  EXPECT_EQ(ask(asked(R"(["x:p95"])"), member).status, 403);
  EXPECT_EQ(call(Method::get, "/api/performance/figures", {}, member).status, 403);
  EXPECT_EQ(ask(asked(R"(["x:p95"])"), admin_).status, 200);
}

}  // namespace
}  // namespace atelier::app
