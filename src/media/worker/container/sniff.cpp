#include "media/worker/container/sniff.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/text.hpp"

namespace atelier::media::container {
namespace {

using namespace std::string_view_literals;

struct Signature {
  std::size_t offset;
  std::string_view bytes;
  std::size_t second_offset;  // of a second signature, when there is one
  std::string_view second;
  FileFormat format;
};

constexpr FileFormat image(const char* loader, std::string_view type) { return {Family::image, loader, type, {}, {}}; }
constexpr FileFormat stream(const char* demuxer, std::string_view video, std::string_view audio) {
  return {Family::stream, demuxer, video, audio, {}};
}
constexpr FileFormat refused(std::string_view what) { return {Family::refused, nullptr, {}, {}, what}; }

constexpr FileFormat kMp4 = stream("mov", "video/mp4", "audio/mp4");
constexpr FileFormat kQuickTime = stream("mov", "video/quicktime", "audio/mp4");
constexpr FileFormat kMp3 = stream("mp3", "audio/mpeg", "audio/mpeg");
constexpr FileFormat kHeif = refused("a HEIF or AVIF picture, which is not read here: save it as JPEG, PNG or WebP");

constexpr FileFormat kPdf{
    Family::document, nullptr, "application/pdf", {}, "a PDF document, not a picture, sound or video"};

// The first that fits.
constexpr Signature kSignatures[] = {
    {0, "\xff\xd8\xff"sv, 0, {}, image("jpegload", "image/jpeg")},
    {0, "\x89PNG\r\n\x1a\n"sv, 0, {}, image("pngload", "image/png")},
    {0, "GIF87a"sv, 0, {}, image("gifload", "image/gif")},
    {0, "GIF89a"sv, 0, {}, image("gifload", "image/gif")},
    {0, "RIFF"sv, 8, "WEBP"sv, image("webpload", "image/webp")},
    {0, "II*\0"sv, 0, {}, image("tiffload", "image/tiff")},
    {0, "MM\0*"sv, 0, {}, image("tiffload", "image/tiff")},
    {4, "ftyp"sv, 8, "avif"sv, kHeif},
    {4, "ftyp"sv, 8, "avis"sv, kHeif},
    {4, "ftyp"sv, 8, "hei"sv, kHeif},
    {4, "ftyp"sv, 8, "hev"sv, kHeif},
    {4, "ftyp"sv, 8, "mif1"sv, kHeif},
    {4, "ftyp"sv, 8, "msf1"sv, kHeif},
    {4, "ftyp"sv, 8, "qt  "sv, kQuickTime},
    {4, "ftyp"sv, 0, {}, kMp4},
    // QuickTime from before there was ftyp.
    {4, "moov"sv, 0, {}, kQuickTime},
    {4, "mdat"sv, 0, {}, kQuickTime},
    {4, "wide"sv, 0, {}, kQuickTime},
    {4, "free"sv, 0, {}, kQuickTime},
    {4, "skip"sv, 0, {}, kQuickTime},
    {0, "\x1a\x45\xdf\xa3"sv, 0, {}, stream("matroska", "video/x-matroska", "audio/x-matroska")},
    {0, "RIFF"sv, 8, "AVI "sv, stream("avi", "video/x-msvideo", "video/x-msvideo")},
    {0, "RIFF"sv, 8, "WAVE"sv, stream("wav", "audio/wav", "audio/wav")},
    {0, "RF64"sv, 8, "WAVE"sv, stream("wav", "audio/wav", "audio/wav")},
    {0, "FORM"sv, 8, "AIF"sv, stream("aiff", "audio/aiff", "audio/aiff")},
    {0, "OggS"sv, 0, {}, stream("ogg", "video/ogg", "audio/ogg")},
    {0, "fLaC"sv, 0, {}, stream("flac", "audio/flac", "audio/flac")},
    {0, "ID3"sv, 0, {}, kMp3},
    {0, "%PDF"sv, 0, {}, kPdf},
    {0, "PK\3\4"sv, 0, {}, refused("a ZIP archive, not a picture, sound or video")},
    {0, "BM"sv, 6, "\0\0\0\0"sv, refused("a BMP picture, which is not read here: save it as JPEG, PNG or WebP")},
};

constexpr std::size_t kPacketBytes = 188;  // of an MPEG transport stream
bool is_transport_stream(std::string_view head) noexcept {
  for (std::size_t i = 0; i < 5; ++i)
    if (i * kPacketBytes >= head.size() || head[i * kPacketBytes] != 0x47) return false;
  return true;
}

// Eleven set bits, then a version, a layer and a rate that exist (ISO 11172-3 2.4.2.3; ADTS is layer 0).
bool is_mpeg_audio(std::string_view head, bool wants_adts) noexcept {
  if (head.size() < 4) return false;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(head[i])); };
  if (byte(0) != 0xff || (byte(1) & 0xe0) != 0xe0) return false;
  if (((byte(1) & 0x06) == 0) != wants_adts) return false;
  if (wants_adts) return (byte(1) & 0xf0) == 0xf0 && ((byte(2) >> 2) & 0xf) < 13;
  return (byte(1) & 0x18) != 0x08 && (byte(2) & 0xf0) != 0xf0 && (byte(2) & 0x0c) != 0x0c;
}

// The last character may be cut where the head ends.
bool is_text(std::string_view head) noexcept {
  if (head.find('\0') != head.npos) return false;
  for (std::size_t cut = 0; cut < 4 && cut < head.size(); ++cut)
    if (is_valid_utf8(head.substr(0, head.size() - cut))) return true;
  return false;
}

std::string_view kind_of_text(std::string_view head) noexcept {
  const auto text = trim(head.starts_with("\xef\xbb\xbf") ? head.substr(3) : head);
  if (text.starts_with("#EXTM3U")) return "a playlist (HLS), not a video: give the video itself";
  if (text.starts_with("ffconcat")) return "a list of files for FFmpeg, not a video";
  if (text.find("<svg") != text.npos) return "an SVG drawing, which is not read here: save it as PNG";
  if (text.find("<MPD") != text.npos) return "a playlist (DASH), not a video: give the video itself";
  if (text.find("<html") != text.npos || text.find("<!DOCTYPE html") != text.npos)
    return "a web page, not a picture, sound or video";
  return "text, not a picture, sound or video";
}

}  // namespace

FileFormat sniff(std::string_view head) noexcept {
  head = head.substr(0, std::min<std::size_t>(head.size(), 4'096));
  const auto has = [&](std::size_t offset, std::string_view bytes) {
    return head.size() >= offset + bytes.size() && head.substr(offset, bytes.size()) == bytes;
  };
  for (const Signature& signature : kSignatures) {
    if (!has(signature.offset, signature.bytes) || !has(signature.second_offset, signature.second)) continue;
    // WebM says in its first element that it is one.
    if (signature.format.media_type == "video/x-matroska" && head.substr(0, 64).find("webm") != head.npos)
      return stream("matroska", "video/webm", "audio/webm");
    return signature.format;
  }
  if (is_transport_stream(head)) return stream("mpegts", "video/mp2t", "video/mp2t");
  if (is_mpeg_audio(head, true)) return stream("aac", "audio/aac", "audio/aac");
  if (is_mpeg_audio(head, false)) return kMp3;
  if (is_text(head)) return refused(kind_of_text(head));
  return refused(
      "in no format that is read here (pictures: JPEG, PNG, WebP, GIF, TIFF; video: MP4, MOV, WebM, MKV, AVI; "
      "sound: WAV, MP3, AAC, FLAC, Ogg)");
}

}  // namespace atelier::media::container
