// The chat endpoint of the AI SDK's clients, as their requests and streams are on the wire. (Their own code is in
// tests/clients.)
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <future>

#include "tests/api/chat_fixture.hpp"

namespace atelier::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class AiSdk : public ChatHouseTest {
 protected:
  static json::Object ui_message(std::string id, std::string role, std::string text) {
    return {{"id", std::move(id)},
            {"role", std::move(role)},
            {"parts", json::Array{json::Object{{"type", "text"}, {"text", std::move(text)}, {"state", "done"}}}}};
  }
  static json::Object user(std::string id, std::string text) {
    return ui_message(std::move(id), "user", std::move(text));
  }
  // What an answer was called, whose text the server does not read.
  static json::Object answer(std::string id) { return ui_message(std::move(id), "assistant", "..."); }
  static std::string turn(json::Array messages, json::Object more = {}, std::string chat = "chat-1") {
    more["id"] = std::move(chat);
    if (!more.contains("model")) more["model"] = "p/double";
    if (!more.contains("trigger")) more["trigger"] = "submit-message";
    more["messages"] = std::move(messages);
    return json::write(more);
  }
  Answer post(std::string body, std::string query = {}) {
    return call(net::Method::post, "/api/chat" + std::move(query), std::move(body));
  }
  Answer get_stream(const std::string& chat = "chat-1") {
    return call(net::Method::get, "/api/chat/" + chat + "/stream");
  }
  Answer post_stop(const std::string& chat = "chat-1") {
    return call(net::Method::post, "/api/chat/" + chat + "/stop", "{}");
  }

  // A viewer that goes away once `marker` came `count` times; what it saw.
  std::future<std::string> look(net::Method method, std::string target, std::string body, std::string marker,
                                std::size_t count = 1) {
    net::FetchRequest request;
    request.method = method;
    request.target = std::move(target);
    if (!body.empty()) request.headers.set("content-type", "application/json");
    request.body = std::move(body);
    return std::async(std::launch::async, [this, request = std::move(request), marker = std::move(marker),
                                           count]() mutable {
      auto said = run_blocking(loops_.executor(0), listen_for(endpoint_, std::move(request), std::move(marker), count));
      return said ? *said : said.error().describe();
    });
  }
  static std::vector<json::Value> chunks(const std::string& body) {
    std::vector<json::Value> list;
    for (std::size_t at = body.find("data: "); at != std::string::npos; at = body.find("data: ", at + 1)) {
      const std::string line = body.substr(at + 6, body.find('\n', at) - at - 6);
      if (line != "[DONE]") list.push_back(*json::parse(line));
    }
    return list;
  }
  // Their types, those that follow each other as one.
  std::vector<std::string> types(const std::string& body) {
    std::vector<std::string> list;
    for (const json::Value& chunk : chunks(body))
      if (list.empty() || list.back() != text(chunk, "type")) list.push_back(text(chunk, "type"));
    return list;
  }
  std::string deltas(const std::string& body, std::string_view kind = "text") {
    std::string all;
    for (const json::Value& chunk : chunks(body))
      if (text(chunk, "type") == fmt::format("{}-delta", kind)) all += text(chunk, "delta");
    return all;
  }
  std::string thread_of(const Answer& answer) {
    return std::string(answer.headers.find("x-atelier-thread").value_or(""));
  }
  // The first answer of the only chat, asked for elsewhere, once it has said so much.
  void await_first_answer(std::string beginning) {
    const auto is_there = [&] {
      const json::Value threads = call(net::Method::get, "/api/threads").json().at("items");
      return !threads.as_array().empty() && number(threads.as_array()[0], "message_count") == 2;
    };
    for (int i = 0; i < 800 && !is_there(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    await_text(only_thread(), 2, std::move(beginning));
  }
  std::string only_thread() {
    return text(call(net::Method::get, "/api/threads").json().at("items").as_array()[0], "id");
  }
};

TEST_F(AiSdk, AnAnswerIsAStreamOfChunksInTheirOrder) {
  start();
  const Answer said = post(turn({user("u1", "[think 3][say 5]")}));
  ASSERT_EQ(said.status, 200) << said.body;
  EXPECT_EQ(said.headers.find("x-vercel-ai-ui-message-stream"), "v1");
  EXPECT_EQ(said.headers.find("content-type"), "text/event-stream");
  EXPECT_THAT(types(said.body),
              ElementsAre("start", "start-step", "reasoning-start", "reasoning-delta", "reasoning-end", "text-start",
                          "text-delta", "text-end", "finish-step", "finish"));
  EXPECT_TRUE(said.body.ends_with("data: [DONE]\n\n"));
  EXPECT_EQ(text(chunks(said.body).front(), "messageId"), "m2");
  EXPECT_EQ(deltas(said.body, "reasoning"), "t1 t2 t3");
  EXPECT_EQ(deltas(said.body), "t1 t2 t3 t4 t5");
  const json::Value finish = chunks(said.body).back();
  EXPECT_EQ(text(finish, "finishReason"), "stop");
  EXPECT_FALSE(finish.as_object().contains("messageMetadata")) << "whose shape is the program's own";
  // All of it is in a thread, as whatever is said.
  const std::string thread = thread_of(said);
  EXPECT_THAT(shown(thread), ElementsAre(1, 2));
  EXPECT_EQ(text(message(thread, 2), "state"), "complete");
}

TEST_F(AiSdk, UsageIsToldToWhoeverAsks) {
  start();
  const Answer said = post(turn({user("u1", "hello")}), "?usage=true");
  const json::Value metadata = chunks(said.body).back().at("messageMetadata");
  EXPECT_GT(number(metadata.at("usage"), "output"), 0);
  EXPECT_EQ(text(metadata.at("served"), "candidate"), "p/double");
}

TEST_F(AiSdk, AChatGoesOnInOneThreadAndSendsOnlyWhatIsNew) {
  start();
  const std::string thread = thread_of(post(turn({user("u1", "one")})));
  const Answer second = post(turn({user("u1", "one"), answer("m2"), user("u2", "two")}));
  EXPECT_EQ(deltas(second.body), "Echo: two");
  EXPECT_EQ(thread_of(second), thread);
  EXPECT_THAT(shown(thread), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(json::parse(last_call().body)->at("messages").as_array().size(), 3U);
  // After a restart, too, and under the thread's own id.
  open({});
  listen();
  EXPECT_EQ(
      thread_of(post(turn({user("u1", "one"), answer("m2"), user("u2", "two"), answer("m4"), user("u3", "three")}))),
      thread);
  EXPECT_EQ(thread_of(post(turn({answer("m6"), user("u4", "four")}, {}, thread))), thread);
  EXPECT_THAT(shown(thread), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  // Another chat is another thread; so is this one's name once the thread is deleted.
  EXPECT_NE(thread_of(post(turn({user("u1", "one")}, {}, "chat-2"))), thread);
  EXPECT_EQ(call(net::Method::del, path(thread)).status, 204);
  const Answer anew = post(turn({user("u1", "one")}));
  ASSERT_EQ(anew.status, 200) << anew.body;
  EXPECT_NE(thread_of(anew), thread);
}

TEST_F(AiSdk, TheLastMessageAloneGoesOnWhereTheThreadIs) {
  start();
  const auto send_alone = [&](json::Object message) {
    return post(json::write(json::Object{{"id", "chat-1"}, {"message", std::move(message)}, {"model", "p/double"}}));
  };
  const std::string thread = thread_of(send_alone(user("u1", "one")));
  send_alone(user("u2", "two"));
  EXPECT_THAT(shown(thread), ElementsAre(1, 2, 3, 4));
  // The same once more is what it was; another text under its id is an edit.
  EXPECT_EQ(deltas(send_alone(user("u2", "two")).body), "Echo: two");
  EXPECT_THAT(shown(thread), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(deltas(send_alone(user("u2", "two, edited")).body), "Echo: two, edited");
  EXPECT_THAT(shown(thread), ElementsAre(1, 2, 5, 6));
}

TEST_F(AiSdk, AnEditIsASiblingOfWhatItReplaces) {
  start();
  const std::string thread = thread_of(post(turn({user("u1", "one")})));
  post(turn({user("u1", "one"), answer("m2"), user("u2", "two")}));
  const Answer edited = post(turn({user("u1", "one"), answer("m2"), user("u2", "two, edited")}, {{"messageId", "u2"}}));
  EXPECT_EQ(deltas(edited.body), "Echo: two, edited");
  EXPECT_THAT(shown(thread), ElementsAre(1, 2, 5, 6));
  // The first, unchanged: it is asked again.
  EXPECT_EQ(deltas(post(turn({user("u1", "one")}, {{"messageId", "u1"}})).body), "Echo: one");
  EXPECT_THAT(shown(thread), ElementsAre(7, 8));
  // What stands behind an edit is found by it.
  post(turn({user("u1", "one"), answer("m8"), user("u3", "three")}));
  EXPECT_THAT(shown(thread), ElementsAre(7, 8, 9, 10));
}

TEST_F(AiSdk, RegenerateAnswersOnceMore) {
  start();
  const std::string thread = thread_of(post(turn({user("u1", "one")})));
  const json::Object again{{"trigger", "regenerate-message"}};
  const Answer second = post(turn({user("u1", "one")}, again));
  EXPECT_EQ(text(chunks(second.body).front(), "messageId"), "m3");
  EXPECT_EQ(deltas(second.body), "Echo: one");
  EXPECT_THAT(shown(thread), ElementsAre(1, 3));
  // By the answer's id, where the message's own is not known.
  const Answer third = post(turn({user("renamed", "one")}, {{"trigger", "regenerate-message"}, {"messageId", "m3"}}));
  EXPECT_EQ(text(chunks(third.body).front(), "messageId"), "m4");
  EXPECT_EQ(number(message(thread, 4), "parent"), 1);
  // By the answer, where the client leaves it there.
  const Answer beside = post(turn({user("u1", "one"), answer("m4")}, again));
  EXPECT_EQ(number(message(thread, 5), "parent"), 1);
  EXPECT_EQ(deltas(beside.body), "Echo: one");
  EXPECT_THAT(post(turn({user("u1", "one"), answer("unknown")}, again)).body, HasSubstr("/messageId"));
  // What never came here is sent.
  const Answer sent = post(turn({user("u1", "one"), answer("m4"), user("lost", "two")}, again));
  EXPECT_EQ(deltas(sent.body), "Echo: two");
  EXPECT_THAT(shown(thread), ElementsAre(1, 4, 6, 7));
}

TEST_F(AiSdk, TheSameMessageTwiceIsSentOnce) {
  start();
  const std::string once = turn({user("u1", "hello")});
  const Answer first = post(once);
  const Answer again = post(once);
  EXPECT_EQ(deltas(again.body), "Echo: hello");
  EXPECT_EQ(chunks(again.body).front(), chunks(first.body).front());
  EXPECT_EQ(conversations(), 1U);
  EXPECT_THAT(shown(thread_of(first)), ElementsAre(1, 2));
}

TEST_F(AiSdk, WhoeverComesBackInMidAnswerGetsAllOfItOnce) {
  start();
  const std::string seen = look(net::Method::post, "/api/chat",
                                turn({user("u1", "[say 40]")}, {{"model", "p/double@token-gap=25"}}), "text-delta", 5)
                               .get();
  EXPECT_TRUE(deltas(seen).starts_with("t1 t2"));
  EXPECT_THAT(deltas(seen), Not(HasSubstr("t40")));
  const Answer back = get_stream();
  ASSERT_EQ(back.status, 200) << back.body;
  std::string whole = "t1";
  for (int i = 2; i <= 40; ++i) whole += fmt::format(" t{}", i);
  EXPECT_EQ(deltas(back.body), whole);
  EXPECT_EQ(text(chunks(back.body).front(), "messageId"), "m2");
  EXPECT_EQ(types(back.body).back(), "finish");
  EXPECT_GT(chunks(back.body).size(), 10U) << "what follows is told as it comes";
  EXPECT_EQ(get_stream().status, 204);
  EXPECT_EQ(conversations(), 1U);
}

TEST_F(AiSdk, AnAnswerGoesOnWithoutAnyViewer) {
  start();
  look(net::Method::post, "/api/chat", turn({user("u1", "[say 30]")}, {{"model", "p/double@token-gap=15"}}),
       "text-delta")
      .get();
  EXPECT_THAT(text_of(await_end(only_thread(), 2)), HasSubstr("t30"));
}

TEST_F(AiSdk, ManySeeTheSameAnswer) {
  start();
  auto asker = look(net::Method::post, "/api/chat",
                    turn({user("u1", "[say 40]")}, {{"model", "p/double@token-gap=25"}}), "[DONE]");
  await_first_answer("t1");
  std::vector<std::future<std::string>> viewers;
  for (int i = 0; i < 4; ++i) viewers.push_back(look(net::Method::get, "/api/chat/chat-1/stream", {}, "[DONE]"));
  const std::string asked = deltas(asker.get());
  EXPECT_THAT(asked, HasSubstr("t40"));
  for (auto& viewer : viewers) EXPECT_EQ(deltas(viewer.get()), asked);
}

TEST_F(AiSdk, StopEndsTheAnswerForAllWhoSeeIt) {
  start();
  EXPECT_EQ(post_stop().status, 204) << "nothing to stop";
  auto asker = look(net::Method::post, "/api/chat",
                    turn({user("u1", "[say 9]")}, {{"model", "p/double@stall-mid,at=3"}}), "[DONE]");
  await_first_answer("t1 t2 t3");
  EXPECT_EQ(post_stop().status, 204);
  const std::string seen = asker.get();
  EXPECT_EQ(deltas(seen), "t1 t2 t3");
  EXPECT_THAT(types(seen),
              ElementsAre("start", "start-step", "text-start", "text-delta", "text-end", "finish-step", "abort"));
  EXPECT_EQ(text(message(only_thread(), 2), "state"), "stopped");
  EXPECT_EQ(get_stream().status, 204);
  EXPECT_TRUE(double_.wait_for_close(last_call().number));
}

TEST_F(AiSdk, WhatIsAskedNextStopsWhatIsBeingSaid) {
  start();
  const std::string stalls = "p/double@stall-mid,at=3";
  auto first = look(net::Method::post, "/api/chat", turn({user("u1", "[say 9]")}, {{"model", stalls}}), "t3");
  first.get();  // its client let go of it, and says more
  const Answer second = post(turn({user("u1", "[say 9]"), answer("m2"), user("u2", "two")}));
  EXPECT_EQ(deltas(second.body), "Echo: two");
  const std::string thread = thread_of(second);
  EXPECT_EQ(text(message(thread, 2), "state"), "stopped");
  EXPECT_THAT(shown(thread), ElementsAre(1, 2, 3, 4));
}

TEST_F(AiSdk, AnEditAndAnotherAnswerStopTheOneBeforeAndARefusedTurnDoesNot) {
  start();
  const json::Object stalls{{"model", "p/double@stall-mid,at=3"}};
  look(net::Method::post, "/api/chat", turn({user("u1", "[say 9]")}, stalls), "t3").get();
  const std::string thread = only_thread();
  EXPECT_GE(post(turn({user("u2", "other")}, {{"model", "nowhere/model"}})).status, 400);
  EXPECT_EQ(text(message(thread, 2), "state"), "answering");
  // The same again is the same answer, which goes on.
  const json::Object same{{"model", "p/double"}};
  look(net::Method::post, "/api/chat", turn({user("u1", "[say 9]")}, same), "t3").get();
  EXPECT_EQ(text(message(thread, 2), "state"), "answering");
  post(turn({user("u1", "edited")}, {{"messageId", "u1"}}));
  EXPECT_EQ(text(message(thread, 2), "state"), "stopped");
  look(net::Method::post, "/api/chat", turn({user("u3", "[say 9]")}, stalls), "t3").get();
  post(turn({user("u3", "[say 9]")}, {{"trigger", "regenerate-message"}}));
  EXPECT_EQ(text(message(thread, 6), "state"), "stopped");
  EXPECT_EQ(text(message(thread, 7), "state"), "complete");
}

TEST_F(AiSdk, AServerThatStopsAndAThreadThatGoesAreToldToWhoeverLooksOn) {
  start();
  const std::string stalls = turn({user("u1", "[say 9]")}, {{"model", "p/double@stall-mid,at=3"}});
  auto deleted = look(net::Method::post, "/api/chat", stalls, "[DONE]");
  await_first_answer("t1 t2 t3");
  EXPECT_EQ(call(net::Method::del, path(only_thread())).status, 204);
  EXPECT_EQ(types(deleted.get()).back(), "error");
  auto stopped = look(net::Method::post, "/api/chat", stalls, "[DONE]");
  await_first_answer("t1 t2 t3");
  open({});
  const std::string seen = stopped.get();
  EXPECT_EQ(deltas(seen), "t1 t2 t3");
  EXPECT_EQ(types(seen).back(), "error");
  // What it said is there; nothing is being made.
  listen();
  EXPECT_EQ(text(message(only_thread(), 2), "state"), "interrupted");
  EXPECT_EQ(get_stream().status, 204);
}

TEST_F(AiSdk, AFailureIsTheStreamsLastChunk) {
  start();
  const Answer refused = post(turn({user("u1", "hello")}, {{"model", "p/double@401"}}));
  ASSERT_EQ(refused.status, 200);
  EXPECT_THAT(types(refused.body), ElementsAre("start", "start-step", "finish-step", "error"));
  EXPECT_NE(text(chunks(refused.body).back(), "errorText"), "");
  const Answer cut = post(turn({user("u2", "[say 20]")}, {{"model", "p/double@cut-mid"}}, "chat-2"));
  EXPECT_EQ(types(cut.body).back(), "error");
  EXPECT_EQ(types(cut.body)[types(cut.body).size() - 3], "text-end");
  EXPECT_TRUE(cut.body.ends_with("data: [DONE]\n\n"));
}

TEST_F(AiSdk, BadInputIsRefusedByItsFieldAndSendsNothing) {
  start();
  const auto refused = [&](std::string body, std::string where, int status = 400) {
    const Answer answered = post(std::move(body));
    EXPECT_EQ(answered.status, status) << answered.body;
    EXPECT_THAT(answered.body, HasSubstr(where));
  };
  refused("{}", "/id");
  refused(R"({"id": "c"})", "/messages");
  refused(turn({}), "/messages");
  refused(turn({user("u1", "x")}, {{"modle", "p/double"}}), "/modle");
  refused(turn({user("u1", "x")}, {{"trigger", "resume"}}), "/trigger");
  refused(turn({user("u1", "x")}, {{"message", user("u1", "x")}}), "/message");
  refused(turn({user("", "x")}), "/messages/0/id");
  refused(turn({ui_message("u1", "robot", "x")}), "/messages/0/role");
  refused(turn({user("u1", "x"), answer("m2")}), "/messages/1/role");
  refused(turn({json::Object{{"id", "u1"}}, user("u2", "x")}), "/messages/0/role");
  refused(turn({json::Object{{"id", "u1"}, {"role", "user"}}}), "/messages/0/parts");
  const auto with_part = [&](json::Object part) {
    return turn({json::Object{{"id", "u1"}, {"role", "user"}, {"parts", json::Array{std::move(part)}}}});
  };
  refused(with_part({{"type", "file"}, {"mediaType", "image/png"}, {"url", "data:image/png;base64,AA=="}}),
          "/messages/0/parts/0/type");
  refused(with_part({{"type", "text"}}), "/messages/0/parts/0/text");
  refused(with_part({{"type", "data-weather"}, {"data", 1}}), "/messages/0/parts/0/type");
  refused(turn({user("u1", "x")}, {{"model", ""}}), "/model");
  refused(turn({user("u1", "x")}, {}, std::string(300, 'c')), "/id");
  refused(turn({user("u1", "x")}, {}, "01hzzzzzzzzzzzzzzzzzzzzzzz"), "thread_not_found", 404);
  EXPECT_EQ(get_stream("01hzzzzzzzzzzzzzzzzzzzzzzz").status, 404);
  EXPECT_EQ(get_stream("nothing").status, 204);
  EXPECT_EQ(conversations(), 0U);
}

TEST_F(AiSdk, WithoutAKeyNothingOfItIsSaid) {
  ask_for_keys();
  add_provider("p", "openai_chat", "/openai/v1");
  EXPECT_EQ(post(turn({user("u1", "x")})).status, 401);
  EXPECT_EQ(get_stream().status, 401);
  EXPECT_EQ(post_stop().status, 401);
  const Answer said = call(net::Method::post, "/api/chat", turn({user("u1", "x")}), admin_);
  EXPECT_EQ(deltas(said.body), "Echo: x");
}

}  // namespace
}  // namespace atelier::app
