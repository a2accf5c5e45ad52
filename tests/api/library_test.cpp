// The library as a whole: lists, searches, order, and the trash.
#include "tests/api/library_fixture.hpp"

#include "tests/api/chat_fixture.hpp"

namespace atelier::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Library : public LibraryTest {};

TEST_F(Library, IsListedInAnyOrderAndFromAnyPlace) {
  for (const char* name : {"b.gif", "C.gif", "a.gif", "d.gif"}) add(name);
  EXPECT_THAT(names(""), ElementsAre("d.gif", "a.gif", "C.gif", "b.gif"));
  EXPECT_THAT(names("?sort=oldest&limit=2"), ElementsAre("b.gif", "C.gif"));
  EXPECT_THAT(names("?sort=name"), ElementsAre("a.gif", "b.gif", "C.gif", "d.gif"));
  EXPECT_THAT(names("?sort=name&skip=2&limit=1"), ElementsAre("C.gif"));
  const json::Value page = get("/api/assets/rows?sort=name&limit=3&total=true");
  EXPECT_EQ(page.at("total").as_int64(), 4);
  EXPECT_THAT(names("?sort=name&after=" + text(page, "next")), ElementsAre("d.gif"));
  const json::Value row = page.at("items").as_array().at(0);
  EXPECT_EQ(row.at("width").as_int64(), 1);
  EXPECT_EQ(text(row, "kind"), "image");
  EXPECT_EQ(row.as_object().if_contains("content_url"), nullptr) << "as little as a grid shows";
  EXPECT_NE(get("/api/assets?limit=1").at("items").as_array().at(0).as_object().if_contains("content_url"), nullptr);
}

TEST_F(Library, RefusesWhatIsNoListWithTheFieldNamed) {
  for (const auto& [query, where] : std::vector<std::pair<std::string, std::string>>{{"?sort=size", "sort"},
                                                                                     {"?kind=film", "kind"},
                                                                                     {"?trash=1", "trash"},
                                                                                     {"?skip=-1", "skip"},
                                                                                     {"?limit=201", "limit"},
                                                                                     {"?after=x", "after"},
                                                                                     {"?origin=moon", "origin"},
                                                                                     {"?run=a&thread=b", "thread"},
                                                                                     {"?run=a&origin=upload", "origin"},
                                                                                     {"?q=%22", "q"}}) {
    const Answer refused = call(net::Method::get, "/api/assets/rows" + query);
    EXPECT_EQ(refused.status, 400) << query << refused.body;
    EXPECT_EQ(text(refused.json(), "where"), where) << query;
  }
}

TEST_F(Library, IsSearchedAsSoonAsSomethingIsThere) {
  const std::string lamp = add("Stehlampe.gif");
  add("other.gif");
  EXPECT_THAT(names("?q=stehl"), ElementsAre("Stehlampe.gif"));
  EXPECT_THAT(names("?q=image+gif"), ElementsAre("other.gif", "Stehlampe.gif"));
  EXPECT_THAT(names("?q=%22gif+stehlampe%22"), IsEmpty());
  change(lamp, R"({"name":"Tischlampe.gif"})");
  EXPECT_THAT(names("?q=stehlampe"), IsEmpty());
  EXPECT_THAT(names("?q=tischlampe&sort=name&kind=image"), ElementsAre("Tischlampe.gif"));
  EXPECT_THAT(names("?q=tischlampe&kind=video"), IsEmpty());
  EXPECT_EQ(get("/api/assets/rows?q=gif&total=true").at("total").as_int64(), 2);
  // Nothing in it is an operator.
  EXPECT_THAT(names("?q=tischlampe+OR+other"), IsEmpty());
  EXPECT_THAT(names("?q=*%29+NOT+%28"), IsEmpty());
}

TEST_F(Library, KeepsNamesTagsAndFolders) {
  const std::string lamp = add("lamp.gif"), chair = add("chair.gif");
  const Answer made = call(net::Method::post, "/api/asset-folders", R"({"name":"Rooms"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string folder = text(made.json(), "id");
  const json::Value changed = change(
      lamp,
      fmt::format(R"({{"name":"../x/New\u0007 lamp.gif","tags":["light"," warm ","light"],"folder":"{}"}})", folder));
  EXPECT_EQ(text(changed, "folder"), folder);
  EXPECT_THAT(json::write(changed.at("tags")), R"(["light","warm"])");
  EXPECT_EQ(text(changed, "name").find('\x07'), std::string::npos);
  EXPECT_EQ(text(changed, "name").find('/'), std::string::npos);
  const std::string name = text(changed, "name");
  EXPECT_THAT(names("?folder=" + folder), ElementsAre(name));
  EXPECT_THAT(names("?folder="), ElementsAre("chair.gif"));
  EXPECT_THAT(names("?tag=warm"), ElementsAre(name));
  EXPECT_EQ(json::write(get("/api/assets/tags").at("items")),
            R"([{"tag":"light","count":1},{"tag":"warm","count":1}])");
  change(lamp, R"({"tags":[]})");
  EXPECT_TRUE(get("/api/assets/tags").at("items").as_array().empty());
  EXPECT_EQ(call(net::Method::patch, "/api/asset-folders/" + folder, R"({"name":"Lamps"})").status, 200);
  EXPECT_EQ(text(get("/api/asset-folders").at("items").as_array().at(0), "name"), "Lamps");
  // A folder goes; what was in it stays.
  EXPECT_EQ(call(net::Method::del, "/api/asset-folders/" + folder).status, 204);
  EXPECT_EQ(names("?folder=").size(), 2U);
  EXPECT_TRUE(get("/api/assets/" + lamp).at("folder").is_null());
  const Answer gone = call(net::Method::patch, "/api/assets/" + chair, fmt::format(R"({{"folder":"{}"}})", folder));
  EXPECT_EQ(gone.status, 400);
  EXPECT_EQ(text(gone.json(), "where"), "/folder");
}

TEST_F(Library, ChangesManyAtOnce) {
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(add(fmt::format("{}.gif", i)));
  const std::string missing = AssetId::make().to_string();
  const Answer tagged = bulk("tag", {ids[0], ids[1], ids[1], missing}, R"(,"tags":["light"])");
  ASSERT_EQ(tagged.status, 200) << tagged.body;
  EXPECT_EQ(tagged.json().at("done").as_array().size(), 2U);
  EXPECT_EQ(json::write(tagged.json().at("missing")), fmt::format(R"(["{}"])", missing));
  EXPECT_THAT(names("?tag=light"), ElementsAre("1.gif", "0.gif"));
  EXPECT_EQ(bulk("untag", {ids[0]}, R"(,"tags":["light"])").status, 200);
  EXPECT_THAT(names("?tag=light"), ElementsAre("1.gif"));
  const std::string folder = text(call(net::Method::post, "/api/asset-folders", R"({"name":"Rooms"})").json(), "id");
  EXPECT_EQ(bulk("move", {ids[2], ids[3]}, fmt::format(R"(,"folder":"{}")", folder)).status, 200);
  EXPECT_EQ(names("?folder=" + folder).size(), 2U);
  const std::string hello = events("?topics=assets", {}, "event: hello");
  const std::size_t at = hello.find("id: ") + 4;
  const std::string cursor = hello.substr(at, hello.find('\n', at) - at);
  EXPECT_EQ(bulk("trash", {ids[0], ids[1]}).status, 200);
  EXPECT_THAT(names("?trash=true"), ElementsAre("1.gif", "0.gif"));
  EXPECT_THAT(names(""), ElementsAre("3.gif", "2.gif"));
  EXPECT_EQ(bulk("restore", {ids[1]}).status, 200);
  EXPECT_THAT(names("?tag=light"), ElementsAre("1.gif"));
  const std::string told = events("?topics=assets", cursor, "\"change\":\"restore\"");
  EXPECT_NE(told.find("event: assets.changed"), std::string::npos);
  EXPECT_EQ(bulk("delete", ids).json().at("done").as_array().size(), 4U);
  EXPECT_EQ(call(net::Method::get, "/api/assets/" + ids[0]).status, 404);
  for (const auto& [body, where] : std::vector<std::pair<std::string, std::string>>{
           {R"({"verb":"burn","ids":["x"]})", "/verb"},
           {R"({"verb":"trash","ids":["x"]})", "/ids/0"},
           {R"({"verb":"trash","ids":[]})", "/ids"},
           {fmt::format(R"({{"verb":"tag","ids":["{}"]}})", missing), "/tags"},
           {fmt::format(R"({{"verb":"tag","ids":["{}"],"tags":[""]}})", missing), "/tags/0"},
           {fmt::format(R"({{"verb":"move","ids":["{}"]}})", missing), "/folder"},
           {fmt::format(R"({{"verb":"trash","ids":["{}"],"tags":["x"]}})", missing), "/tags"}}) {
    const Answer refused = call(net::Method::post, "/api/assets/bulk", body);
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_EQ(text(refused.json(), "where"), where) << refused.body;
  }
  json::Array many(501, json::Value(missing));
  EXPECT_EQ(call(net::Method::post, "/api/assets/bulk",
                 json::write(json::Object{{"verb", "trash"}, {"ids", std::move(many)}}))
                .status,
            400);
}

TEST_F(Library, TellsWhatWasMadeFromWhat) {
  const std::string photo = add("photo.gif"), made = add("made.gif");
  write(store::AssetLineages::record(local(), {.asset = *AssetId::parse(made),
                                               .provider = "double",
                                               .model = "painter-1",
                                               .prompt = "A red fox in the snow",
                                               .parameters = json::Object{{"size", "1024x1024"}},
                                               .seed = 7,
                                               .cost_picodollars = 40'000'000'000,
                                               .run = {},
                                               .step = "generate",
                                               .created_ms = 5,
                                               .sources = {{.asset = *AssetId::parse(photo), .role = "image"}}}));
  const json::Value lineage = get("/api/assets/" + made).at("lineage");
  EXPECT_EQ(text(lineage, "prompt"), "A red fox in the snow");
  EXPECT_EQ(lineage.at("seed").as_int64(), 7);
  EXPECT_DOUBLE_EQ(lineage.at("cost").to_number<double>(), 0.04);
  EXPECT_EQ(text(lineage.at("sources").as_array().at(0), "asset_id"), photo);
  EXPECT_EQ(text(get("/api/assets/" + photo).at("made").as_array().at(0), "id"), made);
  EXPECT_TRUE(get("/api/assets/" + photo).at("lineage").is_null());
  EXPECT_THAT(names("?q=red+fox"), ElementsAre("made.gif"));
  EXPECT_THAT(names("?q=painter"), ElementsAre("made.gif"));
}

// What is in the trash goes on being used, and stays while it is.
TEST_F(Library, KeepsInTheTrashWhatIsUsed) {
  const std::string used = add("used.gif"), unused = add("unused.gif");
  const Answer made = call(net::Method::post, "/api/productions", R"({"story":"One."})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string production = "/api/productions/" + text(made.json(), "id");
  const Answer set = call(net::Method::patch, production,
                          fmt::format(R"({{"settings":{{"background":{{"kind":"asset","asset_id":"{}"}}}}}})", used),
                          {{"if-match", std::to_string(made.json().at("revision").as_int64())}});
  ASSERT_EQ(set.status, 200) << set.body;
  EXPECT_EQ(json::write(get("/api/assets/" + used).at("uses")), R"({"threads":0,"productions":1})");
  EXPECT_EQ(json::write(get("/api/assets/" + unused).at("uses")), R"({"threads":0,"productions":0})");
  const json::Value trashed = change(used, R"({"is_trashed":true})");
  EXPECT_FALSE(trashed.at("trashed_at").is_null());
  change(unused, R"({"is_trashed":true})");
  EXPECT_EQ(call(net::Method::get, "/api/assets/" + used + "/content").status, 200);
  // As if both had been there for longer than the month they are kept.
  write({{"UPDATE assets SET trashed_ms = 1 WHERE is_trashed = 1"}});
  open({});
  listen();
  for (int i = 0; i < 2'000 && call(net::Method::get, "/api/assets/" + unused).status != 404; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(call(net::Method::get, "/api/assets/" + unused).status, 404);
  EXPECT_THAT(names("?trash=true"), ElementsAre("used.gif"));
  // It is not used any more; whoever deletes it for good is obeyed.
  EXPECT_EQ(call(net::Method::del, production).status, 204);
  EXPECT_EQ(json::write(get("/api/assets/" + used).at("uses")), R"({"threads":0,"productions":0})");
  EXPECT_EQ(call(net::Method::del, "/api/assets/" + used).status, 204);
  EXPECT_THAT(names("?trash=true"), IsEmpty());
}

TEST_F(Library, GivesBackFromTheTrashWhatIsUploadedAgain) {
  const std::string lamp = upload("lamp.gif", pixel(99));
  change(lamp, R"({"is_trashed":true})");
  EXPECT_EQ(upload("lamp.gif", pixel(99)), lamp);
  EXPECT_THAT(names(""), ElementsAre("lamp.gif"));
}

class LibraryChat : public ChatHouseTest {};

TEST_F(LibraryChat, CountsThreadsThatShowAnAsset) {
  start();
  const Answer made =
      call(net::Method::post, "/api/assets?name=lamp.gif", pixel(5), {{"content-type", "application/octet-stream"}});
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string id = text(made.json(), "id");
  const std::string thread = make_thread();
  const std::string body =
      fmt::format(R"({{"parts":[{{"type":"image","asset_id":"{}"}},{{"type":"text","text":"What?"}}]}})", id);
  ASSERT_EQ(send(thread, body).status, 201);
  const Answer told = call(net::Method::get, "/api/assets/" + id);
  EXPECT_EQ(json::write(told.json().at("uses")), R"({"threads":1,"productions":0})") << told.body;
}

}  // namespace
}  // namespace atelier::app
