#pragma once

#include <span>
#include <string_view>

#include "net/message.hpp"

namespace atelier::net {

// A file of the page as the build embeds it: plain, gzip and brotli, compressed at build time.
struct EmbeddedFile {
  std::string_view path;  // "/_app/main-4f2a.js"
  std::string_view content_type;
  std::string_view plain, gzip, brotli;  // an encoding that did not help is empty
  std::string_view etag;
  bool is_immutable;                      // its name holds its hash
  std::string_view security_policy = {};  // of a document with its own; else HTML has the site's
};

// Serves embedded files: the best encoding the client takes, immutable or no-cache, 304 by ETag. Unknown paths without
// a dot, outside /api, /_app and /v1, get the shell, since the page routes itself. What is immutable may be read by any
// origin: it is the same for everybody, and documents in frames without an origin load their scripts from it.
class EmbeddedSite {
 public:
  // `files` outlive the site. `shell` is the path of the HTML ("/index.html").
  EmbeddedSite(std::span<const EmbeddedFile> files, std::string_view shell, std::string security_policy);
  Result<Response> serve(const Request& request) const;

 private:
  const EmbeddedFile* find(std::string_view path) const noexcept;
  std::span<const EmbeddedFile> files_;
  const EmbeddedFile* shell_ = nullptr;
  std::string security_policy_;
};

}  // namespace atelier::net
