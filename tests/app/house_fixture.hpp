#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include "app/house.hpp"
#include "app/options.hpp"
#include "base/async.hpp"
#include "base/blocking.hpp"
#include "base/hash.hpp"
#include "net/client.hpp"

namespace atelier::app {

namespace fs = std::filesystem;

struct Answer {
  int status = 0;
  net::Headers headers;
  std::string body;
  json::Value json() const { return *json::parse(body); }
};

inline Task<Result<Answer>> ask(net::Endpoint endpoint, net::FetchRequest request) {
  auto response = co_await net::fetch(std::move(endpoint), std::move(request));
  if (!response) co_return error_of(response);
  Answer answer;
  answer.status = response->status();
  answer.headers = response->headers();
  auto body = co_await response->read_body(16 << 20);
  if (!body) co_return error_of(body);
  answer.body = std::move(*body);
  co_return answer;
}

// The beginning of an answer that does not end: until `marker` was there `count` times.
inline Task<Result<std::string>> listen_for(net::Endpoint endpoint, net::FetchRequest request, std::string marker,
                                            std::size_t count) {
  auto response = co_await net::fetch(std::move(endpoint), std::move(request));
  if (!response) co_return error_of(response);
  std::string said;
  for (;;) {
    std::size_t found = 0;
    for (std::size_t at = said.find(marker); at != std::string::npos; at = said.find(marker, at + 1)) ++found;
    if (found >= count) co_return said;
    auto piece = co_await response->next();
    if (!piece) co_return error_of(piece);
    if (!*piece) co_return said;
    said += **piece;
  }
}

// A server in this process on a data folder of its own, and calls to it.
class HouseTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("atelier-house-" + hex(random_bytes(6)));
    open({});
  }
  void TearDown() override {
    house_.reset();
    loops_.stop();
    fs::remove_all(folder_);
    fs::remove(folder_.string() + ".sealing.key");
  }

  void open(std::vector<std::pair<std::string, std::string>> flags) {
    flags.emplace_back("storage.data_dir", folder_.string());
    flags.emplace_back("access.sealing_key_file", folder_.string() + ".sealing.key");
    flags.emplace_back("models.find_local", "false");
    auto settings = Settings::load({.file_text = {}, .file_name = {}, .environment = {}, .flags = std::move(flags)},
                                   all_settings());
    ASSERT_TRUE(settings) << settings.error().describe();
    house_.reset();
    auto house = House::open(*settings);
    ASSERT_TRUE(house) << house.error().describe();
    house_ = std::move(*house);
  }
  void listen() {
    auto port = house_->listen({.host = "127.0.0.1", .port = 0, .is_loopback = true});
    ASSERT_TRUE(port) << port.error().describe();
    endpoint_.port = *port;
  }

  Answer call(net::Method method, std::string target, std::string body = {},
              std::vector<std::pair<std::string, std::string>> headers = {}) {
    net::FetchRequest request;
    request.method = method;
    request.target = std::move(target);
    if (!body.empty()) request.headers.set("content-type", "application/json");
    for (auto& [name, value] : headers) request.headers.set(name, value);
    request.body = std::move(body);
    auto answer = run_blocking(loops_.executor(0), ask(endpoint_, std::move(request)));
    if (!answer) throw std::runtime_error(answer.error().describe());
    return std::move(*answer);
  }
  // What /api/events says from a cursor on ("": from now), until `marker` was there `count` times.
  std::string events(std::string query, std::string cursor, std::string marker, std::size_t count = 1) {
    net::FetchRequest request;
    request.target = "/api/events" + query;
    if (!cursor.empty()) request.headers.set("last-event-id", cursor);
    auto said = run_blocking(loops_.executor(0), listen_for(endpoint_, std::move(request), std::move(marker), count));
    if (!said) throw std::runtime_error(said.error().describe());
    return std::move(*said);
  }
  std::string text(const json::Value& value, const char* name) {
    return std::string(value.at(name).as_string().c_str());
  }

  fs::path folder_;
  net::Endpoint endpoint_;
  net::Loops loops_{1};
  std::unique_ptr<House> house_;
};

}  // namespace atelier::app
