#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/double/message.hpp"

// How providers sign what they tell unasked. A forged one is signed with another key.
namespace atelier::doubles {

inline constexpr std::string_view kWebhookSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

// Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature.
Fields standard_fields(std::string_view id, std::int64_t unix_s, std::string_view body, bool is_forged);
// fal's: x-fal-webhook-request-id, -user-id, -timestamp, -signature.
Fields fal_fields(std::string_view request_id, std::int64_t unix_s, std::string_view body, bool is_forged);
std::string fal_public_key();  // base64 for URLs, without padding

}  // namespace atelier::doubles
