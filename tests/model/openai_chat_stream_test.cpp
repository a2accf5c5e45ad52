#include <gmock/gmock.h>

#include "model/provider/adapter.hpp"
#include "tests/model/chat_json.hpp"
#include "tests/model/feeding.hpp"

namespace atelier::model {
namespace {

using testing::data_events;
using testing::describe;
using testing::feed;
using testing::Told;

// A chunk of the one choice.
std::string chunk(std::string_view delta, std::string_view rest = R"("logprobs":null,"finish_reason":null)") {
  return R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"m-1","service_tier":"default","system_fingerprint":"fp","choices":[{"index":0,"delta":)" +
         std::string(delta) + (rest.empty() ? "" : ",") + std::string(rest) + R"(}],"usage":null,"obfuscation":"k3"})";
}
std::string finish(std::string_view reason) {
  return chunk("{}", R"("logprobs":null,"finish_reason":")" + std::string(reason) + "\"");
}
const std::string kRole = chunk(R"({"role":"assistant","content":"","refusal":null})");
const std::string kUsage =
    R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"m-1","choices":[],"usage":{"prompt_tokens":16,"completion_tokens":300,"total_tokens":316,)"
    R"("prompt_tokens_details":{"cached_tokens":5,"cache_write_tokens":4,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":256}}})";

Told read(std::vector<std::string> data, bool is_done = true) {
  if (is_done) data.emplace_back("[DONE]");
  return feed(openai_chat_adapter(), data_events(data));
}

std::vector<Part> parts_of(const Told& told) {
  return told.answer.choices.empty() ? std::vector<Part>() : told.answer.choices[0].parts;
}

std::string all(std::vector<Part> parts) { return describe(parts); }

TEST(OpenaiChatStream, ReadsTextAndUsage) {
  const Told told = read({kRole, chunk(R"({"content":"Hel"})"), chunk(R"({"content":"lo"})"), finish("stop"), kUsage});
  EXPECT_TRUE(told.has_ended);
  EXPECT_EQ(told.skipped, 0U);
  EXPECT_EQ(told.answer.id, "chatcmpl-1");
  EXPECT_EQ(told.answer.model, "m-1");
  EXPECT_EQ(told.answer.created_s, 7);
  EXPECT_EQ(json::write_canonical(told.answer.extra), R"({"service_tier":"default","system_fingerprint":"fp"})");
  EXPECT_EQ(describe(parts_of(told)), all({Text{.text = "Hello"}}));
  EXPECT_EQ(told.answer.choices[0].stop, StopReason::stop);
  EXPECT_EQ(told.answer.usage,
            (Usage{.input = 7, .cached_read = 5, .cached_write = 4, .output = 44, .reasoning = 256}));
}

TEST(OpenaiChatStream, ReadsWhatAWholeAnswerSays) {
  const std::string body =
      R"({"id":"chatcmpl-1","object":"chat.completion","created":7,"model":"m-1","service_tier":"default","system_fingerprint":"fp",
    "choices":[{"index":0,"finish_reason":"tool_calls","logprobs":{"content":[{"token":"Hi","logprob":-0.1,"bytes":[72,105],"top_logprobs":[]}],"refusal":null},
      "message":{"role":"assistant","content":"Hi","refusal":null,"annotations":[{"type":"url_citation","url_citation":{"start_index":0,"end_index":2,"url":"https://e.com","title":"E"}}],
        "tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"call_2","type":"custom","custom":{"name":"sql","input":"select 1"}},
          {"id":"call_3","type":"function","function":{"name":"g","arguments":""}}]}}],
    "usage":{"prompt_tokens":16,"completion_tokens":3,"total_tokens":19}})";
  const auto whole = openai_chat_adapter().read_answer({}, body, {});
  ASSERT_TRUE(whole) << whole.error().message;
  const Told told = read(
      {kRole,
       chunk(
           R"({"content":"Hi"})",
           R"("logprobs":{"content":[{"token":"Hi","logprob":-0.1,"bytes":[72,105],"top_logprobs":[]}],"refusal":null},"finish_reason":null)"),
       chunk(
           R"({"annotations":[{"type":"url_citation","url_citation":{"start_index":0,"end_index":2,"url":"https://e.com","title":"E"}}]})"),
       chunk(R"({"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]})"),
       chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]})"),
       chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]})"),
       chunk(R"({"tool_calls":[{"index":1,"id":"call_2","type":"custom","custom":{"name":"sql","input":""}}]})"),
       chunk(R"({"tool_calls":[{"index":1,"custom":{"input":"select 1"}}]})"),
       chunk(R"({"tool_calls":[{"index":2,"id":"call_3","type":"function","function":{"name":"g","arguments":""}}]})"),
       finish("tool_calls"),
       R"({"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":16,"completion_tokens":3,"total_tokens":19}})"});
  EXPECT_EQ(describe(told.answer), describe(*whole));
  EXPECT_EQ(std::get<ToolCall>(whole->choices[0].parts[3]).arguments, "{}");
}

TEST(OpenaiChatStream, ChoicesInterleave) {
  const auto of = [](int index, std::string_view text, std::string_view reason) {
    return R"({"id":"c","choices":[{"index":)" + std::to_string(index) + R"(,"delta":{"content":")" +
           std::string(text) + R"("},"finish_reason":)" + std::string(reason) + "}]}";
  };
  const Told told = read(
      {of(0, "a", "null"), of(1, "x", "null"), of(0, "b", "null"), of(1, "y", "\"length\""), of(0, "", "\"stop\"")});
  ASSERT_EQ(told.answer.choices.size(), 2U);
  EXPECT_EQ(std::get<Text>(told.answer.choices[0].parts[0]).text, "ab");
  EXPECT_EQ(std::get<Text>(told.answer.choices[1].parts[0]).text, "xy");
  EXPECT_EQ(told.answer.choices[1].stop, StopReason::length);
  EXPECT_TRUE(told.has_ended);
}

TEST(OpenaiChatStream, ParallelCallsInterleave) {
  const Told told = read(
      {chunk(
           R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}},{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}]})"),
       chunk(R"({"tool_calls":[{"index":1,"function":{"arguments":"\"y\":2"}}]})"),
       chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"\"x\":1}"}}]})"),
       chunk(R"({"tool_calls":[{"index":1,"function":{"arguments":"}"}}]})"), finish("tool_calls")});
  EXPECT_EQ(describe(parts_of(told)), all({ToolCall{.id = "a", .name = "f", .arguments = R"({"x":1})"},
                                           ToolCall{.id = "b", .name = "g", .arguments = R"({"y":2})"}}));
  EXPECT_EQ(told.skipped, 0U);
}

TEST(OpenaiChatStream, CallsAreReadAsServersReallySendThem) {
  const auto calls = [](std::vector<std::string> deltas) {
    std::vector<std::string> data;
    for (const std::string& delta : deltas) data.push_back(chunk(R"({"tool_calls":)" + delta + "}", ""));
    data.push_back(finish("stop"));
    std::string out;
    const Told told = read(data);
    for (const Part& part : parts_of(told)) {
      const auto& call = std::get<ToolCall>(part);
      out += (call.id.starts_with("call_0") || call.id.size() == 21 ? "made" : call.id) + ":" + call.name +
             call.arguments + " ";
    }
    EXPECT_EQ(told.answer.choices.at(0).stop, StopReason::tool_calls);  // whatever the server calls it
    EXPECT_EQ(told.skipped, 0U);
    return out;
  };
  // Mistral: whole, without an index.
  EXPECT_EQ(
      calls(
          {R"([{"id":"aaaaaaaa1","function":{"name":"f","arguments":"{\"a\": 1}"}},{"id":"aaaaaaaa2","function":{"name":"f","arguments":"{}"}}])"}),
      "aaaaaaaa1:f{\"a\": 1} aaaaaaaa2:f{} ");
  // The same index for every call; the id on every fragment; the name empty on later ones.
  EXPECT_EQ(calls({R"([{"index":0,"id":"x","function":{"name":"f","arguments":"{"}}])",
                   R"([{"index":0,"id":"x","function":{"name":"","arguments":"}"}}])",
                   R"([{"index":0,"id":"y","function":{"name":"g","arguments":"{}"}}])"}),
            "x:f{} y:g{} ");
  // The id late, or never.
  EXPECT_EQ(calls({R"([{"index":0,"function":{"name":"f","arguments":"{\"a\""}}])",
                   R"([{"index":0,"id":"late","function":{"arguments":":1}"}}])"}),
            "late:f{\"a\":1} ");
  EXPECT_EQ(calls({R"([{"index":0,"id":"","function":{"name":"f","arguments":"{}"}}])"}), "made:f{} ");
  EXPECT_EQ(calls({R"([{"function":{"name":"f","arguments":"{\"a\":1}"}}])",
                   R"([{"function":{"name":"f","arguments":"{\"a\":2}"}}])"}),
            "made:f{\"a\":1} made:f{\"a\":2} ");
  // Arguments as an object, as null, and as nothing at all.
  EXPECT_EQ(
      calls(
          {R"([{"index":0,"id":"o","function":{"name":"f","arguments":{"a":1}}},{"index":1,"id":"n","function":{"name":"f","arguments":null}},{"index":2,"id":"z","function":{"name":"f"}}])"}),
      "o:f{\"a\":1} n:f{} z:f{} ");
}

TEST(OpenaiChatStream, TheOldFunctionCallIsACallToo) {
  const Told told = read({chunk(R"({"role":"assistant","content":null,"function_call":{"name":"f","arguments":""}})"),
                          chunk(R"({"function_call":{"arguments":"{\"a\":1}"}})"), finish("function_call")});
  const auto call = std::get<ToolCall>(parts_of(told).at(0));
  EXPECT_EQ(call.name, "f");
  EXPECT_EQ(call.arguments, R"({"a":1})");
  EXPECT_FALSE(call.id.empty());
  EXPECT_EQ(told.answer.choices[0].stop, StopReason::tool_calls);
}

TEST(OpenaiChatStream, ThoughtsAreReadUnderEveryName) {
  const auto thought = [](std::vector<std::string> deltas) {
    std::vector<std::string> data;
    for (const std::string& delta : deltas) data.push_back(chunk(delta));
    data.push_back(finish("stop"));
    return describe(parts_of(read(data)));
  };
  const std::string plain = all({Reasoning{.text = "Let me see"}, Text{.text = "Hi"}});
  // DeepSeek, xAI, vLLM.
  EXPECT_EQ(thought({R"({"role":"assistant","content":null,"reasoning_content":""})",
                     R"({"content":null,"reasoning_content":"Let me "})",
                     R"({"content":null,"reasoning_content":"see"})", R"({"content":"Hi","reasoning_content":null})"}),
            plain);
  // Groq, Together.
  EXPECT_EQ(thought({R"({"reasoning":"Let me "})", R"({"reasoning":"see"})", R"({"content":"Hi"})"}), plain);
  // Mistral: among the content.
  EXPECT_EQ(thought({R"({"content":[{"type":"thinking","thinking":[{"type":"text","text":"Let me "}]}]})",
                     R"({"content":[{"type":"thinking","thinking":[{"type":"text","text":"see"}]}]})",
                     R"({"content":"Hi"})"}),
            plain);
  // OpenRouter: plain and in detail, which says it all.
  EXPECT_EQ(
      thought(
          {R"({"reasoning":"Let me ","reasoning_details":[{"type":"reasoning.text","text":"Let me ","format":"anthropic-claude-v1","index":0}]})",
           R"({"reasoning":"see","reasoning_details":[{"type":"reasoning.text","text":"see","format":"anthropic-claude-v1","index":0}]})",
           R"({"reasoning_details":[{"type":"reasoning.text","signature":"EqQB+/=","format":"anthropic-claude-v1","index":0}]})",
           R"({"content":"Hi"})"}),
      all({Reasoning{.text = "Let me see", .signature = "EqQB+/=", .origin = Protocol::anthropic},
           Text{.text = "Hi"}}));
  EXPECT_EQ(
      thought(
          {R"({"reasoning_details":[{"type":"reasoning.summary","summary":"Let me see","id":"rs_1","format":"openai-responses-v1","index":0}]})",
           R"({"reasoning_details":[{"type":"reasoning.encrypted","data":"gAAA+/=","id":"rs_1","format":"openai-responses-v1","index":0}]})",
           R"({"content":"Hi"})"}),
      all({Reasoning{.text = "Let me see", .signature = "gAAA+/=", .id = "rs_1", .origin = Protocol::openai_responses},
           Text{.text = "Hi"}}));
}

TEST(OpenaiChatStream, ThinkTagsAreThoughtsWhereTheServerLeavesThemIn) {
  const auto adapter_reads = [](const Quirks& quirks, std::vector<std::string> pieces) {
    const auto reader = openai_chat_adapter().make_reader(quirks);
    AnswerBuilder builder;
    const auto take = [&](const std::vector<ChatEvent>& events) {
      for (const ChatEvent& event : events) builder.take(event);
    };
    for (const std::string& piece : pieces)
      take(reader->feed("data: " + chunk(R"({"content":)" + json::write(json::Value(piece)) + "}") + "\n\n"));
    take(reader->feed("data: " + finish("stop") + "\n\ndata: [DONE]\n\n"));
    take(reader->end());
    return describe(builder.answer().choices.at(0).parts);
  };
  const std::string expected = all({Reasoning{.text = "a < b"}, Text{.text = "Hi"}});
  EXPECT_EQ(adapter_reads({.has_think_tags = true}, {"<think>a < b</think>\n\nHi"}), expected);
  EXPECT_EQ(adapter_reads({.has_think_tags = true}, {"\n<th", "ink>a <", " b</thi", "nk>", "\n", "\nH", "i"}),
            expected);
  EXPECT_EQ(adapter_reads({.has_think_tags = true}, {"Hi <think>"}), all({Text{.text = "Hi <think>"}}));
  EXPECT_EQ(adapter_reads({.has_think_tags = true}, {"<think>never ends"}), all({Reasoning{.text = "never ends"}}));
  EXPECT_EQ(adapter_reads({.has_think_tags = true}, {"<thi"}), all({Text{.text = "<thi"}}));
  EXPECT_EQ(adapter_reads({}, {"<think>a</think>"}), all({Text{.text = "<think>a</think>"}}));
}

TEST(OpenaiChatStream, UsageIsFoundWhereverItStands) {
  const Usage expected{.input = 9, .output = 3};
  const std::string usage = R"({"prompt_tokens":9,"completion_tokens":3,"total_tokens":12})";
  // DeepSeek and Mistral: with the finish. Groq: in an object of its own. Perplexity: on every chunk, the last one
  // counts.
  EXPECT_EQ(
      read({kRole, R"({"id":"c","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}],"usage":)" +
                       usage + "}"})
          .answer.usage,
      expected);
  EXPECT_EQ(
      read(
          {R"({"id":"c","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}],"x_groq":{"id":"req_1","usage":)" +
           usage + "}}"})
          .answer.usage,
      expected);
  EXPECT_EQ(
      read(
          {R"({"id":"c","choices":[{"index":0,"delta":{"content":"x"}}],"usage":{"prompt_tokens":9,"completion_tokens":1}})",
           R"({"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":)" + usage + "}"})
          .answer.usage,
      expected);
  // Moonshot: in the choice.
  EXPECT_EQ(read({R"({"id":"c","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop","usage":)" + usage +
                  "}]}"})
                .answer.usage,
            expected);
}

TEST(OpenaiChatStream, AzureBeginsWithAChunkOfNothing) {
  const Told told =
      read({R"({"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]})",
            kRole, chunk(R"({"content":"x"})"), finish("stop")});
  EXPECT_EQ(told.answer.id, "chatcmpl-1");
  EXPECT_TRUE(told.has_ended);
}

TEST(OpenaiChatStream, RefusalsPicturesAndSoundAreParts) {
  Told told = read({chunk(R"({"refusal":"I "})"), chunk(R"({"refusal":"can't"})"), finish("stop")});
  EXPECT_EQ(describe(parts_of(told)), all({Refusal{.text = "I can't"}}));
  EXPECT_EQ(told.answer.choices[0].stop, StopReason::refusal);
  told = read(
      {chunk(R"({"content":"See","images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]})"),
       finish("stop")});
  EXPECT_EQ(describe(parts_of(told)), all({Text{.text = "See"}, Media{.base64 = "AAAA", .media_type = "image/png"}}));
}

TEST(OpenaiChatStream, MapsEveryReasonToStop) {
  const std::pair<std::string_view, StopReason> kReasons[] = {{"stop", StopReason::stop},
                                                              {"length", StopReason::length},
                                                              {"tool_calls", StopReason::tool_calls},
                                                              {"eos", StopReason::stop},
                                                              {"model_length", StopReason::length},
                                                              {"content_filter", StopReason::content_filter},
                                                              {"of_next_year", StopReason::stop}};
  for (const auto& [name, reason] : kReasons)
    EXPECT_EQ(read({chunk(R"({"content":"x"})"), finish(name)}).answer.choices.at(0).stop, reason) << name;
}

TEST(OpenaiChatStream, FailuresInsideASuccessAreFaults) {
  const auto kind = [](std::vector<std::string> data) {
    const Told told = read(std::move(data), false);
    EXPECT_FALSE(told.has_ended);
    return told.fault ? std::string(to_string(told.fault->kind)) : "none";
  };
  EXPECT_EQ(kind({R"({"error":{"message":"x","type":"server_error","param":null,"code":null}})"}), "provider_error");
  EXPECT_EQ(
      kind(
          {kRole, chunk(R"({"content":"Hel"})"),
           R"({"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}})",
           finish("stop")}),
      "provider_billing");
  // OpenRouter: beside a choice that says so.
  EXPECT_EQ(
      kind(
          {kRole,
           R"({"id":"c","error":{"code":502,"message":"Provider disconnected","metadata":{"error_type":"provider_unavailable"}},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]})"}),
      "provider_overloaded");
  EXPECT_EQ(kind({kRole, finish("insufficient_system_resource")}), "provider_overloaded");
  EXPECT_EQ(kind({kRole, finish("error")}), "provider_error");
  // xAI: a bare text.
  EXPECT_EQ(
      kind(
          {R"({"code":"Client specified an invalid argument","error":"This model's maximum prompt length is 131072"})"}),
      "context_length_exceeded");
  EXPECT_EQ(feed(openai_chat_adapter(), "event: error\ndata: it broke\n\n").fault->message, "it broke");
}

TEST(OpenaiChatStream, AnAnswerInOnePieceIsAStreamToo) {
  const std::string body =
      "\n\n"
      R"({"id":"chatcmpl-1","object":"chat.completion","created":7,"model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Hi"}}]})";
  const Told told = feed(openai_chat_adapter(), body);
  EXPECT_TRUE(told.has_ended);
  EXPECT_EQ(describe(parts_of(told)), all({Text{.text = "Hi"}}));
  EXPECT_EQ(feed(openai_chat_adapter(), R"({"error":"busy"})").fault->message, "busy");
  EXPECT_TRUE(feed(openai_chat_adapter(), R"({"id":"chatcmpl-1","choi)").fault);
}

TEST(OpenaiChatStream, ACutStreamHasNoEnd) {
  const std::vector<std::string> whole = {
      kRole, chunk(R"({"content":"Hello"})"),
      chunk(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]})"), finish("stop")};
  for (std::size_t kept = 0; kept < whole.size(); ++kept) {
    for (const bool is_done : {false, true}) {
      const Told told = read({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(kept)}, is_done);
      EXPECT_FALSE(told.has_ended) << kept;
      EXPECT_FALSE(told.fault) << kept;
    }
  }
  // A finish is an end even where [DONE] never comes.
  EXPECT_TRUE(read(whole, false).has_ended);
  // And the last event may lack its empty line.
  EXPECT_TRUE(feed(openai_chat_adapter(), data_events(whole) + "data: [DONE]").has_ended);
}

TEST(OpenaiChatStream, NoiseIsSkipped) {
  const Told told =
      feed(openai_chat_adapter(), ": OPENROUTER PROCESSING\n\n" + data_events({kRole}) +
                                      ": ping\n\ndata:\n\nevent: ping\ndata:  \n\ndata: {\"id\":\"chat\n\ndata: 7\n\n" +
                                      data_events({chunk(R"({"content":"x"})"), finish("stop"), " [DONE]",
                                                   R"({"error":{"message":"after the end"}})"}));
  EXPECT_TRUE(told.has_ended);
  EXPECT_EQ(told.skipped, 2U);
  EXPECT_FALSE(told.fault);
  EXPECT_EQ(describe(parts_of(told)), all({Text{.text = "x"}}));
}

TEST(OpenaiChatAnswer, FailsAsWhatItIs) {
  const auto kind = [](std::string_view body, int status = 200) {
    const auto answer = openai_chat_adapter().read_answer({.status = status, .headers = {}}, body, {});
    const auto glanced = openai_chat_adapter().glance(status, body, {});
    EXPECT_EQ(answer.has_value(), glanced.has_value()) << body;
    if (!answer && !glanced) {
      EXPECT_EQ(answer.error().kind, glanced.error().kind) << body;
    }
    return answer ? std::string("taken") : std::string(to_string(answer.error().kind));
  };
  EXPECT_EQ(kind(""), "provider_answer_broken");
  EXPECT_EQ(kind("{"), "provider_answer_broken");
  EXPECT_EQ(kind(R"({"id":"c"})"), "provider_answer_broken");
  EXPECT_EQ(kind("<html><title>Welcome</title></html>"), "provider_answer_broken");
  EXPECT_EQ(kind(R"({"error":{"message":"no","type":"server_error","code":null}})"), "provider_error");
  EXPECT_EQ(kind(R"({"error":{"message":"slow down","type":"tokens","code":"rate_limit_exceeded"}})", 429),
            "provider_rate_limit");
  EXPECT_EQ(
      kind(
          R"({"error":null,"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"x"}}]})"),
      "taken");
}

TEST(OpenaiChatAnswer, AGlanceSeesTheUsageAlone) {
  const std::string body =
      R"({"id":"c","choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":4}}})";
  EXPECT_EQ(openai_chat_adapter().glance(200, body, {}).value(), (Usage{.input = 5, .cached_read = 4, .output = 3}));
}

}  // namespace
}  // namespace atelier::model
