#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/audit/timings.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "net/client.hpp"
#include "net/client/http_client.hpp"

namespace atelier::app::audit {

// Which studio is asked, and how it is reached: over TCP, or the Unix socket of a data folder.
struct Place {
  std::string url;  // "http://127.0.0.1:8787"; empty where the socket is the only way
  net::Endpoint socket = {};
  std::vector<std::pair<std::string, std::string>> headers = {};  // of every call: a key, a session
};

// An answer whose body is still coming. Dropped, its connection closes.
class Coming {
 public:
  explicit Coming(net::ClientResponse response) : response_(std::move(response)) {}
  explicit Coming(net::FetchResponse response) : response_(std::move(response)) {}
  int status() const noexcept;
  const net::Headers& headers() const noexcept;
  // nullopt at the end.
  Task<Result<std::optional<std::string>>> next();
  Task<Result<std::string>> read_body();

 private:
  std::variant<net::ClientResponse, net::FetchResponse> response_;
};

struct Said {
  int status = 0;
  net::Headers headers = {};
  std::string body = {};
  double took_ms = 0;  // from asking to the body's last byte
  // null where the body is no JSON.
  json::Value json() const;
};

// Calls of one user of a studio. Copied freely; used on any loop of the client's.
class Caller {
 public:
  Caller(net::HttpClient& client, Place place) : client_(&client), place_(std::move(place)) {}
  // As this one, with these headers beside its own.
  Caller with(std::vector<std::pair<std::string, std::string>> headers) const;
  // Without those of its own: whoever comes by.
  Caller without_headers() const { return {*client_, Place{.url = place_.url, .socket = place_.socket}}; }
  const Place& place() const noexcept { return place_; }

  Task<Result<Coming>> open(net::Method method, std::string target, std::string body,
                            std::vector<std::pair<std::string, std::string>> headers) const;
  Task<Result<Said>> ask(net::Method method, std::string target, std::string body = {},
                         std::vector<std::pair<std::string, std::string>> headers = {}) const;
  // Counts how long it took; an answer of another status is a fault of `figures`, told as such, and gives nullopt.
  Task<std::optional<json::Value>> timed(CallFigures* figures, std::string kind, net::Method method, std::string target,
                                         json::Value body = nullptr) const;
  // For preparing: whatever is not 2xx is an error.
  Task<Result<json::Value>> must(net::Method method, std::string target, json::Value body = nullptr) const;

 private:
  net::HttpClient* client_;
  Place place_;
};

}  // namespace atelier::app::audit
