#include "studio/library/prepared.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "graph/node/probe_file.hpp"

namespace atelier::studio {
namespace {

constexpr std::int64_t kPixelsPerToken = 750, kBytesPerToken = 4;
constexpr std::uint64_t kPreparedBytesMax = std::uint64_t{16} << 20;
constexpr std::uint64_t kMemoryBytesMax = std::uint64_t{1} << 30;
constexpr std::chrono::seconds kTimeout{60};

// As a worker wrote it, as it was read from its row, or as it was put in just now.
std::int64_t number_at(const json::Object& object, std::string_view name) {
  const json::Value* value = object.if_contains(name);
  if (value == nullptr) return 0;
  if (value->is_uint64()) return static_cast<std::int64_t>(value->get_uint64());
  return value->is_int64() ? std::max<std::int64_t>(value->get_int64(), 0) : 0;
}
std::string text_at(const json::Object& object, std::string_view name) {
  const json::Value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// What is wrong with a file that a worker does not know the name of, told to whoever gave it.
std::unexpected<Error> named(const store::Asset& asset, Error error) {
  const std::string words = graph::files_fault_words(error, kMemoryBytesMax);
  if (error.reason == "worker_crashed" || error.reason.empty())
    error.reason = "file_unreadable";
  else if (error.reason.starts_with("worker_"))
    error.reason = "file_too_complex";
  if (error.code != ErrorCode::too_large) error.code = ErrorCode::invalid_argument;
  error.message = fmt::format("\"{}\" cannot be read: {}", asset.name, words);
  return std::unexpected(std::move(error));
}

Task<Result<Prepared>> try_to_prepare(graph::NodeServices* services, const store::Asset* asset) {
  const bool is_document = asset->kind == "document";
  auto blob = co_await services->blobs.open(asset->digest);
  if (!blob) co_return error_of(blob);
  auto writer = co_await services->blobs.create(store::BlobKind::derived, kPreparedBytesMax);
  if (!writer) co_return error_of(writer);
  json::Object parameters;
  if (!is_document) parameters["side_max"] = kSentSideMax;
  media::TaskRequest request{.type = is_document ? "document_text" : "shrink",
                             .parameters = std::move(parameters),
                             .inputs = {},
                             .outputs = {},
                             .timeout = kTimeout,
                             .memory_bytes_max = kMemoryBytesMax,
                             .output_bytes_max = kPreparedBytesMax};
  request.inputs.push_back({.name = "file", .fd = blob->fd.duplicate()});
  request.outputs.push_back(
      {.name = is_document ? "text" : "image", .fd = UniqueFd(::fcntl((*writer)->fd(), F_DUPFD_CLOEXEC, 0))});
  auto made = co_await services->workers.run(std::move(request), nullptr);
  if (!made) co_return error_of(made);
  if (!made->is_object()) co_return fail(ErrorCode::internal, "a media worker told nothing of what it made");
  auto written = co_await (*writer)->finish();
  if (!written) co_return error_of(written);
  const json::Object& told = made->get_object();
  co_return Prepared{.digest = written->digest,
                     .media_type = is_document ? "text/plain" : text_at(told, "media_type"),
                     .size_bytes = written->size_bytes,
                     .width = number_at(told, "width"),
                     .height = number_at(told, "height"),
                     .page_count = number_at(told, "page_count")};
}

}  // namespace

std::int64_t Prepared::tokens() const noexcept {
  if (is_text()) return (static_cast<std::int64_t>(size_bytes) + kBytesPerToken - 1) / kBytesPerToken;
  return std::max<std::int64_t>(width * height / kPixelsPerToken, 1);
}

bool can_be_sent(const store::Asset& asset) noexcept { return asset.kind == "image" || asset.kind == "document"; }

std::optional<Prepared> prepared_of(const store::Asset& asset) {
  const json::Value* kept = asset.facts.is_object() ? asset.facts.get_object().if_contains("prepared") : nullptr;
  if (kept == nullptr || !kept->is_object()) return std::nullopt;
  const json::Object& object = kept->get_object();
  const auto digest = Digest::parse(text_at(object, "digest"));
  if (!digest) return std::nullopt;
  return Prepared{.digest = *digest,
                  .media_type = text_at(object, "media_type"),
                  .size_bytes = static_cast<std::uint64_t>(number_at(object, "size_bytes")),
                  .width = number_at(object, "width"),
                  .height = number_at(object, "height"),
                  .page_count = number_at(object, "page_count")};
}

void remember(store::Asset& asset, const Prepared& prepared) {
  json::Value kept = to_json(prepared);
  kept.get_object()["digest"] = prepared.digest.hex();
  if (!asset.facts.is_object()) asset.facts = json::Object();
  asset.facts.get_object()["prepared"] = std::move(kept);
}

json::Value to_json(const Prepared& prepared) {
  json::Object object{
      {"media_type", prepared.media_type}, {"size_bytes", prepared.size_bytes}, {"tokens", prepared.tokens()}};
  if (prepared.is_text()) {
    object["page_count"] = prepared.page_count;
  } else {
    object["width"] = prepared.width;
    object["height"] = prepared.height;
  }
  return object;
}

Task<Result<Prepared>> prepare(graph::NodeServices* services, const store::Asset* asset) {
  if (!can_be_sent(*asset))
    co_return fail(ErrorCode::invalid_argument,
                   fmt::format("\"{}\" is neither a picture nor a document: models are sent nothing else", asset->name),
                   {.reason = "attachment_unsupported", .where = {}});
  // As in graph::probe_file: the file's fault is an end that comes twice.
  auto made = co_await try_to_prepare(services, asset);
  if (!made && made.error().reason == "worker_crashed") made = co_await try_to_prepare(services, asset);
  if (!made && graph::is_files_fault(made.error())) co_return named(*asset, made.error());
  co_return made;
}

}  // namespace atelier::studio
