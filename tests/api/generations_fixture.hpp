#pragma once

#include <gmock/gmock.h>

#include "tests/api/gateway_fixture.hpp"

// Generations asked for through the API, and followed to their end.
namespace atelier::app {

class GenerationsTest : public GatewayHouseTest {
 protected:
  void SetUp() override {
    GatewayHouseTest::SetUp();
    listen();
  }
  Answer post(const std::string& body, Headers headers = {}) {
    return call(net::Method::post, "/api/generations", body, std::move(headers));
  }
  json::Value get(const std::string& id) { return call(net::Method::get, "/api/generations/" + id).json(); }
  json::Value await_end(const std::string& id) {
    for (int i = 0; i < 3'000; ++i) {
      json::Value now = get(id);
      if (text(now, "state") != "running") return now;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "it never ended";
    return get(id);
  }
  json::Value made(const std::string& body) {
    const Answer begun = post(body);
    EXPECT_EQ(begun.status, 202) << begun.body;
    if (begun.status != 202) return json::Object();
    return await_end(text(begun.json(), "id"));
  }
  void expect_refused(const std::string& body, const std::string& where, const std::string& words = "") {
    const Answer refused = post(body);
    EXPECT_EQ(refused.status, 400) << body << refused.body;
    EXPECT_EQ(text(refused.json(), "where"), where) << refused.body;
    EXPECT_THAT(refused.body, testing::HasSubstr(words));
  }
  std::string upload(const std::string& name, std::string bytes) {
    const Answer up = call(net::Method::post, "/api/assets?name=" + name, std::move(bytes),
                           {{"content-type", "application/octet-stream"}});
    EXPECT_EQ(up.status, 201) << up.body;
    return text(up.json(), "id");
  }
};

}  // namespace atelier::app
