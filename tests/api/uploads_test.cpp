// Uploads in pieces: how they are checked and hashed on their way, what is refused, how many there may be, what
// survives a restart, and what goes.
#include <fstream>
#include <tuple>

#include "base/checksum.hpp"
#include "base/hash.hpp"
#include "tests/api/library_fixture.hpp"
#include "tests/api/made_by_ffmpeg.hpp"

namespace atelier::app {
namespace {

using testing::ElementsAre;

class Uploads : public LibraryTest {
 protected:
  Answer begin(std::size_t size_bytes, Headers headers = {}, std::string body = {}) {
    headers.emplace_back("tus-resumable", "1.0.0");
    headers.emplace_back("upload-length", std::to_string(size_bytes));
    return call(net::Method::post, "/api/uploads", std::move(body), std::move(headers));
  }
  std::string begun(std::size_t size_bytes, Headers headers = {}) {
    const Answer made = begin(size_bytes, std::move(headers));
    EXPECT_EQ(made.status, 201) << made.body;
    return header(made, "location");
  }
  Answer send(const std::string& upload, std::size_t offset, std::string piece, Headers headers = {}) {
    headers.emplace_back("tus-resumable", "1.0.0");
    headers.emplace_back("upload-offset", std::to_string(offset));
    headers.emplace_back("content-type", "application/offset+octet-stream");
    return call(net::Method::patch, upload, std::move(piece), std::move(headers));
  }
  // As whoever sends it says: "sha1 " and the hash in base64.
  static std::string checksum_of(ChecksumKind kind, std::string_view bytes) {
    Checksum checksum(kind);
    checksum.update(bytes);
    return (kind == ChecksumKind::sha1 ? "sha1 " : "sha256 ") + base64(checksum.finish());
  }
  std::size_t offset_of(const std::string& upload) { return std::stoul(header(look(upload), "upload-offset")); }
  // Its bytes are what the blob's name says: what was hashed on its way is what is there.
  void expect_asset(const Answer& last, const std::string& bytes) {
    ASSERT_EQ(last.status, 204) << last.body;
    const Answer content = call(net::Method::get, "/api/assets/" + header(last, "x-atelier-asset") + "/content");
    EXPECT_EQ(content.body, bytes);
    EXPECT_EQ(header(content, "etag"), "\"" + sha256(bytes).hex() + "\"");
    EXPECT_TRUE(
        fs::exists(folder_ / "blobs" / "original" / sha256(bytes).hex().substr(0, 2) / sha256(bytes).hex().substr(2)));
  }
  Answer look(const std::string& upload) { return call(net::Method::head, upload, {}, {{"tus-resumable", "1.0.0"}}); }
  std::string header(const Answer& answer, const char* name) {
    return std::string(answer.headers.find(name).value_or(""));
  }
  std::size_t file_count() {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(folder_ / "uploads")) count += entry.is_regular_file() ? 1 : 0;
    return count;
  }
};

TEST_F(Uploads, GoOnWhereTheyWereAfterARestart) {
  const std::string bytes = drawn("640x480", "png");
  const std::size_t half = bytes.size() / 2;
  // "lamp.png"
  const std::string upload = begun(bytes.size(), {{"upload-metadata", "filename bGFtcC5wbmc=,filetype aW1hZ2UvcG5n"}});
  const Answer first = send(upload, 0, bytes.substr(0, half));
  ASSERT_EQ(first.status, 204) << first.body;
  EXPECT_EQ(header(first, "upload-offset"), std::to_string(half));
  EXPECT_FALSE(header(first, "upload-expires").empty());
  open({});
  listen();
  const Answer there = look(upload);
  EXPECT_EQ(there.status, 200);
  EXPECT_EQ(header(there, "upload-offset"), std::to_string(half));
  EXPECT_EQ(header(there, "upload-length"), std::to_string(bytes.size()));
  EXPECT_EQ(header(there, "cache-control"), "no-store");
  EXPECT_EQ(header(there, "tus-resumable"), "1.0.0");
  // At another place than it is nothing is taken.
  const Answer elsewhere = send(upload, 0, bytes);
  EXPECT_EQ(elsewhere.status, 409) << elsewhere.body;
  const Answer last = send(upload, half, bytes.substr(half));
  ASSERT_EQ(last.status, 204) << last.body;
  const std::string asset = header(last, "x-atelier-asset");
  EXPECT_EQ(call(net::Method::get, "/api/assets/" + asset + "/content").body, bytes);
  EXPECT_EQ(text(get("/api/assets/" + asset), "name"), "lamp.png");
  EXPECT_EQ(file_count(), 0U) << "its file has become a blob";
  // Whoever did not hear of the end is told of it.
  EXPECT_EQ(header(look(upload), "upload-offset"), std::to_string(bytes.size()));
  EXPECT_EQ(text(get(upload), "asset_id"), asset);
  EXPECT_EQ(send(upload, bytes.size(), "").status, 204);
}

TEST_F(Uploads, AreHashedOnTheirWayWhateverComesBetween) {
  const std::string bytes = drawn("1280x960", "png");
  const std::size_t third = bytes.size() / 3;
  const auto piece = [&](std::size_t at) { return bytes.substr(at * third, at == 2 ? bytes.npos : third); };
  std::string upload = begun(bytes.size());
  for (std::size_t at : {0U, 1U}) EXPECT_EQ(send(upload, at * third, piece(at)).status, 204);
  expect_asset(send(upload, 2 * third, piece(2)), bytes);
  EXPECT_EQ(call(net::Method::del, "/api/assets/" + text(get(upload), "asset_id")).status, 204);
  // The server knows nothing of the first piece after it was started again.
  upload = begun(bytes.size());
  EXPECT_EQ(send(upload, 0, piece(0)).status, 204);
  open({});
  listen();
  EXPECT_EQ(send(upload, third, piece(1)).status, 204);
  expect_asset(send(upload, 2 * third, piece(2)), bytes);
  EXPECT_EQ(call(net::Method::del, "/api/assets/" + text(get(upload), "asset_id")).status, 204);
  // A piece that was dropped is in no hash.
  upload = begun(bytes.size());
  EXPECT_EQ(send(upload, 0, piece(0)).status, 204);
  const Headers wrong{{"upload-checksum", checksum_of(ChecksumKind::sha256, "something else")}};
  EXPECT_EQ(send(upload, third, piece(2).substr(0, third), wrong).status, 460);
  EXPECT_EQ(offset_of(upload), third);
  EXPECT_EQ(send(upload, third, piece(1)).status, 204);
  expect_asset(send(upload, 2 * third, piece(2)), bytes);
}

TEST_F(Uploads, TakeAPieceOnlyAsItsChecksumSays) {
  const std::string bytes = drawn("320x240", "png");
  const std::size_t half = bytes.size() / 2;
  const std::string first = bytes.substr(0, half), second = bytes.substr(half);
  const std::string upload = begun(bytes.size());
  // Of the very first piece nothing stays, and of a later one what was there before.
  for (const auto& [kind, at, piece] :
       {std::tuple{ChecksumKind::sha1, std::size_t{0}, first}, {ChecksumKind::sha256, half, second}}) {
    std::string damaged = piece;
    damaged[damaged.size() / 2] ^= 1;
    const Headers told{{"upload-checksum", checksum_of(kind, piece)}};
    const Answer refused = send(upload, at, damaged, told);
    EXPECT_EQ(refused.status, 460) << refused.body;
    EXPECT_EQ(text(refused.json(), "code"), "checksum_mismatch");
    EXPECT_EQ(offset_of(upload), at);
    const Answer taken = send(upload, at, piece, told);
    EXPECT_EQ(taken.status, 204) << taken.body;
    if (at == half) expect_asset(taken, bytes);
  }
  // With the upload itself.
  const std::string other = pixel(77);
  const Headers whole{{"content-type", "application/offset+octet-stream"},
                      {"upload-checksum", checksum_of(ChecksumKind::sha1, other)}};
  EXPECT_EQ(begin(other.size(), whole, other).status, 201);
  EXPECT_EQ(begin(other.size(), whole, pixel(78)).status, 460);
  EXPECT_EQ(file_count(), 0U) << "of which nobody knows where it would go on";
}

TEST_F(Uploads, RefuseChecksumsThatAreNone) {
  const std::string upload = begun(5);
  for (const char* wrong : {"", "sha1", "sha1 ", "md5 CY9rzUYh03PK3k6DJie09g==", "sha1 %%%", "sha1 AAAA",
                            "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0="}) {
    const Answer refused = send(upload, 0, "12345", {{"upload-checksum", wrong}});
    EXPECT_EQ(refused.status, 400) << wrong << refused.body;
    EXPECT_EQ(text(refused.json(), "where"), "Upload-Checksum");
    EXPECT_EQ(offset_of(upload), 0U);
  }
  const Answer told = call(net::Method::options, "/api/uploads");
  EXPECT_EQ(header(told, "tus-checksum-algorithm"), "sha1,sha256");
  EXPECT_NE(header(told, "tus-extension").find("checksum,"), std::string::npos);
}

TEST_F(Uploads, AreTakenUpWhereACrashCameBeforeTheEnd) {
  const std::string bytes = pixel(7);
  const std::string upload = begun(bytes.size());
  // All of it is there, as after a crash before anybody looked at it.
  const std::string id = upload.substr(upload.rfind('/') + 1);
  std::ofstream(folder_ / "uploads" / id, std::ios::binary) << bytes;
  const Answer there = look(upload);
  EXPECT_EQ(header(there, "upload-offset"), std::to_string(bytes.size()));
  EXPECT_EQ(call(net::Method::get, "/api/assets/" + header(there, "x-atelier-asset")).status, 200);
}

TEST_F(Uploads, AreNoMoreThanTheySay) {
  const std::string bytes = pixel(3);
  const std::string upload = begun(bytes.size());
  const Answer more = send(upload, 0, bytes + "and more");
  EXPECT_EQ(more.status, 413) << more.body;
  EXPECT_LE(std::stoul(header(look(upload), "upload-offset")), bytes.size());
  EXPECT_EQ(begin(std::size_t{1} << 50).status, 413);
  EXPECT_EQ(begin(0).status, 400);
}

TEST_F(Uploads, OfWhatCannotBeUsedAreOverWithTheReason) {
  const std::string upload = begun(9, {{"upload-metadata", "filename eC5wbmc="}});
  const Answer refused = send(upload, 0, "not a png");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("x.png"), std::string::npos) << refused.body;
  EXPECT_EQ(look(upload).status, 404);
  EXPECT_EQ(file_count(), 0U);
}

TEST_F(Uploads, RefuseWhatIsNoTus) {
  const Headers piece{{"tus-resumable", "1.0.0"}, {"content-type", "application/offset+octet-stream"}};
  const std::string upload = begun(5);
  EXPECT_EQ(call(net::Method::patch, upload, "12345", {{"upload-offset", "0"}}).status, 412);
  EXPECT_EQ(call(net::Method::patch, upload, "12345", {{"tus-resumable", "1.0.0"}, {"upload-offset", "0"}}).status,
            415);
  EXPECT_EQ(call(net::Method::patch, upload, "12345", piece).status, 400);
  EXPECT_EQ(call(net::Method::post, "/api/uploads", {}, {{"upload-length", "5"}}).status, 412);
  EXPECT_EQ(call(net::Method::post, "/api/uploads", {}, {{"tus-resumable", "1.0.0"}}).status, 400);
  EXPECT_EQ(begin(5, {{"upload-metadata", "filename %%%"}}).status, 400);
  EXPECT_EQ(begin(5, {{"upload-defer-length", "1"}}).status, 400);
  EXPECT_EQ(look("/api/uploads/..%2F..%2Fstudio.db").status, 404);
  EXPECT_EQ(look(upload + "x").status, 404);
  const Answer told = call(net::Method::options, "/api/uploads");
  EXPECT_EQ(told.status, 204);
  EXPECT_EQ(header(told, "tus-version"), "1.0.0");
  EXPECT_EQ(call(net::Method::del, upload, {}, {{"tus-resumable", "1.0.0"}}).status, 204);
  EXPECT_EQ(look(upload).status, 404);
}

TEST_F(Uploads, OfOnePersonAreBounded) {
  std::vector<std::string> open_ones;
  for (int i = 0; i < 32; ++i) open_ones.push_back(begun(10));
  const Answer refused = begin(10);
  EXPECT_EQ(refused.status, 429) << refused.body;
  EXPECT_EQ(text(refused.json(), "code"), "too_many_uploads");
  EXPECT_EQ(call(net::Method::del, open_ones[0], {}, {{"tus-resumable", "1.0.0"}}).status, 204);
  EXPECT_EQ(begin(10).status, 201);
}

TEST_F(Uploads, GoOnceTheirTimeIsOver) {
  const std::string upload = begun(10);
  EXPECT_EQ(send(upload, 0, "12345").status, 204);
  EXPECT_EQ(file_count(), 1U);
  write({{"UPDATE uploads SET expires_ms = 1"}});
  EXPECT_EQ(look(upload).status, 404);
  open({});
  listen();
  for (int i = 0; i < 2'000 && file_count() > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(file_count(), 0U);
}

// In names of files there may be anything.
TEST_F(Uploads, HaveNamesThatLeadNowhere) {
  struct Case {
    const char* metadata;
    const char* name;
  };
  unsigned colour = 1'000;
  for (const Case& one :
       std::vector<Case>{{"filename Li4vLi4vZXRjL3Bhc3N3ZA==", "passwd"},   // ../../etc/passwd
                         {"filename QzpcZXZpbFxhLmdpZg==", "a.gif"},        // C:\evil\a.gif
                         {"filename YS8uLi8uLg==", ".."},                   // a/../..
                         {"filename", "untitled"},                          //
                         {"filename YQBiCmM=", "abc"},                      // a\0b\nc
                         {"filename 4oCuZ3BnLmV4ZS5naWY=", "gpg.exe.gif"},  // told the other way round
                         {"filename /////w==", "????"},                     // no UTF-8
                         {"filetype aW1hZ2UvcG5n,name eC5naWY=", "x.gif"}}) {
    const std::string bytes = pixel(++colour);
    const std::string upload = begun(bytes.size(), {{"upload-metadata", one.metadata}});
    const Answer done = send(upload, 0, bytes);
    ASSERT_EQ(done.status, 204) << done.body;
    EXPECT_EQ(text(get("/api/assets/" + header(done, "x-atelier-asset")), "name"), one.name) << one.metadata;
  }
  EXPECT_EQ(begin(5, {{"upload-metadata", "filename " + std::string(9'000, 'A')}}).status, 400);
}

}  // namespace
}  // namespace atelier::app
