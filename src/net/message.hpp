#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/task.hpp"
#include "base/trace_context.hpp"
#include "base/unique_fd.hpp"

namespace atelier {
class Signal;
}

namespace atelier::net {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options };
std::string_view to_string(Method method) noexcept;  // "GET"
std::optional<Method> parse_method(std::string_view text) noexcept;

// Field names are compared without case and kept lower case. All text lies in one piece of memory, whatever the number
// of fields: views into it hold until the next change.
class Headers {
 public:
  using Field = std::pair<std::string_view, std::string_view>;  // name and value
  class Fields;

  void add(std::string_view name, std::string_view value);
  void set(std::string_view name, std::string_view value);  // replaces every field of that name
  void remove(std::string_view name);
  void reserve(std::size_t fields, std::size_t text_bytes);
  std::optional<std::string_view> find(std::string_view name) const noexcept;  // the first
  std::size_t count(std::string_view name) const noexcept;
  std::size_t size() const noexcept { return places_.size(); }
  Field at(std::size_t index) const noexcept;
  // All of them, in order, to be looped over.
  Fields fields() const noexcept;

 private:
  struct Place {
    std::uint32_t name, value, end;  // where they begin in text_
  };
  std::string text_;
  std::vector<Place> places_;
};

class Headers::Fields {
 public:
  class Iterator {
   public:
    Iterator(const Headers* headers, std::size_t index) noexcept : headers_(headers), index_(index) {}
    Field operator*() const noexcept { return headers_->at(index_); }
    Iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    bool operator==(const Iterator&) const noexcept = default;

   private:
    const Headers* headers_;
    std::size_t index_;
  };
  explicit Fields(const Headers& headers) noexcept : headers_(&headers) {}
  Iterator begin() const noexcept { return {headers_, 0}; }
  Iterator end() const noexcept { return {headers_, headers_->size()}; }

 private:
  const Headers* headers_;
};

inline Headers::Fields Headers::fields() const noexcept { return Fields(*this); }

// The body of a request, read as it arrives: nothing is buffered beyond one chunk, so a slow reader slows the sender.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // The next bytes (never empty), or nullopt at the end. Errors: too_large over the limit given to the route,
  // deadline_exceeded when the sender is too slow, cancelled when it went away.
  virtual Task<Result<std::optional<std::string>>> next() = 0;
};

// Where a streamed response's bytes go.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  // Returns when the bytes are with the kernel; cancelled when the client is gone or stalled too long.
  virtual Task<Result<>> write(std::string bytes) = 0;
  // Whether write_now() may be called: not while a write() is under way, nor where bytes can go only with others.
  virtual bool takes_now() const noexcept { return false; }
  // Sends what the kernel takes without waiting. False: not all of it went, or the client is gone; what is left goes
  // with the next write(), which is then due and may be of nothing.
  virtual bool write_now(std::string_view bytes) {
    (void)bytes;
    return false;
  }
  // True from the moment the server begins to stop: end the stream with a last event.
  virtual bool is_stopping() const noexcept = 0;
  // Cancels the waits given to it when the client goes away or the server stops: a stream that waits for events awaits
  // this beside them.
  virtual Task<> gone_or_stopping() = 0;
  // The same for a stream that waits on one signal anyway: notified once the server begins to stop, until this is
  // called with another or null. Must not die before.
  virtual void notify_at_stop(Signal* signal) noexcept = 0;
};

// What whoever answers a request tells the server about it. Made by the server; lives as long as the request.
struct RequestNote {
  std::string_view route = "none";  // the matched pattern, for metrics; from the router, which outlives the server
  TraceContext trace;               // its span is the request's
  SpanId parent = 0;                // the caller's span, where they named one
  // What is told in Server-Timing: nothing, unless the caller is known.
  struct Timing {
    std::string_view name;  // a constant token: "auth", "up"
    std::chrono::steady_clock::duration took{};
    std::string_view description = {};  // a constant; empty: none
  };
  static constexpr std::size_t kTimingsMax = 8;
  std::vector<Timing> timings;
  bool tells_timings = false;
};

// One request as a handler sees it, whatever protocol carried it (this is the seam for HTTP/2). Movable; lives until
// the response has been written.
struct Request {
  Method method = Method::get;
  std::string path;   // decoded, normalised, beginning with '/'
  std::string query;  // raw, without '?'
  Headers headers;
  std::string request_id;
  std::string peer;                 // address without port
  bool is_secure = false;           // came over TLS
  std::optional<Principal> caller;  // set by authentication
  std::map<std::string, std::string, std::less<>> path_parameters;
  std::unique_ptr<BodyReader> body;  // null when there is none
  RequestNote* note = nullptr;       // null outside a server

  std::string_view path_parameter(std::string_view name) const;
  // Decoded; nullopt when absent.
  std::optional<std::string> query_parameter(std::string_view name) const;
  // To be called once it is known who asks: takes up the trace their `traceparent` names, and records what they make
  // happen beneath this request. A stranger's trace is never gone on with.
  void enter_trace();
  // One more entry of Server-Timing; dropped where there are too many.
  void add_timing(RequestNote::Timing timing);
  // The authenticated caller; our bug when the route did not ask for one.
  const Principal& principal() const;
  // The whole body, at most `bytes_max`.
  Task<Result<std::string>> read_body(std::size_t bytes_max);
  // The whole body as JSON; wants Content-Type application/json (or none with an empty body being an error).
  Task<Result<json::Value>> read_json(std::size_t bytes_max = 4 << 20);
};

// An open file as a body: sent with sendfile where the connection can; Range, If-Range, If-None-Match and
// If-Modified-Since are answered by the server.
struct FileBody {
  UniqueFd fd;
  std::uint64_t size_bytes = 0;
  std::string etag;            // strong, quoted; empty: no conditional requests
  std::shared_ptr<void> keep;  // shared with whoever else keeps what the file needs alive
};

using StreamBody = std::function<Task<Result<>>(BodyWriter& writer)>;

struct Response {
  int status = 200;
  Headers headers;
  std::variant<std::string, FileBody, StreamBody> body;
  std::string first = {};  // of a StreamBody: what is there already, sent in one write with the head
};

Response json_response(const json::Value& value, int status = 200);
Response text_response(std::string text, std::string content_type = "text/plain; charset=utf-8", int status = 200);
Response empty_response(int status = 204);
// RFC 9457, application/problem+json: type, title, status, detail, code, where, request_id, retry_after.
Response problem_response(const Error& error, std::string_view request_id);
int status_of(ErrorCode code) noexcept;

using Handler = std::function<Task<Result<Response>>(Request request)>;

}  // namespace atelier::net
