#include "studio/library/archives.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <unordered_map>

#include "base/async.hpp"
#include "base/file_name.hpp"
#include "base/text.hpp"
#include "studio/library/zip_writer.hpp"

namespace atelier::studio {
namespace {

constexpr std::size_t kPieceBytes = 512 << 10;
constexpr std::size_t kPageSize = 200;
constexpr std::string_view kLeftOutName = "NOT IN THIS ARCHIVE.txt";
constexpr std::size_t kLeftOutBytesMax = 1 << 20;

std::string_view ending_of(std::string_view media_type) {
  constexpr std::pair<std::string_view, std::string_view> kEndings[] = {
      {"image/jpeg", ".jpg"},      {"image/png", ".png"},        {"image/webp", ".webp"},
      {"image/gif", ".gif"},       {"image/tiff", ".tiff"},      {"video/mp4", ".mp4"},
      {"video/quicktime", ".mov"}, {"video/webm", ".webm"},      {"video/x-matroska", ".mkv"},
      {"video/x-msvideo", ".avi"}, {"video/mp2t", ".ts"},        {"audio/wav", ".wav"},
      {"audio/mpeg", ".mp3"},      {"audio/aac", ".aac"},        {"audio/flac", ".flac"},
      {"audio/ogg", ".ogg"},       {"audio/aiff", ".aiff"},      {"audio/mp4", ".m4a"},
      {"application/pdf", ".pdf"}, {"video/x-matroska", ".mkv"}, {"video/ogg", ".ogv"}};
  for (const auto& [type, ending] : kEndings)
    if (type == media_type) return ending;
  return "";
}

// A name's ending, as long as it looks like one.
std::size_t ending_at(std::string_view name) {
  constexpr std::size_t kEndingBytesMax = 6;
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || name.size() - dot > kEndingBytesMax) return name.size();
  return dot;
}

// Names that differ on every system: some take "A" and "a" for one, or what an accent may be written as.
class Names {
 public:
  std::string name_for(const store::Asset& asset) {
    std::string name = file_name_of(asset.name, "untitled");
    if (ending_at(name) == name.size()) name += ending_of(asset.media_type);
    // No hidden files, and nothing that leads out of the folder it is unpacked into.
    if (name.front() == '.') name.front() = '_';
    const std::size_t dot = ending_at(name);
    std::string unused = name;
    // Numbers go on where the last file of that name had one: thousands may have the same.
    int& number = numbers_.try_emplace(same_file_name_key(name), 1).first->second;
    while (!taken_.insert(same_file_name_key(unused)).second)
      unused = fmt::format("{} ({}){}", name.substr(0, dot), ++number, name.substr(dot));
    return unused;
  }

 private:
  std::set<std::string> taken_ = {same_file_name_key(kLeftOutName)};
  std::unordered_map<std::string, int> numbers_;
};

Result<std::string> read_piece(int fd, std::uint64_t offset, std::uint64_t size_bytes) {
  std::string piece(static_cast<std::size_t>(std::min<std::uint64_t>(size_bytes, kPieceBytes)), '\0');
  for (;;) {
    const ssize_t count = ::pread(fd, piece.data(), piece.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, "cannot read a file for an archive");
    if (count == 0) return fail(ErrorCode::storage_failed, "a file is shorter than it was");
    piece.resize(static_cast<std::size_t>(count));
    return piece;
  }
}

// A zip header has the checksum before the bytes: the file is read twice, which spares readers of archives a form that
// not all of them take (a checksum behind bytes that are not compressed).
Result<std::uint32_t> checksum_of(int fd, std::uint64_t size_bytes) {
  uLong checksum = ::crc32(0, nullptr, 0);
  for (std::uint64_t offset = 0; offset < size_bytes;) {
    const auto piece = read_piece(fd, offset, size_bytes - offset);
    if (!piece) return error_of(piece);
    checksum = ::crc32(checksum, reinterpret_cast<const Bytef*>(piece->data()), static_cast<uInt>(piece->size()));
    offset += piece->size();
  }
  return static_cast<std::uint32_t>(checksum);
}

}  // namespace

// One archive on its way.
class Archives::Writing {
 public:
  Writing(store::BlobStore* blobs, store::WorkPool* pool, ArchiveSink sink)
      : blobs_(blobs), pool_(pool), sink_(std::move(sink)) {}

  bool is_full() const noexcept { return zip_.count() >= kArchiveFilesMax; }

  Task<Result<>> add(store::Asset asset) {
    ZipEntry entry{.name = names_.name_for(asset), .time_ms = asset.created_ms};
    auto blob = co_await blobs_->open(asset.digest);
    Result<std::uint32_t> checksum = fail(ErrorCode::not_found, "there is no such blob");
    if (blob) {
      auto work = [fd = blob->fd.get(), size_bytes = blob->info.size_bytes](std::size_t) {
        return checksum_of(fd, size_bytes);
      };
      checksum = co_await store::run_in(pool_, std::move(work));
    }
    if (!checksum) {
      leave_out(entry.name);
      co_return Result<>{};
    }
    entry.crc32 = *checksum;
    entry.size_bytes = blob->info.size_bytes;
    if (auto written = co_await sink_(zip_.begin(entry)); !written) co_return error_of(written);
    for (std::uint64_t offset = 0; offset < entry.size_bytes;) {
      auto work = [fd = blob->fd.get(), offset, left = entry.size_bytes - offset](std::size_t) {
        return read_piece(fd, offset, left);
      };
      auto piece = co_await store::run_in(pool_, std::move(work));
      // Its header is sent: the archive breaks off here, which its reader sees by its missing end.
      if (!piece) co_return error_of(piece);
      offset += piece->size();
      if (auto written = co_await sink_(std::move(*piece)); !written) co_return error_of(written);
    }
    co_return Result<>{};
  }

  void leave_out(std::string_view name) {
    if (left_out_.size() < kLeftOutBytesMax) left_out_ += fmt::format("{}\n", name);
  }

  Task<Result<>> end() {
    if (!left_out_.empty()) {
      const ZipEntry entry{
          .name = std::string(kLeftOutName),
          .size_bytes = left_out_.size(),
          .crc32 = static_cast<std::uint32_t>(
              ::crc32(0, reinterpret_cast<const Bytef*>(left_out_.data()), static_cast<uInt>(left_out_.size())))};
      std::string bytes = zip_.begin(entry) + left_out_;
      if (auto written = co_await sink_(std::move(bytes)); !written) co_return error_of(written);
    }
    co_return co_await sink_(zip_.end());
  }

 private:
  store::BlobStore* blobs_;
  store::WorkPool* pool_;
  ArchiveSink sink_;
  ZipWriter zip_;
  Names names_;
  std::string left_out_;
};

// A list's page, or, of ids, their next: the cursor is a number then.
Task<Result<store::AssetPage>> Archives::next_page(Principal principal, const ArchiveWish* wish, std::string after) {
  if (wish->ids.empty()) {
    store::AssetQuery query = wish->query;
    query.after = std::move(after);
    query.skip_count = 0;
    query.count_max = kPageSize;
    query.wants_total = false;
    auto page = co_await library_.list(principal, std::move(query), wish->words);
    if (page)
      std::erase_if(page->items, [&](const store::Asset& asset) {
        return std::ranges::find(wish->except, asset.id) != wish->except.end();
      });
    co_return page;
  }
  const auto begin = static_cast<std::size_t>(parse_integer(after).value_or(0));
  const std::size_t end = std::min(begin + kPageSize, wish->ids.size());
  store::AssetPage page;
  for (std::size_t at = begin; at < end; ++at) {
    auto asset = co_await library_.find(principal, wish->ids[at]);
    if (asset)
      page.items.push_back(std::move(*asset));
    else if (asset.error().code != ErrorCode::not_found)
      co_return error_of(asset);
  }
  if (end < wish->ids.size()) page.next = std::to_string(end);
  co_return page;
}

Task<Result<store::Asset>> Archives::look(Principal principal, ArchiveWish wish) {
  std::string after;
  do {
    auto page = co_await next_page(principal, &wish, after);
    if (!page) co_return error_of(page);
    if (!page->items.empty()) co_return std::move(page->items.front());
    after = page->next;
  } while (!after.empty());
  co_return fail(ErrorCode::not_found, "there is no such asset", {.reason = "asset_not_found", .where = {}});
}

Task<Result<>> Archives::write(Principal principal, ArchiveWish wish, ArchiveSink sink) {
  Writing writing(&blobs_, &pool_, std::move(sink));
  std::string after;
  bool has_more = true;
  while (has_more) {
    auto page = co_await next_page(principal, &wish, after);
    if (!page) co_return error_of(page);
    for (store::Asset& asset : page->items) {
      if (writing.is_full()) break;
      if (auto added = co_await writing.add(std::move(asset)); !added) co_return error_of(added);
    }
    after = page->next;
    has_more = !after.empty() && !writing.is_full();
  }
  if (!after.empty()) writing.leave_out(fmt::format("(and all others: an archive has {} files)", kArchiveFilesMax));
  co_return co_await writing.end();
}

}  // namespace atelier::studio
