#include "api/file_response.hpp"

#include <fmt/format.h>

#include <memory>

namespace atelier::api {
namespace {

// RFC 8187: what is not an attr-char is percent-encoded.
std::string encode_extended(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_plain =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
    if (is_plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace

std::string attachment_named(std::string_view name) {
  return fmt::format("attachment; filename*=UTF-8''{}", encode_extended(name));
}

std::string inline_named(std::string_view name) {
  return fmt::format("inline; filename*=UTF-8''{}", encode_extended(name));
}

net::Response file_response(store::OpenBlob blob, std::string media_type, std::string download_name) {
  net::Response response;
  response.headers.set("content-type", media_type);
  response.headers.set("cache-control", "private, no-cache");
  response.headers.set("content-security-policy", std::string(kFileContentPolicy));
  if (!download_name.empty()) response.headers.set("content-disposition", attachment_named(download_name));
  UniqueFd fd = blob.fd.duplicate();
  const std::uint64_t size_bytes = blob.info.size_bytes;
  const std::string etag = fmt::format("\"{}\"", blob.info.digest.hex());
  // Shared with the connection that sends it: as long as it sends, the blob is not evicted.
  auto keep = std::make_shared<store::OpenBlob>(std::move(blob));
  response.body = net::FileBody{.fd = std::move(fd), .size_bytes = size_bytes, .etag = etag, .keep = std::move(keep)};
  return response;
}

}  // namespace atelier::api
