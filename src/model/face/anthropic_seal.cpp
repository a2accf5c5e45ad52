#include "model/face/anthropic_seal.hpp"

#include <fmt/format.h>

#include <array>

namespace atelier::model::anthropic {
namespace {

constexpr std::string_view kMark = "atelier:";
constexpr std::array<std::string_view, 3> kPlaces = {"part", "text", "call"};  // as in Place
constexpr std::array kOrigins = {Protocol::openai_chat, Protocol::openai_responses, Protocol::anthropic,
                                 Protocol::gemini, Protocol::ollama};

// What stands before the next colon; `text` goes on behind it.
std::optional<std::string_view> take_field(std::string_view& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view field = text.substr(0, colon);
  text.remove_prefix(colon + 1);
  return field;
}

}  // namespace

std::string seal(const Sealed& sealed) {
  const bool is_plain_id = sealed.id.find(':') == std::string::npos;
  return fmt::format("{}{}:{}:{}:{}", kMark, to_string(sealed.origin), kPlaces[static_cast<std::size_t>(sealed.place)],
                     is_plain_id ? sealed.id : "", sealed.signature);
}

std::optional<Sealed> unseal(std::string_view signature) {
  if (!signature.starts_with(kMark)) return std::nullopt;
  signature.remove_prefix(kMark.size());
  const auto origin = take_field(signature);
  const auto place = take_field(signature);
  const auto id = take_field(signature);
  if (!id) return std::nullopt;
  Sealed sealed{.id = std::string(*id), .signature = std::string(signature)};
  bool is_known = false;
  for (const Protocol known : kOrigins) {
    if (to_string(known) != *origin) continue;
    sealed.origin = known;
    is_known = true;
  }
  for (std::size_t i = 0; i < kPlaces.size(); ++i) {
    if (kPlaces[i] != *place) continue;
    sealed.place = static_cast<Sealed::Place>(i);
    return is_known ? std::optional(std::move(sealed)) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace atelier::model::anthropic
