#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "store/blob_store.hpp"

namespace atelier::graph {

enum class PortType : std::uint8_t { text, image, audio, video, json };
std::string_view to_string(PortType type) noexcept;
std::optional<PortType> parse_port_type(std::string_view text) noexcept;

// A file made by a step: its bytes are in the BlobStore.
struct BlobRef {
  Digest digest;
  std::uint64_t size_bytes = 0;
  std::string media_type;  // "video/mp4"
  // From whoever wrote it to the engine, which holds it for the run; otherwise null, and no part of the value.
  store::BlobPin pin = {};
  friend bool operator==(const BlobRef& left, const BlobRef& right) {
    return left.digest == right.digest && left.size_bytes == right.size_bytes && left.media_type == right.media_type;
  }
};

// What travels along an edge: small JSON (text is a JSON string) inline, or a blob.
using PortValue = std::variant<json::Value, BlobRef>;

// The outputs of a step by port name.
using Outputs = std::map<std::string, PortValue, std::less<>>;

// The digest that downstream cache keys see: of the canonical JSON, or the blob's own.
Digest digest_of(const PortValue& value);

// {"json": ...} inline, or {"digest", "size_bytes", "media_type"}.
json::Value to_json(const PortValue& value);
// `where` is the JSON pointer of the value, for messages.
Result<PortValue> port_value_from_json(const json::Value& value, std::string where);

json::Value to_json(const Outputs& outputs);
Result<Outputs> outputs_from_json(const json::Value& value);

// Inline JSON over this size must be a blob instead.
inline constexpr std::size_t kInlineBytesMax = 1024 * 1024;

}  // namespace atelier::graph
