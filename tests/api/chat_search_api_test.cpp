// Searching one's threads, as a page does it over HTTP.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/api/chat_fixture.hpp"

namespace atelier::app {
namespace {

class ChatSearchApi : public ChatHouseTest {
 protected:
  // Once the index has come so far.
  json::Value await_found(const std::string& query, std::size_t count) {
    json::Value last;
    for (int i = 0; i < 800; ++i) {
      const Answer got = call(net::Method::get, "/api/threads/search?q=" + query);
      EXPECT_EQ(got.status, 200) << got.body;
      last = got.json();
      if (last.at("items").as_array().size() == count) return last;
      std::this_thread::sleep_for(std::chrono::milliseconds(12));
    }
    ADD_FAILURE() << query << " stayed " << json::write(last);
    return last;
  }
};

TEST_F(ChatSearchApi, WhatWasSaidAndAnsweredIsFoundInWhateverThread) {
  start();
  const std::string thread = make_thread();
  send(thread, said("a heliotrope in the garden"));
  await_end(thread, 2);
  const json::Value found = await_found("heliotrpe%20gard", 2);  // and the echo
  EXPECT_EQ(text(found.at("items").as_array()[0], "thread"), thread);
  EXPECT_EQ(text(found.at("items").as_array()[0], "title"), "a heliotrope in the garden");
  EXPECT_FALSE(found.at("items").as_array()[0].at("hits").as_array().empty());
  EXPECT_EQ(text(found.at("corrections").as_array()[0], "word"), "heliotrpe");
  // A thread's own address is another.
  EXPECT_EQ(call(net::Method::get, path(thread)).status, 200);
  ASSERT_EQ(call(net::Method::del, path(thread)).status, 204);
  const Answer gone = call(net::Method::get, "/api/threads/search?q=heliotrope");
  EXPECT_TRUE(gone.json().at("items").as_array().empty()) << gone.body;
}

TEST_F(ChatSearchApi, WhatIsWrongIsNamed) {
  start();
  for (const char* query : {"", "?q=", "?q=%22%22", "?q=a&limit=0", "?q=a&limit=51"}) {
    const Answer refused = call(net::Method::get, std::string("/api/threads/search") + query);
    EXPECT_EQ(refused.status, 400) << query << refused.body;
    EXPECT_FALSE(text(refused.json(), "where").empty()) << refused.body;
  }
}

}  // namespace
}  // namespace atelier::app
