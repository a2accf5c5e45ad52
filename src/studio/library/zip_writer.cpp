#include "studio/library/zip_writer.hpp"

#include <algorithm>
#include <chrono>

namespace atelier::studio {
namespace {

constexpr std::uint64_t kMax32 = 0xFFFF'FFFF, kMax16 = 0xFFFF;
constexpr std::uint16_t kNameIsUtf8 = 1U << 11;
constexpr std::uint16_t kStored = 0;
constexpr std::uint16_t kVersionPlain = 20, kVersionZip64 = 45;
constexpr std::uint16_t kMadeOnUnix = 3U << 8;
constexpr std::uint32_t kUnixFile = 0100644U << 16;  // a regular file, readable by all
constexpr std::uint16_t kZip64Extra = 1;

// Little-endian, as everything in a zip archive.
template <class Number>
void put(std::string& out, Number number) {
  for (std::size_t byte = 0; byte < sizeof number; ++byte) out += static_cast<char>(number >> (8 * byte) & 0xFF);
}
std::uint32_t in_32(std::uint64_t number) { return static_cast<std::uint32_t>(std::min(number, kMax32)); }
std::uint16_t in_16(std::uint64_t number) { return static_cast<std::uint16_t>(std::min(number, kMax16)); }

// MS-DOS time and date; from 1980 on.
std::pair<std::uint16_t, std::uint16_t> dos_time_of(UnixMs time_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds(std::max<UnixMs>(time_ms, 315'532'800'000))};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time - day));
  const auto years = std::min(static_cast<int>(date.year()) - 1980, 127);
  return {static_cast<std::uint16_t>(clock.hours().count() << 11 | clock.minutes().count() << 5 |
                                     clock.seconds().count() / 2),
          static_cast<std::uint16_t>(static_cast<unsigned>(years) << 9 | static_cast<unsigned>(date.month()) << 5 |
                                     static_cast<unsigned>(date.day()))};
}

// What a local and a central header have in common, from the version that is needed to the sizes.
void put_facts(std::string& out, const ZipEntry& entry, bool is_zip64) {
  const auto [time, date] = dos_time_of(entry.time_ms);
  put(out, is_zip64 ? kVersionZip64 : kVersionPlain);
  put(out, kNameIsUtf8);
  put(out, kStored);
  put(out, time);
  put(out, date);
  put(out, entry.crc32);
  // As stored, and as it is.
  put(out, in_32(entry.size_bytes));
  put(out, in_32(entry.size_bytes));
  put(out, in_16(entry.name.size()));
}

}  // namespace

std::string ZipWriter::begin(const ZipEntry& entry) {
  const bool is_large = entry.size_bytes >= kMax32, is_far = offset_ >= kMax32;
  std::string extra;
  if (is_large) {
    put(extra, entry.size_bytes);
    put(extra, entry.size_bytes);
  }
  std::string header;
  put(header, std::uint32_t{0x0403'4b50});
  put_facts(header, entry, is_large);
  put(header, static_cast<std::uint16_t>(extra.empty() ? 0 : extra.size() + 4));
  header += entry.name;
  if (!extra.empty()) {
    put(header, kZip64Extra);
    put(header, static_cast<std::uint16_t>(extra.size()));
    header += extra;
  }
  if (is_far) put(extra, offset_);
  put(directory_, std::uint32_t{0x0201'4b50});
  put(directory_, static_cast<std::uint16_t>(kMadeOnUnix | kVersionZip64));
  put_facts(directory_, entry, is_large || is_far);
  put(directory_, static_cast<std::uint16_t>(extra.empty() ? 0 : extra.size() + 4));
  put(directory_, std::uint16_t{0});  // comment
  put(directory_, std::uint16_t{0});  // disk
  put(directory_, std::uint16_t{0});  // internal attributes
  put(directory_, kUnixFile);
  put(directory_, in_32(offset_));
  directory_ += entry.name;
  if (!extra.empty()) {
    put(directory_, kZip64Extra);
    put(directory_, static_cast<std::uint16_t>(extra.size()));
    directory_ += extra;
  }
  offset_ += header.size() + entry.size_bytes;
  ++count_;
  return header;
}

std::string ZipWriter::end() {
  const std::uint64_t size_bytes = directory_.size();
  std::string out = std::exchange(directory_, std::string());
  if (count_ >= kMax16 || offset_ >= kMax32 || size_bytes >= kMax32) {
    const std::uint64_t here = offset_ + size_bytes;
    put(out, std::uint32_t{0x0606'4b50});
    put(out, std::uint64_t{44});  // of what follows in this record
    put(out, static_cast<std::uint16_t>(kMadeOnUnix | kVersionZip64));
    put(out, kVersionZip64);
    put(out, std::uint32_t{0});  // this disk
    put(out, std::uint32_t{0});  // the directory's disk
    put(out, count_);
    put(out, count_);
    put(out, size_bytes);
    put(out, offset_);
    put(out, std::uint32_t{0x0706'4b50});
    put(out, std::uint32_t{0});
    put(out, here);
    put(out, std::uint32_t{1});  // disks
  }
  put(out, std::uint32_t{0x0605'4b50});
  put(out, std::uint16_t{0});
  put(out, std::uint16_t{0});
  put(out, in_16(count_));
  put(out, in_16(count_));
  put(out, in_32(size_bytes));
  put(out, in_32(offset_));
  put(out, std::uint16_t{0});
  return out;
}

}  // namespace atelier::studio
