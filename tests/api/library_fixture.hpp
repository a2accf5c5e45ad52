#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "store/asset_lineage.hpp"
#include "tests/app/house_fixture.hpp"

namespace atelier::app {

// A GIF of one pixel; `colour` makes each another file.
inline std::string pixel(unsigned colour) {
  std::string gif("GIF89a\x01\0\x01\0\x80\0\0", 13);
  gif += {static_cast<char>(colour), static_cast<char>(colour >> 8), static_cast<char>(colour >> 16)};
  gif += std::string("\0\0\0", 3);
  gif += std::string("\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b", 16);
  return gif;
}

// A server with a library to put things into.
class LibraryTest : public HouseTest {
 protected:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  void SetUp() override {
    HouseTest::SetUp();
    listen();
  }
  std::string upload(const std::string& name, std::string bytes) {
    const Answer made = call(net::Method::post, "/api/assets?name=" + name, std::move(bytes),
                             {{"content-type", "application/octet-stream"}});
    EXPECT_EQ(made.status, 201) << made.body;
    return text(made.json(), "id");
  }
  std::string add(const std::string& name) { return upload(name, pixel(++colour_)); }
  json::Value get(const std::string& path) {
    const Answer answer = call(net::Method::get, path);
    EXPECT_EQ(answer.status, 200) << path << answer.body;
    return answer.json();
  }
  std::vector<std::string> names(const std::string& query) {
    std::vector<std::string> found;
    const json::Value answer = get("/api/assets/rows" + query);
    for (const json::Value& item : answer.at("items").as_array()) found.push_back(text(item, "name"));
    return found;
  }
  json::Value change(const std::string& id, const std::string& body) {
    const Answer answer = call(net::Method::patch, "/api/assets/" + id, body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.json();
  }
  Answer bulk(const std::string& verb, const std::vector<std::string>& ids, const std::string& more = "") {
    json::Array named(ids.begin(), ids.end());
    return call(net::Method::post, "/api/assets/bulk",
                fmt::format(R"({{"verb":"{}","ids":{}{}}})", verb, json::write(named), more));
  }
  void write(std::vector<store::Statement> batch) {
    auto written = run_blocking(loops_.executor(0), house_->database().write(std::move(batch)));
    ASSERT_TRUE(written) << written.error().describe();
  }
  Principal local() { return {.owner = *UserId::parse("00000000000000000000000001"), .role = Role::admin}; }

  unsigned colour_ = 0;
};

}  // namespace atelier::app
