// The studio's manual, as it is read on the page and as the guide quotes it.
#include "model/guide/manual.hpp"

#include <algorithm>

#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "base/text.hpp"

namespace atelier::api {
namespace {

enum class With : std::uint8_t { titles, texts };

json::Object to_json(const model::ManualPage& page, With with) {
  json::Array sections;
  for (const model::ManualSection& section : page.sections) {
    json::Object one{{"title", section.title}, {"anchor", section.anchor}, {"level", section.level}};
    if (with == With::texts) one["text"] = section.text;
    sections.push_back(std::move(one));
  }
  return json::Object{{"name", page.name}, {"title", page.title}, {"sections", std::move(sections)}};
}

Task<Result<net::Response>> list_pages(Services, net::Request) {
  json::Array items;
  for (const model::ManualPage& page : model::manual()) items.push_back(to_json(page, With::titles));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

Task<Result<net::Response>> get_page(Services, net::Request request) {
  const std::string name(request.path_parameter("name"));
  const auto& pages = model::manual();
  const auto page = std::ranges::find(pages, name, &model::ManualPage::name);
  if (page == pages.end())
    co_return fail(ErrorCode::not_found, "the manual has no page \"" + printable(name, 64) + "\"");
  co_return net::json_response(to_json(*page, With::texts));
}

constexpr Route kRoutes[] = {
    {net::Method::get, "/api/manual", list_pages, Access::user, "The manual's pages, with the titles of their sections",
     "", "ManualIndex"},
    {net::Method::get, "/api/manual/{name}", get_page, Access::user, "One of them", "", "ManualPage"},
};

}  // namespace

std::span<const Route> manual_routes() { return kRoutes; }

}  // namespace atelier::api
