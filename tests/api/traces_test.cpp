// One trace, from what a client names to the provider and the worker, as it is read again.
#include <gmock/gmock.h>

#include "base/trace_context.hpp"
#include "tests/api/gateway_fixture.hpp"

namespace atelier::app {
namespace {

using net::Method;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kId = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kTraceparent = "00-" + std::string(kId) + "-00f067aa0ba902b7-01";

class TracesApi : public GatewayHouseTest {
 protected:
  // Once it has a span of that name: spans are written behind what happens.
  json::Array spans_of(std::string_view id, std::string_view until, Headers who = {}) {
    for (int i = 0; i < 400; ++i) {
      const Answer answer = call(Method::get, "/api/performance/traces/" + std::string(id), {}, who);
      if (answer.status == 200) {
        const json::Value body = answer.json();
        const json::Array& spans = body.at("spans").as_array();
        if (find(spans, until) != nullptr) return spans;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
    ADD_FAILURE() << "the trace never had a span \"" << until << "\"";
    return {};
  }
  static const json::Object* find(const json::Array& spans, std::string_view name) {
    for (const json::Value& span : spans)
      if (std::string_view(span.at("name").as_string()).starts_with(name)) return &span.as_object();
    return nullptr;
  }
  static std::string timing(const Answer& answer) {
    return std::string(answer.headers.find("server-timing").value_or(""));
  }
  static std::string said(const json::Object* span, std::string_view name) {
    return span == nullptr ? "no span" : std::string(span->at(name).as_string());
  }
};

TEST_F(TracesApi, ACallIsOneTraceFromTheClientToTheProvider) {
  listen();
  add_provider("double", "openai", "/v1");
  const Answer answer = call(Method::post, "/v1/chat/completions",
                             R"({"model":"double/gpt-5","seed":7,"max_tokens":64,"stop":["canary"],)"
                             R"("messages":[{"role":"user","content":"the canary sings"}]})",
                             {{"traceparent", kTraceparent}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json::Array spans = spans_of(kId, "POST /v1/chat/completions");
  const json::Object* request = find(spans, "POST /v1/chat/completions");
  const json::Object* asked = find(spans, "call chat");
  const json::Object* attempt = find(spans, "attempt");
  EXPECT_EQ(said(request, "parent"), "00f067aa0ba902b7") << "the client's span";
  EXPECT_EQ(said(asked, "parent"), said(request, "span"));
  EXPECT_EQ(said(attempt, "parent"), said(asked, "span"));
  EXPECT_EQ(said(attempt, "kind"), "client");
  ASSERT_NE(asked, nullptr);
  EXPECT_EQ(asked->at("facts").at("gen_ai.provider.name").as_string(), "double");
  EXPECT_EQ(asked->at("facts").at("gen_ai.operation.name").as_string(), "chat");
  EXPECT_TRUE(asked->at("facts").as_object().contains("gen_ai.usage.output_tokens"));
  ASSERT_NE(attempt, nullptr);
  const json::Object& facts = attempt->at("facts").as_object();
  EXPECT_EQ(facts.at("gen_ai.request.model").as_string(), "gpt-5");
  EXPECT_EQ(facts.at("gen_ai.request.seed").as_string(), "7");
  EXPECT_EQ(facts.at("gen_ai.request.max_tokens").as_string(), "64");
  EXPECT_EQ(facts.at("gen_ai.request.stream").as_string(), "false");
  EXPECT_EQ(facts.at("gen_ai.usage.output_tokens"), asked->at("facts").at("gen_ai.usage.output_tokens"));
  // The provider's parent is the attempt.
  const doubles::Seen seen = last_call();
  const auto told = parse_traceparent(doubles::find_field(seen.fields, "traceparent").value_or(""));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->id(), kId);
  EXPECT_EQ(span_id_text(told->span), said(attempt, "span"));
  EXPECT_THAT(json::write(spans), Not(HasSubstr("canary"))) << "what was said is in no trace";
}

TEST_F(TracesApi, ExemplarsOfOpenMetricsLeadToATrace) {
  listen();
  EXPECT_EQ(call(Method::get, "/api/threads", {}, {{"traceparent", kTraceparent}}).status, 200);
  const Answer open = call(Method::get, "/metrics", {}, {{"accept", "application/openmetrics-text; version=1.0.0"}});
  EXPECT_THAT(std::string(open.headers.find("content-type").value_or("")), HasSubstr("application/openmetrics-text"));
  EXPECT_THAT(open.body, HasSubstr("# {trace_id=\"" + std::string(kId) + "\"}"));
  EXPECT_TRUE(open.body.ends_with("# EOF\n"));
  EXPECT_THAT(call(Method::get, "/metrics").body, Not(HasSubstr("trace_id")));
}

TEST_F(TracesApi, WhatFailedIsRecordedThoughTracesAreNot) {
  open({{"watch.traces_per_second", "0"}});
  listen();
  const Answer none = call(Method::post, "/v1/chat/completions", R"({"model":"nobody/none","messages":[]})",
                           {{"traceparent", kTraceparent}});
  EXPECT_EQ(none.status / 100, 4);
  const json::Array spans = spans_of(kId, "call chat");
  EXPECT_EQ(spans.size(), 1U) << "the request itself was quick, and told what was wrong";
  EXPECT_NE(said(find(spans, "call chat"), "fault"), "");
}

TEST_F(TracesApi, AStrangersTraceIsNotGoneOnWith) {
  ask_for_keys();
  EXPECT_EQ(call(Method::get, "/api/threads", {}, {{"traceparent", kTraceparent}}).status, 401);
  Headers known = admin_;
  known.emplace_back("traceparent", "00-" + std::string(32, 'a') + "-00f067aa0ba902b7-01");
  const Answer answer = call(Method::get, "/api/threads", {}, known);
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(timing(answer), HasSubstr("auth;dur="));
  EXPECT_THAT(timing(answer), HasSubstr("total;dur="));
  EXPECT_EQ(timing(call(Method::get, "/api/threads")), "") << "nothing is told to strangers";
  (void)spans_of(std::string(32, 'a'), "GET /api/threads", admin_);
  EXPECT_EQ(call(Method::get, "/api/performance/traces/" + std::string(kId), {}, admin_).status, 404);
  const Headers member = make_key(R"({"name":"m"})");
  EXPECT_EQ(call(Method::get, "/api/performance/traces", {}, member).status, 403);
  EXPECT_EQ(call(Method::get, "/api/performance/traces/" + std::string(32, 'a'), {}, member).status, 403);
}

TEST_F(TracesApi, ARunGoesOnInTheTraceThatAskedForIt) {
  listen();
  const Answer made = call(Method::post, "/api/productions", R"({"story":"One."})");
  ASSERT_EQ(made.status, 201) << made.body;
  const Answer begun = call(Method::post, "/api/productions/" + text(made.json(), "id") + "/render", "{}",
                            {{"traceparent", kTraceparent}});
  ASSERT_EQ(begun.status, 202) << begun.body;
  const json::Array spans = spans_of(kId, "run ");
  const json::Object* request = find(spans, "POST /api/productions/{id}/render");
  const json::Object* run = find(spans, "run ");
  const json::Object* step = find(spans, "step ");
  const json::Object* task = find(spans, "worker task");
  const json::Object* inner = find(spans, "worker: ");
  EXPECT_EQ(said(run, "parent"), said(request, "span"));
  EXPECT_EQ(said(step, "parent"), said(run, "span"));
  ASSERT_NE(task, nullptr) << json::write(spans);
  ASSERT_NE(inner, nullptr);
  EXPECT_GE(inner->at("began_us").as_int64(), task->at("began_us").as_int64());
  const std::string id = std::string(run->at("facts").at("atelier.run").as_string());
  EXPECT_EQ(text(call(Method::get, "/api/runs/" + id).json(), "trace"), kId);
}

TEST_F(TracesApi, ListsNameWhatIsWrongWithAQuestion) {
  listen();
  const auto where = [&](const std::string& query) {
    const Answer answer = call(Method::get, "/api/performance/traces?" + query);
    EXPECT_EQ(answer.status, 400) << answer.body;
    return text(answer.json(), "where");
  };
  EXPECT_EQ(where("from=yesterday"), "from");
  EXPECT_EQ(where("order=best"), "order");
  EXPECT_EQ(where("outcome=good"), "outcome");
  EXPECT_EQ(where("limit=0"), "limit");
  EXPECT_EQ(call(Method::get, "/api/performance/traces/../x").status, 404);
  EXPECT_EQ(call(Method::get, "/api/performance/traces/zz").status, 404);
  EXPECT_EQ(call(Method::get, "/api/performance/traces?order=slowest&outcome=failed&limit=3&name=x").status, 200);
}

}  // namespace
}  // namespace atelier::app
