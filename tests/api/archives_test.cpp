// Many files in one archive: which, under which names, and what is refused before it begins.
#include <array>
#include <cstdio>
#include <fstream>

#include "tests/api/library_fixture.hpp"

namespace atelier::app {
namespace {

using testing::HasSubstr;

class Archives : public LibraryTest {
 protected:
  // Names and sizes, each file read through, as Python's zipfile sees them.
  std::string contents_of(const Answer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.body;
    const fs::path path = folder_ / "archive.zip";
    std::ofstream(path, std::ios::binary) << answer.body;
    const std::string command =
        "python3 -c 'import sys, zipfile\narchive = zipfile.ZipFile(sys.argv[1])\nassert archive.testzip() is None\n"
        "for entry in archive.infolist(): print(entry.filename, entry.file_size)' " +
        path.string() + " 2>&1";
    std::string output;
    std::FILE* pipe = ::popen(command.c_str(), "r");
    std::array<char, 4'096> piece = {};
    while (const std::size_t count = std::fread(piece.data(), 1, piece.size(), pipe))
      output.append(piece.data(), count);
    EXPECT_EQ(::pclose(pipe), 0) << output;
    return output;
  }
};

TEST_F(Archives, HaveEachFileUnderANameOfItsOwn) {
  const std::string first = add("lamp.gif"), second = add("Lamp.gif"), third = add("lamp");
  change(third, R"({"name":"..lamp: a/b?"})");
  const Answer all = call(net::Method::get, "/api/assets/zip?sort=oldest");
  EXPECT_EQ(all.headers.find("content-type"), "application/zip");
  EXPECT_THAT(std::string(all.headers.find("content-disposition").value_or("")), HasSubstr("atelier.zip"));
  const std::size_t size = pixel(0).size();
  EXPECT_EQ(contents_of(all), fmt::format("lamp.gif {0}\nLamp (2).gif {0}\nb_.gif {0}\n", size));
  // Those that are named, in their order; what is not there is passed over.
  const Answer named = call(net::Method::post, "/api/assets/zip",
                            fmt::format(R"({{"ids":["{}","{}","{}"]}})", second, AssetId::make().to_string(), first));
  EXPECT_EQ(contents_of(named), fmt::format("Lamp.gif {0}\nlamp (2).gif {0}\n", size));
  EXPECT_EQ(contents_of(call(net::Method::get, "/api/assets/zip?ids=" + first + "," + first)),
            fmt::format("lamp.gif {0}\nlamp (2).gif {0}\n", size));
  // All but some.
  EXPECT_EQ(contents_of(call(net::Method::get, "/api/assets/zip?sort=oldest&except=" + second + "," + third)),
            fmt::format("lamp.gif {0}\n", size));
  EXPECT_EQ(call(net::Method::get, "/api/assets/zip?except=nothing").status, 400);
  bulk("tag", {second}, R"(,"tags":["light"])");
  EXPECT_EQ(contents_of(call(net::Method::get, "/api/assets/zip?tag=light")), fmt::format("Lamp.gif {}\n", size));
  EXPECT_EQ(contents_of(call(net::Method::get, "/api/assets/zip?q=lamp&kind=image&tag=light")),
            fmt::format("Lamp.gif {}\n", size));
}

TEST_F(Archives, SayWhatCouldNotBeRead) {
  const std::string lost = add("lost.gif"), kept = add("kept.gif");
  const json::Value asset = get("/api/assets/" + lost);
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "blobs" / "original"))
    if (entry.is_regular_file() && entry.file_size() == pixel(0).size()) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(file)), {});
      if (bytes == pixel(1)) fs::remove(entry.path());
    }
  const std::string contents = contents_of(call(net::Method::get, "/api/assets/zip?sort=oldest"));
  EXPECT_EQ(contents, fmt::format("kept.gif {}\nNOT IN THIS ARCHIVE.txt 9\n", pixel(0).size()));
}

TEST_F(Archives, AreRefusedBeforeTheyBegin) {
  EXPECT_EQ(call(net::Method::get, "/api/assets/zip").status, 404) << "of nothing";
  EXPECT_EQ(call(net::Method::get, "/api/assets/zip?ids=x").status, 400);
  EXPECT_EQ(call(net::Method::get, "/api/assets/zip?ids=").status, 400);
  EXPECT_EQ(call(net::Method::get, "/api/assets/zip?kind=film").status, 400);
  EXPECT_EQ(call(net::Method::post, "/api/assets/zip", R"({"ids":[]})").status, 400);
  EXPECT_EQ(call(net::Method::post, "/api/assets/zip", R"({"ids":[1]})").status, 400);
  EXPECT_EQ(call(net::Method::post, "/api/assets/zip", fmt::format(R"({{"ids":["{}"]}})", AssetId::make().to_string()))
                .status,
            404);
}

}  // namespace
}  // namespace atelier::app
