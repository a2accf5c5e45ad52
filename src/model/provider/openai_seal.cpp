#include "model/provider/openai_seal.hpp"

#include <algorithm>
#include <array>

#include "base/hash.hpp"
#include "model/loose_json.hpp"
#include "model/provider/http_parts.hpp"

namespace atelier::model::openai {
namespace {

constexpr std::string_view kMark = "atelier.1.";
constexpr std::array<std::string_view, 3> kPlaces = {"thought", "text", "call"};  // as in Place
constexpr std::array kOrigins = {Protocol::openai_chat, Protocol::openai_responses, Protocol::anthropic,
                                 Protocol::gemini, Protocol::ollama};

}  // namespace

std::string seal(const Sealed& sealed) {
  const Reasoning& reasoning = sealed.reasoning;
  json::Object out{{"place", kPlaces[static_cast<std::size_t>(sealed.place)]}, {"signature", reasoning.signature}};
  if (reasoning.origin) out["origin"] = to_string(*reasoning.origin);
  if (!reasoning.id.empty()) out["id"] = reasoning.id;
  if (reasoning.is_redacted) out["is_redacted"] = true;
  if (!reasoning.extra.empty()) out["extra"] = reasoning.extra;
  if (!sealed.call_id.empty()) out["call"] = sealed.call_id;
  return std::string(kMark) + base64url(json::write(out));
}

std::optional<Sealed> unseal(std::string_view encrypted_content) {
  if (!encrypted_content.starts_with(kMark)) return std::nullopt;
  std::string text(encrypted_content.substr(kMark.size()));
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  const auto decoded = decode_base64(text);
  const auto object = decoded ? loose::parse_object(*decoded) : std::nullopt;
  if (!object) return std::nullopt;
  const auto place = std::ranges::find(kPlaces, loose::view_at(*object, "place"));
  if (place == kPlaces.end()) return std::nullopt;
  Sealed sealed{.place = static_cast<Sealed::Place>(place - kPlaces.begin()),
                .call_id = loose::text_at(*object, "call")};
  sealed.reasoning.signature = loose::text_at(*object, "signature");
  sealed.reasoning.id = loose::text_at(*object, "id");
  sealed.reasoning.is_redacted = loose::is_true_at(*object, "is_redacted");
  if (const json::Object* extra = loose::object_at(*object, "extra")) sealed.reasoning.extra = *extra;
  for (const Protocol origin : kOrigins)
    if (to_string(origin) == loose::view_at(*object, "origin")) sealed.reasoning.origin = origin;
  return sealed;
}

}  // namespace atelier::model::openai
