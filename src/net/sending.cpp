#include "net/sending.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/async.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "net/encoding.hpp"
#include "net/handled.hpp"
#include "net/problem.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kCompressBytesMin = 1024;
// More would hold the loop for longer than 10 ms.
constexpr std::size_t kCompressBytesMax = 1024 * 1024;
constexpr int kClientGone = 499;

// 101: what follows is not HTTP any more.
bool status_has_body(int status) noexcept { return (status >= 200 && status != 204 && status != 304) || status == 101; }

void compress_body(const Wishes& wishes, Headers& headers, std::string& body) {
  if (body.size() < kCompressBytesMin || body.size() > kCompressBytesMax || headers.find("content-encoding")) return;
  if (!is_compressible(headers.find("content-type").value_or(""))) return;
  if (headers.find("cache-control").value_or("").find("no-transform") != std::string_view::npos) return;
  if (headers.find("vary").value_or("").find("ncoding") == std::string_view::npos)
    headers.add("vary", "accept-encoding");
  const Coding coding = choose_coding(wishes.accept_encoding, true, true);
  if (coding == Coding::identity) return;
  auto smaller = compress(body, coding);
  if (!smaller) return;
  body = std::move(*smaller);
  headers.add("content-encoding", to_string(coding));
  if (const auto etag = headers.find("etag")) headers.set("etag", tag_of_coding(std::string(*etag), coding));
}

Task<Result<>> send_text(Exchange* exchange, const Wishes* wishes, Response response) {
  std::string& body = std::get<std::string>(response.body);
  if (status_has_body(response.status)) compress_body(*wishes, response.headers, body);
  answer_conditions(wishes->conditions, response);
  const bool has_body = status_has_body(response.status) && wishes->conditions.method != Method::head;
  AnswerStart start{response.status, std::move(response.headers), body.size(), wishes->request_id, has_body};
  const std::string_view sent = has_body ? std::string_view(body) : std::string_view();
  if (auto begun = co_await exchange->begin(std::move(start), sent, Exchange::More::no); !begun)
    co_return error_of(begun);
  co_return co_await exchange->end();
}

// The head and what is there already; what is left of it, or nothing where there is no body.
Task<Result<StreamBody>> begin_stream(Exchange* exchange, const Wishes* wishes, Response response) {
  const bool has_body = status_has_body(response.status) && wishes->conditions.method != Method::head;
  AnswerStart start{response.status, std::move(response.headers), std::nullopt, wishes->request_id, has_body};
  const std::string_view first = has_body ? std::string_view(response.first) : std::string_view();
  auto begun = co_await exchange->begin(std::move(start), first, Exchange::More::no);
  if (!begun) co_return error_of(begun);
  if (has_body) co_return std::get<StreamBody>(std::move(response.body));
  auto ended = co_await exchange->end();
  if (!ended) co_return error_of(ended);
  co_return StreamBody();
}

// The pieces of a file that answer a request, each after some text of its own (the heads of multipart/byteranges).
struct FilePlan {
  struct Piece {
    std::string before;
    ByteRange range;
  };
  std::vector<Piece> pieces;
  std::string tail;
  std::uint64_t length_bytes = 0;
};

FilePlan plan_parts(const std::vector<ByteRange>& ranges, std::uint64_t size_bytes, std::string_view boundary,
                    std::string_view content_type) {
  FilePlan plan;
  for (const ByteRange& range : ranges) {
    plan.pieces.push_back({fmt::format("\r\n--{}\r\ncontent-type: {}\r\ncontent-range: bytes {}-{}/{}\r\n\r\n",
                                       boundary, content_type, range.first, range.last, size_bytes),
                           range});
    plan.length_bytes += plan.pieces.back().before.size() + range.size();
  }
  plan.tail = fmt::format("\r\n--{}--\r\n", boundary);
  plan.length_bytes += plan.tail.size();
  return plan;
}

FilePlan plan_ranges(const RangeAnswer& answer, std::uint64_t size_bytes, Response& response) {
  FilePlan plan;
  if (answer.kind == RangeAnswer::Kind::whole) {
    plan.length_bytes = size_bytes;
    if (size_bytes > 0) plan.pieces.push_back({{}, {0, size_bytes - 1}});
    return plan;
  }
  response.status = 206;
  if (answer.ranges.size() == 1) {
    const ByteRange& range = answer.ranges.front();
    response.headers.set("content-range", fmt::format("bytes {}-{}/{}", range.first, range.last, size_bytes));
    plan.length_bytes = range.size();
    plan.pieces.push_back({{}, range});
    return plan;
  }
  const std::string boundary = hex(random_bytes(12));
  const std::string content_type(response.headers.find("content-type").value_or("application/octet-stream"));
  response.headers.set("content-type", "multipart/byteranges; boundary=" + boundary);
  return plan_parts(answer.ranges, size_bytes, boundary, content_type);
}

Task<Result<>> send_plan(Exchange* exchange, const Wishes* wishes, int status, Headers headers, FilePlan plan, int fd) {
  const bool has_body = wishes->conditions.method != Method::head && plan.length_bytes > 0;
  AnswerStart start{status, std::move(headers), plan.length_bytes, wishes->request_id, has_body};
  const Exchange::More more = has_body ? Exchange::More::follows : Exchange::More::no;
  if (auto begun = co_await exchange->begin(std::move(start), {}, more); !begun) co_return error_of(begun);
  if (!has_body) co_return co_await exchange->end();
  for (FilePlan::Piece& piece : plan.pieces) {
    if (!piece.before.empty()) {
      if (auto sent = co_await exchange->write(std::move(piece.before)); !sent) co_return error_of(sent);
    }
    if (auto sent = co_await exchange->send_file(fd, piece.range.first, piece.range.size()); !sent)
      co_return error_of(sent);
  }
  if (!plan.tail.empty()) {
    if (auto sent = co_await exchange->write(std::move(plan.tail)); !sent) co_return error_of(sent);
  }
  co_return co_await exchange->end();
}

Response precondition_failed(const Wishes& wishes) {
  return problem_response(fail(ErrorCode::conflict, "it is not what the request's conditions name",
                               {.reason = "precondition_failed", .where = {}})
                              .error(),
                          wishes.request_id);
}

Response range_outside(const Wishes& wishes, std::uint64_t size_bytes) {
  Response response =
      problem_response(fail(ErrorCode::invalid_argument, fmt::format("the range begins after its {} bytes", size_bytes),
                            {.reason = "range_outside", .where = {}})
                           .error(),
                       wishes.request_id);
  response.headers.set("content-range", fmt::format("bytes */{}", size_bytes));
  return response;
}

Task<Result<>> send_file(Exchange* exchange, const Wishes* wishes, Response response) {
  const FileBody file = std::move(std::get<FileBody>(response.body));
  if (!file.etag.empty()) response.headers.set("etag", file.etag);
  response.headers.set("accept-ranges", "bytes");
  RangeAnswer range;
  if (response.status == 200) {
    const std::string last_modified(response.headers.find("last-modified").value_or(""));
    const Representation representation{file.etag, last_modified, file.size_bytes};
    const Outcome outcome = file.etag.empty() && last_modified.empty()
                                ? Outcome::send
                                : check_preconditions(wishes->conditions, representation);
    if (outcome == Outcome::precondition_failed)
      co_return co_await send_text(exchange, wishes, precondition_failed(*wishes));
    if (outcome == Outcome::not_modified) {
      Response unchanged{.status = 304, .headers = fields_of_not_modified(response.headers), .body = std::string()};
      co_return co_await send_text(exchange, wishes, std::move(unchanged));
    }
    range = choose_range(wishes->conditions, representation);
    if (range.kind == RangeAnswer::Kind::outside)
      co_return co_await send_text(exchange, wishes, range_outside(*wishes, file.size_bytes));
  }
  FilePlan plan = plan_ranges(range, file.size_bytes, response);
  const int status = response.status;
  co_return co_await send_plan(exchange, wishes, status, std::move(response.headers), std::move(plan), file.fd.get());
}

}  // namespace

Wishes Wishes::of(const Request& request) {
  return {Conditions::of(request), std::string(request.headers.find("accept-encoding").value_or("")),
          request.request_id};
}

Task<Sent> send_response(Exchange* exchange, const Wishes* wishes, Response response) {
  Result<> sent = fail(ErrorCode::internal, "not sent");
  StreamBody rest;
  if (std::holds_alternative<std::string>(response.body)) {
    sent = co_await send_text(exchange, wishes, std::move(response));
  } else if (std::holds_alternative<FileBody>(response.body)) {
    sent = co_await send_file(exchange, wishes, std::move(response));
  } else {
    auto begun = co_await begin_stream(exchange, wishes, std::move(response));
    sent = begun ? Result<>() : Result<>(error_of(begun));
    if (begun) rest = std::move(*begun);
  }
  const int status = end_answer(*exchange, sent, wishes->request_id);
  co_return Sent{status, std::move(rest)};
}

int end_answer(Exchange& exchange, const Result<>& sent, std::string_view request_id) {
  if (sent) return exchange.status();
  exchange.cut();
  if (sent.error().code == ErrorCode::cancelled) return kClientGone;
  log::error("an answer was cut in its middle", {{"error", sent.error().describe()}, {"request_id", request_id}});
  return 500;
}

}  // namespace atelier::net
