// An answer as it comes from a server that means no good: head, then body. What is read must not depend on how it is
// cut.
#include <cstdint>
#include <string>
#include <string_view>

#include "net/client/answer_head.hpp"
#include "net/client/chunks.hpp"
#include "net/client/field_syntax.hpp"

using namespace atelier;
using namespace atelier::net;

namespace {

// The payload, fed `step` bytes at a time, and what follows the body; a refused one ends in "!".
std::string decode(std::string_view body, std::size_t step) {
  ChunkDecoder decoder;
  std::string out;
  for (std::size_t at = 0; at < body.size();) {
    std::string piece(body.substr(at, step));
    const auto decoded = decoder.decode(piece);
    if (!decoded) return out + "!";
    ensure(decoded->used <= piece.size() && decoded->begin + decoded->size <= decoded->used,
           "the payload lies in what was used");
    ensure(decoded->used == piece.size() || decoder.is_done(), "all is used before the end");
    out += piece.substr(decoded->begin, decoded->size);
    at += decoded->used;
    if (decoder.is_done()) return out + "." + std::string(body.substr(at));
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::size_t scanned = 0, scanned_slowly = 0;
  auto end = find_answer_head(bytes, scanned);
  for (std::size_t i = 1; end && *end && i <= **end; ++i) {
    auto slowly = find_answer_head(bytes.substr(0, i), scanned_slowly);
    ensure(slowly && slowly->has_value() == (i == **end), "the end of a head does not depend on its pieces");
  }
  if (!end || !*end) return 0;
  const std::string_view head = bytes.substr(0, **end), body = bytes.substr(**end);
  auto read = parse_answer_head(head, Method::get);
  if (!read) return 0;
  ensure(read->status >= 100 && read->status <= 999, "a status has three digits");
  for (std::size_t i = 0; i < read->fields.size(); ++i) {
    const auto [name, value] = read->fields.at(i);
    ensure(!name.empty() && is_field_value(value), "a field that was read could be sent on");
  }
  if (read->body_end != BodyEnd::chunks) return 0;
  const std::string whole = decode(body, body.size() + 1), cut = decode(body, 3);
  // A malformed one may be refused after more or less of it.
  if (!whole.ends_with('!') && !cut.ends_with('!'))
    ensure(whole == cut, "a chunked body does not depend on its pieces");
  return 0;
}
