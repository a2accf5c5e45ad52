#include "net/client.hpp"

#include <fmt/format.h>
#include <sys/un.h>

#include <cstring>

#include "net/client/dial.hpp"
#include "net/client/http1.hpp"
#include "net/client/limit.hpp"
#include "net/ip_address.hpp"

namespace atelier::net {
namespace {

struct Peer {
  sockaddr_storage address{};
  socklen_t size = 0;
};

Result<Peer> resolve(const Endpoint& endpoint) {
  Peer peer;
  if (!endpoint.socket_path.empty()) {
    auto& local = reinterpret_cast<sockaddr_un&>(peer.address);
    if (endpoint.socket_path.size() >= sizeof local.sun_path)
      return fail(ErrorCode::invalid_argument, fmt::format("the socket's path {} is too long", endpoint.socket_path));
    local.sun_family = AF_UNIX;
    std::memcpy(local.sun_path, endpoint.socket_path.data(), endpoint.socket_path.size());
    peer.size = sizeof local;
    return peer;
  }
  const auto address = IpAddress::parse(endpoint.address);
  if (!address) return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" is not an IP address", endpoint.address));
  const SocketAddress whole(*address, endpoint.port);
  return Peer{whole.storage, whole.size};
}

std::string name_of(const Endpoint& endpoint) {
  if (!endpoint.socket_path.empty()) return endpoint.socket_path;
  const bool is_six = endpoint.address.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(is_six ? "[{}]:{}" : "{}:{}"), endpoint.address, endpoint.port);
}

std::string render_head(const FetchRequest& request, const std::string& host) {
  std::string head = fmt::format("{} {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", to_string(request.method),
                                 request.target, host);
  for (const auto& [name, value] : request.headers.fields()) head += fmt::format("{}: {}\r\n", name, value);
  const auto* text = std::get_if<std::string>(&request.body);
  const std::uint64_t size = text ? text->size() : std::get<FileBody>(request.body).size_bytes;
  if (size > 0 || (request.method != Method::get && request.method != Method::head))
    head += fmt::format("content-length: {}\r\n", size);
  return head + "\r\n";
}

Task<Result<>> dial_into(Peer peer, std::string name, std::optional<Stream>* stream) {
  auto dialled = co_await dial_one(peer.address, peer.size, std::move(name));
  if (!dialled) co_return error_of(dialled);
  stream->emplace(std::move(*dialled));
  co_return Result<>{};
}

}  // namespace

struct FetchResponse::State {
  explicit State(Executor executor) : deadlines(executor) {}
  Deadlines deadlines;
  std::optional<Http1Connection> connection;
  int status = 0;
  Headers headers;
};

FetchResponse::FetchResponse(std::unique_ptr<State> state) : state_(std::move(state)) {}
FetchResponse::FetchResponse(FetchResponse&&) noexcept = default;
FetchResponse& FetchResponse::operator=(FetchResponse&&) noexcept = default;
FetchResponse::~FetchResponse() = default;

int FetchResponse::status() const noexcept { return state_->status; }
const Headers& FetchResponse::headers() const noexcept { return state_->headers; }

Task<Result<std::optional<std::string>>> FetchResponse::next() {
  auto piece = co_await state_->connection->next();
  if (!piece) co_return error_of(piece);
  if (!*piece) co_return std::nullopt;
  co_return std::string(**piece);
}

Task<Result<std::string>> FetchResponse::read_body(std::size_t bytes_max) {
  std::string whole;
  for (;;) {
    auto piece = co_await state_->connection->next();
    if (!piece) co_return error_of(piece);
    if (!*piece) co_return whole;
    whole += **piece;
    if (whole.size() > bytes_max)
      co_return fail(ErrorCode::too_large, fmt::format("the answer has more than {} bytes", bytes_max));
  }
}

Task<Result<FetchResponse>> fetch(Endpoint endpoint, FetchRequest request) {
  auto peer = resolve(endpoint);
  if (!peer) co_return error_of(peer);
  const Executor executor = co_await current_executor();
  auto state = std::make_unique<FetchResponse::State>(executor);
  const auto until = std::chrono::steady_clock::now() + request.head_timeout;
  const auto late = [] { return fail(ErrorCode::deadline_exceeded, "the server did not answer in time"); };

  std::optional<Stream> stream;
  bool is_late = false;
  auto dialled = co_await run_until(&state->deadlines, until, dial_into(*peer, name_of(endpoint), &stream), &is_late);
  if (is_late) co_return late();
  if (!dialled && dialled.error().code == ErrorCode::unavailable) dialled.error().reason = "server_unreachable";
  if (!dialled) co_return error_of(dialled);

  const std::string head = render_head(request, endpoint.socket_path.empty() ? name_of(endpoint) : "localhost");
  const auto* text = std::get_if<std::string>(&request.body);
  constexpr std::chrono::milliseconds kNoLimit = std::chrono::hours(24 * 365);
  SendNote note;
  const Http1Connection::Outgoing outgoing{
      .method = request.method,
      .head = head,
      .body = text ? std::string_view(*text) : std::string_view(),
      .file = text ? nullptr : &std::get<FileBody>(request.body),
      .limits = {.first_byte = kNoLimit, .between_bytes = kNoLimit, .deadline = until},
      .note = &note};
  Http1Connection& connection = state->connection.emplace(std::move(*stream), state->deadlines);
  auto answer = co_await connection.ask(outgoing);
  if (!answer && answer.error().code == ErrorCode::deadline_exceeded) co_return late();
  if (!answer) co_return error_of(answer);
  connection.set_deadline(Deadlines::TimePoint::max());
  state->status = answer->status;
  state->headers = std::move(answer->fields);
  co_return FetchResponse(std::move(state));
}

}  // namespace atelier::net
