#include <gmock/gmock.h>

#include "tests/model/media_form.hpp"

// whisper.cpp's server.
namespace atelier::model {
namespace {

using ::testing::Contains;
using testing::expect_done;
using testing::expect_fault;
using testing::form_of;
using testing::head_of;
using testing::head_with;
using ::testing::Pair;
using testing::recording_of;
using testing::refused_field;
using testing::request_for;
using testing::submission;

const MediaAdapter& adapter() { return whispercpp_adapter(); }
const Target kTarget{.base_url = "http://127.0.0.1:8080", .model = "whisper"};

MediaRequest transcription() {
  MediaRequest request = request_for(MediaKind::transcription, "");
  request.inputs.push_back(recording_of());
  return request;
}

TEST(WhisperCpp, ARecordingIsSentAndItsLanguageFound) {
  MediaRequest request = transcription();
  const WireRequest wire = submission(adapter(), request, kTarget);
  EXPECT_EQ(wire.url, "http://127.0.0.1:8080/inference");
  auto form = form_of(wire);
  EXPECT_EQ(form["language"], "auto");
  EXPECT_EQ(form["response_format"], "verbose_json");
  EXPECT_EQ(form["no_language_probabilities"], "true");
  EXPECT_EQ(form["file"], "RIFF");
  request.language = "de-AT";
  request.prompt = "Gmunden";
  request.options["translate"] = true;
  form = form_of(submission(adapter(), request, kTarget));
  EXPECT_EQ(form["language"], "de");
  EXPECT_EQ(form["prompt"], "Gmunden");
  EXPECT_EQ(form["translate"], "true");
}

TEST(WhisperCpp, WordsArePutTogetherOfTokens) {
  const auto body =
      R"({"task":"transcribe","language":"english","duration":3.5,"text":" Hi you.\n","detected_language":"english","segments":[)"
      R"({"id":0,"text":" Hi you.","start":0.0,"end":1.0,"tokens":[1],"words":[{"word":"[_BEG_]","start":0,"end":0},)"
      R"({"word":" H","start":0.0,"end":0.2,"t_dtw":-1,"probability":0.9},{"word":"i","start":0.2,"end":0.3},)"
      R"({"word":" you","start":0.4,"end":0.7},{"word":".","start":0.7,"end":0.8}]},)"
      R"({"id":1,"text":"日本","start":1.0,"end":2.0,"words":[{"word":"日","start":1.0,"end":1.5},{"word":"本","start":1.5,"end":2.0}]}]})";
  const MediaDone done = expect_done(adapter().read_submit(head_of(200), body, transcription()));
  EXPECT_EQ(done.text.at("text"), "Hi you.");
  EXPECT_EQ(done.text.at("language"), "english");
  EXPECT_EQ(done.text.at("duration"), 3.5);
  EXPECT_EQ(json::write(done.text.at("words")),
            R"([{"text":"Hi","start":0E0,"end":3E-1},{"text":"you.","start":4E-1,"end":8E-1},)"
            R"({"text":"日","start":1E0,"end":1.5E0},{"text":"本","start":1.5E0,"end":2E0}])");
  EXPECT_EQ(json::write(done.text.at("segments")),
            R"([{"text":"Hi you.","start":0E0,"end":1E0},{"text":"日本","start":1E0,"end":2E0}])");
}

TEST(WhisperCpp, SilenceIsAnEmptyText) {
  const MediaDone done =
      expect_done(adapter().read_submit(head_of(200), R"({"text":"","segments":[]})", transcription()));
  EXPECT_EQ(done.text.at("text"), "");
}

TEST(WhisperCpp, ErrorsAreTold) {
  const auto fault = [&](int status, std::string_view body) {
    return expect_fault(adapter().read_submit(head_of(status), body, transcription()));
  };
  // Under 200, too.
  EXPECT_EQ(fault(200, R"({"error":"failed to read audio data"})").kind, Fault::Kind::caller);
  EXPECT_EQ(fault(200, R"({"error":"failed to process audio"})").kind, Fault::Kind::server);
  EXPECT_EQ(fault(400, R"({"error":"no 'file' field in the request"})").kind, Fault::Kind::caller);
  EXPECT_EQ(fault(503, R"({"status":"loading model"})").kind, Fault::Kind::overloaded);
  EXPECT_EQ(fault(200, "{}").kind, Fault::Kind::broken);
  EXPECT_EQ(expect_fault(adapter().read_submit(head_with(200, "text/html"), "<html>", transcription())).kind,
            Fault::Kind::broken);
}

TEST(WhisperCpp, ItWritesDownAndMakesNothing) {
  EXPECT_EQ(refused_field(adapter(), request_for(MediaKind::transcription, ""), "whisper"), "/inputs");
  MediaRequest request = transcription();
  request.seed = 1;
  EXPECT_EQ(refused_field(adapter(), request, "whisper"), "/seed");
  EXPECT_FALSE(adapter().ability("whisper", MediaKind::speech));
}

}  // namespace
}  // namespace atelier::model
