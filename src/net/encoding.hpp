#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace atelier::net {

enum class Coding : std::uint8_t { identity, gzip, brotli };
std::string_view to_string(Coding coding) noexcept;  // as in Content-Encoding; "" for identity

// What the client likes best of these by the q-values of Accept-Encoding (RFC 9110 section 12.5.3); brotli before gzip
// before identity where it does not care. An absent field takes identity.
Coding choose_coding(std::string_view accept_encoding, bool has_gzip, bool has_brotli) noexcept;

// Text, JSON, XML, SVG, scripts: what shrinks. Never an event stream.
bool is_compressible(std::string_view content_type) noexcept;

// nullopt when it did not help. Fast levels (brotli 4, gzip 5): answers are made once and sent once.
std::optional<std::string> compress(std::string_view bytes, Coding coding);

// "\"abc\"" -> "\"abc-br\"": two codings of one thing have two ETags.
std::string tag_of_coding(std::string_view etag, Coding coding);

}  // namespace atelier::net
