// Tools in a thread: what a model wants to call is shown, allowed or not, and carried out.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/api/chat_fixture.hpp"

namespace atelier::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kAsksTime = R"(call current_time({"zone":"Europe/Rome"}))";

class ChatTools : public ChatHouseTest {
 protected:
  std::string make_thread_with(std::string tools = R"(["current_time", "read_thread", "search_threads"])",
                               std::string model = "p/double") {
    const std::string thread = make_thread(std::move(model));
    const Answer changed =
        call(net::Method::patch, path(thread), fmt::format(R"({{"parameters": {{"tools": {}}}}})", tools));
    EXPECT_EQ(changed.status, 200) << changed.body;
    return thread;
  }
  // Once it waits, or has ended.
  json::Value await_pause(const std::string& thread, std::int64_t number) {
    return await_state(thread, number, {"waiting", "complete", "stopped", "failed", "interrupted"});
  }
  static std::vector<json::Value> parts_of(const json::Value& message, std::string_view type) {
    std::vector<json::Value> found;
    for (const json::Value& part : message.at("parts").as_array())
      if (part.at("type").as_string() == type) found.push_back(part);
    return found;
  }
  std::string id_of_call(const json::Value& message, std::size_t at = 0) {
    return text(parts_of(message, "tool_call").at(at), "id");
  }
  std::string result_of(const json::Value& message, std::size_t at = 0) {
    return text(parts_of(message, "tool_result").at(at), "text");
  }
  Answer decide(const std::string& thread, std::int64_t number, const std::string& id, std::string body) {
    return call(net::Method::post, path(thread, fmt::format("/messages/{}/tool-calls/{}", number, id)),
                std::move(body));
  }
  // Sent, and shown.
  json::Value ask(const std::string& thread, std::string words, std::int64_t answer) {
    const Answer sent = send(thread, said(std::move(words)));
    EXPECT_EQ(sent.status, 201) << sent.body;
    return await_pause(thread, answer);
  }
  std::string grant_of(const std::string& name, const std::string& query = {}) {
    const json::Value tools = call(net::Method::get, "/api/tools" + query).json();
    for (const json::Value& one : tools.at("items").as_array())
      if (text(one, "name") == name) return text(one, "grant");
    return "none";
  }
};

TEST_F(ChatTools, ACallIsShownAndRunOnceItIsAllowedAlsoAfterARestart) {
  start();
  const std::string thread = make_thread_with();
  json::Value answer = ask(thread, kAsksTime, 2);
  ASSERT_EQ(text(answer, "state"), "waiting") << json::write(answer);
  const json::Value shown_call = parts_of(answer, "tool_call").at(0);
  EXPECT_EQ(text(shown_call, "name"), "current_time");
  EXPECT_EQ(text(shown_call, "title"), "Look at the clock");
  EXPECT_EQ(text(shown_call, "effect"), "Tells the model what time it is now in the zone \"Europe/Rome\".");
  EXPECT_EQ(text(shown_call, "approval"), "waiting");
  EXPECT_TRUE(parts_of(answer, "tool_result").empty());
  EXPECT_EQ(conversations(), 1U);
  EXPECT_EQ(text(view(thread).at("thread"), "state"), "idle");
  const std::int64_t tokens = number(answer.at("usage"), "output");

  open({});
  listen();
  answer = message(thread, 2);
  EXPECT_EQ(text(answer, "state"), "waiting") << "who restarts has decided nothing";
  const Answer allowed = decide(thread, 2, id_of_call(answer), R"({"decision": "allow"})");
  ASSERT_EQ(allowed.status, 200) << allowed.body;
  answer = await_end(thread, 2);
  EXPECT_EQ(text(answer, "state"), "complete") << json::write(answer);
  EXPECT_EQ(text(parts_of(answer, "tool_call").at(0), "approval"), "allowed");
  EXPECT_THAT(result_of(answer), HasSubstr("(Europe/Rome, CE"));
  EXPECT_EQ(text_of(answer), "Results: current_time=" + result_of(answer));
  EXPECT_EQ(text(answer, "finish"), "stop");
  EXPECT_GT(number(answer.at("usage"), "output"), tokens) << "both calls of the model are counted";
  EXPECT_EQ(conversations(), 2U);
  EXPECT_EQ(grant_of("current_time"), "ask") << "once is once";
  // What comes later is told of it.
  ask(thread, "thanks", 4);
  const json::Value asked = *json::parse(last_call().body);
  std::vector<std::string> roles;
  for (const json::Value& one : asked.at("messages").as_array()) roles.push_back(text(one, "role"));
  EXPECT_THAT(roles, ElementsAre("user", "assistant", "tool", "assistant", "user"));
}

TEST_F(ChatTools, WhatIsNotAllowedIsNotRunAndTheModelHearsIt) {
  start();
  const std::string thread = make_thread_with();
  json::Value answer = ask(thread, kAsksTime, 2);
  const Answer denied = decide(thread, 2, id_of_call(answer), R"({"decision": "deny"})");
  ASSERT_EQ(denied.status, 200) << denied.body;
  answer = await_end(thread, 2);
  EXPECT_EQ(text(parts_of(answer, "tool_call").at(0), "approval"), "denied");
  EXPECT_EQ(result_of(answer), "The user did not allow this call.");
  EXPECT_TRUE(parts_of(answer, "tool_result").at(0).at("is_error").as_bool());
  EXPECT_THAT(text_of(answer), HasSubstr("did not allow"));
}

TEST_F(ChatTools, WhatIsAllowedInAThreadOrAlwaysIsNotAskedAgain) {
  start();
  const std::string thread = make_thread_with(), other = make_thread_with();
  json::Value answer = ask(thread, kAsksTime, 2);
  decide(thread, 2, id_of_call(answer), R"({"decision": "allow", "remember": "thread"})");
  await_end(thread, 2);
  EXPECT_EQ(text(ask(thread, kAsksTime, 4), "state"), "complete");
  EXPECT_EQ(grant_of("current_time"), "ask");
  EXPECT_EQ(grant_of("current_time", "?thread=" + thread), "thread");

  answer = ask(other, kAsksTime, 2);
  ASSERT_EQ(text(answer, "state"), "waiting") << "another thread is asked for";
  decide(other, 2, id_of_call(answer), R"({"decision": "allow", "remember": "always"})");
  await_end(other, 2);
  EXPECT_EQ(grant_of("current_time"), "always");
  open({});
  listen();
  const std::string third = make_thread_with();
  EXPECT_EQ(text(ask(third, kAsksTime, 2), "state"), "complete");
  EXPECT_EQ(call(net::Method::del, "/api/tools/current_time/grant").status, 204);
  EXPECT_EQ(text(ask(third, kAsksTime, 4), "state"), "waiting");
  EXPECT_EQ(text(ask(thread, kAsksTime, 6), "state"), "complete") << "what is allowed in the thread stays";
  EXPECT_EQ(call(net::Method::del, "/api/tools/current_time/grant?thread=" + thread).status, 204);
  EXPECT_EQ(text(ask(thread, kAsksTime, 8), "state"), "waiting");
  EXPECT_EQ(text(call(net::Method::put, "/api/tools/current_time/grant", R"({"scope": "always"})").json(), "grant"),
            "always");
}

TEST_F(ChatTools, EachCallOfARoundIsDecidedAndThenTheyGoOnTogether) {
  start();
  const std::string thread = make_thread_with();
  json::Value answer =
      ask(thread, R"(call current_time({"zone":"UTC"}) and current_time({"zone":"Asia/Tokyo"}) and read_thread)", 2);
  ASSERT_EQ(parts_of(answer, "tool_call").size(), 3U) << json::write(answer);
  // The third's arguments are the least that fits the schema, which is no thread's id.
  ASSERT_EQ(decide(thread, 2, id_of_call(answer, 1), R"({"decision": "deny"})").status, 200);
  EXPECT_EQ(text(message(thread, 2), "state"), "waiting");
  const Answer twice = decide(thread, 2, id_of_call(answer, 1), R"({"decision": "allow"})");
  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(text(twice.json(), "code"), "call_not_waiting");
  ASSERT_EQ(decide(thread, 2, id_of_call(answer, 0), R"({"decision": "allow"})").status, 200);
  answer = await_pause(thread, 2);
  if (text(answer, "state") == "waiting") {
    ASSERT_EQ(decide(thread, 2, id_of_call(answer, 2), R"({"decision": "allow"})").status, 200);
  }
  answer = await_end(thread, 2);
  ASSERT_EQ(text(answer, "state"), "complete") << json::write(answer);
  ASSERT_EQ(parts_of(answer, "tool_result").size(), 3U);
  EXPECT_THAT(result_of(answer, 0), HasSubstr("(UTC, UTC)"));
  EXPECT_EQ(result_of(answer, 1), "The user did not allow this call.");
  EXPECT_TRUE(parts_of(answer, "tool_result").at(2).at("is_error").as_bool()) << result_of(answer, 2);
  for (std::size_t at = 0; at < 3; ++at)
    EXPECT_EQ(text(parts_of(answer, "tool_result").at(at), "id"), id_of_call(answer, at));
}

TEST_F(ChatTools, AllowingAToolAllowsItsOtherCallsThatWait) {
  start();
  const std::string thread = make_thread_with();
  json::Value answer = ask(thread, R"(call current_time({"zone":"UTC"}) and current_time({"zone":"Asia/Tokyo"}))", 2);
  ASSERT_EQ(decide(thread, 2, id_of_call(answer, 0), R"({"decision": "allow", "remember": "thread"})").status, 200);
  answer = await_end(thread, 2);
  EXPECT_EQ(parts_of(answer, "tool_result").size(), 2U);
  EXPECT_THAT(result_of(answer, 1), HasSubstr("Asia/Tokyo"));
}

TEST_F(ChatTools, WhatAModelCallsWronglyItIsToldAndNobodyIsAsked) {
  start();
  const std::string thread = make_thread_with();
  json::Value answer = ask(thread, R"(call current_time({"zone":7}))", 2);
  EXPECT_EQ(text(answer, "state"), "complete") << json::write(answer);
  EXPECT_EQ(result_of(answer), "Not run: /zone: must be a string");
  const std::string broken = make_thread_with(R"(["current_time"])", "p/double@tool-broken");
  answer = ask(broken, "call current_time", 2);
  EXPECT_EQ(text(answer, "state"), "complete") << json::write(answer);
  EXPECT_THAT(result_of(answer), HasSubstr("Not run: the arguments are no JSON"));
  // One that it was never offered, as of a thread that came from elsewhere.
  const std::string foreign = make_thread_with(R"(["current_time"])");
  const Answer put = call(net::Method::put, path(foreign, "/messages"), R"({"messages": [
    {"number": 1, "parent": 0, "role": "user", "parts": [{"type": "text", "text": "hello"}]},
    {"number": 2, "parent": 1, "role": "assistant", "model": "p/double", "parts": [
      {"type": "tool_call", "id": "c1", "name": "rm.all", "arguments": "{}"}]}]})");
  ASSERT_EQ(put.status, 200) << put.body;
  ASSERT_EQ(call(net::Method::post, path(foreign, "/messages/2/continue")).status, 202);
  answer = await_pause(foreign, 2);
  EXPECT_EQ(text(answer, "state"), "complete") << json::write(answer);
  EXPECT_EQ(result_of(answer), "There is no tool named \"rm.all\" here.");
}

TEST_F(ChatTools, WhatBrokeOffIsRunAgainOnlyWhereItWasAllowed) {
  start();
  const std::string thread = make_thread_with();
  const auto put = [&](std::string approval) {
    const Answer done = call(net::Method::put, path(thread, "/messages"),
                             fmt::format(R"({{"messages": [
    {{"number": 1, "parent": 0, "role": "user", "parts": [{{"type": "text", "text": "hello"}}]}},
    {{"number": 2, "parent": 1, "role": "assistant", "model": "p/double", "parts": [
      {{"type": "tool_call", "id": "c1", "name": "current_time", "arguments": "{{}}"{}}}]}}]}})",
                                         approval));
    ASSERT_EQ(done.status, 200) << done.body;
    ASSERT_EQ(call(net::Method::post, path(thread, "/messages/2/continue")).status, 202);
  };
  put(R"(, "approval": "allowed")");
  EXPECT_EQ(text(await_pause(thread, 2), "state"), "complete") << "it only reads";
  put("");
  const json::Value answer = await_pause(thread, 2);
  EXPECT_EQ(text(answer, "state"), "waiting");
  const Answer early = call(net::Method::post, path(thread, "/messages/2/continue"));
  EXPECT_EQ(early.status, 409);
  EXPECT_EQ(text(early.json(), "code"), "message_waiting");
}

TEST_F(ChatTools, AModelThatGoesOnCallingIsStoppedAndMayStillAnswer) {
  start();
  const std::string thread = make_thread_with();
  call(net::Method::put, "/api/tools/current_time/grant", R"({"scope": "always"})");
  const json::Value answer = ask(thread, std::string(kAsksTime) + " [keep-calling]", 2);
  EXPECT_EQ(text(answer, "state"), "complete") << json::write(answer);
  EXPECT_EQ(parts_of(answer, "tool_result").size(), 8U);
  EXPECT_THAT(text_of(answer), HasSubstr("Results: current_time="));
  EXPECT_EQ(conversations(), 9U);
  EXPECT_EQ(text(*json::parse(last_call().body), "tool_choice"), "none");
}

// Each provider refuses a call without a result, and thoughts that do not come back as it gave them.
TEST_F(ChatTools, ProvidersOfEveryFamilyTakeTheRoundsAndWhatWasThought) {
  start();
  add_provider("claude", "anthropic", "/anthropic");
  add_provider("google", "gemini", "/gemini/v1beta");
  add_provider("near", "ollama", "/ollama");
  add_provider("deep", "deepseek", "/deepseek");
  add_provider("router", "openrouter", "/openrouter/api/v1");
  for (const std::string provider : {"p", "claude", "google", "near", "deep", "router"}) {
    SCOPED_TRACE(provider);
    const std::string thread = make_thread_with(R"(["current_time"])", provider + "/double");
    const Answer thinks =
        call(net::Method::patch, path(thread),
             R"({"parameters": {"tools": ["current_time"], "reasoning_effort": "low", "max_tokens": 9000}})");
    ASSERT_EQ(thinks.status, 200) << thinks.body;
    json::Value answer = ask(thread, std::string(kAsksTime) + " and current_time [think 4] [keep-calling]", 2);
    for (int rounds = 1; rounds <= 3 && text(answer, "state") == "waiting"; ++rounds) {
      if (rounds == 3) send(thread, said("that will do"));
      for (const json::Value& one : parts_of(answer, "tool_call"))
        if (rounds < 3 && text(one, "approval") == "waiting") {
          EXPECT_EQ(
              decide(thread, 2, text(one, "id"), rounds == 1 ? R"({"decision": "allow"})" : R"({"decision": "deny"})")
                  .status,
              200);
        }
      if (rounds < 3) answer = await_pause(thread, 2);
    }
    EXPECT_EQ(text(message(thread, 2), "state"), "stopped") << json::write(answer);
    EXPECT_EQ(parts_of(answer, "tool_call").size(), 6U) << json::write(answer);
    answer = await_end(thread, 4);
    EXPECT_EQ(text(answer, "state"), "complete") << json::write(answer);
    EXPECT_EQ(text_of(answer), "Echo: that will do");
  }
}

TEST_F(ChatTools, WhoGoesOnWithoutDecidingHasNotAllowedIt) {
  start();
  const std::string thread = make_thread_with();
  json::Value answer = ask(thread, kAsksTime, 2);
  const std::string id = id_of_call(answer);
  EXPECT_EQ(text(ask(thread, "never mind", 4), "state"), "complete");
  EXPECT_EQ(text(message(thread, 2), "state"), "stopped");
  EXPECT_EQ(decide(thread, 2, id, R"({"decision": "allow"})").status, 409);
  // No call is sent without a result.
  const json::Value asked = *json::parse(last_call().body);
  const json::Array& messages = asked.at("messages").as_array();
  ASSERT_EQ(messages.size(), 4U) << last_call().body;
  EXPECT_EQ(text(messages[2], "role"), "tool");
  EXPECT_EQ(text(messages[2], "content"), "This call was not run.");
}

TEST_F(ChatTools, AWaitingAnswerCanBeStoppedAndThenGoesOnAskingAnew) {
  start();
  const std::string thread = make_thread_with();
  json::Value answer = ask(thread, kAsksTime, 2);
  const std::string id = id_of_call(answer);
  EXPECT_EQ(text(call(net::Method::post, path(thread, "/messages/2/stop"), "{}").json(), "state"), "stopped");
  EXPECT_EQ(decide(thread, 2, id, R"({"decision": "allow"})").status, 409);
  ASSERT_EQ(call(net::Method::post, path(thread, "/messages/2/continue")).status, 202);
  EXPECT_EQ(text(await_pause(thread, 2), "state"), "waiting");
  EXPECT_EQ(call(net::Method::post, path(thread, "/stop"), "{}").status, 200);
  EXPECT_EQ(text(message(thread, 2), "state"), "stopped");
  EXPECT_EQ(conversations(), 1U);
}

TEST_F(ChatTools, AllViewersSeeThatItWaitsAndGoesOn) {
  start();
  const std::string thread = make_thread_with();
  const std::string cursor = [&] {
    const std::string hello = events("?topics=thread/" + thread, {}, "event: hello");
    const std::size_t at = hello.find("id: ") + 4;
    return hello.substr(at, hello.find('\n', at) - at);
  }();
  const json::Value answer = ask(thread, kAsksTime, 2);
  decide(thread, 2, id_of_call(answer), R"({"decision": "allow"})");
  await_end(thread, 2);
  // Both at first; waiting; allowed; its end.
  const std::string told = events("?topics=thread/" + thread, cursor, "event: message.changed", 5);
  const std::size_t waits = told.find(R"("state":"waiting")"),
                    ends = told.find(R"("state":"complete","parts":[{"type":"tool_call")");
  EXPECT_NE(waits, std::string::npos) << told;
  EXPECT_NE(ends, std::string::npos) << told;
  EXPECT_LT(waits, ends);
  EXPECT_THAT(told, HasSubstr("Tells the model what time it is now"));
}

TEST_F(ChatTools, AModelLooksUpWhatWasSaidBefore) {
  start();
  const std::string before = make_thread();
  send(before, said("the harbour is closed on Sundays"));
  await_end(before, 2);
  for (const char* tool : {"search_threads", "read_thread"})
    call(net::Method::put, fmt::format("/api/tools/{}/grant", tool), R"({"scope": "always"})");
  const std::string thread = make_thread_with();
  std::string found;
  // The index follows the messages behind them.
  for (std::int64_t number = 2; number < 200 && found.find("harbour") == std::string::npos; number += 2)
    found = result_of(ask(thread, R"(call search_threads({"query":"harbour Sundays", "limit": 3}))", number));
  EXPECT_THAT(found, HasSubstr(before));
  const std::int64_t next = number(view(thread).at("thread"), "message_count") + 2;
  const json::Value answer =
      ask(thread,
          fmt::format(R"(call read_thread({{"thread":"{}"}}) and read_thread({{"thread":"{}"}}))", before,
                      ThreadId::make().to_string()),
          next);
  EXPECT_THAT(result_of(answer, 0), HasSubstr("Echo: the harbour is closed on Sundays"));
  EXPECT_EQ(result_of(answer, 1), "/thread: there is no such thread");
}

TEST_F(ChatTools, WhatIsWrongIsNamed) {
  start();
  const std::string thread = make_thread();
  const Answer unknown = call(net::Method::patch, path(thread), R"({"parameters": {"tools": ["current_time", "rm"]}})");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(text(unknown.json(), "where"), "/parameters/tools/1");
  const Answer made = call(net::Method::post, "/api/threads", R"({"parameters": {"tools": ["rm"]}})");
  EXPECT_EQ(made.status, 400);
  EXPECT_EQ(text(made.json(), "where"), "/parameters/tools/0");
  EXPECT_EQ(call(net::Method::patch, path(thread), R"({"parameters": {"tools": [7]}})").status, 400);
  const std::string with = make_thread_with();
  const std::string id = id_of_call(ask(with, kAsksTime, 2));
  struct Wrong {
    const char* body;
    const char* where;
  };
  for (const Wrong& wrong : {Wrong{"{}", "/decision"}, Wrong{R"({"decision": "maybe"})", "/decision"},
                             Wrong{R"({"decision": "deny", "remember": "always"})", "/remember"},
                             Wrong{R"({"decision": "allow", "remember": "ever"})", "/remember"},
                             Wrong{R"({"decision": "allow", "why": "so"})", "/why"}}) {
    const Answer refused = decide(with, 2, id, wrong.body);
    EXPECT_EQ(refused.status, 400) << wrong.body;
    EXPECT_EQ(text(refused.json(), "where"), wrong.where);
  }
  EXPECT_EQ(decide(with, 2, "nope", R"({"decision": "allow"})").status, 404);
  EXPECT_EQ(decide(with, 9, id, R"({"decision": "allow"})").status, 404);
  EXPECT_EQ(call(net::Method::put, "/api/tools/rm/grant", R"({"scope": "always"})").status, 404);
  EXPECT_EQ(call(net::Method::put, "/api/tools/current_time/grant", R"({"scope": "once"})").status, 400);
  EXPECT_EQ(call(net::Method::del, "/api/tools/rm/grant").status, 404);
  EXPECT_EQ(text(message(with, 2), "state"), "waiting") << "nothing of it was a decision";
}

TEST_F(ChatTools, ClientsOfTheAiSdkApproveAndGoOnInTheSameMessage) {
  start();
  const std::string thread = make_thread_with();
  const auto turn = [&](std::string message) {
    return call(net::Method::post, "/api/chat", fmt::format(R"({{"id": "{}", "message": {}}})", thread, message)).body;
  };
  const std::string asked = turn(R"turn({"id": "u1", "role": "user",
    "parts": [{"type": "text", "text": "call current_time({\"zone\":\"UTC\"})"}]})turn");
  const std::string id = id_of_call(message(thread, 2));
  EXPECT_THAT(asked, HasSubstr(fmt::format(R"({{"type":"tool-approval-request","approvalId":"{}","toolCallId":"{}"}})",
                                           id, id)));
  EXPECT_THAT(asked, HasSubstr(R"({"type":"finish","finishReason":"tool-calls"})"));
  const std::string allowed = turn(fmt::format(
      R"({{"id": "m2", "role": "assistant", "parts": [{{"type": "dynamic-tool", "toolName": "current_time",
         "toolCallId": "{}", "state": "approval-responded", "approval": {{"id": "{}", "approved": true}}}}]}})",
      id, id));
  EXPECT_THAT(allowed, HasSubstr(R"({"type":"start","messageId":"m2"})"));
  EXPECT_THAT(allowed, HasSubstr(fmt::format(R"("type":"tool-output-available","output":)")));
  EXPECT_THAT(allowed, Not(HasSubstr("tool-input-start"))) << "the client has that already";
  EXPECT_THAT(allowed, HasSubstr("Results:"));
  EXPECT_THAT(allowed, HasSubstr(R"({"type":"finish","finishReason":"stop"})"));
  EXPECT_EQ(text(message(thread, 2), "state"), "complete");
}

}  // namespace
}  // namespace atelier::app
