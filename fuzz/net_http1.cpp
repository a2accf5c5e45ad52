// A request as it comes from the network: head, then body. What our own check lets through Beast must read the same
// way, and a chunked body must not depend on how it is cut.
#include <cstdint>
#include <string>
#include <string_view>

#include "net/head.hpp"
#include "net/http1_parser.hpp"
#include "net/url.hpp"

using namespace atelier;
using namespace atelier::net;

namespace {

// The decoded body and whether it ended, fed `step` bytes at a time; a refused one ends in "!".
std::string decode(std::string_view head, std::string_view body, std::size_t step) {
  RequestParser parser;
  if (!parser.parse_head(head)) return "?";
  std::string out, pending;
  for (std::size_t at = 0; at < body.size() && !parser.is_done(); at += step) {
    pending += body.substr(at, step);
    for (;;) {
      std::string piece;
      auto used = parser.decode(pending, piece, 4096);
      out += piece;
      if (!used) return out + "!";
      pending.erase(0, *used);
      if (*used == 0 || pending.empty() || parser.is_done()) break;
    }
  }
  return out + (parser.is_done() ? "." : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const HeadLimits limits;
  std::size_t scanned = 0, scanned_slowly = 0;
  auto end = find_head_end(bytes, scanned, limits);
  // Byte by byte comes to the same.
  for (std::size_t i = 1; end && *end && i <= **end; ++i) {
    auto slowly = find_head_end(bytes.substr(0, i), scanned_slowly, limits);
    ensure(slowly && slowly->has_value() == (i == **end), "the end of a head does not depend on its pieces");
  }
  if (!end || !*end) return 0;
  const std::string_view head = bytes.substr(0, **end), body = bytes.substr(**end);
  if (!check_head(head, limits)) return 0;
  RequestParser parser;
  auto read = parser.parse_head(head);
  if (!read) return 0;
  ensure(!(read->is_chunked && read->length_bytes), "a body has one length");
  ensure(read->headers.count("host") == 1, "a request has one host");
  (void)normalise_path(path_of_target(read->target));
  if (!read->is_chunked) return 0;
  const std::string whole = decode(head, body, body.size() + 1), cut = decode(head, body, 3);
  // A malformed one may be refused earlier or later, after more or less of it.
  if (whole.ends_with('.') || cut.ends_with('.')) ensure(whole == cut, "a chunked body does not depend on its pieces");
  return 0;
}
