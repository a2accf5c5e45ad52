#pragma once

#include "tests/api/gateway_fixture.hpp"

// What tests of talking in threads live in: a house, a model to talk to, and the calls a page makes.
namespace atelier::app {

class ChatHouseTest : public GatewayHouseTest {
 protected:
  void start() {
    listen();
    add_provider("p", "openai_chat", "/openai/v1");
  }
  static std::string said(std::string text, std::string model = {}, json::Object more = {}) {
    more["parts"] = json::Array{json::Object{{"type", "text"}, {"text", std::move(text)}}};
    if (!model.empty()) more["model"] = std::move(model);
    return json::write(more);
  }
  std::string make_thread(std::string model = "p/double") {
    const Answer made = call(net::Method::post, "/api/threads", json::write(json::Object{{"model", std::move(model)}}));
    EXPECT_EQ(made.status, 201) << made.body;
    return text(made.json(), "id");
  }
  std::string path(const std::string& thread, std::string rest = {}) {
    return "/api/threads/" + thread + std::move(rest);
  }
  Answer send(const std::string& thread, std::string body, Headers headers = {}) {
    return call(net::Method::post, path(thread, "/messages"), std::move(body), std::move(headers));
  }
  json::Value message(const std::string& thread, std::int64_t number) {
    const Answer got = call(net::Method::get, path(thread, fmt::format("/messages/{}", number)));
    EXPECT_EQ(got.status, 200) << got.body;
    return got.json();
  }
  // Once it is in one of these states.
  json::Value await_state(const std::string& thread, std::int64_t number, std::vector<std::string> states) {
    json::Value last;
    for (int i = 0; i < 800; ++i) {
      last = message(thread, number);
      if (std::ranges::find(states, text(last, "state")) != states.end()) return last;
      std::this_thread::sleep_for(std::chrono::milliseconds(12));
    }
    ADD_FAILURE() << "message " << number << " stayed " << json::write(last);
    return last;
  }
  json::Value await_end(const std::string& thread, std::int64_t number) {
    return await_state(thread, number, {"complete", "stopped", "failed", "interrupted"});
  }
  // Once it has said so much.
  json::Value await_text(const std::string& thread, std::int64_t number, std::string beginning) {
    json::Value last;
    for (int i = 0; i < 800; ++i) {
      last = message(thread, number);
      if (text_of(last).starts_with(beginning)) return last;
      std::this_thread::sleep_for(std::chrono::milliseconds(12));
    }
    ADD_FAILURE() << "message " << number << " stayed " << json::write(last);
    return last;
  }
  static std::string text_of(const json::Value& message) {
    std::string all;
    for (const json::Value& part : message.at("parts").as_array())
      if (part.at("type").as_string() == "text") all += std::string(part.at("text").as_string());
    return all;
  }
  static std::int64_t number(const json::Value& value, const char* name) { return value.at(name).as_int64(); }
  json::Value view(const std::string& thread, std::string query = {}) {
    const Answer got = call(net::Method::get, path(thread, std::move(query)));
    EXPECT_EQ(got.status, 200) << got.body;
    return got.json();
  }
  // The numbers of the branch that is shown.
  std::vector<std::int64_t> shown(const std::string& thread) {
    std::vector<std::int64_t> numbers;
    const json::Value now = view(thread);
    for (const json::Value& one : now.at("messages").as_array()) numbers.push_back(number(one, "number"));
    return numbers;
  }
};

}  // namespace atelier::app
