// Errors in the shape that each protocol's programs read.
#include <gtest/gtest.h>

#include "model/face/face.hpp"

namespace atelier::model {
namespace {

const Error kError{.code = ErrorCode::invalid_argument,
                   .message = "must be a text",
                   .reason = "field_invalid",
                   .where = "/messages/0/content",
                   .retry_after_ms = {},
                   .source = {}};

TEST(FaceError, IsOpenAisForItsClients) {
  EXPECT_EQ(
      write_error(Protocol::openai_chat, kError, 400, "req1"),
      R"({"error":{"message":"'messages[0].content' must be a text","type":"invalid_request_error","param":"messages[0].content","code":"field_invalid"}})");
  EXPECT_EQ(write_stream_error(Protocol::openai_chat, kError, "req1"),
            "data: " + write_error(Protocol::openai_chat, kError, 400, "req1") + "\n\n");
}

TEST(FaceError, IsAnthropicsForItsClientsWithACodeTheyCanBranchOn) {
  const std::string body = write_error(Protocol::anthropic, kError, 400, "req1");
  EXPECT_EQ(
      body,
      R"({"type":"error","error":{"type":"invalid_request_error","message":"/messages/0/content: must be a text",)"
      R"("details":{"error_code":"field_invalid"}},"request_id":"req1"})");
  EXPECT_EQ(write_stream_error(Protocol::anthropic, kError, "req1"), "event: error\ndata: " + body + "\n\n");
}

TEST(FaceError, SaysInEachProtocolWhetherAnotherTryHelps) {
  const auto type_of = [](Protocol protocol, int status) {
    const auto body = json::parse(write_error(protocol, kError, status, ""));
    return std::string(body->at("error").at("type").as_string());
  };
  EXPECT_EQ(type_of(Protocol::anthropic, 429), "rate_limit_error");
  EXPECT_EQ(type_of(Protocol::anthropic, 503), "overloaded_error");
  EXPECT_EQ(type_of(Protocol::anthropic, 401), "authentication_error");
  EXPECT_EQ(type_of(Protocol::openai_chat, 503), "service_unavailable_error");
  EXPECT_EQ(type_of(Protocol::openai_chat, 418), "invalid_request_error");
  EXPECT_EQ(type_of(Protocol::openai_chat, 599), "server_error");
}

}  // namespace
}  // namespace atelier::model
