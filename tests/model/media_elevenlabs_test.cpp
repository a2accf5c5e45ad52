#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/model/media_form.hpp"

// ElevenLabs.
namespace atelier::model {
namespace {

using testing::body_of;
using ::testing::Contains;
using testing::expect_done;
using testing::expect_fault;
using testing::form_of;
using ::testing::HasSubstr;
using testing::head_of;
using testing::head_with;
using testing::header_of;
using ::testing::Pair;
using testing::recording_of;
using testing::refused_field;
using testing::request_for;
using testing::submission;

const MediaAdapter& adapter() { return elevenlabs_adapter(); }
Target at(std::string model) { return testing::target_at("https://api.elevenlabs.io", std::move(model)); }

MediaRequest speech(std::string text = "Hi you.") {
  MediaRequest request = request_for(MediaKind::speech, std::move(text));
  request.voice = "voice-1";
  return request;
}

TEST(ElevenLabs, SpeechIsAskedForWithTheTimesOfItsWords) {
  MediaRequest request = speech();
  request.speed = 1.1;
  request.language = "de-AT";
  request.seed = 5;
  request.options["voice_settings"] = json::Object{{"stability", 0.4}};
  const WireRequest wire = submission(adapter(), request, at("eleven_flash_v2_5"));
  EXPECT_EQ(wire.url,
            "https://api.elevenlabs.io/v1/text-to-speech/voice-1/with-timestamps?output_format=mp3_44100_128");
  EXPECT_EQ(header_of(wire, "xi-api-key"), "secret-key");
  EXPECT_EQ(header_of(wire, "authorization"), "");
  const json::Object body = body_of(wire);
  EXPECT_EQ(body.at("text"), "Hi you.");
  EXPECT_EQ(body.at("model_id"), "eleven_flash_v2_5");
  EXPECT_EQ(body.at("language_code"), "de");
  EXPECT_EQ(body.at("seed"), 5);
  EXPECT_EQ(body.at("voice_settings").at("speed"), 1.1);
  EXPECT_EQ(body.at("voice_settings").at("stability"), 0.4);
}

TEST(ElevenLabs, CharactersArePutTogetherToWords) {
  const auto body =
      R"({"audio_base64":"aGVsbG8=","alignment":{"characters":["H","i"," ","y","o","u","."],)"
      R"("character_start_times_seconds":[0,0.1,0.2,0.25,0.3,0.4,0.5],"character_end_times_seconds":[0.1,0.2,0.25,0.3,0.4,0.5,0.6]},)"
      R"("normalized_alignment":null})";
  const MediaDone done =
      expect_done(adapter().read_submit(head_with(200, "application/json", {{"character-cost", "7"}}), body, speech()));
  EXPECT_EQ(done.files.at(0).bytes, "hello");
  EXPECT_EQ(done.usage.characters, 7);
  EXPECT_EQ(json::write(done.text.at("words")),
            R"([{"text":"Hi","start":0E0,"end":2E-1},{"text":"you.","start":2.5E-1,"end":6E-1}])");
}

TEST(ElevenLabs, WithoutAnAlignmentSpeechIsSpeech) {
  const MediaDone done =
      expect_done(adapter().read_submit(head_of(200), R"({"audio_base64":"aGVsbG8=","alignment":null})", speech()));
  EXPECT_EQ(done.files.size(), 1U);
  EXPECT_TRUE(done.text.empty());
}

TEST(ElevenLabs, LongSpeechComesAsTheFileItIs) {
  MediaRequest request = speech(std::string(10'001, 'a'));
  request.format = "wav";
  const WireRequest wire = submission(adapter(), request, at("eleven_turbo_v2_5"));
  EXPECT_EQ(wire.url, "https://api.elevenlabs.io/v1/text-to-speech/voice-1?output_format=wav_44100");
  MediaDone done;
  adapter().read_file_head(head_with(200, "audio/wav", {{"character-cost", "5000"}}), done);
  EXPECT_EQ(done.usage.characters, 5'000);
}

TEST(ElevenLabs, SoundAndMusic) {
  MediaRequest sound = request_for(MediaKind::sound, "a door");
  sound.duration = 2.5;
  sound.format = "opus";
  sound.quality = "64";
  sound.options["loop"] = true;
  WireRequest wire = submission(adapter(), sound, at("eleven_text_to_sound_v2"));
  EXPECT_EQ(wire.url, "https://api.elevenlabs.io/v1/sound-generation?output_format=opus_48000_64");
  EXPECT_EQ(json::write_canonical(body_of(wire)),
            R"({"duration_seconds":2.5E0,"loop":true,"model_id":"eleven_text_to_sound_v2","text":"a door"})");

  MediaRequest music = request_for(MediaKind::music, "a march");
  music.duration = 12.5;
  wire = submission(adapter(), music, at("music_v2"));
  EXPECT_EQ(wire.url, "https://api.elevenlabs.io/v1/music?output_format=auto");
  EXPECT_EQ(json::write_canonical(body_of(wire)),
            R"({"model_id":"music_v2","music_length_ms":12500,"prompt":"a march"})");
}

TEST(ElevenLabs, MusicIsMadeFromWordsOrFromAPlan) {
  MediaRequest music = request_for(MediaKind::music, "");
  EXPECT_EQ(refused_field(adapter(), music, "music_v1"), "/prompt");
  music.options["composition_plan"] = json::Object{{"sections", json::Array()}};
  EXPECT_EQ(refused_field(adapter(), music, "music_v1"), "");
  music.seed = 4;
  EXPECT_EQ(refused_field(adapter(), music, "music_v1"), "");
  music.duration = 10;
  EXPECT_EQ(refused_field(adapter(), music, "music_v1"), "/duration");
  music.duration.reset();
  music.prompt = "a march";
  EXPECT_EQ(refused_field(adapter(), music, "music_v1"), "/prompt");
  music.options.clear();
  EXPECT_EQ(refused_field(adapter(), music, "music_v1"), "/seed");
}

TEST(ElevenLabs, ARecordingIsWrittenDown) {
  MediaRequest request = request_for(MediaKind::transcription, "");
  request.inputs.push_back(recording_of());
  request.language = "de";
  request.options["diarize"] = true;
  const WireRequest wire = submission(adapter(), request, at("scribe_v2"));
  EXPECT_EQ(wire.url, "https://api.elevenlabs.io/v1/speech-to-text");
  const auto form = form_of(wire);
  EXPECT_THAT(form, Contains(Pair("model_id", "scribe_v2")));
  EXPECT_THAT(form, Contains(Pair("language_code", "de")));
  EXPECT_THAT(form, Contains(Pair("diarize", "true")));
  EXPECT_THAT(form, Contains(Pair("file", "RIFF")));

  const auto body = R"({"language_code":"de","language_probability":0.98,"text":"Hallo du","words":[)"
                    R"({"text":"Hallo","start":0.1,"end":0.5,"type":"word","speaker_id":"speaker_0"},)"
                    R"({"text":" ","start":0.5,"end":0.6,"type":"spacing"},)"
                    R"({"text":"laughs","start":0.6,"end":0.8,"type":"audio_event"},)"
                    R"({"text":"du","start":0.9,"end":1.0,"type":"word"}],"audio_duration_secs":1.5})";
  const MediaDone done = expect_done(adapter().read_submit(head_of(200), body, request));
  EXPECT_EQ(done.text.at("text"), "Hallo du");
  EXPECT_EQ(done.text.at("language"), "de");
  EXPECT_EQ(done.text.at("duration"), 1.5);
  EXPECT_EQ(json::write(done.text.at("words")),
            R"([{"text":"Hallo","start":1E-1,"end":5E-1,"speaker":"speaker_0"},{"text":"du","start":9E-1,"end":1E0}])");
}

TEST(ElevenLabs, WhatAModelCannotDoIsRefusedByItsField) {
  MediaRequest request = speech();
  EXPECT_EQ(refused_field(adapter(), request, "eleven_multilingual_v2"), "");
  request.voice.clear();
  EXPECT_EQ(refused_field(adapter(), request, "eleven_multilingual_v2"), "/voice");
  request = speech();
  request.language = "de";
  EXPECT_EQ(refused_field(adapter(), request, "eleven_multilingual_v2"), "/language");
  request = speech();
  request.speed = 1.3;
  EXPECT_EQ(refused_field(adapter(), request, "eleven_flash_v2_5"), "/speed");
  request = speech();
  request.format = "wav";
  request.quality = "128";
  EXPECT_EQ(refused_field(adapter(), request, "eleven_flash_v2_5"), "/quality");
  // Characters are counted, not bytes.
  std::string umlauts;
  for (int i = 0; i < 10'000; ++i) umlauts += "ü";
  EXPECT_EQ(refused_field(adapter(), speech(umlauts), "eleven_multilingual_v2"), "");
  EXPECT_EQ(refused_field(adapter(), speech(umlauts + "a"), "eleven_multilingual_v2"), "/prompt");
  MediaRequest sound = request_for(MediaKind::sound, "a door");
  sound.duration = 31;
  EXPECT_EQ(refused_field(adapter(), sound, "eleven_text_to_sound_v2"), "/duration");
  sound.duration.reset();
  sound.seed = 1;
  EXPECT_EQ(refused_field(adapter(), sound, "eleven_text_to_sound_v2"), "/seed");
  EXPECT_EQ(refused_field(adapter(), request_for(MediaKind::transcription, ""), "scribe_v2"), "/inputs");
  EXPECT_FALSE(adapter().ability("scribe_v2", MediaKind::speech));
}

TEST(ElevenLabs, ErrorsAreTold) {
  struct Case {
    int status;
    std::string_view code;
    Fault::Kind kind;
  };
  for (const Case& each :
       {Case{401, "quota_exceeded", Fault::Kind::billing}, Case{401, "invalid_api_key", Fault::Kind::authentication},
        Case{401, "missing_permissions", Fault::Kind::permission},
        Case{401, "detected_unusual_activity", Fault::Kind::permission},
        Case{400, "max_character_limit_exceeded", Fault::Kind::context_length},
        Case{404, "voice_not_found", Fault::Kind::caller},
        Case{429, "too_many_concurrent_requests", Fault::Kind::rate_limit},
        Case{429, "system_busy", Fault::Kind::overloaded}, Case{400, "bad_prompt", Fault::Kind::content},
        Case{403, "content_moderation", Fault::Kind::content}, Case{500, "internal_error", Fault::Kind::server}}) {
    const Fault fault = expect_fault(adapter().read_submit(
        head_of(each.status), fmt::format(R"({{"detail":{{"status":"{}","message":"because"}}}})", each.code),
        speech()));
    EXPECT_EQ(fault.kind, each.kind) << each.code;
    EXPECT_EQ(fault.message, "because");
    EXPECT_EQ(fault.code, each.code);
  }
  const Fault field = expect_fault(adapter().read_submit(
      head_of(422), R"({"detail":[{"loc":["body","text"],"msg":"field required","type":"value_error.missing"}]})",
      speech()));
  EXPECT_EQ(field.kind, Fault::Kind::caller);
  EXPECT_EQ(field.message, "text: field required");
  const Fault better = adapter().read_fault(
      head_of(400),
      R"({"detail":{"status":"bad_prompt","message":"Named a band.","data":{"prompt_suggestion":"a sad song"}}})");
  EXPECT_THAT(better.message, HasSubstr("a sad song"));
}

TEST(ElevenLabs, AnAnswerThatIsNoneIsBroken) {
  for (const std::string_view body : {"", "{}", R"({"audio_base64":"%"})", R"({"audio_base64":""})"})
    EXPECT_EQ(expect_fault(adapter().read_submit(head_of(200), body, speech())).kind, Fault::Kind::broken) << body;
}

}  // namespace
}  // namespace atelier::model
