#include "model/call/media_stream.hpp"

#include <fmt/format.h>

#include "base/async.hpp"
#include "model/call/call_account.hpp"
#include "model/provider/http_parts.hpp"
#include "net/sse.hpp"

namespace atelier::model {
namespace {

// A PNG of 3,840 by 3,840 pixels in base64 is well below.
constexpr std::size_t kEventBytesMax = 32 << 20;
constexpr std::size_t kStreamBytesMax = 256 << 20;

// What came of the answer so far.
class StreamReader {
 public:
  explicit StreamReader(const MediaStream& stream) : stream_(stream) {}

  std::expected<void, Fault> feed(std::string_view bytes) {
    read_ += bytes.size();
    if (read_ > kStreamBytesMax)
      return std::unexpected(broken_answer(fmt::format("the answer has more than {} bytes", kStreamBytesMax)));
    auto events = parser_.feed(bytes);
    if (!events) return std::unexpected(broken_answer(events.error().message));
    for (const net::SseEvent& event : *events)
      if (auto taken = take(event); !taken) return taken;
    return {};
  }
  bool is_whole() const { return done_.files.size() >= static_cast<std::size_t>(stream_.request.count); }
  MediaDone& done() noexcept { return done_; }

 private:
  std::expected<void, Fault> take(const net::SseEvent& event) {
    auto brought = stream_.adapter.read_event(event.type, event.data, stream_.request);
    if (!brought) return std::unexpected(std::move(brought.error()));
    if (auto* partial = std::get_if<MediaPartial>(&*brought)) stream_.book.shows(std::move(*partial));
    auto* done = std::get_if<MediaDone>(&*brought);
    if (done == nullptr) return {};
    add_up(done_.usage, done->usage);
    for (MediaFile& file : done->files) {
      kept_ += file.bytes.size();
      if (kept_ > stream_.done_bytes_max)
        return std::unexpected(
            broken_answer(fmt::format("the pictures have more than {} bytes", stream_.done_bytes_max)));
      done_.files.push_back(std::move(file));
    }
    return {};
  }

  const MediaStream& stream_;
  net::SseParser parser_{net::SseLimits{.line_bytes_max = kEventBytesMax, .event_bytes_max = kEventBytesMax}};
  MediaDone done_;
  std::size_t read_ = 0, kept_ = 0;
};

}  // namespace

Task<std::expected<MediaDone, Fault>> read_media_stream(MediaStream* stream) {
  StreamReader reader(*stream);
  while (!reader.is_whole()) {
    auto piece = co_await stream->answer.next();
    if (!piece) co_return std::unexpected(fault_of(piece.error()));
    if (!*piece) {
      if (!reader.done().files.empty()) break;
      co_return std::unexpected(broken_answer("the answer ended before there was a picture"));
    }
    auto taken = reader.feed(**piece);
    if (!taken) co_return std::unexpected(std::move(taken.error()));
  }
  if (reader.is_whole()) co_await stream->answer.leave();
  co_return std::move(reader.done());
}

}  // namespace atelier::model
