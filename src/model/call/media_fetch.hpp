#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "model/call/media_gateway.hpp"

// How results come from where providers leave them.
namespace atelier::model {

// An answer's body, as it comes.
class AnswerSource final : public MediaSource {
 public:
  explicit AnswerSource(UpstreamAnswer& answer) : answer_(answer) {}
  Task<Result<std::optional<std::string>>> next() override;
  bool has_failed() const noexcept { return has_failed_; }

 private:
  UpstreamAnswer& answer_;
  bool has_failed_ = false;
};

class BytesSource final : public MediaSource {
 public:
  explicit BytesSource(std::string bytes) : bytes_(std::move(bytes)) {}
  Task<Result<std::optional<std::string>>> next() override;

 private:
  std::string bytes_;
};

struct MediaFetch {
  Upstream& upstream;
  std::shared_ptr<const Provider> provider;
  std::chrono::steady_clock::time_point deadline;
};
// From the link into the book: follows redirects, keeps keys to their origin and strangers' links to the public
// internet, tries again what broke off. Errors: not_found ("result_expired"), unavailable ("result_unreachable"), and
// the book's own. All must outlive it.
Task<Result<>> fetch_media(const MediaFetch* fetch, const MediaFile* file, std::size_t index, MediaBook* book);

}  // namespace atelier::model
