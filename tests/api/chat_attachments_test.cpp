// Pictures and documents that go along with what is said: what the model gets of them, and what is refused, when.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/hash.hpp"
#include "tests/api/chat_fixture.hpp"
#include "tests/api/made_by_ffmpeg.hpp"
#include "tests/media/test_pdf.hpp"

namespace atelier::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ChatAttachments : public ChatHouseTest {
 protected:
  Answer upload(std::string name, std::string bytes, Headers headers = {}) {
    headers.emplace_back("content-type", "application/octet-stream");
    return call(net::Method::post, "/api/assets?name=" + std::move(name), std::move(bytes), std::move(headers));
  }
  json::Value uploaded(std::string name, std::string bytes) {
    const Answer made = upload(std::move(name), std::move(bytes));
    EXPECT_EQ(made.status, 201) << made.body;
    return made.json();
  }
  static json::Value image(const std::string& id) { return json::Object{{"type", "image"}, {"asset_id", id}}; }
  static json::Value file(const std::string& id) {
    return json::Object{{"type", "file"}, {"asset_id", id}, {"name", "report.pdf"}, {"media_type", "application/pdf"}};
  }
  static std::string saying(json::Array parts) {
    parts.emplace_back(json::Object{{"type", "text"}, {"text", "What is this?"}});
    return json::write(json::Object{{"parts", std::move(parts)}});
  }
  // The picture that the model was sent, in base64, and its type.
  static std::string sent_picture(const std::string& body, std::string* type) {
    const auto request = json::parse(body);
    for (const json::Value& part : request->at("messages").as_array().back().at("content").as_array())
      if (part.at("type").as_string() == "image_url") {
        const std::string url(part.at("image_url").at("url").as_string());
        const std::size_t at = url.find(";base64,");
        *type = url.substr(5, at - 5);
        return url.substr(at + 8);
      }
    ADD_FAILURE() << "no picture in it";
    return {};
  }
};

TEST_F(ChatAttachments, APictureIsSentSmallAndItsOriginalKept) {
  start();
  const std::string original = drawn("2400x1800", "mjpeg");
  const json::Value asset = uploaded("lamp.jpg", original);
  EXPECT_EQ(number(asset, "width"), 2'400);
  const json::Value& prepared = asset.at("prepared");
  EXPECT_EQ(text(prepared, "media_type"), "image/jpeg");
  EXPECT_EQ(number(prepared, "width"), 1'568);
  EXPECT_EQ(number(prepared, "height"), 1'176);
  EXPECT_EQ(number(prepared, "tokens"), 1'568 * 1'176 / 750);

  const std::string thread = make_thread(), id = text(asset, "id");
  const Answer said = send(thread, saying({image(id)}));
  ASSERT_EQ(said.status, 201) << said.body;
  await_end(thread, 2);
  std::string type;
  const std::string sent = sent_picture(last_call().body, &type);
  EXPECT_EQ(type, "image/jpeg");
  EXPECT_EQ(sent.size(), static_cast<std::size_t>((number(prepared, "size_bytes") + 2) / 3 * 4));
  EXPECT_TRUE(sent.starts_with("/9j/"));
  EXPECT_EQ(call(net::Method::get, "/api/assets/" + id + "/content").body, original);
  // What it is about stands with the message, for the window and for readers.
  EXPECT_EQ(number(message(thread, 1).at("parts").at(0), "tokens"), 1'568 * 1'176 / 750);
  // The same bytes again are the same asset.
  EXPECT_EQ(text(uploaded("again.jpg", original), "id"), id);
}

TEST_F(ChatAttachments, ADocumentIsSentAsItsWords) {
  start();
  const std::vector<std::string> pages = {"The lamp was lit.", "", "Nobody saw it."};
  const json::Value asset = uploaded("report.pdf", media::pdf_with_pages(pages));
  EXPECT_EQ(text(asset, "kind"), "document");
  EXPECT_TRUE(asset.at("poster_url").is_null());
  EXPECT_EQ(number(asset.at("prepared"), "page_count"), 3);
  const std::string thread = make_thread(), id = text(asset, "id");
  ASSERT_EQ(send(thread, saying({file(id)})).status, 201);
  await_end(thread, 2);
  EXPECT_THAT(
      last_call().body,
      HasSubstr(
          R"(report.pdf (3 pages)\n\n[page 1]\nThe lamp was lit.\n\n[page 2]\n(no text)\n\n[page 3]\nNobody saw it.)"));
  EXPECT_GT(number(message(thread, 1).at("parts").at(0), "tokens"), 10);
  EXPECT_EQ(call(net::Method::get, "/api/assets/" + id + "/poster").status, 404);
  EXPECT_EQ(call(net::Method::get, "/api/assets/" + id + "/content").body, media::pdf_with_pages(pages));
}

TEST_F(ChatAttachments, WhatCannotBeReadIsRefusedWhenItIsGiven) {
  start();
  const std::string whole = drawn("640x480", "png");
  std::string damaged = whole;
  damaged.replace(whole.size() / 2, 200, 200, 'x');
  const std::vector<std::string> blank = {"", ""};
  struct Case {
    const char* name;
    std::string bytes;
    int status;
    const char* code;
  };
  for (const Case& one : std::vector<Case>{
           {"cut.png", whole.substr(0, whole.size() / 2), 400, "media_truncated"},
           {"damaged.png", damaged, 400, "file_unreadable"},
           {"odd.pdf", "%PDF-1.7 nothing else", 400, "document_broken"},
           {"scan.pdf", media::pdf_with_pages(blank), 400, "document_no_text"},
           {"logo.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>", 400, "media_unsupported"},
       }) {
    const Answer refused = upload(one.name, one.bytes);
    EXPECT_EQ(refused.status, one.status) << one.name << refused.body;
    EXPECT_EQ(text(refused.json(), "code"), one.code) << refused.body;
    EXPECT_THAT(text(refused.json(), "detail"), HasSubstr(one.name));
  }
  EXPECT_TRUE(call(net::Method::get, "/api/assets").json().at("items").as_array().empty());
}

TEST_F(ChatAttachments, WhatIsNotOnesOwnIsNotThere) {
  start();
  const std::string owner = text(uploaded("lamp.png", drawn("64x48", "png")), "id");
  const std::string thread = make_thread();
  const auto asked = conversations();
  for (const json::Value& part : {image("01ARZ3NDEKTSV4RRFFQ69G5FAV"), file("01ARZ3NDEKTSV4RRFFQ69G5FAV")}) {
    const Answer refused = send(thread, saying({image(owner), part}));
    EXPECT_EQ(refused.status, 404) << refused.body;
    EXPECT_EQ(text(refused.json(), "code"), "asset_not_found");
    EXPECT_EQ(text(refused.json(), "where"), "/parts/1/asset_id");
  }
  EXPECT_EQ(conversations(), asked);
  EXPECT_EQ(number(view(thread).at("thread"), "message_count"), 0);
}

TEST_F(ChatAttachments, AVideoIsNotSentToAModel) {
  start();
  const std::string command =
      "ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=64x48:rate=5 -frames:v 5 -c:v libx264 -f matroska -";
  FILE* pipe = popen(command.c_str(), "r");
  std::string film(1 << 20, '\0');
  film.resize(fread(film.data(), 1, film.size(), pipe));
  ASSERT_EQ(pclose(pipe), 0);
  const json::Value asset = uploaded("film.mkv", film);
  EXPECT_TRUE(asset.at("prepared").is_null());
  const Answer refused = send(make_thread(), saying({image(text(asset, "id"))}));
  EXPECT_EQ(refused.status, 400) << refused.body;
  EXPECT_EQ(text(refused.json(), "where"), "/parts/0/asset_id");
  EXPECT_THAT(text(refused.json(), "detail"),
              AllOf(HasSubstr("film.mkv"), HasSubstr("neither a picture nor a document")));
}

// A thread goes on after its picture was deleted.
TEST_F(ChatAttachments, WhatWasDeletedIsSaidToHaveStoodThere) {
  start();
  const std::string id = text(uploaded("lamp.png", drawn("64x48", "png")), "id"), thread = make_thread();
  ASSERT_EQ(send(thread, saying({image(id)})).status, 201);
  await_end(thread, 2);
  ASSERT_EQ(call(net::Method::del, "/api/assets/" + id).status, 204);
  ASSERT_EQ(send(thread, said("And now?")).status, 201);
  await_end(thread, 4);
  EXPECT_THAT(last_call().body, AllOf(HasSubstr("[a picture stood here and was deleted]"), Not(HasSubstr("base64"))));
  EXPECT_EQ(send(thread, saying({image(id)})).status, 404);
}

// What was made for models is let go of where disk is short, and made again.
TEST_F(ChatAttachments, WhatWasEvictedIsMadeAgain) {
  start();
  const std::vector<std::string> pages = {"The lamp was lit."};
  const std::string id = text(uploaded("report.pdf", media::pdf_with_pages(pages)), "id"), thread = make_thread();
  std::size_t removed = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_))
    if (entry.is_regular_file() && entry.path().string().find("derived") != std::string::npos) {
      std::filesystem::remove(entry.path());
      ++removed;
    }
  ASSERT_EQ(removed, 1U);
  ASSERT_EQ(send(thread, saying({file(id)})).status, 201);
  EXPECT_EQ(text(await_end(thread, 2), "state"), "complete");
  EXPECT_THAT(last_call().body, HasSubstr("The lamp was lit."));
}

}  // namespace
}  // namespace atelier::app
