#include <fmt/format.h>
#include <gmock/gmock.h>

#include "model/provider/adapter.hpp"
#include "model/provider/openai_seal.hpp"
#include "tests/model/chat_json.hpp"
#include "tests/model/feeding.hpp"

namespace atelier::model {
namespace {

using testing::describe;
using testing::feed;
using testing::named_events;
using testing::Told;

std::string event(std::string_view type, std::string_view fields) {
  static int number = 0;
  return fmt::format(R"({{"type":"response.{}","sequence_number":{},{}}})", type, number++, fields);
}
std::string response(std::string_view type, std::string_view status, std::string_view output = "[]",
                     std::string_view rest = R"("error":null,"usage":null)") {
  return event(
      type,
      fmt::format(
          R"("response":{{"id":"resp_1","object":"response","created_at":1741290958,"status":"{}","model":"m-1","service_tier":"default","output":{},{}}})",
          status, output, rest));
}
std::string added(int index, std::string_view item) {
  return event("output_item.added", fmt::format(R"("output_index":{},"item":{})", index, item));
}
std::string done(int index, std::string_view item) {
  return event("output_item.done", fmt::format(R"("output_index":{},"item":{})", index, item));
}
std::string delta(std::string_view type, int index, std::string_view said,
                  std::string_view more = R"("content_index":0)") {
  return event(std::string(type) + ".delta",
               fmt::format(R"("item_id":"i{}","output_index":{},{},"delta":"{}")", index, index, more, said));
}
std::string text(int index, std::string_view said) {
  return delta("output_text", index, said, R"("content_index":0,"logprobs":[],"obfuscation":"xyz")");
}
std::string part_added(int index, int content = 0) {
  return event(
      "content_part.added",
      fmt::format(
          R"("item_id":"i{}","output_index":{},"content_index":{},"part":{{"type":"output_text","text":"","annotations":[],"logprobs":[]}})",
          index, index, content));
}
std::string message(std::string_view status, std::string_view content, std::string_view id = "msg_1") {
  return fmt::format(R"({{"type":"message","id":"{}","status":"{}","role":"assistant","content":{}}})", id, status,
                     content);
}
std::string said_text(std::string_view text) {
  return fmt::format(R"([{{"type":"output_text","text":"{}","annotations":[],"logprobs":[]}}])", text);
}

const std::string kCreated = response("created", "in_progress"), kProgress = response("in_progress", "in_progress");
const std::string kUsage =
    R"("error":null,"incomplete_details":null,"usage":{"input_tokens":37,"input_tokens_details":{"cached_tokens":30,"cache_write_tokens":2},"output_tokens":11,"output_tokens_details":{"reasoning_tokens":8},"total_tokens":48})";
const std::string kCompleted = response("completed", "completed", "[]", kUsage);

Told read(const std::vector<std::string>& data) { return feed(openai_responses_adapter(), named_events(data)); }
std::vector<Part> parts_of(const Told& told) {
  return told.answer.choices.empty() ? std::vector<Part>() : told.answer.choices[0].parts;
}
std::string all(std::vector<Part> parts) { return describe(parts); }

json::Object item_of(std::string_view id) { return {{"item", json::Object{{"id", id}}}}; }

TEST(OpenaiResponsesStream, ReadsThoughtTextAndCalls) {
  const std::string thought =
      R"({"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"First"},{"type":"summary_text","text":"Second"}],"encrypted_content":"gAAA+/="})";
  const std::string call =
      R"({"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\"a\":1}","status":"completed"})";
  const std::string custom =
      R"({"type":"custom_tool_call","id":"ctc_1","call_id":"call_2","name":"sql","input":"select 1","status":"completed"})";
  const std::string said = message("completed", said_text("Hello"));
  const std::string output = "[" + thought + "," + said + "," + call + "," + custom + "]";
  const Told told = read(
      {kCreated,
       kProgress,
       added(0, R"({"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"partial"})"),
       event("reasoning_summary_part.added",
             R"("item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""})"),
       delta("reasoning_summary_text", 0, "Fir", R"("summary_index":0)"),
       delta("reasoning_summary_text", 0, "st", R"("summary_index":0)"),
       event("reasoning_summary_text.done", R"("item_id":"rs_1","output_index":0,"summary_index":0,"text":"First")"),
       event("reasoning_summary_part.added",
             R"("item_id":"rs_1","output_index":0,"summary_index":1,"part":{"type":"summary_text","text":""})"),
       delta("reasoning_summary_text", 0, "Second", R"("summary_index":1)"),
       done(0, thought),
       added(1, message("in_progress", "[]")),
       part_added(1),
       text(1, "Hel"),
       text(1, "lo"),
       event("output_text.done",
             R"("item_id":"msg_1","output_index":1,"content_index":0,"text":"Hello","logprobs":[])"),
       done(1, said),
       added(
           3,
           R"({"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"","status":"in_progress"})"),
       delta("function_call_arguments", 3, R"({\"a\")", R"("x":0)"),
       delta("function_call_arguments", 3, ":1}", R"("x":0)"),
       event("function_call_arguments.done", R"("item_id":"fc_1","output_index":3,"arguments":"{\"a\":1}")"),
       done(3, call),
       added(
           4,
           R"({"type":"custom_tool_call","id":"ctc_1","call_id":"call_2","name":"sql","input":"","status":"in_progress"})"),
       delta("custom_tool_call_input", 4, "select 1", R"("x":0)"),
       done(4, custom),
       response("completed", "completed", output, kUsage)});
  EXPECT_TRUE(told.has_ended);
  EXPECT_EQ(told.skipped, 0U);
  EXPECT_EQ(told.answer.id, "resp_1");
  EXPECT_EQ(told.answer.model, "m-1");
  EXPECT_EQ(told.answer.created_s, 1741290958);
  EXPECT_EQ(json::write(told.answer.extra), R"({"service_tier":"default"})");
  EXPECT_EQ(
      describe(parts_of(told)),
      all({Reasoning{
               .text = "First\n\nSecond", .signature = "gAAA+/=", .id = "rs_1", .origin = Protocol::openai_responses},
           Text{.text = "Hello", .extra = item_of("msg_1")},
           ToolCall{.id = "call_1", .name = "f", .arguments = R"({"a":1})", .item_id = "fc_1"},
           ToolCall{.id = "call_2", .name = "sql", .arguments = "select 1", .is_custom = true, .item_id = "ctc_1"}}));
  EXPECT_EQ(told.answer.choices[0].stop, StopReason::tool_calls);
  EXPECT_EQ(told.answer.usage, (Usage{.input = 5, .cached_read = 30, .cached_write = 2, .output = 3, .reasoning = 8}));
  // What the last event repeats is what a whole answer says.
  const std::string body =
      R"({"id":"resp_1","object":"response","created_at":1741290958.5,"status":"completed","model":"m-1","service_tier":"default","output":)" +
      output + "," + kUsage + "}";
  const auto whole = openai_responses_adapter().read_answer({}, body, {});
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(describe(*whole), describe(told.answer));
  EXPECT_EQ(openai_responses_adapter().glance(200, body, {}).value(), whole->usage);
}

TEST(OpenaiResponsesStream, ServersThatLeaveEventsOutAreUnderstood) {
  const std::string said = message("completed", said_text("Hello"));
  const std::string call =
      R"({"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{}","status":"completed"})";
  const std::string thought =
      R"({"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"Hm"}]})";
  const std::string expected = all({Reasoning{.text = "Hm", .id = "rs_1", .origin = Protocol::openai_responses},
                                    Text{.text = "Hello", .extra = item_of("msg_1")},
                                    ToolCall{.id = "call_1", .name = "f", .arguments = "{}", .item_id = "fc_1"}});
  const std::string last = response("completed", "completed", "[" + thought + "," + said + "," + call + "]", kUsage);
  EXPECT_EQ(describe(parts_of(read({kCreated, last}))), expected);
  EXPECT_EQ(describe(parts_of(read({last}))), expected);
  EXPECT_EQ(describe(parts_of(read({kCreated, done(0, thought), done(1, said), done(2, call), kCompleted}))), expected);
  EXPECT_EQ(describe(parts_of(
                read({kCreated, added(0, thought), delta("reasoning_text", 0, "H"), done(0, thought),
                      added(1, message("in_progress", "[]")), text(1, "He"), done(1, said),
                      added(2, R"({"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":""})"),
                      done(2, call), kCompleted}))),
            expected);
  // Without `done`, the last event tells the rest.
  EXPECT_EQ(
      describe(parts_of(read(
          {kCreated, done(0, thought), added(1, message("in_progress", "[]")), text(1, "Hel"),
           added(2, R"({"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":""})"), last}))),
      expected);
}

TEST(OpenaiResponsesStream, ItemsAreKnownByTheirPlaceWhereIdsChange) {
  const Told told =
      read({kCreated, added(0, message("in_progress", "[]", "a")),
            event("output_text.delta", R"("item_id":"b","output_index":0,"content_index":0,"delta":"Hel")"),
            event("output_text.delta", R"("item_id":"c","output_index":0,"content_index":0,"delta":"lo")"),
            done(0, message("completed", said_text("Hello"), "d")), kCompleted});
  EXPECT_EQ(describe(parts_of(told)), all({Text{.text = "Hello", .extra = item_of("d")}}));
  EXPECT_EQ(told.skipped, 0U);
  // And by their id where the place is missing.
  EXPECT_EQ(describe(parts_of(
                read({kCreated, added(0, message("in_progress", "[]", "a")),
                      event("output_text.delta", R"("item_id":"a","content_index":0,"delta":"Hello")"), kCompleted}))),
            all({Text{.text = "Hello", .extra = item_of("a")}}));
}

TEST(OpenaiResponsesStream, CallsInterleave) {
  const auto call = [](int index, std::string_view arguments) {
    return fmt::format(R"({{"type":"function_call","id":"fc_{0}","call_id":"call_{0}","name":"f","arguments":"{1}"}})",
                       index, arguments);
  };
  const Told told =
      read({kCreated, added(0, call(0, "")), added(1, call(1, "")),
            delta("function_call_arguments", 1, "[", R"("x":0)"), delta("function_call_arguments", 0, "{", R"("x":0)"),
            delta("function_call_arguments", 0, "}", R"("x":0)"), done(0, call(0, "{}")),
            delta("function_call_arguments", 1, "]", R"("x":0)"), done(1, call(1, "[]")), kCompleted});
  EXPECT_EQ(describe(parts_of(told)),
            all({ToolCall{.id = "call_0", .name = "f", .arguments = "{}", .item_id = "fc_0"},
                 ToolCall{.id = "call_1", .name = "f", .arguments = "[]", .item_id = "fc_1"}}));
  EXPECT_EQ(told.skipped, 0U);
}

TEST(OpenaiResponsesStream, ServerToolsPicturesAndAnnotationsAreKept) {
  const std::string search =
      R"({"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"q"}})";
  const std::string picture =
      R"({"type":"image_generation_call","id":"ig_1","status":"completed","output_format":"webp","size":"1024x1024","result":"UklG"})";
  const std::string note = R"({"type":"url_citation","url":"https://e.com","start_index":0,"end_index":2,"title":"E"})";
  const std::string said = message("completed", R"([{"type":"output_text","text":"Hi","annotations":[)" + note + "]}]");
  const Told told =
      read({kCreated, added(0, R"({"type":"web_search_call","id":"ws_1","status":"in_progress"})"),
            event("web_search_call.searching", R"("item_id":"ws_1","output_index":0)"), done(0, search),
            added(1, R"({"type":"image_generation_call","id":"ig_1","status":"in_progress"})"),
            event("image_generation_call.partial_image",
                  R"("item_id":"ig_1","output_index":1,"partial_image_index":0,"partial_image_b64":"AAAA")"),
            done(1, picture), added(2, message("in_progress", "[]")), part_added(2), text(2, "Hi"),
            event("output_text.annotation.added",
                  R"("item_id":"msg_1","output_index":2,"content_index":0,"annotation_index":0,"annotation":)" + note),
            done(2, said), kCompleted});
  EXPECT_EQ(told.skipped, 0U);
  const auto parts = parts_of(told);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(json::write(std::get<Foreign>(parts[0]).block), search);
  EXPECT_EQ(std::get<Media>(parts[1]).base64, "UklG");
  EXPECT_EQ(std::get<Media>(parts[1]).media_type, "image/webp");
  EXPECT_EQ(json::write(std::get<Text>(parts[2]).extra.at("annotations")), "[" + note + "]");
}

TEST(OpenaiResponsesStream, LogProbabilitiesBecomeChats) {
  const std::string token = R"({"token":"Hi","logprob":-0.1,"bytes":[72,105],"top_logprobs":[]})";
  const std::string said =
      message("completed", R"([{"type":"output_text","text":"Hi","annotations":[],"logprobs":[)" + token + "]}]");
  const std::string expected = json::write(json::parse(R"({"content":[)" + token + R"(],"refusal":null})").value());
  EXPECT_EQ(json::write(read({kCreated, added(0, message("in_progress", "[]")),
                              event("output_text.delta",
                                    R"("output_index":0,"content_index":0,"delta":"Hi","logprobs":[)" + token + "]"),
                              done(0, said), kCompleted})
                            .answer.choices.at(0)
                            .logprobs),
            expected);
  EXPECT_EQ(json::write(read({kCreated, done(0, said), kCompleted}).answer.choices.at(0).logprobs), expected);
  const auto whole =
      openai_responses_adapter().read_answer({}, R"({"id":"resp_1","status":"completed","output":[)" + said + "]}", {});
  EXPECT_EQ(json::write(whole->choices.at(0).logprobs), expected);
}

TEST(OpenaiResponsesStream, MapsEveryEnd) {
  const std::string said = done(0, message("completed", said_text("x")));
  const auto stop = [&](std::string_view type, std::string_view rest, const std::string& item) {
    const Told told = read({kCreated, item, response(type, type, "[]", rest)});
    EXPECT_TRUE(told.has_ended);
    return told.answer.choices.at(0).stop;
  };
  EXPECT_EQ(stop("completed", R"("error":null)", said), StopReason::stop);
  EXPECT_EQ(stop("incomplete", R"("incomplete_details":{"reason":"max_output_tokens"})", said), StopReason::length);
  EXPECT_EQ(stop("incomplete", R"("incomplete_details":{"reason":"max_tokens"})", said), StopReason::length);
  EXPECT_EQ(stop("incomplete", R"("incomplete_details":{"reason":"content_filter"})", said),
            StopReason::content_filter);
  const std::string refusal = message("completed", R"([{"type":"refusal","refusal":"I can't"}])");
  EXPECT_EQ(stop("completed", R"("error":null)", done(0, refusal)), StopReason::refusal);
  const Told told =
      read({kCreated, added(0, message("in_progress", "[]")),
            event("content_part.added", R"("output_index":0,"content_index":0,"part":{"type":"refusal","refusal":""})"),
            delta("refusal", 0, "I "), delta("refusal", 0, "can't"), done(0, refusal), kCompleted});
  EXPECT_EQ(describe(parts_of(told)), all({Refusal{.text = "I can't"}}));
}

TEST(OpenaiResponsesStream, FailuresInsideASuccessAreFaults) {
  const auto kind = [](const std::vector<std::string>& data) {
    const Told told = read(data);
    EXPECT_FALSE(told.has_ended);
    EXPECT_TRUE(std::holds_alternative<event::Failed>(told.events.back()));
    return told.fault ? std::string(to_string(told.fault->kind)) : "none";
  };
  const std::string failed = response("failed", "failed", "[]",
                                      R"("error":{"code":"insufficient_quota","message":"You exceeded"},"usage":null)");
  // As the service sends it: nested, then a failed response. As the schema has it: flat.
  EXPECT_EQ(
      kind(
          {kCreated,
           R"({"type":"error","sequence_number":2,"error":{"type":"insufficient_quota","code":"insufficient_quota","message":"You exceeded","param":null}})",
           failed}),
      "provider_billing");
  EXPECT_EQ(
      kind({R"({"type":"error","code":"rate_limit_exceeded","message":"slow","param":null,"sequence_number":0})"}),
      "provider_rate_limit");
  EXPECT_EQ(kind({kCreated, failed}), "provider_billing");
  EXPECT_EQ(kind({kCreated, response("failed", "failed", "[]", R"("error":{"code":"server_error","message":"x"})")}),
            "provider_error");
  EXPECT_EQ(kind({kCreated, response("failed", "failed", "[]", R"("error":null)")}), "provider_error");
  EXPECT_EQ(
      kind(
          {kCreated, added(0, message("in_progress", "[]")), text(0, "Hel"),
           R"({"type":"error","error":{"type":"service_unavailable_error","code":"server_is_overloaded","message":"busy"}})",
           text(0, "lo"), kCompleted}),
      "provider_overloaded");
  EXPECT_EQ(kind({R"({"error":{"message":"x","type":"invalid_request_error","code":"context_length_exceeded"}})"}),
            "context_length_exceeded");
}

TEST(OpenaiResponsesStream, ACutStreamHasNoEnd) {
  const std::vector<std::string> whole = {
      kCreated,      kProgress,        added(0, message("in_progress", "[]")),
      part_added(0), text(0, "Hello"), done(0, message("completed", said_text("Hello"))),
      kCompleted};
  for (std::size_t kept = 0; kept < whole.size(); ++kept) {
    const Told told =
        feed(openai_responses_adapter(),
             named_events({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(kept)}) + "data: [DONE]\n\n");
    EXPECT_FALSE(told.has_ended) << kept;
    EXPECT_FALSE(told.fault) << kept;
    if (kept > 3) {
      EXPECT_TRUE(std::holds_alternative<event::PartEnded>(told.events.back())) << kept;
    }
  }
  EXPECT_TRUE(feed(openai_responses_adapter(), named_events(whole) + "data: [DONE]\n\n").has_ended);
}

TEST(OpenaiResponsesStream, NoiseIsSkipped) {
  const std::string said = message("completed", said_text("Hello"));
  const Told told = feed(
      openai_responses_adapter(),
      named_events({kCreated}) + ": ping\n\nevent: response.output_text.delta\ndata: {\"type\":\"resp\n\ndata: 7\n\n" +
          named_events({text(9, "lost"), added(0, message("in_progress", "[]")),
                        event("of_next_year.happened", R"("x":1)"), R"({"type":"keepalive"})", text(0, "Hello"),
                        done(0, said), done(0, said), text(0, "late"),
                        delta("function_call_arguments", 5, "{}", R"("x":0)"), kCompleted, text(0, "after the end")}));
  EXPECT_TRUE(told.has_ended);
  // Two that are no JSON, one of no protocol, a repeated end, a late word, and arguments of no call.
  EXPECT_EQ(told.skipped, 6U);
  EXPECT_EQ(std::get<Text>(parts_of(told).back()).text, "Hello");
}

TEST(OpenaiResponsesStream, EventsWithoutNamesAndAnswersInOnePieceAreUnderstood) {
  std::string stream;
  for (const std::string& data : {kCreated, done(0, message("completed", said_text("x"))), kCompleted})
    stream += "data:" + data + "\r\n\r\n";
  EXPECT_TRUE(feed(openai_responses_adapter(), stream).has_ended);
  const Told told =
      feed(openai_responses_adapter(), R"(  {"id":"resp_1","object":"response","status":"completed","output":[)" +
                                           message("completed", said_text("Hi")) + "]}");
  EXPECT_TRUE(told.has_ended);
  EXPECT_EQ(describe(parts_of(told)), all({Text{.text = "Hi", .extra = item_of("msg_1")}}));
  EXPECT_EQ(feed(openai_responses_adapter(), R"({"error":{"message":"busy","type":"server_error"}})").fault->message,
            "busy");
}

TEST(OpenaiResponsesStream, SealedSignaturesReturnToTheirPlaces) {
  const auto sealed = [](const openai::Sealed& what) {
    return fmt::format(R"({{"type":"reasoning","id":"rs_atelier_1","summary":[],"encrypted_content":"{}"}})",
                       openai::seal(what));
  };
  const std::string of_call =
      sealed({.place = openai::Sealed::Place::call, .reasoning = {.signature = "G+/="}, .call_id = "call_1"});
  const std::string of_text = sealed({.place = openai::Sealed::Place::text, .reasoning = {.signature = "T+/="}});
  const std::string thought = sealed({.reasoning = {.signature = "EqQB", .origin = Protocol::anthropic}});
  const std::string call =
      R"({"type":"function_call","id":"fc_atelier_1","call_id":"call_1","name":"f","arguments":"{}"})";
  const std::string said = message("completed", said_text("Hi"), "msg_atelier_1");
  const std::string expected =
      all({Reasoning{.signature = "EqQB", .origin = Protocol::anthropic}, Text{.text = "Hi", .signature = "T+/="},
           ToolCall{.id = "call_1", .name = "f", .arguments = "{}", .signature = "G+/="}});
  EXPECT_EQ(describe(parts_of(read({kCreated, done(0, thought), added(1, message("in_progress", "[]", "msg_atelier_1")),
                                    text(1, "Hi"), done(1, said), added(2, of_text), done(2, of_text), done(3, of_call),
                                    done(4, call), kCompleted}))),
            expected);
  EXPECT_EQ(describe(parts_of(read({kCreated, done(0, thought), done(1, said), done(2, of_text), done(3, call),
                                    done(4, of_call), kCompleted}))),
            expected);
  const auto whole =
      openai_responses_adapter().read_answer({},
                                             R"({"id":"r","status":"completed","output":[)" + thought + "," + said +
                                                 "," + of_text + "," + of_call + "," + call + "]}",
                                             {});
  EXPECT_EQ(describe(whole->choices.at(0).parts), expected);
}

TEST(OpenaiResponsesAnswer, FailsAsWhatItIs) {
  const auto kind = [](std::string_view body, int status = 200) {
    const auto answer = openai_responses_adapter().read_answer({.status = status, .headers = {}}, body, {});
    const auto glanced = openai_responses_adapter().glance(status, body, {});
    if (!answer && !glanced) {
      EXPECT_EQ(answer.error().kind, glanced.error().kind) << body;
    }
    return answer ? std::string("taken") : std::string(to_string(answer.error().kind));
  };
  EXPECT_EQ(kind(""), "provider_answer_broken");
  EXPECT_EQ(kind(R"({"id":"r"})"), "provider_answer_broken");
  EXPECT_EQ(kind(R"({"id":"r","status":"completed","output":[7]})"), "provider_answer_broken");
  EXPECT_EQ(kind(R"({"id":"r","status":"queued","output":[]})"), "provider_answer_broken");
  EXPECT_EQ(kind(R"({"id":"r","status":"failed","error":{"code":"rate_limit_exceeded","message":"x"},"output":[]})"),
            "provider_rate_limit");
  EXPECT_EQ(kind(R"({"error":{"message":"no","type":"invalid_request_error","code":"model_not_found"}})", 404),
            "model_not_found");
  EXPECT_EQ(kind(R"({"id":"r","status":"completed","error":null,"output":[]})"), "taken");
}

}  // namespace
}  // namespace atelier::model
