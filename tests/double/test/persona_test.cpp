#include "tests/double/test/wire_test.hpp"

// What tells the providers apart: paths, errors, where the usage stands, and the endpoints beside conversations.
namespace atelier::doubles {
namespace {

using testing::HasSubstr;

class PersonaTest : public WireTest {
 protected:
  static constexpr std::string_view kKey = "Authorization: Bearer sk-double\r\n";
  Reply chat_at(std::string_view persona, std::string_view prompt, std::string_view model = "double",
                std::string_view more = "") const {
    const Dialect& dialect = dialect_of(*parse_persona(persona));
    const std::string_view fields = persona == "azure" ? std::string_view("api-key: sk-double\r\n") : kKey;
    return ask("POST", fmt::format("/{}{}/chat/completions", persona, dialect.bases.front()),
               chat_body(model, prompt, more), fields);
  }
};

TEST_F(PersonaTest, EachAnswersAChatWholeAndStreamed) {
  for (const Dialect& dialect : dialects()) {
    if (dialect.makes_only_media) continue;
    const Heard whole = doubles::hear(Wire::openai_chat, Delivery::whole, chat_at(dialect.name, "hello").body);
    EXPECT_TRUE(whole.is_whole()) << dialect.name << ": " << whole.describe();
    EXPECT_EQ(whole.text, "Echo: hello");
    const Heard streamed = doubles::hear(Wire::openai_chat, Delivery::streamed,
                                         chat_at(dialect.name, "hello", "double", R"(,"stream":true)").body);
    EXPECT_EQ(streamed.text, "Echo: hello") << dialect.name << ": " << streamed.describe();
    EXPECT_EQ(streamed.end_count, 1U) << dialect.name;
  }
}

TEST_F(PersonaTest, ErrorsHaveTheirProvidersShape) {
  const auto refused = [&](std::string_view persona) { return chat_at(persona, "hi", "double@429").json(); };
  EXPECT_EQ(text_at(refused("openai"), "/error/code"), "rate_limit_exceeded");
  EXPECT_EQ(text_at(refused("openrouter"), "/error/code"), "429");
  EXPECT_EQ(text_at(refused("llama-cpp"), "/error/code"), "429");
  EXPECT_EQ(text_at(refused("mistral"), "/object"), "error");
  EXPECT_TRUE(at(refused("xai"), "/error").is_string());
  EXPECT_TRUE(refused("gemini").is_array());
}

TEST_F(PersonaTest, UsageStandsWhereTheProviderHasIt) {
  const auto usage_count = [&](std::string_view persona, std::string_view more = "") {
    return doubles::hear(Wire::openai_chat, Delivery::streamed,
                         chat_at(persona, "hi", "double", R"(,"stream":true)" + std::string(more)).body)
        .usage_count;
  };
  EXPECT_EQ(usage_count("openai"), 0U);
  EXPECT_EQ(usage_count("openai", R"(,"stream_options":{"include_usage":true})"), 1U);
  EXPECT_EQ(usage_count("mistral"), 1U);
  EXPECT_EQ(usage_count("openrouter"), 1U);
  EXPECT_EQ(usage_count("together"), 1U);
  EXPECT_THAT(chat_at("groq", "hi", "double", R"(,"stream":true)").body, HasSubstr(R"("x_groq":{"id":"req_)"));
}

TEST_F(PersonaTest, ReasoningHasItsProvidersField) {
  EXPECT_EQ(text_at(chat_at("deepseek", "[think 2]").json(), "/choices/0/message/reasoning_content"), "t1 t2");
  EXPECT_EQ(text_at(chat_at("openrouter", "[think 2]").json(), "/choices/0/message/reasoning"), "t1 t2");
  EXPECT_TRUE(
      at(chat_at("openrouter", "[think 2]").json(), "/choices/0/message/reasoning_details/0/signature").is_string());
  EXPECT_EQ(text_at(chat_at("mistral", "[think 2]").json(), "/choices/0/message/content/0/type"), "thinking");
}

TEST_F(PersonaTest, ToolCallsAreSpelledAsTheProviderDoes) {
  const auto first_call = [&](std::string_view persona) {
    for (const SseEvent& event :
         events_of(chat_at(persona, "call f", "double", std::string(kTwoTools) + R"(,"stream":true)").body))
      if (event.data != "[DONE]")
        if (json::Value call = at(event.json(), "/choices/0/delta/tool_calls/0"); !call.is_null()) return call;
    return json::Value();
  };
  EXPECT_EQ(text_at(first_call("openai"), "/function/arguments"), "") << "in fragments";
  EXPECT_EQ(text_at(first_call("groq"), "/function/arguments"), R"({"city":"some city","days":1})") << "at once";
  EXPECT_FALSE(first_call("mistral").as_object().contains("index"));
  EXPECT_EQ(text_at(first_call("mistral"), "/id").size(), 9U);
  EXPECT_TRUE(first_call("gemini").as_object().contains("extra_content"));
}

TEST_F(PersonaTest, OneCanStandForOneProviderAtTheRoot) {
  const ProviderDouble only({.persona = Persona::anthropic});
  RawClient client(only.port());
  client.send("GET /v1/models HTTP/1.1\r\nHost: x\r\nx-api-key: sk-double\r\n\r\n");
  EXPECT_EQ(text_at(client.read().json(), "/data/0/type"), "model");
  RawClient other(only.port());
  other.send("GET /v1beta/models HTTP/1.1\r\nHost: x\r\nx-api-key: sk-double\r\n\r\n");
  EXPECT_EQ(other.read().status, 404);
}

TEST_F(PersonaTest, LocalServersTellWhoTheyAre) {
  EXPECT_EQ(text_at(ask("GET", "/llama-cpp/health").json(), "/status"), "ok");
  EXPECT_EQ(text_at(ask("GET", "/llama-cpp/props").json(), "/total_slots"), "4");
  EXPECT_EQ(ask("GET", "/vllm/health").status, 200);
  EXPECT_FALSE(text_at(ask("GET", "/vllm/version").json(), "/version").empty());
  EXPECT_EQ(text_at(ask("GET", "/lm-studio/api/v1/models").json(), "/models/0/type"), "llm");
}

TEST_F(PersonaTest, EmbeddingsAreUnitVectorsAndTheSameForTheSameText) {
  const auto embed = [&](std::string_view more) {
    return ask("POST", "/v1/embeddings",
               fmt::format(R"({{"model":"double-embedding","input":["a b","c","a b"],"dimensions":16{}}})", more), kKey)
        .json();
  };
  const json::Value plain = embed("");
  double square = 0;
  const json::Value vector = at(plain, "/data/0/embedding");
  for (const json::Value& number : vector.as_array()) square += number.to_number<double>() * number.to_number<double>();
  EXPECT_NEAR(square, 1, 1e-5);
  EXPECT_EQ(at(plain, "/data/0/embedding"), at(plain, "/data/2/embedding"));
  EXPECT_NE(at(plain, "/data/0/embedding"), at(plain, "/data/1/embedding"));
  EXPECT_EQ(text_at(plain, "/usage/prompt_tokens"), "5");
  EXPECT_TRUE(at(embed(R"(,"encoding_format":"base64")"), "/data/0/embedding").is_string());
  EXPECT_EQ(ask("POST", "/v1/embeddings", R"({"model":"m","input":[]})", kKey).status, 400);
}

TEST_F(PersonaTest, ModelsAreListedAndModerationsFlagWhatIsNamed) {
  EXPECT_EQ(text_at(ask("GET", "/v1/models", "", kKey).json(), "/data/0/id"), "double");
  EXPECT_EQ(ask("GET", "/v1/models/nobody", "", kKey).status, 404);
  const json::Value moderated = ask("POST", "/v1/moderations", R"({"input":["a poem","some violence"]})", kKey).json();
  EXPECT_EQ(text_at(moderated, "/results/0/flagged"), "false");
  EXPECT_EQ(text_at(moderated, "/results/1/categories/violence"), "true");
}

TEST_F(PersonaTest, AzuresOlderPathsNameTheModel) {
  const Reply reply = ask("POST", "/azure/openai/deployments/gpt-double/chat/completions?api-version=2024-10-21",
                          R"({"messages":[{"role":"user","content":"hi"}]})", "api-key: sk-double\r\n");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(text_at(reply.json(), "/model"), "gpt-double");
}

}  // namespace
}  // namespace atelier::doubles
