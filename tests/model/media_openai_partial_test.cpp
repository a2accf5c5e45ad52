#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/hash.hpp"
#include "model/call/media_stream.hpp"
#include "tests/model/house.hpp"
#include "tests/model/media_asking.hpp"

// OpenAI's pictures as they come: what is asked, and what recorded streams are read as, however they are cut.
namespace atelier::model {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kOwn = "gpt-image-2";
const MediaAdapter& adapter() { return openai_media_adapter(); }
Target target(std::string_view model = kOwn) { return target_at("https://api.openai.com/v1", std::string(model)); }

std::string event(std::string_view type, std::string_view bytes, std::string_view more = "") {
  return fmt::format("event: {}\ndata: {{\"type\":\"{}\",\"b64_json\":\"{}\",\"output_format\":\"png\"{}}}\n\n", type,
                     type, base64(bytes), more);
}
std::string partial(std::string_view bytes, int index = 0) {
  return event("image_generation.partial_image", bytes, fmt::format(",\"partial_image_index\":{}", index));
}
std::string completed(std::string_view bytes) {
  return event("image_generation.completed", bytes,
               R"(,"usage":{"total_tokens":150,"input_tokens":50,"output_tokens":100,)"
               R"("input_tokens_details":{"text_tokens":10,"image_tokens":40}})");
}
constexpr std::string_view kRefused =
    "event: error\ndata: {\"type\":\"error\",\"error\":{\"message\":\"Your request was rejected.\","
    "\"type\":\"image_generation_user_error\",\"code\":\"moderation_blocked\"}}\n\n";

// A provider's answer in pieces of that size; at its end, or where it is cut.
class Pieces final : public UpstreamAnswer {
 public:
  Pieces(std::string body, std::size_t size, bool is_cut) : body_(std::move(body)), size_(size), is_cut_(is_cut) {}
  int status() const noexcept override { return 200; }
  std::optional<std::string_view> header(std::string_view) const override { return std::nullopt; }
  HttpHead head() const override { return {.status = 200, .headers = {{"content-type", "text/event-stream"}}}; }
  Task<Result<std::optional<std::string_view>>> next() override {
    const std::string_view piece = std::string_view(body_).substr(at_, size_);
    at_ += piece.size();
    if (!piece.empty()) co_return std::optional(piece);
    if (is_cut_) co_return fail(ErrorCode::unavailable, "the line broke", {.reason = "answer_cut", .where = {}});
    co_return std::nullopt;
  }
  Task<> leave() override {
    is_left = true;
    co_return;
  }
  bool is_left = false;

 private:
  const std::string body_;
  const std::size_t size_;
  const bool is_cut_;
  std::size_t at_ = 0;
};

class Shown final : public MediaBook {
 public:
  Task<Result<>> intends(MediaPlace) override { co_return Result<>(); }
  Task<Result<>> withdraws() override { co_return Result<>(); }
  Task<Result<>> submitted(MediaPlace) override { co_return Result<>(); }
  Task<Result<std::string>> read_input(std::size_t) override { co_return std::string(); }
  Task<Result<>> store(std::size_t, std::string, MediaSource*) override { co_return Result<>(); }
  Task<Result<>> take(std::size_t, store::WrittenBlob) override { co_return Result<>(); }
  void tell(const MediaPending&) override {}
  void shows(MediaPartial one) override { partials.push_back(std::move(one.bytes)); }
  std::vector<std::string> partials;
};

struct Read {
  std::expected<MediaDone, Fault> done;
  std::vector<std::string> partials;
  bool is_left = false;
};

class OpenAiPartials : public ::testing::Test {
 protected:
  Read read(std::string body, MediaRequest request = request_for(MediaKind::image), std::size_t size = 4'096,
            bool is_cut = false) {
    Pieces answer(std::move(body), size, is_cut);
    Shown book;
    MediaStream stream{
        .answer = answer, .adapter = adapter(), .request = request, .book = book, .done_bytes_max = 1'000};
    auto done = loop_.wait_for(read_media_stream(&stream));
    return {.done = std::move(done), .partials = std::move(book.partials), .is_left = answer.is_left};
  }
  LoopThread loop_;
};

TEST_F(OpenAiPartials, AreAskedForAsOftenAsTheModelCanUnlessSaidOtherwise) {
  MediaRequest request = request_for(MediaKind::image);
  WireRequest wire = submission(adapter(), request, target());
  EXPECT_EQ(body_of(wire).at("stream"), true);
  EXPECT_EQ(body_of(wire).at("partial_images"), 3);
  EXPECT_THAT(header_of(wire, "accept"), HasSubstr("text/event-stream"));
  request.partials = 1;
  EXPECT_EQ(body_of(submission(adapter(), request, target())).at("partial_images"), 1);
  request.partials = 0;
  wire = submission(adapter(), request, target());
  EXPECT_FALSE(body_of(wire).contains("stream"));
  EXPECT_FALSE(body_of(wire).contains("partial_images"));
  EXPECT_EQ(header_of(wire, "accept"), "*/*");
  // Of several nobody could tell which of them is shown.
  request.partials.reset();
  request.count = 2;
  EXPECT_FALSE(body_of(submission(adapter(), request, target())).contains("stream"));
  request.partials = 2;
  EXPECT_EQ(body_of(submission(adapter(), request, target())).at("partial_images"), 2);
}

TEST_F(OpenAiPartials, AreAskedForOfEditsToo) {
  MediaRequest request = request_for(MediaKind::image);
  request.inputs.push_back(input_of(MediaInput::Role::reference));
  const WireRequest wire = submission(adapter(), request, target());
  EXPECT_THAT(wire.body, HasSubstr("name=\"stream\"\r\n\r\ntrue\r\n"));
  EXPECT_THAT(wire.body, HasSubstr("name=\"partial_images\"\r\n\r\n3\r\n"));
  EXPECT_THAT(header_of(wire, "accept"), HasSubstr("text/event-stream"));
}

TEST_F(OpenAiPartials, AreAskedOfNobodyWhoHasNone) {
  MediaRequest request = request_for(MediaKind::image);
  EXPECT_FALSE(body_of(submission(adapter(), request, target("flux-dev"))).contains("stream"));
  EXPECT_EQ(refused_field(adapter(), request, "flux-dev"), "");
  request.partials = 0;
  EXPECT_EQ(refused_field(adapter(), request, "flux-dev"), "");
  request.partials = 1;
  EXPECT_EQ(refused_field(adapter(), request, "flux-dev"), "/partials");
  request.partials = 3;
  EXPECT_EQ(refused_field(adapter(), request, kOwn), "");
  request.partials = 4;
  EXPECT_EQ(refused_field(adapter(), request, kOwn), "/partials");
  MediaRequest kept = request_for(MediaKind::image);
  kept.partials = 2;
  const auto again = media_request_from_json(to_json(kept));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->partials, 2);
}

TEST_F(OpenAiPartials, MayCostMoreAndTheEstimateSaysSo) {
  MediaRequest request = request_for(MediaKind::image);
  const MediaAbility ability = *adapter().ability(kOwn, MediaKind::image);
  const std::int64_t shown = media_usage_at_most(request, ability).output_image;
  request.partials = 0;
  EXPECT_EQ(shown - media_usage_at_most(request, ability).output_image, 3 * 100);
}

TEST_F(OpenAiPartials, ComeInOrderBeforeThePictureInPiecesOfAnySize) {
  const std::string stream = partial("first") + ": still here\n\n" + partial("second", 1) + completed("whole");
  std::string crlf;
  for (const char c : stream) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  for (const std::string& body : {stream, crlf, stream + "data: [DONE]\n\n"})
    for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{61},
                                   std::size_t{500}, body.size()}) {
      SCOPED_TRACE(size);
      const Read read = this->read(body, request_for(MediaKind::image), size);
      ASSERT_TRUE(read.done) << read.done.error().message;
      EXPECT_THAT(read.partials, ElementsAre("first", "second"));
      ASSERT_EQ(read.done->files.size(), 1U);
      EXPECT_EQ(read.done->files[0].bytes, "whole");
      EXPECT_EQ(read.done->files[0].media_type, "image/png");
      EXPECT_EQ(read.done->usage.images, 1);
      EXPECT_EQ(read.done->usage.output_image, 100);
      EXPECT_EQ(read.done->usage.input_image, 40);
      EXPECT_TRUE(read.is_left) << "the connection can be kept";
    }
}

TEST_F(OpenAiPartials, OfSeveralPicturesAreCountedTogether) {
  MediaRequest request = request_for(MediaKind::image);
  request.count = 2;
  const Read both = read(partial("a") + completed("one") + partial("b") + completed("two"), request);
  ASSERT_TRUE(both.done);
  ASSERT_EQ(both.done->files.size(), 2U);
  EXPECT_EQ(both.done->files[1].bytes, "two");
  EXPECT_EQ(both.done->usage.images, 2);
  EXPECT_EQ(both.done->usage.output_image, 200);
  // One that ends well with fewer has made fewer; one that is cut leaves it open.
  const Read fewer = read(completed("one"), request);
  ASSERT_TRUE(fewer.done);
  EXPECT_EQ(fewer.done->files.size(), 1U);
  const Read cut = read(completed("one"), request, 4'096, true);
  ASSERT_FALSE(cut.done);
  EXPECT_EQ(cut.done.error().kind, Fault::Kind::network);
}

TEST_F(OpenAiPartials, ThatCannotBeReadAreLeftOut) {
  const Read read = this->read(
      "data: no JSON\n\ndata: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"?\"}\n\n"
      "data: {\"type\":\"image_generation.partial_image\"}\n\ndata: {\"type\":\"image_generation.queued\"}\n\n" +
      partial("seen") + completed("whole"));
  ASSERT_TRUE(read.done);
  EXPECT_THAT(read.partials, ElementsAre("seen"));
}

TEST_F(OpenAiPartials, OfAnAnswerThatBreaksOffAreNoPicture) {
  const Read cut = read(partial("first") + completed("whole").substr(0, 40), request_for(MediaKind::image), 16, true);
  ASSERT_FALSE(cut.done);
  EXPECT_EQ(cut.done.error().kind, Fault::Kind::network) << "as of a whole answer that breaks off";
  EXPECT_THAT(cut.partials, ElementsAre("first"));
  const Read ended = read(partial("first"));
  ASSERT_FALSE(ended.done);
  EXPECT_EQ(ended.done.error().kind, Fault::Kind::broken);
  const Read unreadable =
      read(partial("first") + "data: {\"type\":\"image_generation.completed\",\"b64_json\":\"?\"}\n\n");
  ASSERT_FALSE(unreadable.done);
  EXPECT_EQ(unreadable.done.error().kind, Fault::Kind::broken);
  // What came whole before the line broke is there.
  const Read whole = read(completed("whole"), request_for(MediaKind::image), 4'096, true);
  EXPECT_TRUE(whole.done);
}

TEST_F(OpenAiPartials, GiveWayToWhatTheProviderSaysWentWrong) {
  const Read refused = read(partial("first") + std::string(kRefused) + completed("never"));
  ASSERT_FALSE(refused.done);
  EXPECT_EQ(refused.done.error().kind, Fault::Kind::content);
  EXPECT_THAT(refused.done.error().message, HasSubstr("rejected"));
  EXPECT_THAT(refused.partials, ElementsAre("first"));
}

TEST_F(OpenAiPartials, AreBoundInAllTheyMayHave) {
  const Read large = read(completed(std::string(2'000, 'x')));
  ASSERT_FALSE(large.done);
  EXPECT_EQ(large.done.error().kind, Fault::Kind::broken);
  const Read endless = read("data: " + std::string(std::size_t{33} << 20, 'A'), request_for(MediaKind::image), 1 << 20);
  ASSERT_FALSE(endless.done);
  EXPECT_EQ(endless.done.error().kind, Fault::Kind::broken);
  EXPECT_THAT(endless.partials, IsEmpty());
}

TEST_F(OpenAiPartials, AreNoAnswerOfThoseWhoDoNotStream) {
  const auto read = gemini_media_adapter().read_event("", "{}", request_for(MediaKind::image));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, Fault::Kind::broken);
}

}  // namespace
}  // namespace atelier::model
