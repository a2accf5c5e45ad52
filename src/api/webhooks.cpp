// What providers tell of jobs. Anybody may call these: who it is shows in the signature, or in the address.
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "studio/webhook/inbox.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kBodyBytesMax = 1 << 20;  // media never comes in it

Task<Result<net::Response>> receive(Services services, net::Request request) {
  if (auto admitted = services.webhook_inbox.admit(request.peer); !admitted) co_return error_of(admitted);
  if (request.headers.find("content-encoding"))
    co_return fail(ErrorCode::invalid_argument, "send it as it is, not compressed",
                   {.reason = "content_encoding", .where = {}});
  auto body = co_await request.read_body(kBodyBytesMax);
  if (!body) co_return error_of(body);
  studio::WebhookInbox::Arrived arrived;
  arrived.provider = request.path_parameter("provider");
  arrived.token = request.path_parameter("token");
  arrived.peer = request.peer;
  arrived.headers = std::move(request.headers);
  arrived.body = std::move(*body);
  auto taken = co_await services.webhook_inbox.receive(std::move(arrived));
  if (!taken) co_return error_of(taken);
  // 200 and no other: some providers take any other for a failure.
  co_return net::json_response(json::Object());
}

constexpr Route kRoutes[] = {
    {.method = net::Method::post,
     .path = "/api/webhooks/{provider}",
     .run = receive,
     .access = Access::open,
     .summary = "Takes a provider's webhook, signed as that provider signs",
     .request = "ProviderWebhook",
     .answer = "WebhookTaken",
     .is_alone = true},
    {.method = net::Method::post,
     .path = "/api/webhooks/{provider}/{token}",
     .run = receive,
     .access = Access::open,
     .summary = "The same at an address that was made for one job",
     .request = "ProviderWebhook",
     .answer = "WebhookTaken",
     .is_alone = true},
};

}  // namespace

std::span<const Route> webhook_routes() { return kRoutes; }

}  // namespace atelier::api
