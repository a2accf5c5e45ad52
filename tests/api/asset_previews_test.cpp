// What is shown of assets in place of them: made in the background or when it is asked for, and served so that nobody
// asks twice.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/api/made_by_ffmpeg.hpp"
#include "tests/app/house_fixture.hpp"

namespace atelier::app {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class AssetPreviews : public HouseTest {
 protected:
  void SetUp() override {
    HouseTest::SetUp();
    listen();
  }
  json::Value upload(const std::string& name, std::string bytes) {
    const Answer made = call(net::Method::post, "/api/assets?name=" + name, std::move(bytes),
                             {{"content-type", "application/octet-stream"}});
    EXPECT_EQ(made.status, 201) << made.body;
    return made.json();
  }
  Answer get(const std::string& path, std::vector<std::pair<std::string, std::string>> headers = {}) {
    return call(net::Method::get, path, {}, std::move(headers));
  }
  std::string of(const json::Value& asset, const std::string& rest) {
    return "/api/assets/" + text(asset, "id") + rest;
  }
  std::string header(const Answer& answer, const char* name) {
    return std::string(answer.headers.find(name).value_or(""));
  }
  // Once it is settled what is shown of it.
  json::Value await_settled(const json::Value& asset) {
    for (int i = 0; i < 2'000; ++i) {
      const json::Value now = get(of(asset, "")).json();
      if (text(now.at("previews"), "state") != "pending") return now;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "nothing was made of it";
    return asset;
  }
  std::size_t drop_derived() {
    std::size_t removed = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "blobs" / "derived"))
      if (entry.is_regular_file()) removed += fs::remove(entry.path()) ? 1 : 0;
    return removed;
  }
};

TEST_F(AssetPreviews, OfAPictureAreServedForGood) {
  const json::Value asset = upload("lamp.jpg", drawn("2000x1500", "mjpeg"));
  EXPECT_THAT(text(asset, "preview_url"), StartsWith(of(asset, "/preview?")));
  const Answer small = get(text(asset, "preview_url"), {{"accept", "image/webp,*/*"}});
  ASSERT_EQ(small.status, 200) << small.body;
  EXPECT_EQ(header(small, "content-type"), "image/webp");
  EXPECT_EQ(small.body.substr(8, 4), "WEBP");
  EXPECT_THAT(header(small, "cache-control"), HasSubstr("immutable"));
  EXPECT_THAT(header(small, "cache-control"), HasSubstr("private"));
  EXPECT_THAT(header(small, "vary"), HasSubstr("accept"));
  EXPECT_EQ(header(small, "x-content-type-options"), "nosniff");
  EXPECT_THAT(header(small, "content-security-policy"), HasSubstr("sandbox"));
  const std::string etag = header(small, "etag");
  ASSERT_FALSE(etag.empty());
  EXPECT_EQ(get(text(asset, "preview_url"), {{"if-none-match", etag}, {"accept", "image/webp"}}).status, 304);
  const Answer part = get(text(asset, "preview_url"), {{"range", "bytes=0-3"}, {"accept", "image/webp"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "RIFF");
  EXPECT_GT(get(of(asset, "/preview?size=640")).body.size(), small.body.size());
  const Answer cover = get(of(asset, "/cover"));
  EXPECT_EQ(header(cover, "content-type"), "image/jpeg");
  EXPECT_THAT(cover.body, StartsWith("\xff\xd8\xff"));
  EXPECT_THAT(get(of(asset, "/poster")).body, StartsWith("\xff\xd8\xff"));
  const Answer content = get(of(asset, "/content"));
  EXPECT_THAT(header(content, "cache-control"), HasSubstr("immutable"));
  EXPECT_EQ(header(content, "content-disposition"), "inline; filename*=UTF-8''lamp.jpg");
}

TEST_F(AssetPreviews, AreInTheFormatThatIsRead) {
  const json::Value asset = upload("lamp.png", drawn("900x600", "png"));
  const std::string path = of(asset, "/preview?size=320");
  const auto type_for = [&](const char* accept) { return header(get(path, {{"accept", accept}}), "content-type"); };
  EXPECT_EQ(type_for("image/webp"), "image/webp");
  EXPECT_EQ(type_for("*/*"), "image/webp");
  EXPECT_EQ(type_for("image/png,image/jpeg"), "image/jpeg");
  EXPECT_EQ(type_for("image/webp;q=0,image/*"), "image/jpeg");
  // Who reads both is not kept waiting for an AVIF, which is made for the next.
  const char* both = "image/avif,image/webp,image/*,*/*;q=0.8";
  EXPECT_EQ(type_for(both), "image/webp");
  std::string type;
  for (int i = 0; i < 2'000 && type != "image/avif"; ++i) {
    type = type_for(both);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(type, "image/avif");
  EXPECT_EQ(type_for("image/webp"), "image/webp");
  const Answer only = get(of(asset, "/preview?size=640"), {{"accept", "image/avif,image/webp;q=0"}});
  EXPECT_EQ(header(only, "content-type"), "image/avif");
  EXPECT_EQ(only.body.substr(4, 8), "ftypavif");
}

TEST_F(AssetPreviews, AreMadeBehindTheUploadAndAgainWhereTheyWereEvicted) {
  const json::Value asset = upload("lamp.png", drawn("900x600", "png"));
  EXPECT_EQ(text(await_settled(asset).at("previews"), "state"), "ready");
  const std::string before = get(of(asset, "/preview?size=640")).body;
  EXPECT_GE(drop_derived(), 3U);
  const Answer again = get(of(asset, "/preview?size=640"));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, before);
}

TEST_F(AssetPreviews, OfAVideoAreAPosterACoverAndALoop) {
  const json::Value asset = upload(
      "film.mp4", made_by_ffmpeg("-f lavfi -i color=black:size=640x360:rate=25:duration=2 "
                                 "-f lavfi -i testsrc2=size=640x360:rate=25:duration=4 -filter_complex "
                                 "[0][1]concat=n=2 -c:v libx264 -preset ultrafast -movflags frag_keyframe -f mp4"));
  EXPECT_EQ(text(await_settled(asset).at("previews"), "state"), "ready");
  const Answer poster = get(text(asset, "poster_url"));
  EXPECT_EQ(header(poster, "content-type"), "image/jpeg");
  // The test picture, and not the black before it.
  EXPECT_GT(poster.body.size(), 8'000U);
  EXPECT_EQ(header(get(text(asset, "preview_url")), "content-type"), "image/webp");
  EXPECT_EQ(get(text(asset, "cover_url")).status, 200);
  const Answer loop = get(text(asset, "loop_url"));
  ASSERT_EQ(loop.status, 200) << loop.body;
  EXPECT_EQ(header(loop, "content-type"), "video/mp4");
  EXPECT_EQ(loop.body.substr(4, 4), "ftyp");
  // Its index comes before its pictures.
  EXPECT_LT(loop.body.find("moov"), loop.body.find("mdat"));
  EXPECT_EQ(get(text(asset, "loop_url"), {{"range", "bytes=4-7"}}).body, "ftyp");
  EXPECT_TRUE(asset.at("peaks_url").is_null());
  EXPECT_EQ(asset.at("fps").to_number<double>(), 25);
  EXPECT_EQ(text(asset, "codec"), "h264");
}

TEST_F(AssetPreviews, OfASoundAreItsPeaks) {
  const json::Value asset =
      upload("tone.flac", made_by_ffmpeg("-f lavfi -i sine=frequency=440:duration=3 -ac 2 -f flac"));
  EXPECT_EQ(asset.at("channels").to_number<int>(), 2);
  EXPECT_EQ(asset.at("sample_rate").to_number<int>(), 44'100);
  EXPECT_TRUE(asset.at("preview_url").is_null());
  const Answer peaks = get(text(asset, "peaks_url"));
  ASSERT_EQ(peaks.status, 200) << peaks.body;
  const auto word = [&](std::size_t at) {
    std::uint32_t value = 0;
    std::memcpy(&value, peaks.body.data() + 4 * at, 4);
    return value;
  };
  EXPECT_EQ(word(0), 2U);
  EXPECT_EQ(word(1), 1U);
  EXPECT_EQ(word(2), 48'000U);
  EXPECT_EQ(word(3), 256U);
  EXPECT_NEAR(word(4), 3 * 48'000 / 256, 3);
  EXPECT_EQ(word(5), 1U);
  EXPECT_EQ(peaks.body.size(), 24 + 2 * word(4));
  EXPECT_EQ(text(await_settled(asset).at("previews"), "state"), "ready");
}

TEST_F(AssetPreviews, ThereAreNoneOfWhatCannotBeShown) {
  const json::Value asset = upload("tone.flac", made_by_ffmpeg("-f lavfi -i sine=duration=1 -f flac"));
  for (const char* rest : {"/preview", "/poster", "/cover", "/loop"}) {
    const Answer none = get(of(asset, rest));
    EXPECT_EQ(none.status, 404) << rest;
    EXPECT_EQ(text(none.json(), "code"), "asset_no_preview") << rest;
  }
  const Answer odd = get(of(asset, "/preview?size=333"));
  EXPECT_EQ(odd.status, 400);
  EXPECT_EQ(text(odd.json(), "where"), "size");
}

// A Matroska file of so many tracks, by hand: nobody's tools write one.
std::string matroska_of(std::size_t track_count) {
  const auto element = [](std::string id, const std::string& body) {
    const auto size = static_cast<std::uint32_t>(body.size());
    std::string head = std::move(id);
    head += static_cast<char>(0x10 | size >> 24);
    for (int shift = 16; shift >= 0; shift -= 8) head += static_cast<char>(size >> shift);
    return head + body;
  };
  const auto number = [&](std::string id, std::uint32_t value) {
    return element(std::move(id), {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
                                   static_cast<char>(value >> 8), static_cast<char>(value)});
  };
  std::string tracks;
  for (std::size_t i = 1; i <= track_count; ++i) {
    const auto id = static_cast<std::uint32_t>(i);
    tracks += element("\xae", number("\xd7", id) + number("\x73\xc5", id) + number("\x83", 1) +
                                  element("\x86", "V_VP8") + element("\xe0", number("\xb0", 64) + number("\xba", 64)));
  }
  return element("\x1a\x45\xdf\xa3", element("\x42\x82", "matroska")) +
         element("\x18\x53\x80\x67", element("\x16\x54\xae\x6b", tracks));
}

TEST_F(AssetPreviews, OfHostileFilesHurtNobody) {
  const std::string photo = drawn("640x480", "mjpeg");
  struct Case {
    const char* name;
    std::string bytes;
  };
  for (const Case& one : std::vector<Case>{
           {"bomb.png", std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\1\0\0\0\1\0\0\x08\2\0\0\0\0\0\0\0", 33)},
           {"playlist.mp4", "#EXTM3U\n#EXTINF:1,\nhttp://169.254.169.254/latest/meta-data\n"},
           {"script.svg", "<svg xmlns='http://www.w3.org/2000/svg'><script>fetch('/api/keys')</script></svg>"},
           {"cut.jpg", photo.substr(0, photo.size() / 3)},
           {"tracks.mkv", matroska_of(20'000)},
           {"page.jpg", "<!DOCTYPE html><script>1</script>"}}) {
    const Answer refused = call(net::Method::post, std::string("/api/assets?name=") + one.name, one.bytes,
                                {{"content-type", "application/octet-stream"}});
    EXPECT_GE(refused.status, 400) << one.name;
    EXPECT_LT(refused.status, 500) << one.name << refused.body;
    EXPECT_THAT(text(refused.json(), "code"), testing::AnyOf(StartsWith("media_"), StartsWith("file_")));
  }
  EXPECT_TRUE(get("/api/assets").json().at("items").as_array().empty());
  // A name that would leave the folder is a name and nothing else.
  const json::Value named = upload("..%2F..%2Fetc%2Fpasswd%00.jpg", photo);
  EXPECT_EQ(text(named, "name").find('/'), std::string::npos);
  EXPECT_EQ(get(text(named, "preview_url")).status, 200);
}

// Its head is in order, so that it is taken; what should be seen is not.
TEST_F(AssetPreviews, OfAVideoThatShowsNothingAreRefusedWithTheReason) {
  std::string film = made_by_ffmpeg(
      "-f lavfi -i testsrc2=size=320x180:rate=25:duration=8 -c:v libx264 -preset ultrafast -movflags "
      "frag_keyframe+empty_moov -g 25 -f mp4");
  for (std::size_t at = film.find("mdat"); at != std::string::npos; at = film.find("mdat", at + 4)) {
    const std::size_t next = std::min(film.find("moof", at), film.find("mfra", at));
    const std::size_t end = next == std::string::npos ? film.size() : next - 4;
    if (end > at + 4)
      std::fill(film.begin() + static_cast<std::ptrdiff_t>(at) + 4, film.begin() + static_cast<std::ptrdiff_t>(end),
                '\xee');
  }
  const Answer taken =
      call(net::Method::post, "/api/assets?name=dark.mp4", film, {{"content-type", "application/octet-stream"}});
  ASSERT_EQ(taken.status, 201) << taken.body;
  const json::Value settled = await_settled(taken.json());
  EXPECT_EQ(text(settled.at("previews"), "state"), "refused");
  EXPECT_FALSE(text(settled.at("previews"), "problem").empty());
  const Answer none = get(text(settled, "preview_url"));
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(text(none.json(), "code"), "preview_refused");
  EXPECT_THAT(text(none.json(), "detail"), HasSubstr("dark.mp4"));
}

}  // namespace
}  // namespace atelier::app
