#include "net/client.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

#include "net/http1_parser.hpp"
#include "net/stream.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kHeadBytesMax = 32 * 1024;
constexpr std::size_t kPieceBytesMax = 64 * 1024;

struct Peer {
  sockaddr_storage address{};
  socklen_t size = 0;
};

Result<Peer> resolve(const Endpoint& endpoint) {
  Peer peer;
  auto& local = reinterpret_cast<sockaddr_un&>(peer.address);
  auto& four = reinterpret_cast<sockaddr_in&>(peer.address);
  auto& six = reinterpret_cast<sockaddr_in6&>(peer.address);
  if (!endpoint.socket_path.empty()) {
    if (endpoint.socket_path.size() >= sizeof local.sun_path)
      return fail(ErrorCode::invalid_argument, fmt::format("the socket's path {} is too long", endpoint.socket_path));
    local.sun_family = AF_UNIX;
    std::memcpy(local.sun_path, endpoint.socket_path.data(), endpoint.socket_path.size());
    peer.size = sizeof local;
  } else if (::inet_pton(AF_INET, endpoint.address.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(endpoint.port);
    peer.size = sizeof four;
  } else if (::inet_pton(AF_INET6, endpoint.address.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(endpoint.port);
    peer.size = sizeof six;
  } else {
    return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" is not an IP address", endpoint.address));
  }
  return peer;
}

std::string name_of(const Endpoint& endpoint) {
  if (!endpoint.socket_path.empty()) return endpoint.socket_path;
  const bool is_six = endpoint.address.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(is_six ? "[{}]:{}" : "{}:{}"), endpoint.address, endpoint.port);
}

std::string render_head(const FetchRequest& request, const std::string& host) {
  std::string head = fmt::format("{} {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", to_string(request.method), request.target, host);
  for (const auto& [name, value] : request.headers.fields()) head += fmt::format("{}: {}\r\n", name, value);
  const auto* text = std::get_if<std::string>(&request.body);
  const std::uint64_t size = text ? text->size() : std::get<FileBody>(request.body).size_bytes;
  if (size > 0 || (request.method != Method::get && request.method != Method::head)) head += fmt::format("content-length: {}\r\n", size);
  return head + "\r\n";
}

std::unexpected<Error> broken(std::string_view what) {
  return fail(ErrorCode::unavailable, fmt::format("the server's answer {}", what), {.reason = "answer_broken", .where = {}});
}

}  // namespace

struct FetchResponse::State final : Deadlines::Target {
  State(Executor executor, UniqueFd fd, int family, Method asked)
      : stream(executor, std::move(fd), family), deadlines(executor), method(asked), head_deadline(std::in_place, deadlines, *this) {}
  void on_deadline() override {
    timed_out = true;
    stream.cancel();
  }

  Task<Result<>> read_head() {
    for (;;) {
      const std::size_t end = received.find("\r\n\r\n");
      if (end != std::string::npos) {
        const bool is_interim = received.size() > 9 && received[9] == '1';
        if (is_interim) {
          received.erase(0, end + 4);
          continue;
        }
        auto read = parser.parse_head(std::string_view(received).substr(0, end + 4));
        if (!read) co_return broken("has no readable head: " + read.error().message);
        head = std::move(*read);
        received.erase(0, end + 4);
        break;
      }
      if (received.size() > kHeadBytesMax) co_return broken("has a head over 32 KiB");
      auto got = co_await fill();
      if (!got) co_return error_of(got);
      if (*got == 0) co_return broken("ended before its head was whole");
    }
    left_bytes = head.length_bytes.value_or(0);
    is_done = method == Method::head || head.status == 204 || head.status == 304 || (head.length_bytes && left_bytes == 0);
    co_return Result<>{};
  }

  Task<Result<std::size_t>> fill() {
    const std::size_t had = received.size();
    received.resize(had + kPieceBytesMax);
    auto got = co_await stream.read(std::span(received).subspan(had));
    received.resize(had + (got ? *got : 0));
    if (!got && timed_out) co_return fail(ErrorCode::deadline_exceeded, "the server did not answer in time");
    co_return got;
  }

  Stream stream;
  Deadlines deadlines;
  const Method method;
  bool timed_out = false;
  AnswerParser parser;
  AnswerHead head;
  std::string received;
  std::uint64_t left_bytes = 0;
  bool is_done = false;
  std::optional<Deadlines::Entry> head_deadline;  // ends with the head
};

FetchResponse::FetchResponse(std::unique_ptr<State> state) : state_(std::move(state)) {}
FetchResponse::FetchResponse(FetchResponse&&) noexcept = default;
FetchResponse& FetchResponse::operator=(FetchResponse&&) noexcept = default;
FetchResponse::~FetchResponse() = default;

int FetchResponse::status() const noexcept { return state_->head.status; }
const Headers& FetchResponse::headers() const noexcept { return state_->head.headers; }

Task<Result<std::optional<std::string>>> FetchResponse::next() {
  State& state = *state_;
  std::string piece;
  for (;;) {
    if (state.is_done) co_return std::nullopt;
    if (state.head.is_chunked) {
      auto used = state.parser.decode(state.received, piece, kPieceBytesMax);
      if (!used) co_return broken("has a malformed chunk");
      state.received.erase(0, *used);
      state.is_done = state.parser.is_done();
    } else {
      const std::size_t size = state.head.length_bytes ? static_cast<std::size_t>(std::min<std::uint64_t>(state.left_bytes, state.received.size()))
                                                       : state.received.size();
      piece = state.received.substr(0, size);
      state.received.erase(0, size);
      state.left_bytes -= state.head.length_bytes ? size : 0;
      state.is_done = state.head.length_bytes && state.left_bytes == 0;
    }
    if (!piece.empty()) co_return piece;
    if (state.is_done) co_return std::nullopt;
    auto got = co_await state.fill();
    if (!got) co_return error_of(got);
    if (*got > 0) continue;
    state.is_done = !state.head.is_chunked && !state.head.length_bytes;
    if (!state.is_done) co_return broken("ended before it was whole");
  }
}

Task<Result<std::string>> FetchResponse::read_body(std::size_t bytes_max) {
  std::string whole;
  for (;;) {
    auto piece = co_await next();
    if (!piece) co_return error_of(piece);
    if (!*piece) co_return whole;
    whole += **piece;
    if (whole.size() > bytes_max) co_return fail(ErrorCode::too_large, fmt::format("the answer has more than {} bytes", bytes_max));
  }
}

Task<Result<FetchResponse>> fetch(Endpoint endpoint, FetchRequest request) {
  auto peer = resolve(endpoint);
  if (!peer) co_return error_of(peer);
  const int family = peer->address.ss_family;
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.is_open()) co_return fail_errno(errno, "cannot make a socket");
  const int one = 1;
  if (family != AF_UNIX) (void)::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  const int raw = fd.get();
  auto state = std::make_unique<FetchResponse::State>(co_await current_executor(), std::move(fd), family, request.method);
  state->head_deadline->set(std::chrono::steady_clock::now() + request.head_timeout);

  int error = ::connect(raw, reinterpret_cast<const sockaddr*>(&peer->address), peer->size) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    auto ready = co_await state->stream.wait_writable();
    if (!ready) co_return error_of(ready);
    socklen_t size = sizeof error;
    ::getsockopt(raw, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error != 0)
    co_return fail(ErrorCode::unavailable, fmt::format("no server answers at {}: {}", name_of(endpoint), std::strerror(error)),
                   {.reason = "server_unreachable", .where = {}});

  const std::string head = render_head(request, endpoint.socket_path.empty() ? name_of(endpoint) : "localhost");
  const auto* text = std::get_if<std::string>(&request.body);
  const std::string_view pieces[] = {head, text ? std::string_view(*text) : std::string_view()};
  auto sent = co_await state->stream.write(pieces);
  if (sent && !text) {
    const auto& file = std::get<FileBody>(request.body);
    sent = co_await state->stream.send_file(file.fd.get(), 0, file.size_bytes);
  }
  if (!sent && sent.error().code != ErrorCode::cancelled) co_return error_of(sent);
  // A server that refuses a body stops reading it: its answer is there all the same.
  auto read = co_await state->read_head();
  if (!read) co_return error_of(read);
  state->head_deadline.reset();
  co_return FetchResponse(std::move(state));
}

}  // namespace atelier::net
