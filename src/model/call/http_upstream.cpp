#include "model/call/http_upstream.hpp"

#include <algorithm>

#include "base/async.hpp"

namespace atelier::model {
namespace {

class HttpAnswer final : public UpstreamAnswer {
 public:
  HttpAnswer(net::HttpClient& client, net::ClientResponse response) : client_(client), response_(std::move(response)) {}
  int status() const noexcept override { return response_.status(); }
  std::optional<std::string_view> header(std::string_view name) const override {
    return response_.headers().find(name);
  }
  HttpHead head() const override {
    HttpHead head{.status = response_.status(), .headers = {}};
    for (std::size_t i = 0; i < response_.headers().size(); ++i) head.headers.emplace_back(response_.headers().at(i));
    return head;
  }
  Task<Result<std::optional<std::string_view>>> next() override { return response_.next(); }
  Task<> leave() override { return client_.finish(std::move(response_)); }

 private:
  net::HttpClient& client_;
  net::ClientResponse response_;
};

net::Method method_of(WireRequest::Method method) {
  switch (method) {
    case WireRequest::Method::post:
      return net::Method::post;
    case WireRequest::Method::get:
      return net::Method::get;
    case WireRequest::Method::put:
      return net::Method::put;
    case WireRequest::Method::del:
      return net::Method::del;
  }
  return net::Method::post;
}

bool takes_events(const WireRequest& request) {
  return std::ranges::any_of(request.headers, [](const auto& field) {
    return field.first == "accept" && field.second.find("text/event-stream") != std::string::npos;
  });
}

}  // namespace

Task<Result<std::unique_ptr<UpstreamAnswer>>> HttpUpstream::send(std::shared_ptr<const Provider> provider,
                                                                 WireRequest request,
                                                                 std::chrono::steady_clock::time_point deadline) {
  auto url = net::Url::parse(request.url);
  if (!url) co_return error_of(url);
  net::ClientRequest sent;
  sent.method = method_of(request.method);
  sent.url = std::move(*url);
  for (const auto& [name, value] : request.headers) sent.headers.add(name, value);
  sent.body = std::move(request.body);
  sent.limits.connect = provider->connect_timeout;
  sent.limits.first_byte = std::max(provider->first_byte_timeout, request.first_byte_at_least);
  sent.limits.between_bytes = provider->stall_timeout;
  // The head of events comes at once, and then as long nothing as before the head of a whole answer.
  if (takes_events(request))
    sent.limits.between_bytes = std::max(sent.limits.between_bytes, request.first_byte_at_least);
  sent.limits.deadline = deadline;
  sent.is_user_given = request.is_foreign;
  if (provider->skips_tls_checks) sent.trust = net::Trust::unverified;
  auto response = co_await client_.send(std::move(sent));
  if (!response) co_return error_of(response);
  co_return std::make_unique<HttpAnswer>(client_, std::move(*response));
}

}  // namespace atelier::model
