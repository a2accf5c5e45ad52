#include "studio/produce/productions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "base/file_name.hpp"
#include "media/protocol/catalog.hpp"
#include "studio/write_with_event.hpp"

namespace atelier::studio {
namespace {

constexpr std::string_view kPreviewKind = "production.preview";

struct FileKind {
  std::string_view name;    // as asked for
  std::string_view port;    // as published
  std::string_view ending;  // of the download
};
constexpr FileKind kFiles[] = {{"video.mp4", "video", ".mp4"},   {"captions.srt", "srt", ".srt"},
                               {"captions.vtt", "vtt", ".vtt"},  {"captions.ass", "ass", ".ass"},
                               {"poster.jpg", "poster", ".jpg"}, {"timeline.json", "timeline", ".json"}};

graph::RunRequest run_request(Principal principal, std::string_view kind, ProductionId subject, std::string title,
                              graph::Graph graph) {
  graph::RunRequest request;
  request.principal = principal;
  request.kind = kind;
  request.subject = subject.to_string();
  request.title = std::move(title);
  request.graph = std::move(graph);
  return request;
}

}  // namespace

std::string_view ProductionView::state() const noexcept {
  if (run && run->state == graph::RunState::running) return "rendering";
  const bool is_current = published_document && *published_document == document;
  if (run && run->state == graph::RunState::failed && !is_current) return "failed";
  if (!published) return "draft";
  return is_current ? "ready" : "stale";
}

Productions::Productions(Parts parts)
    : engine_(parts.engine),
      services_(parts.services),
      clock_(parts.clock),
      ready_(std::move(parts.ready)),
      rows_(parts.services.database),
      assets_(parts.services.database) {}

Task<Result<ProductionView>> Productions::view_of(Principal principal, store::ProductionRow row) {
  ProductionView view;
  auto document = document_from_json(row.document);
  if (!document) co_return error_of(document);
  view.document = std::move(*document);
  auto renders = co_await rows_.renders_of(principal, row.id);
  if (!renders) co_return error_of(renders);
  if (renders->last) {
    auto run = co_await engine_.find_summary(principal, renders->last->run);
    if (run)
      view.run = std::move(*run);
    else if (run.error().code != ErrorCode::not_found)
      co_return error_of(run);
  }
  if (renders->last_published) {
    auto published = document_from_json(renders->last_published->document);
    if (!published) co_return error_of(published);
    view.published_document = std::move(*published);
    view.published = std::move(renders->last_published);
  }
  view.row = std::move(row);
  co_return view;
}

Task<Result<>> Productions::write(Principal principal, std::vector<store::Statement> batch, ProductionView view) {
  Announcement announcement{
      .topic = "production/" + view.row.id.to_string(), .type = "production.changed", .data = summary_to_json(view)};
  co_return co_await write_with_event(&services_.database, &services_.events, principal, std::move(batch),
                                      std::move(announcement));
}

Task<Result<std::optional<ProductionView>>> Productions::find_created(Principal principal, CreateKey key) {
  auto rows = co_await services_.database.read(key.select());
  if (!rows) co_return error_of(rows);
  auto id = key.read(*rows);
  if (!id) co_return error_of(id);
  if (!*id) co_return std::optional<ProductionView>();
  auto view = co_await find(principal, ProductionId{**id});
  if (!view) co_return error_of(view);
  co_return std::optional<ProductionView>(std::move(*view));
}

Task<Result<ProductionView>> Productions::create(Principal principal, NewProduction wanted) {
  std::optional<CreateKey> key;
  if (!wanted.idempotency_key.empty()) {
    key.emplace(principal, "", wanted.idempotency_key, json::Array{wanted.story, wanted.title, wanted.settings});
    // Asked before all else: what was accepted once is not judged again.
    auto same = co_await find_created(principal, *key);
    if (!same) co_return error_of(same);
    if (*same) co_return std::move(**same);
  }
  auto parsed = parse_story(wanted.story, "");
  if (!parsed) co_return error_of(parsed);
  ProductionSettings defaults;
  if (!wanted.settings.is_null())
    if (auto done = merge_settings(wanted.settings, "/settings", defaults); !done) co_return error_of(done);
  auto document = document_of(*parsed, defaults, nullptr);
  if (!document) co_return error_of(document);
  if (auto found = co_await assets_for(principal, *document); !found) co_return error_of(found);
  const UnixMs now_ms = clock_.wall_ms();
  ProductionView view;
  view.row = {.id = ProductionId::make(),
              .owner = principal.owner,
              .title = wanted.title.empty() ? title_of(*parsed) : std::move(wanted.title),
              .revision = 1,
              .document = to_json(*document),
              .created_ms = now_ms,
              .updated_ms = now_ms};
  view.document = std::move(*document);
  std::vector<store::Statement> batch;
  batch.push_back(store::Productions::insert(view.row));
  if (key) {
    batch.push_back(key->insert(view.row.id.value, now_ms));
    batch.push_back(CreateKey::forget_old(now_ms));
  }
  auto written = co_await write(principal, std::move(batch), view);
  if (written) co_return view;
  if (key && written.error().code == ErrorCode::conflict) {
    // The same call, sent twice at once: the other was first.
    auto same = co_await find_created(principal, *key);
    if (!same) co_return error_of(same);
    if (*same) co_return std::move(**same);
  }
  co_return error_of(written);
}

Task<Result<ProductionView>> Productions::find(Principal principal, ProductionId id) {
  auto row = co_await rows_.find(principal, id);
  if (!row) co_return error_of(row);
  co_return co_await view_of(principal, std::move(*row));
}

Task<Result<Productions::Page>> Productions::list(Principal principal, std::string after, std::size_t count_max) {
  auto rows = co_await rows_.list(principal, std::move(after), count_max);
  if (!rows) co_return error_of(rows);
  Page page{.items = {}, .next = rows->next};
  for (store::ProductionRow& row : rows->items) {
    auto view = co_await view_of(principal, std::move(row));
    if (!view) co_return error_of(view);
    page.items.push_back(std::move(*view));
  }
  co_return page;
}

Task<Result<ProductionView>> Productions::find_at(Principal principal, ProductionId id, std::int64_t revision) {
  auto view = co_await find(principal, id);
  if (view && view->row.revision != revision)
    co_return fail(
        ErrorCode::conflict,
        fmt::format("the production is at revision {}, this edit was based on {}", view->row.revision, revision),
        {.reason = "revision_conflict", .where = {}});
  co_return view;
}

Task<Result<ProductionView>> Productions::save(Principal principal, ProductionView view, ProductionDocument document,
                                               std::string title) {
  if (auto done = check_document(document); !done) co_return error_of(done);
  if (auto found = co_await assets_for(principal, document); !found) co_return error_of(found);
  view.row.title = std::move(title);
  view.row.document = to_json(document);
  view.row.updated_ms = clock_.wall_ms();
  ++view.row.revision;
  view.document = std::move(document);
  std::vector<store::Statement> batch;
  batch.push_back(store::Productions::update(view.row));
  if (auto written = co_await write(principal, std::move(batch), view); !written) {
    if (written.error().code != ErrorCode::conflict) co_return error_of(written);
    co_return fail(ErrorCode::conflict, "the production was changed at the same moment: read it again",
                   {.reason = "revision_conflict", .where = {}});
  }
  co_return view;
}

Task<Result<ProductionView>> Productions::change_settings(Principal principal, ProductionId id, std::int64_t revision,
                                                          std::optional<std::string> title, json::Value settings) {
  auto view = co_await find_at(principal, id, revision);
  if (!view) co_return view;
  ProductionDocument document = view->document;
  if (!settings.is_null())
    if (auto done = merge_settings(settings, "/settings", document.settings); !done) co_return error_of(done);
  std::string new_title = title ? std::move(*title) : view->row.title;
  co_return co_await save(principal, std::move(*view), std::move(document), std::move(new_title));
}

Task<Result<ProductionView>> Productions::change_story(Principal principal, ProductionId id, std::int64_t revision,
                                                       std::string story) {
  auto view = co_await find_at(principal, id, revision);
  if (!view) co_return view;
  auto parsed = parse_story(story, "");
  if (!parsed) co_return error_of(parsed);
  auto document = document_of(*parsed, view->document.settings, &view->document);
  if (!document) co_return error_of(document);
  std::string title =
      parsed->settings.title && !parsed->settings.title->empty() ? *parsed->settings.title : view->row.title;
  co_return co_await save(principal, std::move(*view), std::move(*document), std::move(title));
}

Task<Result<ProductionView>> Productions::change_scene(Principal principal, ProductionId id, std::int64_t revision,
                                                       std::string scene_id, SceneChange change) {
  auto view = co_await find_at(principal, id, revision);
  if (!view) co_return view;
  ProductionDocument document = view->document;
  const auto scene = std::find_if(document.scenes.begin(), document.scenes.end(),
                                  [&](const Scene& each) { return each.id == scene_id; });
  if (scene == document.scenes.end())
    co_return fail(ErrorCode::not_found, fmt::format("the production has no scene \"{}\"", scene_id),
                   {.reason = "scene_not_found", .where = {}});
  if (change.text) {
    // The same reading as a whole story's, so that markup and line breaks mean the same here. It must stay one scene.
    auto parsed = parse_story(*change.text, "");
    if (!parsed) {
      Error error = std::move(parsed).error();
      error.where = "/text";
      co_return std::unexpected(std::move(error));
    }
    if (parsed->scenes.size() != 1)
      co_return fail(ErrorCode::invalid_argument, "holds more than one scene; split scenes in the story",
                     {.reason = "scene_not_one", .where = "/text"});
    scene->text = parsed->scenes.front().text;
  }
  if (change.background) {
    if (change.background->is_null()) {
      scene->background.reset();
    } else {
      auto background = background_from_json(*change.background, "/background");
      if (!background) co_return error_of(background);
      scene->background = *background;
    }
  }
  if (change.voice) {
    if (*change.voice && !media::find_voice(**change.voice))
      co_return fail(ErrorCode::invalid_argument, fmt::format("there is no voice \"{}\"", **change.voice),
                     {.reason = "field_invalid", .where = "/voice"});
    scene->voice = *change.voice;
  }
  std::string title = view->row.title;
  co_return co_await save(principal, std::move(*view), std::move(document), std::move(title));
}

Task<Result<>> Productions::remove(Principal principal, ProductionId id) {
  auto view = co_await find(principal, id);
  if (!view) co_return error_of(view);
  if (view->run && view->run->state == graph::RunState::running)
    if (auto cancelled = co_await engine_.cancel(principal, view->run->id); !cancelled) co_return cancelled;
  std::vector<store::Statement> batch;
  batch.push_back(store::Productions::remove(principal, id, clock_.wall_ms()));
  Announcement announcement{.topic = "production/" + id.to_string(),
                            .type = "production.deleted",
                            .data = json::Object{{"id", id.to_string()}}};
  co_return co_await write_with_event(&services_.database, &services_.events, principal, std::move(batch),
                                      std::move(announcement));
}

Task<Result<AssetsById>> Productions::assets_for(Principal principal, ProductionDocument document) {
  auto found = co_await assets_.find_all(principal, assets_of(document));
  if (!found) co_return error_of(found);
  AssetsById by_id;
  for (store::Asset& asset : *found) by_id.emplace(asset.id, std::move(asset));
  // Compiling checks that every asset named is there and of a kind that fits, and names the scene where not.
  if (auto graph = compile(document, "", by_id); !graph) co_return error_of(graph);
  co_return by_id;
}

Task<Result<RunId>> Productions::render(Principal principal, ProductionId id, std::string idempotency_key) {
  if (auto is_ready = co_await ready_(); !is_ready) co_return error_of(is_ready);
  auto view = co_await find(principal, id);
  if (!view) co_return error_of(view);
  if (!idempotency_key.empty()) {
    idempotency_key = fmt::format("render/{}/{}", id.to_string(), idempotency_key);
    // Asked before all else: an answer that was lost is given again while its render runs, and after an edit.
    auto same = co_await engine_.find_by_key(principal, idempotency_key);
    if (!same) co_return error_of(same);
    if (*same) co_return **same;
  }
  if (view->run && view->run->state == graph::RunState::running)
    co_return fail(ErrorCode::conflict, "the production is being rendered already",
                   {.reason = "already_rendering", .where = {}});
  auto assets = co_await assets_for(principal, view->document);
  if (!assets) co_return error_of(assets);
  auto graph = compile(view->document, view->row.title, *assets);
  if (!graph) co_return error_of(graph);
  graph::RunRequest request = run_request(principal, kRenderKind, id, view->row.title, std::move(*graph));
  request.id = RunId::make();
  request.idempotency_key = std::move(idempotency_key);
  const RunId run_id = request.id;
  request.together_with.push_back(store::Productions::insert_render(
      principal, id, {.run = run_id, .document = view->row.document, .result = {}, .created_ms = clock_.wall_ms()}));
  auto run = co_await engine_.submit(std::move(request));
  if (!run) co_return error_of(run);
  co_return *run;
}

Task<Result<RunId>> Productions::render_again(Principal principal, RunId run, std::string from_step) {
  if (auto is_ready = co_await ready_(); !is_ready) co_return error_of(is_ready);
  graph::Engine::Again again{.from_node = std::move(from_step), .new_id = RunId::make(), .together_with = {}};
  again.together_with.push_back(store::Productions::repeat_render(principal, run, again.new_id, clock_.wall_ms()));
  co_return co_await engine_.run_again(principal, run, std::move(again));
}

Task<Result<std::string>> Productions::preview(Principal principal, ProductionId id, std::string scene_id,
                                               std::int32_t width) {
  if (auto is_ready = co_await ready_(); !is_ready) co_return error_of(is_ready);
  auto view = co_await find(principal, id);
  if (!view) co_return error_of(view);
  const auto& scenes = view->document.scenes;
  const auto scene = std::find_if(scenes.begin(), scenes.end(), [&](const Scene& each) { return each.id == scene_id; });
  if (scene == scenes.end())
    co_return fail(ErrorCode::not_found, fmt::format("the production has no scene \"{}\"", scene_id),
                   {.reason = "scene_not_found", .where = {}});
  auto assets = co_await assets_for(principal, view->document);
  if (!assets) co_return error_of(assets);
  auto graph = compile_preview(view->document, static_cast<std::size_t>(scene - scenes.begin()), width, *assets);
  if (!graph) co_return error_of(graph);
  graph::RunRequest request = run_request(principal, kPreviewKind, id, "Preview", std::move(*graph));
  request.priority = 10;  // someone is looking at an empty box
  auto run = co_await engine_.submit(std::move(request));
  if (!run) co_return error_of(run);
  auto ended = co_await engine_.wait(principal, *run);
  if (!ended) co_return error_of(ended);
  if (ended->error) co_return std::unexpected(*ended->error);
  for (const graph::StepView& step : ended->steps) {
    const auto image = step.outputs.find("image");
    if (step.node != "preview" || image == step.outputs.end()) continue;
    co_return co_await services_.blobs.read(std::get<graph::BlobRef>(image->second).digest, 4 << 20);
  }
  co_return fail(ErrorCode::unavailable, "the preview was not drawn");
}

Task<Result<RenderedFile>> Productions::file(Principal principal, ProductionId id, std::string name) {
  const auto kind =
      std::find_if(std::begin(kFiles), std::end(kFiles), [&](const FileKind& each) { return each.name == name; });
  if (kind == std::end(kFiles))
    co_return fail(ErrorCode::not_found, fmt::format("a production has no file \"{}\"", name));
  auto view = co_await find(principal, id);
  if (!view) co_return error_of(view);
  if (!view->published)
    co_return fail(ErrorCode::not_found, "the production has not been rendered yet",
                   {.reason = "not_rendered", .where = {}});
  json::ObjectReader result(*view->published->result);
  const json::Value* files = result.required_value("files");
  if (auto done = result.finish_lenient(); !done) co_return error_of(done);
  json::ObjectReader reader(*files, "/files");
  const json::Value* entry = reader.required_value(kind->port);
  if (auto done = reader.finish_lenient(); !done) co_return error_of(done);
  json::ObjectReader file(*entry);
  const auto digest = Digest::parse(file.required_string("digest"));
  const std::string media_type = file.required_string("media_type");
  if (auto done = file.finish_lenient(); !done || !digest)
    co_return fail(ErrorCode::internal, "a published file has no digest");
  auto blob = co_await services_.blobs.open(*digest);
  if (!blob) co_return error_of(blob);
  co_return RenderedFile{.blob = std::move(*blob),
                         .media_type = media_type,
                         .download_name = file_name_of(view->row.title, "short") + std::string(kind->ending)};
}

}  // namespace atelier::studio
