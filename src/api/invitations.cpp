// Invitations: admins make them, and whoever has one becomes a user.
#include "api/request.hpp"
#include "api/session.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"

namespace atelier::api {
namespace {

constexpr json::ObjectReader::StringLimits kSecretLimits{.bytes_min = 1, .bytes_max = 200};

std::string_view state_of(const studio::Invitation& invitation, UnixMs now_ms) {
  if (invitation.is_revoked) return "revoked";
  if (invitation.uses >= invitation.uses_max) return "used";
  return invitation.expires_ms <= now_ms ? "expired" : "open";
}

json::Object to_json(const studio::Invitation& invitation, UnixMs now_ms) {
  return {{"id", invitation.id.to_string()},
          {"role", studio::to_string(invitation.role)},
          {"note", invitation.note},
          {"created_at", format_rfc3339(invitation.created_ms)},
          {"expires_at", format_rfc3339(invitation.expires_ms)},
          {"uses", invitation.uses},
          {"uses_max", invitation.uses_max},
          {"state", state_of(invitation, now_ms)}};
}

net::Response with_no_store(net::Response response) {
  response.headers.set("cache-control", "no-store");
  return response;
}

Task<Result<net::Response>> list(Services services, net::Request) {
  auto all = co_await services.invitations.list();
  if (!all) co_return error_of(all);
  const UnixMs now_ms = services.clock.wall_ms();
  json::Array items;
  for (const studio::Invitation& one : *all) items.push_back(to_json(one, now_ms));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

Task<Result<net::Response>> create(Services services, net::Request request) {
  auto body = co_await request.read_json(8'192);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  studio::NewInvitation wanted;
  if (reader.optional_choice("role", {"admin", "member"}).value_or("member") == "admin") wanted.role = Role::admin;
  wanted.note = reader.optional_string("note", {.bytes_max = studio::kInvitationNoteBytesMax}).value_or("");
  if (const auto hours = reader.optional_integer("hours", 1, studio::kInvitationLifeMax.count()))
    wanted.life = std::chrono::hours(*hours);
  wanted.uses_max = reader.optional_integer("uses_max", 1, studio::kInvitationUsesMax).value_or(1);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto created = co_await services.invitations.create(request.principal().owner, std::move(wanted));
  if (!created) co_return error_of(created);
  json::Object answer = to_json(created->invitation, services.clock.wall_ms());
  answer["secret"] = created->secret;
  co_return with_no_store(net::json_response(answer, 201));
}

Task<Result<net::Response>> revoke(Services services, net::Request request) {
  auto id = id_in<studio::InvitationId>(request, "id");
  if (!id) co_return error_of(id);
  if (auto done = co_await services.invitations.revoke(*id); !done) co_return error_of(done);
  co_return net::empty_response();
}

// The secret comes in the body and not in the path: paths are written into logs.
Task<Result<net::Response>> look(Services services, net::Request request) {
  auto body = co_await request.read_json(4'096);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  std::string secret = reader.required_string("secret", kSecretLimits);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto invitation = co_await services.invitations.look(std::move(secret));
  if (!invitation) co_return error_of(invitation);
  json::Object answer{{"role", studio::to_string(invitation->role)},
                      {"expires_at", format_rfc3339(invitation->expires_ms)}};
  co_return with_no_store(net::json_response(answer));
}

Task<Result<net::Response>> accept(Services services, net::Request request) {
  auto body = co_await request.read_json(8'192);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  std::string secret = reader.required_string("secret", kSecretLimits);
  std::string name = reader.required_string("name", {.bytes_max = 200});
  std::string password = reader.required_string("password", {.bytes_max = 1'024});
  if (auto done = reader.finish(); !done) co_return error_of(done);
  studio::SessionOrigin origin = origin_of(request);
  auto signed_in =
      co_await services.invitations.accept(std::move(secret), std::move(name), std::move(password), std::move(origin));
  if (!signed_in) co_return error_of(signed_in);
  co_return co_await begin_session(services, std::move(request), std::move(*signed_in));
}

constexpr Route kRoutes[] = {
    {net::Method::get, "/api/invitations", list, Access::admin, "Invitations, newest first", "", "InvitationPage"},
    {net::Method::post, "/api/invitations", create, Access::admin, "Makes one; its secret is shown once",
     "NewInvitation", "CreatedInvitation", 201},
    {net::Method::del, "/api/invitations/{id}", revoke, Access::admin, "Revokes one", "", "", 204},
    {net::Method::post, "/api/invitations/look", look, Access::open, "What an invitation is to", "InvitationSecret",
     "InvitationFacts"},
    {.method = net::Method::post,
     .path = "/api/invitations/accept",
     .run = accept,
     .access = Access::open,
     .summary = "Makes a user of whoever has an invitation, and signs them in",
     .request = "Acceptance",
     .answer = "Session",
     .is_alone = true},
};

}  // namespace

std::span<const Route> invitation_routes() { return kRoutes; }

}  // namespace atelier::api
