#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/double/test/raw_client.hpp"

namespace atelier::doubles {
namespace {

using testing::HasSubstr;

class OpenAiChat : public DoubleTest {
 protected:
  static constexpr std::string_view kPicture = "iVBORw0KGgo=";  // eight bytes

  std::string with_messages(std::string_view messages, std::string_view more = "") const {
    return fmt::format(R"({{"model":"double","messages":[{}]{}}})", messages, more);
  }
  Reply post(std::string_view body) const {
    return ask("POST", "/v1/chat/completions", body, "Authorization: Bearer sk-double\r\n");
  }
  // The error's message, and that it was refused as the provider does.
  std::string refused(const Reply& reply) const {
    EXPECT_EQ(reply.status, 400) << reply.body;
    const json::Value body = reply.json();
    for (const char* key : {"message", "type", "param", "code"})
      EXPECT_TRUE(body.at("error").as_object().contains(key)) << reply.body;
    return text_at(body, "/error/message");
  }
};

TEST_F(OpenAiChat, EchoesTheLastUserText) {
  const Reply reply = chat("double", "hello there");
  ASSERT_EQ(reply.status, 200);
  const json::Value body = reply.json();
  EXPECT_EQ(text_at(body, "/object"), "chat.completion");
  EXPECT_EQ(text_at(body, "/choices/0/message/content"), "Echo: hello there");
  EXPECT_EQ(text_at(body, "/choices/0/finish_reason"), "stop");
  EXPECT_EQ(at(body, "/usage/prompt_tokens"), 2);
  EXPECT_EQ(at(body, "/usage/completion_tokens"), 3);
  EXPECT_EQ(at(body, "/usage/total_tokens"), 5);
  EXPECT_FALSE(reply.header("x-request-id").empty());
}

TEST_F(OpenAiChat, StreamsTokenByTokenAndEndsWithDone) {
  const Reply reply = stream("double", "hello there");
  EXPECT_EQ(reply.header("content-type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(reply.ending, Ending::whole);
  const auto events = events_of(reply.body);
  ASSERT_EQ(events.size(), 6U);  // role, three tokens, finish, [DONE]
  EXPECT_EQ(text_at(events[0].json(), "/choices/0/delta/role"), "assistant");
  EXPECT_EQ(text_at(events[1].json(), "/choices/0/delta/content"), "Echo:");
  EXPECT_EQ(text_at(events[4].json(), "/choices/0/finish_reason"), "stop");
  EXPECT_FALSE(events[4].json().as_object().contains("usage"));
  EXPECT_EQ(events[5].data, "[DONE]");
  EXPECT_EQ(text_of(reply), "Echo: hello there");
  EXPECT_EQ(reply.chunk_count, events.size());
}

TEST_F(OpenAiChat, IncludeUsageAddsAChunkWithoutChoices) {
  const auto events = events_of(stream("double", "hi", R"(,"stream_options":{"include_usage":true})").body);
  const json::Value last = events[events.size() - 2].json();
  EXPECT_TRUE(last.at("choices").as_array().empty());
  EXPECT_EQ(at(last, "/usage/prompt_tokens"), 1);
  EXPECT_TRUE(events[0].json().as_object().contains("usage"));
  EXPECT_TRUE(events[0].json().at("usage").is_null());
}

TEST_F(OpenAiChat, SeveralChoicesComeInTurns) {
  const Reply reply = stream("double", "hi", R"(,"n":2)");
  std::string order;
  for (const SseEvent& event : events_of(reply.body))
    if (event.data != "[DONE]") order += text_at(event.json(), "/choices/0/index");
  EXPECT_THAT(order, HasSubstr("0101"));
  EXPECT_EQ(chat("double", "hi", R"(,"n":3)").json().at("choices").as_array().size(), 3U);
}

TEST_F(OpenAiChat, CallsTheToolsThatThePromptNames) {
  const json::Value body = chat("double", "please call f and g", kTwoTools).json();
  EXPECT_EQ(text_at(body, "/choices/0/finish_reason"), "tool_calls");
  EXPECT_TRUE(at(body, "/choices/0/message/content").is_null());
  EXPECT_EQ(text_at(body, "/choices/0/message/tool_calls/0/function/name"), "f");
  EXPECT_EQ(text_at(body, "/choices/0/message/tool_calls/0/function/arguments"), R"({"city":"some city","days":1})");
  EXPECT_EQ(text_at(body, "/choices/0/message/tool_calls/1/function/name"), "g");
  EXPECT_NE(text_at(body, "/choices/0/message/tool_calls/0/id"), text_at(body, "/choices/0/message/tool_calls/1/id"));
}

TEST_F(OpenAiChat, ArgumentsMayBeGivenInThePrompt) {
  const json::Value body = chat("double", R"(call f({\"city\":\"Rome\"}) twice)", kTwoTools).json();
  EXPECT_EQ(text_at(body, "/choices/0/message/tool_calls/0/function/arguments"), R"({"city":"Rome"})");
}

TEST_F(OpenAiChat, StreamedCallsOpenWithIdAndNameAndGoOnInFragments) {
  std::string arguments[2], names[2], ids[2];
  for (const SseEvent& event : events_of(stream("double", "call f and g", kTwoTools).body)) {
    if (event.data == "[DONE]") continue;
    const json::Value call = at(event.json(), "/choices/0/delta/tool_calls/0");
    if (call.is_null()) continue;
    const auto index = static_cast<std::size_t>(call.at("index").to_number<int>());
    arguments[index] += text_at(call, "/function/arguments");
    if (call.as_object().contains("id")) ids[index] = text_at(call, "/id");
    if (call.at("function").as_object().contains("name")) names[index] = text_at(call, "/function/name");
  }
  EXPECT_EQ(names[0], "f");
  EXPECT_EQ(names[1], "g");
  EXPECT_EQ(arguments[0], R"({"city":"some city","days":1})");
  EXPECT_EQ(arguments[1], R"({"on":true})");
  EXPECT_FALSE(ids[0].empty());
}

TEST_F(OpenAiChat, ToolChoiceIsFollowed) {
  const auto name_with = [&](std::string_view choice) {
    const json::Value body =
        chat("double", "hi", std::string(kTwoTools) + R"(,"tool_choice":)" + std::string(choice)).json();
    return text_at(body, "/choices/0/message/tool_calls/0/function/name");
  };
  EXPECT_EQ(name_with(R"("required")"), "f");
  EXPECT_EQ(name_with(R"({"type":"function","function":{"name":"g"}})"), "g");
  EXPECT_EQ(name_with(R"("none")"), "null");
  const json::Value one =
      chat("double", "call f and g", std::string(kTwoTools) + R"(,"parallel_tool_calls":false)").json();
  EXPECT_EQ(one.at("choices").at(0).at("message").at("tool_calls").as_array().size(), 1U);
}

TEST_F(OpenAiChat, ResultsOfToolsAreRepeated) {
  const std::string messages =
      R"({"role":"user","content":"call f"},)"
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
      R"({"role":"tool","tool_call_id":"c1","content":"sunny"})";
  const Reply reply = post(with_messages(messages, kTwoTools));
  EXPECT_EQ(text_at(reply.json(), "/choices/0/message/content"), "Results: f=sunny");
}

TEST_F(OpenAiChat, ResultsMustMatchCalls) {
  const std::string user = R"({"role":"user","content":"call f"},)";
  const std::string assistant =
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]})";
  EXPECT_THAT(refused(post(with_messages(user + assistant, kTwoTools))), HasSubstr("c1"));
  EXPECT_THAT(refused(post(with_messages(user + assistant + R"(,{"role":"tool","tool_call_id":"c2","content":"x"})",
                                         kTwoTools))),
              HasSubstr("c2"));
  EXPECT_THAT(refused(post(with_messages(user + R"({"role":"tool","tool_call_id":"c1","content":"x"})", kTwoTools))),
              HasSubstr("tool_calls"));
}

TEST_F(OpenAiChat, PicturesAreNamedWithTypeAndSize) {
  const Reply reply = post(with_messages(fmt::format(
      R"({{"role":"user","content":[{{"type":"text","text":"look"}},{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{}"}}}},)"
      R"({{"type":"image_url","image_url":{{"url":"https://example.com/a.png"}}}}]}})",
      kPicture)));
  EXPECT_EQ(text_at(reply.json(), "/choices/0/message/content"),
            "Echo: look [image image/png 8 bytes] [image at https://example.com/a.png]");
  EXPECT_THAT(
      refused(post(with_messages(
          R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,&&&&"}}]})"))),
      HasSubstr("base64"));
}

TEST_F(OpenAiChat, ASchemaGetsJsonThatFitsIt) {
  const std::string format =
      R"(,"response_format":{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":{"type":"object","properties":)"
      R"({"kind":{"enum":["a","b"]},"count":{"type":"integer","minimum":7},"tags":{"type":"array","items":{"$ref":"#/$defs/tag"}}},)"
      R"("$defs":{"tag":{"type":["string","null"]}}}}})";
  EXPECT_EQ(text_at(chat("double", "hi", format).json(), "/choices/0/message/content"),
            R"({"kind":"a","count":7,"tags":["some tags"]})");
  EXPECT_EQ(text_of(stream("double", "hi", R"(,"response_format":{"type":"json_object"})")), R"({"echo":"hi"})");
}

TEST_F(OpenAiChat, LogprobsComeForEveryToken) {
  const std::string more = R"(,"logprobs":true,"top_logprobs":2)";
  const json::Value body = chat("double", "hi", more).json();
  EXPECT_EQ(body.at("choices").at(0).at("logprobs").at("content").as_array().size(), 2U);
  EXPECT_EQ(text_at(body, "/choices/0/logprobs/content/0/token"), "Echo:");
  EXPECT_EQ(body.at("choices").at(0).at("logprobs").at("content").at(0).at("top_logprobs").as_array().size(), 2U);
  const auto events = events_of(stream("double", "hi", more).body);
  EXPECT_EQ(text_at(events[1].json(), "/choices/0/logprobs/content/0/token"), "Echo:");
}

TEST_F(OpenAiChat, DirectivesInThePromptAreFollowed) {
  EXPECT_EQ(text_at(chat("double", "[say 3]").json(), "/choices/0/message/content"), "t1 t2 t3");
  EXPECT_EQ(text_at(chat("double", "[answer yes, of course]").json(), "/choices/0/message/content"), "yes, of course");
  const json::Value refusal = chat("double", "[refuse]").json();
  EXPECT_TRUE(at(refusal, "/choices/0/message/content").is_null());
  EXPECT_THAT(text_at(refusal, "/choices/0/message/refusal"), HasSubstr("declines"));
  const json::Value cached = chat("double", "one two three [cached 2]").json();
  EXPECT_EQ(at(cached, "/usage/prompt_tokens_details/cached_tokens"), 2);
  const json::Value thinking = chat("double", "[think 4]").json();
  EXPECT_EQ(text_at(thinking, "/choices/0/message/reasoning_content"), "t1 t2 t3 t4");
  EXPECT_EQ(at(thinking, "/usage/completion_tokens_details/reasoning_tokens"), 4);
}

TEST_F(OpenAiChat, LimitsAndStopsEndTheAnswer) {
  const json::Value limited = chat("double", "[say 10]", R"(,"max_completion_tokens":4)").json();
  EXPECT_EQ(text_at(limited, "/choices/0/message/content"), "t1 t2 t3 t4");
  EXPECT_EQ(text_at(limited, "/choices/0/finish_reason"), "length");
  const json::Value stopped = chat("double", "[say 10]", R"(,"stop":["t3"])").json();
  EXPECT_EQ(text_at(stopped, "/choices/0/message/content"), "t1 t2 ");
  EXPECT_EQ(text_at(stopped, "/choices/0/finish_reason"), "stop");
}

TEST_F(OpenAiChat, APrefilledAnswerIsGoneOnWith) {
  const Reply reply =
      post(with_messages(R"({"role":"user","content":"[say 4]"},{"role":"assistant","content":"t1 t2"})"));
  EXPECT_EQ(text_at(reply.json(), "/choices/0/message/content"), " t3 t4");
}

struct Refused {
  const char* name;
  const char* body;
  const char* message;
};

class OpenAiChatRefuses : public OpenAiChat, public testing::WithParamInterface<Refused> {};

TEST_P(OpenAiChatRefuses, WithTheFieldNamed) {
  EXPECT_THAT(refused(post(GetParam().body)), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Requests, OpenAiChatRefuses,
    testing::Values(
        Refused{"NoModel", R"({"messages":[{"role":"user","content":"x"}]})", "'model'"},
        Refused{"NoMessages", R"({"model":"m"})", "'messages'"},
        Refused{"EmptyMessages", R"({"model":"m","messages":[]})", "messages"},
        Refused{"NoRole", R"({"model":"m","messages":[{"content":"x"}]})", "messages[0].role"},
        Refused{"BadRole", R"({"model":"m","messages":[{"role":"robot","content":"x"}]})", "robot"},
        Refused{"NoContent", R"({"model":"m","messages":[{"role":"user"}]})", "messages[0].content"},
        Refused{"BadPart", R"({"model":"m","messages":[{"role":"user","content":[{"type":"input_text","text":"x"}]}]})",
                "input_text"},
        Refused{"UnknownField", R"({"model":"m","messages":[{"role":"user","content":"x"}],"wibble":1})", "wibble"},
        Refused{"StreamOptionsWithoutStream",
                R"({"model":"m","messages":[{"role":"user","content":"x"}],"stream_options":{"include_usage":true}})",
                "stream"},
        Refused{"Temperature", R"({"model":"m","messages":[{"role":"user","content":"x"}],"temperature":3})",
                "temperature"},
        Refused{"TooManyChoices", R"({"model":"m","messages":[{"role":"user","content":"x"}],"n":129})", "'n'"},
        Refused{"TopLogprobsAlone", R"({"model":"m","messages":[{"role":"user","content":"x"}],"top_logprobs":2})",
                "logprobs"},
        Refused{
            "ToolName",
            R"({"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"a b"}}]})",
            "a b"},
        Refused{"ChoiceWithoutTools",
                R"({"model":"m","messages":[{"role":"user","content":"x"}],"tool_choice":"auto"})", "tools"},
        Refused{
            "SchemaWithoutName",
            R"({"model":"m","messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{"schema":{}}}})",
            "name"},
        Refused{"NoObject", R"([1])", "JSON"}, Refused{"NoJson", R"({"model":)", "JSON"},
        Refused{"NoSuchFault", R"({"model":"m@wibble","messages":[{"role":"user","content":"x"}]})", "wibble"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(OpenAiChat, FieldsThatBeginWithXPass) { EXPECT_EQ(chat("double", "hi", R"(,"x_future":{"a":1})").status, 200); }

TEST_F(OpenAiChat, AWrongKeyIs401AndAMissingModel404) {
  const Reply none = ask("POST", "/v1/chat/completions", chat_body("double", "hi"));
  EXPECT_EQ(none.status, 401);
  const Reply wrong =
      ask("POST", "/v1/chat/completions", chat_body("double", "hi"), "Authorization: Bearer sk-other\r\n");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(text_at(wrong.json(), "/error/code"), "invalid_api_key");
  const Reply missing = chat("missing-model", "hi");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(text_at(missing.json(), "/error/code"), "model_not_found");
  EXPECT_EQ(ask("POST", "/v1/nothing", "{}", "Authorization: Bearer sk-double\r\n").status, 404);
}

TEST_F(OpenAiChat, TheSameRequestGetsTheSameAnswer) {
  const auto without_ids = [](std::string body, std::uint64_t number) {
    const std::string id = fmt::format("chatcmpl-{}", number);
    for (std::size_t at = body.find(id); at != std::string::npos; at = body.find(id)) body.erase(at, id.size());
    return body;
  };
  const std::string first = without_ids(chat("double", "hi").body, 1);
  const std::string second = without_ids(chat("double", "hi").body, 2);
  EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace atelier::doubles
