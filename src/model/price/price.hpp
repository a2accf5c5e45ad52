#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "model/chat.hpp"
#include "model/price/money.hpp"

namespace atelier::model {

// What a price is paid for: one token of a bucket of Usage, a character, second or picture, or the call itself.
enum class Rate : std::uint8_t {
  input,
  cached_read,
  cached_write,
  cached_write_hour,
  output,
  reasoning,
  input_audio,
  output_audio,
  input_image,
  output_image,
  request,
  character,
  audio_second,
  image,
  video_second,
};
std::string_view to_string(Rate rate) noexcept;

// What one model costs. Immutable once its table is read.
class ModelPrice {
 public:
  struct Entry {
    Rate rate = Rate::input;
    ServiceTier tier = ServiceTier::standard;
    // Holds for prompts of more tokens than `from`, up to and with `to`; kFlat for any.
    std::int64_t from = kFlat;
    std::int64_t to = kNoEnd;
    Picodollars price = 0;
  };
  static constexpr std::int64_t kFlat = -1;
  static constexpr std::int64_t kNoEnd = std::numeric_limits<std::int64_t>::max();

  void add(Entry entry) { entries_.push_back(entry); }
  bool empty() const noexcept { return entries_.empty(); }
  const std::vector<Entry>& entries() const noexcept { return entries_; }

  // Of one token (or the call). A price for long prompts goes before the flat one, the tier's own before the standard
  // one; a rate without a price costs what the nearest does: cached reads and writes what input does, an hour's cache
  // what a minute's does, reasoning what output does, audio and images what text does. nullopt: unknown.
  std::optional<Picodollars> at(Rate rate, ServiceTier tier, std::int64_t prompt_tokens) const noexcept;

  // nullopt when a bucket that holds tokens has no price, and where nothing was counted that has one: a model may be
  // paid by the token and tell of its pictures, too. A prompt over a threshold makes all its call's tokens dearer,
  // not only those above. What the provider says itself (Usage::cost_picodollars) goes before any table.
  std::optional<Picodollars> cost(const Usage& usage, ServiceTier tier) const noexcept;

 private:
  std::optional<Picodollars> own(Rate rate, ServiceTier tier, std::int64_t prompt_tokens) const noexcept;
  std::vector<Entry> entries_;
};

}  // namespace atelier::model
