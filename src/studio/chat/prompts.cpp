#include "studio/chat/prompts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/async.hpp"
#include "studio/chat/chat_parts.hpp"

namespace atelier::studio {
namespace {

std::string in_lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::unexpected<Error> taken(const std::string& name) {
  return fail(ErrorCode::conflict, fmt::format("there is a prompt called \"{}\" already", name),
              {.reason = "name_taken", .where = "/name"});
}
std::unexpected<Error> missing() {
  return fail(ErrorCode::not_found, "there is no such prompt", {.reason = "prompt_not_found", .where = {}});
}
std::unexpected<Error> too_many() {
  return fail(ErrorCode::too_large, fmt::format("at most {} prompts are kept", kPromptsMax),
              {.reason = "too_many_prompts", .where = {}});
}

store::PromptRow row_of(PromptFields fields, UnixMs now_ms) {
  store::PromptRow row;
  row.id = store::PromptId::make();
  row.folded = in_lower_case(fields.name);
  row.name = std::move(fields.name);
  row.body = std::move(fields.text);
  row.folder = std::move(fields.folder);
  row.tags = chat_parts::write_tags(fields.tags);
  row.created_ms = row.changed_ms = now_ms;
  return row;
}

}  // namespace

Task<Result<Prompts::Page>> Prompts::list(Principal principal, std::string words, std::string after,
                                          std::size_t count_max) {
  auto rows = co_await database_.read(store::Prompts::list(principal, in_lower_case(std::move(words)), std::move(after),
                                                           static_cast<std::int64_t>(count_max) + 1));
  if (!rows) co_return error_of(rows);
  auto found = store::Prompts::read(*rows);
  if (!found) co_return error_of(found);
  Page page{.items = std::move(*found), .next = {}};
  if (page.items.size() > count_max) {
    page.items.resize(count_max);
    page.next = page.items.back().folded;
  }
  co_return page;
}

Task<Result<store::PromptRow>> Prompts::find(Principal principal, store::PromptId id) {
  auto rows = co_await database_.read(store::Prompts::find(principal, id));
  if (!rows) co_return error_of(rows);
  auto found = store::Prompts::read(*rows);
  if (!found) co_return error_of(found);
  if (found->empty()) co_return missing();
  co_return std::move(found->front());
}

Task<Result<std::optional<store::PromptRow>>> Prompts::find_named(Principal principal, std::string folded) {
  auto rows = co_await database_.read(store::Prompts::find_named(principal, std::move(folded)));
  if (!rows) co_return error_of(rows);
  auto found = store::Prompts::read(*rows);
  if (!found) co_return error_of(found);
  std::optional<store::PromptRow> one;
  if (!found->empty()) one = std::move(found->front());
  co_return one;
}

Task<Result<std::size_t>> Prompts::count(Principal principal) {
  auto rows = co_await database_.read(store::Prompts::count(principal));
  if (!rows) co_return error_of(rows);
  co_return static_cast<std::size_t>(rows->integer(0, 0));
}

Task<Result<store::PromptRow>> Prompts::create(Principal principal, PromptFields fields) {
  auto there = co_await count(principal);
  if (!there) co_return error_of(there);
  if (*there >= kPromptsMax) co_return too_many();
  store::PromptRow row = row_of(std::move(fields), clock_.wall_ms());
  std::vector<store::Statement> batch;
  batch.push_back(store::Prompts::insert(principal, row));
  auto written = co_await database_.write(std::move(batch));
  if (!written && written.error().code == ErrorCode::conflict) co_return taken(row.name);
  if (!written) co_return error_of(written);
  co_return row;
}

Task<Result<store::PromptRow>> Prompts::change(Principal principal, store::PromptId id, std::int64_t revision,
                                               PromptChange change) {
  auto row = co_await find(principal, id);
  if (!row) co_return error_of(row);
  if (change.name) {
    row->name = std::move(*change.name);
    row->folded = in_lower_case(row->name);
    auto other = co_await find_named(principal, row->folded);
    if (!other) co_return error_of(other);
    if (*other && (*other)->id != id) co_return taken(row->name);
  }
  if (change.text) row->body = std::move(*change.text);
  if (change.folder) row->folder = std::move(*change.folder);
  if (change.tags) row->tags = chat_parts::write_tags(*change.tags);
  row->revision = revision + 1;
  row->changed_ms = clock_.wall_ms();
  std::vector<store::Statement> batch;
  batch.push_back(store::Prompts::update(principal, *row, revision));
  auto written = co_await database_.write(std::move(batch));
  if (!written && written.error().code == ErrorCode::conflict)
    co_return fail(ErrorCode::conflict, "the prompt was changed meanwhile: read it again",
                   {.reason = "revision_conflict", .where = {}});
  if (!written) co_return error_of(written);
  co_return std::move(*row);
}

Task<Result<>> Prompts::remove(Principal principal, store::PromptId id) {
  std::vector<store::Statement> batch;
  batch.push_back(store::Prompts::remove(principal, id));
  auto written = co_await database_.write(std::move(batch));
  if (!written && written.error().code == ErrorCode::conflict) co_return missing();
  if (!written) co_return error_of(written);
  co_return Result<>{};
}

Task<Result<Prompts::Imported>> Prompts::import(Principal principal, std::vector<PromptFields> prompts) {
  auto there = co_await list(principal, "", "", kPromptsMax);
  if (!there) co_return error_of(there);
  std::map<std::string, store::PromptRow> known;
  for (store::PromptRow& row : there->items) {
    const std::string folded = row.folded;
    known.emplace(folded, std::move(row));
  }
  // Of two that are called the same in the file, the later one.
  std::map<std::string, store::PromptRow> given;
  for (PromptFields& fields : prompts) {
    store::PromptRow row = row_of(std::move(fields), clock_.wall_ms());
    const std::string folded = row.folded;
    given.insert_or_assign(folded, std::move(row));
  }
  Imported done;
  std::vector<store::Statement> batch;
  for (auto& [folded, row] : given) {
    const auto old = known.find(folded);
    if (old == known.end()) {
      batch.push_back(store::Prompts::insert(principal, row));
      ++done.added;
      continue;
    }
    row.id = old->second.id;
    row.revision = old->second.revision + 1;
    batch.push_back(store::Prompts::update(principal, row, old->second.revision));
    ++done.replaced;
  }
  if (known.size() + done.added > kPromptsMax) co_return too_many();
  if (batch.empty()) co_return done;
  auto written = co_await database_.write(std::move(batch));
  if (!written && written.error().code == ErrorCode::conflict)
    co_return fail(ErrorCode::conflict, "prompts were changed meanwhile: try again",
                   {.reason = "revision_conflict", .where = {}});
  if (!written) co_return error_of(written);
  co_return done;
}

json::Value to_json(const store::PromptRow& row) {
  auto tags = json::parse(row.tags);
  return json::Object{{"id", row.id.to_string()},
                      {"name", row.name},
                      {"text", row.body},
                      {"folder", row.folder},
                      {"tags", tags ? std::move(*tags) : json::Value(json::Array())},
                      {"revision", row.revision},
                      {"created_at", format_rfc3339(row.created_ms)},
                      {"changed_at", format_rfc3339(row.changed_ms)}};
}

}  // namespace atelier::studio
