#pragma once

#include <optional>
#include <string>

#include "model/provider/adapter.hpp"
#include "net/sse.hpp"

namespace atelier::model::openai {

// The body of a streamed answer in any pieces: events, or, from servers that do not stream what they were asked to, one
// whole answer or an error. What the events mean the two protocols say.
class BodyReader : public ChatEventReader {
 public:
  std::vector<ChatEvent> feed(std::string_view bytes) final;
  std::vector<ChatEvent> end() final;
  const Fault* fault() const noexcept final { return fault_ ? &*fault_ : nullptr; }
  std::size_t skipped_count() const noexcept final { return skipped_count_; }

 protected:
  BodyReader();
  // One event; its data is trimmed and not empty.
  virtual void take(std::string_view type, std::string_view data) = 0;
  virtual std::expected<ChatAnswer, Fault> read_whole(std::string_view body) const = 0;
  // The body has ended: gives what was still owed.
  virtual void close() = 0;

  void fail_with(Fault fault);
  void skip() noexcept { ++skipped_count_; }
  std::size_t& skipped() noexcept { return skipped_count_; }
  // Nothing is read after this.
  void finish() noexcept { is_over_ = true; }
  bool is_over() const noexcept { return is_over_; }
  std::vector<ChatEvent> out_;

 private:
  enum class Shape : std::uint8_t { unknown, events, whole };
  void find_shape(std::string_view& bytes);
  void keep(std::string_view bytes);
  void take_whole();
  void parse(std::string_view bytes);

  Shape shape_ = Shape::unknown;
  net::SseParser parser_;
  std::string whole_;
  std::optional<Fault> fault_;
  std::size_t skipped_count_ = 0;
  bool is_over_ = false;
};

}  // namespace atelier::model::openai
