// Users who are people, for admins.
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kNameFieldMax = 200, kPasswordFieldMax = 1'024;  // their own rules say what is too long

json::Object to_json(const studio::Person& person) {
  json::Object object{{"id", person.id.to_string()},
                      {"name", person.name},
                      {"role", studio::to_string(person.role)},
                      {"created_at", format_rfc3339(person.created_ms)},
                      {"is_disabled", person.is_disabled}};
  object["seen_at"] = person.seen_ms > 0 ? json::Value(format_rfc3339(person.seen_ms)) : json::Value();
  return object;
}

std::optional<Role> read_role(json::ObjectReader& reader) {
  const auto role = reader.optional_choice("role", {"admin", "member"});
  if (!role) return std::nullopt;
  return *role == "admin" ? Role::admin : Role::member;
}

Task<Result<net::Response>> list(Services services, net::Request) {
  auto people = co_await services.people.list();
  if (!people) co_return error_of(people);
  json::Array items;
  for (const studio::Person& person : *people) items.push_back(to_json(person));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

Task<Result<net::Response>> create(Services services, net::Request request) {
  auto body = co_await request.read_json(8'192);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  studio::NewPerson wanted;
  wanted.name = reader.required_string("name", {.bytes_max = kNameFieldMax});
  wanted.password = reader.required_string("password", {.bytes_max = kPasswordFieldMax});
  wanted.role = read_role(reader).value_or(Role::member);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto person = co_await services.people.create(std::move(wanted));
  if (!person) co_return error_of(person);
  net::Response response = net::json_response(to_json(*person), 201);
  response.headers.set("location", "/api/users/" + person->id.to_string());
  co_return response;
}

Task<Result<net::Response>> get(Services services, net::Request request) {
  auto id = id_in<UserId>(request, "id");
  if (!id) co_return error_of(id);
  auto person = co_await services.people.find(*id);
  if (!person) co_return error_of(person);
  co_return net::json_response(to_json(*person));
}

Task<Result<net::Response>> change(Services services, net::Request request) {
  auto id = id_in<UserId>(request, "id");
  if (!id) co_return error_of(id);
  auto body = co_await request.read_json(8'192);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  studio::PersonChange wanted;
  wanted.name = reader.optional_string("name", {.bytes_max = kNameFieldMax});
  wanted.password = reader.optional_string("password", {.bytes_max = kPasswordFieldMax});
  wanted.role = read_role(reader);
  wanted.is_disabled = reader.optional_bool("is_disabled");
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto person = co_await services.people.change(*id, std::move(wanted));
  if (!person) co_return error_of(person);
  co_return net::json_response(to_json(*person));
}

Task<Result<net::Response>> remove(Services services, net::Request request) {
  auto id = id_in<UserId>(request, "id");
  if (!id) co_return error_of(id);
  if (auto done = co_await services.people.remove(*id); !done) co_return error_of(done);
  co_return net::empty_response();
}

constexpr Route kRoutes[] = {
    {net::Method::get, "/api/users", list, Access::admin, "People who sign in by name, oldest first", "", "UserPage"},
    {.method = net::Method::post,
     .path = "/api/users",
     .run = create,
     .access = Access::admin,
     .summary = "Adds one, with a first password",
     .request = "NewUser",
     .answer = "User",
     .status = 201,
     .is_alone = true},
    {net::Method::get, "/api/users/{id}", get, Access::admin, "One of them", "", "User"},
    {.method = net::Method::patch,
     .path = "/api/users/{id}",
     .run = change,
     .access = Access::admin,
     .summary = "Changes what is given. Whoever is disabled is out at once; a new password ends their sessions",
     .request = "UserChange",
     .answer = "User",
     .is_alone = true},
    {.method = net::Method::del,
     .path = "/api/users/{id}",
     .run = remove,
     .access = Access::admin,
     .summary = "Deletes one, and, little by little, all that they had",
     .status = 204},
};

}  // namespace

std::span<const Route> people_routes() { return kRoutes; }

}  // namespace atelier::api
