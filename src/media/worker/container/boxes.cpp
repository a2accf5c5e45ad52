#include "media/worker/container/boxes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "media/worker/container/limits.hpp"

namespace atelier::media::container {
namespace {

constexpr int kBoxesMax = 100'000;
// moov, trak, mdia, minf, dinf: what lies deeper refers to nothing.
constexpr int kDepthMax = 5;

std::uint64_t big_endian(std::span<const std::uint8_t> bytes, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | bytes[offset + i];
  return value;
}

// What is looked for inside the index. Boxes within boxes, as far as the references to other files lie.
struct Findings {
  std::int64_t track_count = 0;
  bool has_external = false;
};

bool holds_boxes(std::string_view type) {
  return type == "moov" || type == "trak" || type == "mdia" || type == "minf" || type == "dinf";
}

// A data reference whose lowest flag is not set names another file (section 8.7.2).
bool has_external_reference(std::span<const std::uint8_t> payload) {
  constexpr std::size_t kHeader = 8;  // version, flags, count
  if (payload.size() < kHeader) return false;
  bool is_external = false;
  const auto walked = for_each_box(payload.subspan(kHeader), 0, [&](const Box& entry) {
    if (entry.payload.size() >= 4 && (entry.payload[3] & 1) == 0) is_external = true;
    return !is_external;
  });
  return is_external || !walked;
}

Result<> look_inside(const Box& box, int depth, Findings& findings) {
  if (box.type == "trak") ++findings.track_count;
  if (box.type == "dref" && has_external_reference(box.payload)) findings.has_external = true;
  if (!holds_boxes(box.type) || depth == kDepthMax || findings.track_count > kStreamsMax) return {};
  Result<> inner;
  const auto walked = for_each_box(box.payload, box.offset + 8, [&](const Box& child) {
    inner = look_inside(child, depth + 1, findings);
    return inner.has_value();
  });
  if (!inner) return inner;
  return walked;
}

}  // namespace

Result<> for_each_box(std::span<const std::uint8_t> bytes, std::uint64_t offset,
                      const std::function<bool(const Box&)>& visit) {
  std::size_t at = 0;
  for (int count = 0; at + 8 <= bytes.size(); ++count) {
    if (count == kBoxesMax)
      return fail(ErrorCode::invalid_argument, "has more boxes than a real file", {"media_unreadable", ""});
    std::uint64_t size = big_endian(bytes, at, 4);
    std::size_t header = 8;
    const std::string_view type(reinterpret_cast<const char*>(bytes.data() + at + 4), 4);
    if (size == 1) {
      if (at + 16 > bytes.size())
        return fail(ErrorCode::invalid_argument, "ends within a box's header", {"media_truncated", ""});
      size = big_endian(bytes, at + 8, 8);
      header = 16;
    } else if (size == 0) {
      size = bytes.size() - at;  // up to the end
    }
    if (size < header)
      return fail(
          ErrorCode::invalid_argument,
          fmt::format("has a box ({}) at byte {} that is shorter than its header", printable(type), offset + at),
          {"media_unreadable", ""});
    if (size > bytes.size() - at)
      return fail(ErrorCode::invalid_argument,
                  fmt::format("is cut off: its part \"{}\" at byte {} should be {} bytes long, but only {} are there",
                              printable(type), offset + at, size, bytes.size() - at),
                  {"media_truncated", ""});
    const auto length = static_cast<std::size_t>(size);
    if (!visit({type, offset + at, bytes.subspan(at + header, length - header)})) return {};
    at += length;
  }
  return {};
}

Result<> check_boxes(std::span<const std::uint8_t> file, const std::string& name) {
  Findings findings;
  bool has_index = false;
  bool has_samples = false;
  Result<> inner;
  auto walked = for_each_box(file, 0, [&](const Box& box) {
    if (box.type == "mdat") has_samples = true;
    if (box.type != "moov") return true;
    has_index = true;
    inner = look_inside(box, 0, findings);
    return inner.has_value();
  });
  if (walked && !inner) walked = std::move(inner);
  if (!walked) {
    Error error = std::move(walked).error();
    error.message = name + " " + error.message;
    return std::unexpected(std::move(error));
  }
  if (!has_index)
    return fail(ErrorCode::invalid_argument, name + " is cut off: its index (\"moov\") is missing",
                {"media_truncated", ""});
  if (!has_samples)
    return fail(ErrorCode::invalid_argument, name + " is cut off: its pictures and sound (\"mdat\") are missing",
                {"media_truncated", ""});
  if (findings.track_count > kStreamsMax)
    return fail(ErrorCode::too_large, fmt::format("{} has more than {} streams", name, kStreamsMax),
                {"media_too_large", ""});
  if (findings.has_external)
    return fail(ErrorCode::invalid_argument, name + " refers to another file for its pictures or sound",
                {"media_external_reference", ""});
  return {};
}

}  // namespace atelier::media::container
