#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/double/seal.hpp"
#include "tests/double/sound.hpp"
#include "tests/double/test/form_body.hpp"
#include "tests/double/test/raw_client.hpp"

// Speech, transcriptions and translations of OpenAI.
namespace atelier::doubles {
namespace {

using testing::HasSubstr;

class OpenAiAudio : public DoubleTest {
 protected:
  Reply speak(std::string_view more, std::string_view model = "gpt-4o-mini-tts") const {
    return ask("POST", "/openai/v1/audio/speech", fmt::format(R"({{"model":"{}"{}}})", model, more), kBearer);
  }
  Reply hear(const FormBody& form, std::string_view what = "transcriptions") const {
    return send_form(provider_, fmt::format("/openai/v1/audio/{}", what), form);
  }
  static FormBody form(std::string_view model, std::string_view filename = "talk.wav") {
    return FormBody().field("model", model).file("file", filename, "application/octet-stream", wav());
  }
  // Three words: 0.9 seconds.
  static std::string wav() {
    const auto sound = spoken({.text = "one two three", .voice = "alloy"}, "wav");
    std::string bytes = sound->opening;
    for (const std::string& piece : sound->pieces) bytes += piece;
    return bytes;
  }
  static std::string refused(const Reply& reply) {
    EXPECT_EQ(reply.status, 400) << reply.body;
    return text_at(reply.json(), "/error/param");
  }
};

constexpr std::string_view kHello = R"(,"input":"one two three","voice":"alloy")";

TEST_F(OpenAiAudio, SpeechIsStreamedInPiecesAsTheSoundsBytes) {
  const Reply reply = speak(std::string(kHello) + R"(,"response_format":"wav")");
  EXPECT_EQ(reply.header("content-type"), "audio/wav");
  EXPECT_EQ(reply.header("transfer-encoding"), "chunked");
  EXPECT_EQ(reply.ending, Ending::whole);
  EXPECT_EQ(reply.chunk_count, 10U) << "a header and nine tenths of a second";
  EXPECT_EQ(reply.body, wav());
  EXPECT_NEAR(seconds_of(reply.body), 0.9, 1e-3);
  const Reply raw = speak(std::string(kHello) + R"(,"response_format":"pcm")");
  EXPECT_EQ(raw.header("content-type"), "audio/pcm");
  EXPECT_EQ(raw.body, wav().substr(44));
}

TEST_F(OpenAiAudio, SpeechDependsOnItsWordsVoiceAndSpeed) {
  const auto said = [&](std::string_view more) {
    return speak(std::string(more) + R"(,"response_format":"pcm")").body;
  };
  EXPECT_EQ(said(kHello), said(kHello));
  EXPECT_NE(said(kHello), said(R"(,"input":"one two four","voice":"alloy")"));
  EXPECT_NE(said(kHello), said(R"(,"input":"one two three","voice":"echo")"));
  EXPECT_EQ(said(std::string(kHello) + R"(,"speed":0.5)").size(), 2 * said(kHello).size());
  EXPECT_EQ(said(R"(,"input":"one two three four five six","voice":{"id":"voice_mine"})").size(),
            2 * said(kHello).size());
}

TEST_F(OpenAiAudio, Mp3IsTheDefaultAndAsLong) {
  const Reply reply = speak(kHello);
  EXPECT_EQ(reply.header("content-type"), "audio/mpeg");
  EXPECT_TRUE(reply.body.starts_with("\xff\xf3"));
  EXPECT_EQ(reply.body.size(), 38U * 96U) << "38 frames of 24 ms";
  EXPECT_GT(reply.chunk_count, 5U);
}

TEST_F(OpenAiAudio, SpeechComesAsEventsWhenAsked) {
  const Reply reply = speak(std::string(kHello) + R"(,"response_format":"wav","stream_format":"sse")");
  const auto events = events_of(reply.body);
  std::string bytes;
  for (const SseEvent& event : events) {
    EXPECT_EQ(event.type, "");
    if (text_at(event.json(), "/type") == "speech.audio.delta")
      bytes += base64_decode(text_at(event.json(), "/audio")).value_or("");
  }
  EXPECT_EQ(bytes, wav());
  EXPECT_EQ(text_at(events.back().json(), "/type"), "speech.audio.done");
  EXPECT_EQ(at(events.back().json(), "/usage/input_tokens"), 3);
}

TEST_F(OpenAiAudio, SpeechIsRefusedAsTheProviderRefuses) {
  const auto refused_for = [&](std::string_view more) {
    return refused(speak(std::string(kHello) + std::string(more)));
  };
  EXPECT_EQ(refused(speak(R"(,"voice":"alloy")")), "input");
  EXPECT_EQ(refused(speak(R"(,"input":"hi")")), "voice");
  EXPECT_EQ(refused(speak(R"(,"input":"hi","voice":"nobody")")), "voice");
  EXPECT_EQ(refused(speak(fmt::format(R"(,"voice":"alloy","input":"{}")", std::string(4097, 'a')))), "input");
  EXPECT_EQ(refused_for(R"(,"speed":5)"), "speed");
  EXPECT_EQ(refused_for(R"(,"response_format":"mp4")"), "response_format");
  EXPECT_THAT(speak(std::string(kHello) + R"(,"response_format":"opus")").body, HasSubstr("the double makes no opus"));
  EXPECT_EQ(refused_for(R"(,"stream":true)"), "stream");
  EXPECT_EQ(refused(speak(std::string(kHello) + R"(,"stream_format":"sse")", "tts-1")), "stream_format");
}

TEST_F(OpenAiAudio, SpeechFailsAsToldByTheModelsName) {
  const std::string asked = std::string(kHello) + R"(,"response_format":"pcm")";
  EXPECT_EQ(speak(asked, "gpt-4o-mini-tts@503").status, 503);
  for (const char* fault : {"cut-mid", "error-mid", "stall-mid=20,cut-before-end"}) {
    const Reply reply = speak(asked, fmt::format("gpt-4o-mini-tts@{}", fault));
    EXPECT_EQ(reply.ending, Ending::closed) << fault;
    EXPECT_LT(reply.body.size(), wav().size());
  }
  const Reply slow = speak(asked, "gpt-4o-mini-tts@token-gap=20");
  ASSERT_EQ(slow.chunks_after.size(), 9U);
  EXPECT_GE(slow.chunks_after.back(), 100ms) << "eight gaps";
  EXPECT_EQ(slow.body, wav().substr(44));
  ASSERT_TRUE(provider_.wait_for_end(provider_.requests().size()));
  EXPECT_FALSE(provider_.requests()[1].is_success);
  EXPECT_TRUE(provider_.requests().back().is_success);
}

TEST_F(OpenAiAudio, WhatIsHeardIsTheFileOrWhatThePromptSays) {
  const json::Value heard = hear(form("gpt-4o-transcribe")).json();
  EXPECT_EQ(text_at(heard, "/text"), fmt::format("{} bytes of talk.wav", wav().size()));
  EXPECT_EQ(text_at(heard, "/usage/type"), "tokens");
  EXPECT_EQ(at(heard, "/usage/input_token_details/audio_tokens"), 10);
  const json::Value told = hear(form("whisper-1").field("prompt", "[answer one two]")).json();
  EXPECT_EQ(text_at(told, "/text"), "one two");
  EXPECT_EQ(text_at(told, "/usage/type"), "duration");
  EXPECT_EQ(at(told, "/usage/seconds"), 1);
}

TEST_F(OpenAiAudio, TranscriptsHaveTheFormatAsked) {
  const auto as = [&](std::string_view format) {
    return hear(form("whisper-1").field("response_format", format).field("prompt", "[say 9]"));
  };
  EXPECT_EQ(as("text").body, "t1 t2 t3 t4 t5 t6 t7 t8 t9\n");
  EXPECT_THAT(as("text").header("content-type"), HasSubstr("text/plain"));
  EXPECT_EQ(as("srt").body,
            "1\n00:00:00,000 --> 00:00:00,800\nt1 t2 t3 t4 t5 t6 t7 t8\n\n2\n00:00:00,800 --> 00:00:00,900\nt9\n\n");
  EXPECT_TRUE(as("vtt").body.starts_with("WEBVTT\n\n00:00:00.000 --> 00:00:00.800\n"));
  const json::Value plain = as("verbose_json").json();
  EXPECT_EQ(text_at(plain, "/language"), "english");
  EXPECT_NEAR(at(plain, "/duration").as_double(), 0.9, 1e-9);
  EXPECT_EQ(text_at(plain, "/segments/1/text"), " t9");
  EXPECT_FALSE(plain.as_object().contains("words"));
  const auto with = [&](std::string_view granularity) {
    return form("whisper-1")
        .field("response_format", "verbose_json")
        .field("prompt", "[say 3]")
        .field("timestamp_granularities[]", granularity);
  };
  const json::Value words = hear(with("word")).json();
  EXPECT_EQ(text_at(words, "/words/1/word"), "t2");
  EXPECT_NEAR(at(words, "/words/1/start").as_double(), 0.3, 1e-9);
  EXPECT_NEAR(at(words, "/words/1/end").as_double(), 0.6, 1e-9);
  EXPECT_FALSE(words.as_object().contains("segments"));
  const json::Value both = hear(with("word").field("timestamp_granularities[]", "segment")).json();
  EXPECT_TRUE(both.as_object().contains("words") && both.as_object().contains("segments"));
}

TEST_F(OpenAiAudio, TranscriptsAreStreamedButNotByWhisper) {
  const Reply reply = hear(form("gpt-4o-mini-transcribe").field("stream", "true").field("prompt", "[say 4]"));
  const auto events = events_of(reply.body);
  ASSERT_EQ(events.size(), 5U) << "no [DONE]";
  EXPECT_EQ(text_at(events[1].json(), "/type"), "transcript.text.delta");
  EXPECT_EQ(text_at(events[1].json(), "/delta"), " t2");
  EXPECT_EQ(text_at(events[4].json(), "/type"), "transcript.text.done");
  EXPECT_EQ(text_at(events[4].json(), "/text"), "t1 t2 t3 t4");
  EXPECT_EQ(text_at(events[4].json(), "/usage/type"), "tokens");
  EXPECT_EQ(hear(form("whisper-1").field("stream", "true")).header("content-type"), "application/json");
  const Reply cut = hear(form("gpt-4o-transcribe@cut-mid=rst").field("stream", "true").field("prompt", "[say 4]"));
  EXPECT_EQ(cut.ending, Ending::reset);
}

TEST_F(OpenAiAudio, SpeakersAreToldApart) {
  const json::Value body =
      hear(form("gpt-4o-transcribe-diarize").field("response_format", "diarized_json").field("prompt", "")).json();
  EXPECT_EQ(text_at(body, "/segments/0/speaker"), "A");
  EXPECT_EQ(text_at(body, "/segments/0/type"), "transcript.text.segment");
}

TEST_F(OpenAiAudio, TranscriptionsAreRefusedAsTheProviderRefuses) {
  EXPECT_EQ(refused(hear(FormBody().field("model", "whisper-1"))), "file");
  EXPECT_EQ(refused(hear(form("whisper-1", "talk.doc"))), "file");
  EXPECT_EQ(refused(hear(form("whisper-1", "talk"))), "file");
  EXPECT_EQ(refused(hear(FormBody().file("file", "a.wav", "audio/wav", wav()))), "model");
  EXPECT_EQ(refused(hear(form("gpt-4o-transcribe").field("response_format", "srt"))), "response_format");
  EXPECT_EQ(refused(hear(form("whisper-1").field("timestamp_granularities[]", "word"))), "timestamp_granularities");
  EXPECT_EQ(refused(hear(form("whisper-1").field("temperature", "2"))), "temperature");
  EXPECT_EQ(refused(hear(form("whisper-1").field("languages[]", "de"))), "languages");
  EXPECT_EQ(refused(hear(form("whisper-1").field("language", "german"))), "language");
  EXPECT_EQ(refused(hear(form("whisper-1").field("include[]", "logprobs"))), "include");
  EXPECT_EQ(hear(form("whisper-1@429")).status, 429);
  EXPECT_EQ(ask("POST", "/openai/v1/audio/transcriptions", R"({"model":"whisper-1"})", kBearer).status, 400);
}

TEST_F(OpenAiAudio, TranslationsAreIntoEnglish) {
  const json::Value plain = hear(form("whisper-1").field("prompt", "[answer good day]"), "translations").json();
  EXPECT_EQ(plain.as_object().size(), 1U);
  EXPECT_EQ(text_at(plain, "/text"), "good day");
  const json::Value verbose = hear(form("whisper-1").field("response_format", "verbose_json"), "translations").json();
  EXPECT_EQ(text_at(verbose, "/task"), "translate");
  EXPECT_TRUE(verbose.as_object().contains("segments"));
  EXPECT_EQ(refused(hear(form("gpt-4o-transcribe"), "translations")), "model");
  EXPECT_EQ(refused(hear(form("whisper-1").field("language", "de"), "translations")), "language");
}

}  // namespace
}  // namespace atelier::doubles
