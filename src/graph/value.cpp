#include "graph/value.hpp"

#include <fmt/format.h>

#include <array>

namespace atelier::graph {
namespace {

constexpr std::array<std::string_view, 5> kPortTypes = {"text", "image", "audio", "video", "json"};

Result<BlobRef> blob_from_json(json::ObjectReader& reader) {
  BlobRef blob;
  const std::string hex = reader.required_string("digest");
  if (const auto digest = Digest::parse(hex))
    blob.digest = *digest;
  else
    reader.complain("digest", "is not a SHA-256 in hexadecimal");
  blob.size_bytes = static_cast<std::uint64_t>(reader.required_integer("size_bytes", 0, std::int64_t{1} << 50));
  blob.media_type = reader.required_string("media_type", {.bytes_min = 0, .bytes_max = 200});
  if (auto done = reader.finish(); !done) return error_of(done);
  return blob;
}

}  // namespace

std::string_view to_string(PortType type) noexcept { return kPortTypes[static_cast<std::size_t>(type)]; }

std::optional<PortType> parse_port_type(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kPortTypes.size(); ++i)
    if (kPortTypes[i] == text) return static_cast<PortType>(i);
  return std::nullopt;
}

Digest digest_of(const PortValue& value) {
  if (const auto* blob = std::get_if<BlobRef>(&value)) return blob->digest;
  return sha256(json::write_canonical(std::get<json::Value>(value)));
}

json::Value to_json(const PortValue& value) {
  if (const auto* inline_value = std::get_if<json::Value>(&value)) return json::Object{{"json", *inline_value}};
  const auto& blob = std::get<BlobRef>(value);
  return json::Object{{"digest", blob.digest.hex()}, {"size_bytes", blob.size_bytes}, {"media_type", blob.media_type}};
}

Result<PortValue> port_value_from_json(const json::Value& value, std::string where) {
  json::ObjectReader reader(value, std::move(where));
  if (!reader.has("json")) {
    auto blob = blob_from_json(reader);
    if (!blob) return error_of(blob);
    return PortValue(std::move(*blob));
  }
  PortValue inline_value = *reader.required_value("json");
  if (auto done = reader.finish(); !done) return error_of(done);
  return inline_value;
}

json::Value to_json(const Outputs& outputs) {
  json::Object object;
  object.reserve(outputs.size());
  for (const auto& [port, value] : outputs) object.emplace(port, to_json(value));
  return object;
}

Result<Outputs> outputs_from_json(const json::Value& value) {
  const json::Object* object = value.if_object();
  if (!object) return fail(ErrorCode::invalid_argument, "outputs must be an object");
  Outputs outputs;
  for (const auto& field : *object) {
    auto read = port_value_from_json(field.value(),
                                     fmt::format("/{}", std::string_view(field.key().data(), field.key().size())));
    if (!read) return error_of(read);
    outputs.emplace(std::string(field.key().data(), field.key().size()), std::move(*read));
  }
  return outputs;
}

}  // namespace atelier::graph
