#include <gmock/gmock.h>

#include "tests/model/media_form.hpp"

// Speech made on one's own machine: Piper and Kokoro.
namespace atelier::model {
namespace {

using testing::body_of;
using testing::expect_done;
using testing::expect_fault;
using testing::head_of;
using testing::head_with;
using testing::refused_field;
using testing::request_for;
using testing::submission;

Target piper_at(std::string model) { return {.base_url = "http://127.0.0.1:5000", .model = std::move(model)}; }
const Target kKokoro{.base_url = "http://127.0.0.1:8880", .model = "kokoro"};

TEST(Piper, AModelIsAVoiceAndAVoiceItsSpeaker) {
  MediaRequest request = request_for(MediaKind::speech, "Hello");
  request.speed = 2;
  request.voice = "p1";
  const WireRequest wire = submission(piper_adapter(), request, piper_at("en_US-libritts-high"));
  EXPECT_EQ(wire.url, "http://127.0.0.1:5000/synthesize");
  EXPECT_EQ(json::write_canonical(body_of(wire)),
            R"({"length_scale":5E-1,"speaker":"p1","text":"Hello","voice":"en_US-libritts-high"})");
  EXPECT_EQ(json::write_canonical(body_of(submission(piper_adapter(), request, piper_at("default")))),
            R"({"length_scale":5E-1,"text":"Hello","voice":"p1"})");
}

TEST(Piper, WhatIsNoSoundIsAFault) {
  const MediaRequest request = request_for(MediaKind::speech, "Hello");
  const auto fault = [&](HttpHead head, std::string_view body) {
    return expect_fault(piper_adapter().read_submit(head, body, request));
  };
  const Fault page = fault(head_with(500, "text/html"), "<!doctype html><title>500 Internal Server Error</title>");
  EXPECT_EQ(page.kind, Fault::Kind::server);
  EXPECT_EQ(page.message, "500 Internal Server Error");
  EXPECT_THAT(fault(head_with(405, "text/html"), "").message, ::testing::HasSubstr("updated"));
  EXPECT_EQ(fault(head_with(200, "text/html"), "<html>").kind, Fault::Kind::broken);
}

TEST(Piper, WhatItCannotDoIsRefusedByItsField) {
  MediaRequest request = request_for(MediaKind::speech, " ");
  EXPECT_EQ(refused_field(piper_adapter(), request, "default"), "/prompt");
  request.prompt = "Hello";
  request.format = "mp3";
  EXPECT_EQ(refused_field(piper_adapter(), request, "default"), "/format");
  EXPECT_FALSE(piper_adapter().ability("default", MediaKind::transcription));
}

TEST(Kokoro, SpeechWithTheTimesOfItsWords) {
  MediaRequest request = request_for(MediaKind::speech, "Hi, you.");
  request.voice = "af_heart";
  request.language = "en-GB";
  const WireRequest wire = submission(kokoro_adapter(), request, kKokoro);
  EXPECT_EQ(wire.url, "http://127.0.0.1:8880/dev/captioned_speech");
  EXPECT_EQ(json::write_canonical(body_of(wire)),
            R"({"input":"Hi, you.","lang_code":"b","model":"kokoro","response_format":"mp3","return_timestamps":true,)"
            R"("stream":false,"voice":"af_heart"})");
  const MediaDone done = expect_done(kokoro_adapter().read_submit(
      head_of(200),
      R"({"audio":"aGVsbG8=","audio_format":"audio/mpeg","timestamps":[{"word":"Hi","start_time":0.1,"end_time":0.3},)"
      R"({"word":",","start_time":0.3,"end_time":0.4},{"word":"you","start_time":0.5,"end_time":0.75},)"
      R"({"word":".","start_time":0.75,"end_time":0.8}]})",
      request));
  EXPECT_EQ(done.files.at(0).bytes, "hello");
  EXPECT_EQ(done.files.at(0).media_type, "audio/mpeg");
  EXPECT_EQ(json::write(done.text.at("words")),
            R"([{"text":"Hi,","start":1E-1,"end":4E-1},{"text":"you.","start":5E-1,"end":8E-1}])");
}

TEST(Kokoro, LongSpeechComesAsTheFileItIs) {
  MediaRequest request = request_for(MediaKind::speech, std::string(10'001, 'a'));
  request.format = "wav";
  const WireRequest wire = submission(kokoro_adapter(), request, kKokoro);
  EXPECT_EQ(wire.url, "http://127.0.0.1:8880/v1/audio/speech");
  EXPECT_FALSE(body_of(wire).contains("return_timestamps"));
}

TEST(Kokoro, WhatItCannotDoIsRefusedByItsField) {
  MediaRequest request = request_for(MediaKind::speech, "Hello");
  request.language = "de";
  EXPECT_EQ(refused_field(kokoro_adapter(), request, "kokoro"), "/language");
  request.language = "pt-BR";
  EXPECT_EQ(refused_field(kokoro_adapter(), request, "kokoro"), "");
  request.speed = 5;
  EXPECT_EQ(refused_field(kokoro_adapter(), request, "kokoro"), "/speed");
  EXPECT_FALSE(kokoro_adapter().ability("other", MediaKind::speech));
}

TEST(Kokoro, ErrorsAreTold) {
  const MediaRequest request = request_for(MediaKind::speech, "Hello");
  const Fault wrong = expect_fault(kokoro_adapter().read_submit(
      head_of(400),
      R"({"detail":{"error":"validation_error","message":"Voice 'x' not found","type":"invalid_request_error"}})",
      request));
  EXPECT_EQ(wrong.kind, Fault::Kind::caller);
  EXPECT_EQ(wrong.code, "validation_error");
  EXPECT_EQ(wrong.message, "Voice 'x' not found");
  EXPECT_EQ(expect_fault(kokoro_adapter().read_submit(head_of(200), R"({"audio":""})", request)).kind,
            Fault::Kind::broken);
}

}  // namespace
}  // namespace atelier::model
