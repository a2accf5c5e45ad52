#include "tests/double/test/wire_test.hpp"

namespace atelier::doubles {
namespace {

using testing::HasSubstr;

class Ollama : public WireTest {
 protected:
  Reply send(std::string_view messages, std::string_view more = "") const {
    return ask("POST", "/api/chat", fmt::format(R"({{"model":"double","messages":[{}]{}}})", messages, more));
  }
  static std::string user(std::string_view text) { return fmt::format(R"({{"role":"user","content":"{}"}})", text); }
  static constexpr std::string_view kTools =
      R"(,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}])";
  static constexpr std::string_view kWhole = R"(,"stream":false)";
};

TEST_F(Ollama, StreamsLinesUnlessToldNotTo) {
  const Reply reply = send(user("hello there"));
  EXPECT_EQ(reply.header("content-type"), "application/x-ndjson");
  const Heard heard = doubles::hear(Wire::ollama, Delivery::streamed, reply.body);
  EXPECT_TRUE(heard.is_whole()) << heard.describe();
  EXPECT_EQ(heard.text, "Echo: hello there");
  EXPECT_EQ(heard.input_tokens, 2);
  EXPECT_EQ(heard.output_tokens, 3);
  EXPECT_EQ(text_at(send(user("hi"), kWhole).json(), "/message/content"), "Echo: hi");
}

TEST_F(Ollama, CallsToolsWithObjectsAndTakesResultsByName) {
  const json::Value body = send(user("call f"), std::string(kTools) + std::string(kWhole)).json();
  EXPECT_EQ(text_at(body, "/message/tool_calls/0/function/arguments/city"), "some city");
  EXPECT_EQ(text_at(body, "/done_reason"), "stop") << "there is no other word for it";
  const std::string said = fmt::format(R"({},{},{{"role":"tool","tool_name":"f","content":"sunny"}})", user("call f"),
                                       json::write(at(body, "/message")));
  EXPECT_EQ(text_at(send(said, std::string(kTools) + std::string(kWhole)).json(), "/message/content"),
            "Results: f=sunny");
}

TEST_F(Ollama, ThinksFormatsAndLimits) {
  EXPECT_EQ(text_at(send(user("hi [think 2]"), R"(,"think":true,"stream":false)").json(), "/message/thinking"),
            "t1 t2");
  EXPECT_EQ(
      text_at(send(user("hi"), R"(,"format":{"type":"object","properties":{"n":{"type":"integer"}}},"stream":false)")
                  .json(),
              "/message/content"),
      R"({"n":1})");
  const json::Value cut = send(user("[say 9]"), R"(,"options":{"num_predict":2},"stream":false)").json();
  EXPECT_EQ(text_at(cut, "/message/content"), "t1 t2");
  EXPECT_EQ(text_at(cut, "/done_reason"), "length");
}

TEST_F(Ollama, OnlyLoadsWithoutMessages) { EXPECT_EQ(text_at(send("").json(), "/done_reason"), "load"); }

TEST_F(Ollama, RefusesWhatItDoesNotTake) {
  EXPECT_EQ(send(R"({"role":"robot","content":"x"})").status, 400);
  EXPECT_EQ(send(R"({"role":"user","content":"x","images":["&&"]})").status, 400);
  EXPECT_EQ(send(user("x"), R"(,"format":"xml")").status, 400);
  const Reply missing = ask("POST", "/api/chat", R"({"model":"missing","messages":[{"role":"user","content":"x"}]})");
  EXPECT_EQ(missing.status, 404);
  EXPECT_TRUE(at(missing.json(), "/error").is_string());
}

TEST_F(Ollama, TellsOfItselfAndItsModels) {
  EXPECT_EQ(ask("GET", "/ollama/").body, "Ollama is running");
  EXPECT_FALSE(text_at(ask("GET", "/api/version").json(), "/version").empty());
  EXPECT_EQ(text_at(ask("GET", "/api/tags").json(), "/models/0/name"), "double:latest");
  EXPECT_EQ(text_at(ask("GET", "/api/ps").json(), "/models/0/name"), "double:latest");
  EXPECT_THAT(ask("POST", "/api/show", R"({"model":"double"})").body, HasSubstr("capabilities"));
  EXPECT_EQ(ask("POST", "/api/show", R"({"model":"nobody"})").status, 404);
  EXPECT_EQ(
      at(ask("POST", "/api/embed", R"({"model":"double","input":["a","b"],"dimensions":8})").json(), "/embeddings")
          .as_array()
          .size(),
      2U);
}

}  // namespace
}  // namespace atelier::doubles
