// Zip archives as others read them: what `unzip` and Python's zipfile take them for.
#include "studio/library/zip_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cstdio>
#include <fstream>

#include "base/unique_fd.hpp"

#include "tests/store/support.hpp"

namespace atelier::studio {
namespace {

// What a program says, and with what it ends.
struct Said {
  std::string output;
  int status = 0;
};
Said run_program(const std::string& command) {
  Said said;
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4'096> piece = {};
  while (const std::size_t count = std::fread(piece.data(), 1, piece.size(), pipe))
    said.output.append(piece.data(), count);
  said.status = ::pclose(pipe);
  return said;
}

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

// "<name> <size> <year>" a line, each file read and its checksum compared.
constexpr const char* kRead = R"(python3 -c '
import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
for entry in archive.infolist():
    print(entry.filename, entry.file_size, *entry.date_time[:3])
' )";

TEST(ZipWriter, MakesWhatOthersRead) {
  const store::TemporaryFolder folder;
  const std::string path = folder / "a.zip";
  ZipWriter zip;
  std::string bytes;
  for (const std::string& name : {std::string("lamp.png"), std::string("B\xc3\xa4r \xe6\x9d\xb1\xe4\xba\xac.gif")}) {
    const std::string content = "the bytes of " + name;
    bytes += zip.begin(
        {.name = name, .size_bytes = content.size(), .crc32 = checksum(content), .time_ms = 1'700'000'000'000});
    bytes += content;
  }
  bytes += zip.begin({.name = "empty"});
  bytes += zip.end();
  std::ofstream(path, std::ios::binary) << bytes;
  const Said read = run_program(kRead + path);
  EXPECT_EQ(read.status, 0) << read.output;
  EXPECT_EQ(read.output,
            "lamp.png 21 2023 11 14\nB\xc3\xa4r \xe6\x9d\xb1\xe4\xba\xac.gif 28 2023 11 14\nempty 0 1980 1 1\n");
}

TEST(ZipWriter, OfNothingIsAnArchive) {
  const store::TemporaryFolder folder;
  const std::string path = folder / "a.zip";
  std::ofstream(path, std::ios::binary) << ZipWriter().end();
  const Said read = run_program(kRead + path);
  EXPECT_EQ(read.status, 0) << read.output;
  EXPECT_EQ(read.output, "");
}

// Five GiB that take no room: a hole, and files behind it.
TEST(ZipWriter, GoesBeyondFourGibibytes) {
  constexpr std::uint64_t kHole = std::uint64_t{5} << 30;
  const store::TemporaryFolder folder;
  const std::string path = folder / "a.zip";
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const auto put = [&](const std::string& bytes) {
    ASSERT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  };
  ZipWriter zip;
  put(zip.begin({.name = "hole.mp4", .size_bytes = kHole, .crc32 = 0}));
  ASSERT_GT(::lseek(fd.get(), static_cast<off_t>(kHole), SEEK_CUR), 0);
  put(zip.begin({.name = "far.txt", .size_bytes = 3, .crc32 = checksum("far")}) + "far");
  put(zip.end());
  const Said read = run_program(fmt::format(R"(python3 -c '
import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
print([entry.file_size for entry in archive.infolist()], archive.read("far.txt"), archive.open("hole.mp4").read(4))
' {})",
                                            path));
  EXPECT_EQ(read.status, 0) << read.output;
  EXPECT_EQ(read.output, "[5368709120, 3] b'far' b'\\x00\\x00\\x00\\x00'\n");
}

TEST(ZipWriter, HasAsManyFilesAsItIsGiven) {
  constexpr int kFiles = 70'000;
  const store::TemporaryFolder folder;
  const std::string path = folder / "a.zip";
  ZipWriter zip;
  std::string bytes;
  for (int number = 0; number < kFiles; ++number)
    bytes += zip.begin({.name = std::to_string(number), .size_bytes = 1, .crc32 = checksum("x")}) + "x";
  EXPECT_EQ(zip.count(), std::uint64_t{kFiles});
  bytes += zip.end();
  std::ofstream(path, std::ios::binary) << bytes;
  const Said read = run_program(fmt::format(R"(python3 -c '
import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
print(len(archive.infolist()), archive.read("69999"), archive.testzip())
' {})",
                                            path));
  EXPECT_EQ(read.status, 0) << read.output;
  EXPECT_EQ(read.output, "70000 b'x' None\n");
}

}  // namespace
}  // namespace atelier::studio
