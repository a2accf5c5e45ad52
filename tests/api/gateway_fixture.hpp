#pragma once

#include <thread>

#include "tests/app/house_fixture.hpp"
#include "tests/double/provider_double.hpp"

// What tests of the gateway's API live in: a house, and the provider double to add to it.
namespace atelier::app {

using Headers = std::vector<std::pair<std::string, std::string>>;
using Flags = std::vector<std::pair<std::string, std::string>>;

class GatewayHouseTest : public HouseTest {
 protected:
  explicit GatewayHouseTest(doubles::DoubleOptions options = {}) : double_(std::move(options)) {}

  // The double under this name, asked at one of its paths, with its key unless another is given.
  Answer post_provider(std::string name, std::string preset, std::string path, std::optional<std::string> key = {}) {
    return call(net::Method::post, "/api/providers",
                json::write(json::Object{{"name", std::move(name)},
                                         {"preset", std::move(preset)},
                                         {"base_url", double_.url(path)},
                                         {"key", key.value_or(double_.key())}}),
                admin_);
  }
  void add_provider(std::string name, std::string preset, std::string path, std::optional<std::string> key = {}) {
    const Answer added = post_provider(std::move(name), std::move(preset), std::move(path), std::move(key));
    ASSERT_EQ(added.status, 201) << added.body;
  }
  void add_route(std::string settings) {
    const Answer added = call(net::Method::post, "/api/routes", std::move(settings), admin_);
    ASSERT_EQ(added.status, 201) << added.body;
  }
  // The server listens and asks for a key from now on. `admin_` is an operator's.
  void ask_for_keys(Flags flags = {}) {
    flags.emplace_back("access.require_key", "true");
    open(std::move(flags));
    auto key = house_->wait_for(house_->accounts().create_key("operator", Role::admin));
    ASSERT_TRUE(key);
    admin_ = {{"authorization", "Bearer " + key->secret}};
    listen();
  }
  // What a program sends with the key that is made so.
  Headers make_key(std::string settings) {
    const Answer made = call(net::Method::post, "/api/keys", std::move(settings), admin_);
    EXPECT_EQ(made.status, 201) << made.body;
    return {{"authorization", "Bearer " + text(made.json(), "secret")}};
  }
  // What the log says once there are so many calls in it.
  json::Value calls(std::size_t count) {
    for (int i = 0; i < 200; ++i) {
      const json::Value page = call(net::Method::get, "/api/calls", {}, admin_).json();
      if (page.at("items").as_array().size() >= count) return page.at("items");
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
    ADD_FAILURE() << "the log never held " << count << " calls";
    return json::Array();
  }
  // What models were asked, in order. The provider also sees lists of its models being read, at moments of their own.
  std::vector<doubles::Seen> asked_of_models() const {
    std::vector<doubles::Seen> asked = double_.requests();
    std::erase_if(asked, [](const doubles::Seen& one) { return one.method == "GET"; });
    return asked;
  }
  doubles::Seen last_call() const {
    std::vector<doubles::Seen> asked = asked_of_models();
    if (asked.empty()) throw std::runtime_error("no model was asked");
    return std::move(asked.back());
  }
  std::size_t conversations() const { return asked_of_models().size(); }

  doubles::ProviderDouble double_;
  Headers admin_;
};

}  // namespace atelier::app
