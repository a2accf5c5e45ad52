#include "model/provider/openai_body_reader.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "model/provider/http_parts.hpp"

namespace atelier::model::openai {
namespace {

constexpr net::SseLimits kLimits{.line_bytes_max = std::size_t{64} << 20, .event_bytes_max = std::size_t{64} << 20};
constexpr std::size_t kWholeBytesMax = std::size_t{64} << 20;

}  // namespace

BodyReader::BodyReader() : parser_(kLimits) {}

std::vector<ChatEvent> BodyReader::feed(std::string_view bytes) {
  if (shape_ == Shape::unknown) find_shape(bytes);
  if (shape_ == Shape::whole)
    keep(bytes);
  else if (shape_ == Shape::events)
    parse(bytes);
  return std::exchange(out_, {});
}

std::vector<ChatEvent> BodyReader::end() {
  if (shape_ == Shape::whole)
    take_whole();
  else if (shape_ == Shape::events)
    parse("\n\n");  // the last event may lack its empty line; half of one is no JSON
  if (!is_over_) close();
  is_over_ = true;
  return std::exchange(out_, {});
}

void BodyReader::find_shape(std::string_view& bytes) {
  const std::size_t begin = bytes.find_first_not_of(" \t\r\n");
  bytes.remove_prefix(std::min(begin, bytes.size()));
  if (!bytes.empty()) shape_ = bytes.front() == '{' || bytes.front() == '[' ? Shape::whole : Shape::events;
}

void BodyReader::keep(std::string_view bytes) {
  if (is_over_) return;
  if (whole_.size() + bytes.size() > kWholeBytesMax)
    return fail_with(broken_answer("the answer is larger than 64 MiB"));
  whole_ += bytes;
}

void BodyReader::take_whole() {
  if (is_over_) return;
  auto answer = read_whole(whole_);
  if (!answer) return fail_with(std::move(answer.error()));
  out_ = events_of(*answer);
  is_over_ = true;
}

void BodyReader::parse(std::string_view bytes) {
  if (is_over_) return;
  auto events = parser_.feed(bytes);
  if (!events) return fail_with(broken_answer(events.error().message));
  for (const net::SseEvent& event : *events) {
    if (is_over_) return;
    const std::string_view data = trim(event.data);
    if (!data.empty()) take(event.type, data);
  }
}

void BodyReader::fail_with(Fault fault) {
  out_.emplace_back(event::Failed{to_error(fault, "the provider")});
  fault_ = std::move(fault);
  is_over_ = true;
}

}  // namespace atelier::model::openai
