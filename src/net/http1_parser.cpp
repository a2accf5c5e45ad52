#include "net/http1_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstring>

#include "net/head.hpp"
#include "net/request_of.hpp"

namespace atelier::net {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t kChunkDigitsMax = 16;
constexpr std::size_t kChunkExtensionBytesMax = 256;
constexpr std::size_t kChunkHeaderBytesMax = 2 + kChunkDigitsMax + kChunkExtensionBytesMax + 2;
constexpr std::size_t kTrailerBytesMax = 8 * 1024;
constexpr std::uint32_t kHeadBytesMax = 256 * 1024;  // Beast's own; ours came before

std::string_view view(beast::string_view text) noexcept { return {text.data(), text.size()}; }

// Beast's state machine, with the message's parts going straight into ours.
class Parser final : public http::basic_parser<true> {
 public:
  Parser() {
    eager(false);  // one chunk header or one piece of body a call
    header_limit(kHeadBytesMax);
    body_limit(boost::none);
  }

  std::string method, target;
  int version = 11;
  Headers headers;
  std::string* out = nullptr;
  std::size_t out_bytes_max = 0;
  bool is_in_chunk = false;
  bool is_head_done = false;

 private:
  using error_code = beast::error_code;

  void on_request_impl(http::verb, beast::string_view method_text, beast::string_view target_text, int http_version,
                       error_code&) override {
    method = view(method_text);
    target = view(target_text);
    version = http_version;
  }
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_field_impl(http::field, beast::string_view name, beast::string_view value, error_code&) override {
    if (is_head_done || name.find('_') != beast::string_view::npos) return;  // a trailer, or what proxies confuse
    headers.add({name.data(), name.size()}, {value.data(), value.size()});
  }
  void on_header_impl(error_code&) override { is_head_done = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, error_code&) override { return take(body); }
  void on_chunk_header_impl(std::uint64_t size, beast::string_view extensions, error_code& ec) override {
    const bool is_clean = std::all_of(extensions.begin(), extensions.end(), [](char c) {
      return c == '\t' || (static_cast<std::uint8_t>(c) >= 0x20 && c != 0x7f);
    });
    if (extensions.size() > kChunkExtensionBytesMax || !is_clean) ec = http::error::bad_chunk_extension;
    is_in_chunk = size > 0;
  }
  std::size_t on_chunk_body_impl(std::uint64_t remain, beast::string_view body, error_code&) override {
    const std::size_t taken = take(body);
    if (taken == remain) is_in_chunk = false;
    return taken;
  }
  void on_finish_impl(error_code&) override {}

  std::size_t take(beast::string_view body) {
    const std::size_t taken = std::min(body.size(), out_bytes_max - out->size());
    out->append(body.data(), taken);
    return taken;
  }
};

Result<> put_head(Parser& parser, std::string_view head) {
  beast::error_code ec;
  parser.put(boost::asio::const_buffer(head.data(), head.size()), ec);
  if (ec || !parser.is_header_done())
    return malformed(fmt::format("the header cannot be read: {}", ec ? ec.message() : "it is not whole"));
  return {};
}

// Whether the line of a chunk's size is here, and after the last one the whole trailer. Beast gets them in one piece:
// 1.81 asserts on a last chunk that comes in small ones. Refuses what Beast would wait for or let through.
Result<bool> has_chunk_header(std::string_view bytes) {
  if (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  const std::size_t digits = std::min(bytes.find_first_not_of("0123456789abcdefABCDEF"), bytes.size());
  if (digits > kChunkDigitsMax) return malformed("a chunk's size has more than 16 digits");
  const std::size_t feed = bytes.find('\n');
  if (feed == std::string_view::npos)
    return bytes.size() > kChunkHeaderBytesMax ? Result<bool>(malformed("a chunk's size line is too long"))
                                               : Result<bool>(false);
  if (feed == 0 || bytes[feed - 1] != '\r') return malformed("a chunk's size does not end in CR LF");
  const bool is_last = digits > 0 && bytes.substr(0, digits).find_first_not_of('0') == std::string_view::npos;
  if (!is_last || bytes.find("\r\n\r\n") != std::string_view::npos) return true;
  if (bytes.size() > kChunkHeaderBytesMax + kTrailerBytesMax) return malformed("the trailer is too long");
  return false;
}

Result<std::size_t> put_body(Parser& parser, std::string_view bytes, std::string& out, std::size_t out_bytes_max) {
  parser.out = &out;
  parser.out_bytes_max = out_bytes_max;
  std::size_t used = 0;
  while (!parser.is_done() && used < bytes.size() && out.size() < out_bytes_max) {
    const std::string_view rest = bytes.substr(used);
    if (parser.chunked() && !parser.is_in_chunk) {
      const auto is_whole = has_chunk_header(rest);
      if (!is_whole) return error_of(is_whole);
      if (!*is_whole) break;
    }
    beast::error_code ec;
    const std::size_t taken = parser.put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
    used += taken;
    if (ec == http::error::need_more) break;
    if (ec) return malformed(fmt::format("the chunked body cannot be read: {}", ec.message()));
  }
  return used;
}

}  // namespace

struct RequestParser::State {
  Parser parser;
};

RequestParser::RequestParser() : state_(std::make_unique<State>()) {}
RequestParser::~RequestParser() = default;

Result<RequestHead> RequestParser::parse_head(std::string_view head) {
  Parser& parser = state_->parser;
  if (auto put = put_head(parser, head); !put) return error_of(put);
  RequestHead read;
  read.method = std::move(parser.method);
  read.target = std::move(parser.target);
  read.headers = std::move(parser.headers);
  read.is_http_1_1 = parser.version == 11;
  read.keeps_alive = parser.keep_alive();
  read.is_chunked = parser.chunked();
  read.expects_continue = read.is_http_1_1 && expects_continue(read.headers);
  if (!read.is_chunked && read.headers.find("content-length") && parser.content_length())
    read.length_bytes = *parser.content_length();
  return read;
}

Result<std::size_t> RequestParser::decode(std::string_view bytes, std::string& out, std::size_t out_bytes_max) {
  return put_body(state_->parser, bytes, out, out_bytes_max);
}

bool RequestParser::is_done() const noexcept { return state_->parser.is_done(); }

}  // namespace atelier::net
