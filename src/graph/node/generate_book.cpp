#include "graph/node/generate_book.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "base/crash_point.hpp"
#include "base/file_name.hpp"
#include "base/text.hpp"
#include "graph/node/partial_shelf.hpp"
#include "graph/node/probe_file.hpp"
#include "graph/node/streamed_wav.hpp"
#include "store/asset_lineage.hpp"
#include "store/assets.hpp"

namespace atelier::graph {
namespace {

using model::MediaKind;
using store::MediaJobState;

// Of one result. A clip of an hour is well below.
std::uint64_t size_max_of(MediaKind kind) {
  switch (kind) {
    case MediaKind::image:
    case MediaKind::upscale:
      return std::uint64_t{256} << 20;
    case MediaKind::video:
      return std::uint64_t{4} << 30;
    default:
      return std::uint64_t{2} << 30;
  }
}

std::string_view asset_kind_of(MediaKind kind) {
  switch (kind) {
    case MediaKind::image:
    case MediaKind::upscale:
      return "image";
    case MediaKind::video:
      return "video";
    default:
      return "audio";
  }
}

// A page or a message where a file should be: seen before its rest is fetched.
bool is_message(std::string_view begin) {
  const std::size_t at = begin.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  return at == std::string_view::npos || begin[at] == '<' || begin[at] == '{';
}

std::unexpected<Error> wrong_type(std::string_view wanted, std::string_view found) {
  return fail(ErrorCode::unavailable, fmt::format("the provider sent {} where {} was asked for", found, wanted),
              {.reason = "result_wrong_type", .where = {}});
}

}  // namespace

GenerateBook::GenerateBook(NodeServices& services, const StepRun& step, const GenerateParameters& parameters,
                           std::string key)
    : services_(services), step_(step), parameters_(parameters), jobs_(services.database) {
  row_.key = std::move(key);
  row_.owner = step.principal.owner;
  row_.run = step.run;
  row_.created_ms = services.clock.wall_ms();
}

GenerateBook::~GenerateBook() {
  if (services_.partials != nullptr) services_.partials->drop(step_.run, step_.node);
}

Task<Result<std::optional<store::MediaJobRow>>> GenerateBook::find() { return jobs_.find(row_.key); }

Result<std::optional<model::MediaPlace>> GenerateBook::place_of(const store::MediaJobRow& row) {
  if (row.state != MediaJobState::intended && row.state != MediaJobState::submitted) return std::nullopt;
  model::MediaPlace place{.candidate = row.candidate, .key = row.submission};
  if (row.state == MediaJobState::submitted) {
    auto value = json::parse(row.job);
    if (!value) return error_of(value);
    auto job = model::media_job_from_json(*value);
    if (!job) return error_of(job);
    place.job = std::move(*job);
  }
  return std::optional(std::move(place));
}

Task<Result<>> GenerateBook::adopt(const store::MediaJobRow& row) {
  row_ = row;
  row_.run = step_.run;
  std::vector<store::Statement> batch;
  batch.push_back(store::MediaJobs::adopt(row_.key, row_.run, services_.clock.wall_ms()));
  auto written = co_await services_.database.write(std::move(batch));
  if (!written) co_return error_of(written);
  co_return Result<>{};
}

Task<Result<>> GenerateBook::write(store::MediaJobRow row) {
  row.updated_ms = services_.clock.wall_ms();
  std::vector<store::Statement> batch;
  batch.push_back(store::MediaJobs::put(row));
  auto written = co_await services_.database.write(std::move(batch));
  if (!written) co_return error_of(written);
  row_ = std::move(row);
  co_return Result<>{};
}

Task<Result<>> GenerateBook::intends(model::MediaPlace place) {
  store::MediaJobRow row = row_;
  row.state = MediaJobState::intended;
  row.candidate = place.candidate;
  row.provider = place.candidate.substr(0, place.candidate.find('/'));
  row.submission = place.key;
  row.job_id.clear();
  row.job.clear();
  co_return co_await write(std::move(row));
}

Task<Result<>> GenerateBook::withdraws() {
  std::vector<store::Statement> batch;
  batch.push_back(store::MediaJobs::remove(row_.key));
  auto written = co_await services_.database.write(std::move(batch));
  if (!written) co_return error_of(written);
  co_return Result<>{};
}

Task<Result<>> GenerateBook::submitted(model::MediaPlace place) {
  store::MediaJobRow row = row_;
  row.state = MediaJobState::submitted;
  row.candidate = place.candidate;
  row.provider = place.candidate.substr(0, place.candidate.find('/'));
  row.submission = place.key;
  row.job_id = place.job->id;
  row.job = json::write(model::to_json(*place.job));
  co_return co_await write(std::move(row));
}

Task<Result<std::string>> GenerateBook::read_input(std::size_t index) {
  const auto& inputs = parameters_.request.inputs;
  // The how manieth of its role.
  const auto role = inputs.at(index).role;
  const auto before = std::count_if(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(index),
                                    [&](const model::MediaInput& one) { return one.role == role; });
  const auto port = step_.inputs.find(generate_port(role));
  if (port == step_.inputs.end() || port->second.size() <= static_cast<std::size_t>(before))
    co_return fail(ErrorCode::invalid_argument, fmt::format("nothing is connected to \"{}\"", generate_port(role)),
                   {.reason = "input_missing", .where = fmt::format("/inputs/{}", index)});
  const BlobRef* blob = std::get_if<BlobRef>(&port->second[static_cast<std::size_t>(before)]);
  if (blob == nullptr)
    co_return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" is no file", generate_port(role)),
                   {.reason = "input_missing", .where = fmt::format("/inputs/{}", index)});
  co_return co_await services_.blobs.read(blob->digest, model::kMediaInputBytesMax);
}

Task<Result<>> GenerateBook::store(std::size_t index, std::string told_type, model::MediaSource* source) {
  const MediaKind kind = parameters_.request.kind;
  auto writer = co_await services_.blobs.create(store::BlobKind::original, size_max_of(kind));
  if (!writer) co_return error_of(writer);
  std::uint64_t size = 0;
  StreamedWav wav;
  for (;;) {
    auto piece = co_await source->next();
    if (!piece) co_return error_of(piece);
    if (!*piece) break;
    if (size == 0 && is_message(**piece))
      co_return wrong_type(asset_kind_of(kind), "a page or a message that is said to be " + told_type);
    size += (*piece)->size();
    wav.feed(**piece);
    if (auto put = co_await (*writer)->append(std::move(**piece)); !put) {
      if (put.error().code != ErrorCode::too_large) co_return put;
      co_return fail(ErrorCode::too_large,
                     fmt::format("the result has more than the {} bytes that are taken", size_max_of(kind)),
                     {.reason = "result_too_large", .where = {}});
    }
  }
  if (size == 0) co_return wrong_type(asset_kind_of(kind), "nothing");
  // A file that is written into besides is read again to be hashed: only where it must be.
  if (wav.leaves_open())
    if (auto said = wav.say_sizes((*writer)->fd(), size); !said) co_return said;
  auto written = co_await (*writer)->finish();
  if (!written) co_return error_of(written);
  co_return co_await look_at(index, std::move(*written));
}

Task<Result<>> GenerateBook::take(std::size_t index, store::WrittenBlob blob) {
  return look_at(index, std::move(blob));
}

// What is wrong with a file that came.
std::unexpected<Error> GenerateBook::unusable(const Error& error) const {
  if (error.code == ErrorCode::too_large)
    return fail(ErrorCode::too_large, error.message, {.reason = "result_too_large", .where = {}});
  if (error.code != ErrorCode::invalid_argument) return std::unexpected(error);
  return wrong_type(asset_kind_of(parameters_.request.kind),
                    fmt::format("a file that cannot be read ({})", error.message));
}

// Whether it decodes, and is of the kind that was asked for.
Task<Result<>> GenerateBook::look_at(std::size_t index, store::WrittenBlob blob) {
  auto facts = co_await probe_file(&services_, blob.digest, "the result");
  const std::string_view wanted = asset_kind_of(parameters_.request.kind);
  if (!facts) co_return unusable(facts.error());
  json::ObjectReader reader(*facts);
  const std::string kind = reader.required_string("kind");
  std::string media_type = reader.required_string("media_type");
  if (auto done = reader.finish_lenient(); !done) co_return error_of(done);
  if (kind != wanted) co_return wrong_type(wanted, media_type);
  if (kind == "image")
    if (auto whole = co_await check_picture(&services_, blob.digest, "the result"); !whole)
      co_return unusable(whole.error());
  if (results_.size() <= index) results_.resize(index + 1);
  results_[index] = {.blob = BlobRef{.digest = blob.digest,
                                     .size_bytes = blob.size_bytes,
                                     .media_type = std::move(media_type),
                                     .pin = std::move(blob.pin)},
                     .facts = std::move(*facts)};
  co_return Result<>{};
}

void GenerateBook::tell(const model::MediaPending& pending) {
  if (!pending.fraction) return;
  step_.reporter->progress(static_cast<std::int64_t>(std::clamp(*pending.fraction, 0.0, 1.0) * 100), 100);
}

void GenerateBook::shows(model::MediaPartial partial) {
  if (services_.partials == nullptr) return;
  const std::int64_t number = shown_ + 1;
  if (!services_.partials->put({.owner = row_.owner, .run = step_.run, .node = step_.node}, number,
                               std::move(partial.bytes)))
    return;
  shown_ = number;
  const std::string run = step_.run.to_string();
  services_.events.tell("run/" + run, "step.partial",
                        json::write(json::Object{{"run", run}, {"node", step_.node}, {"number", number}}), row_.owner);
}

std::string GenerateBook::name_of(std::size_t index) const {
  // The first words of what was asked for.
  std::string words(trim(std::string_view(parameters_.request.prompt).substr(0, 60)));
  while (!words.empty() && !is_valid_utf8(words)) words.pop_back();
  std::ranges::replace_if(
      words, [](char c) { return c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }, ' ');
  words = without_unseen(words);
  while (words.ends_with('.') || words.ends_with(' ')) words.pop_back();
  if (words.empty()) words = std::string(to_string(parameters_.request.kind));
  const std::string& type = results_[index].blob.media_type;
  std::string end = type.substr(type.find('/') + 1);
  if (end == "mpeg") end = "mp3";
  if (end == "x-wav" || end == "vnd.wave") end = "wav";
  return results_.size() > 1 ? fmt::format("{} {}.{}", words, index + 1, end) : fmt::format("{}.{}", words, end);
}

Task<Result<Outputs>> GenerateBook::finish(model::MediaMade made) {
  const MediaKind kind = parameters_.request.kind;
  const UnixMs now = services_.clock.wall_ms();
  Outputs outputs;
  json::Object facts{{"candidate", made.candidate}, {"kind", to_string(kind)}};
  if (!made.job.empty()) facts["job"] = made.job;
  if (made.cost) facts["cost_picodollars"] = *made.cost;
  if (made.done.seed) facts["seed"] = *made.done.seed;
  if (!made.done.revised_prompt.empty()) facts["revised_prompt"] = made.done.revised_prompt;
  if (!made.done.text.empty()) facts["text"] = made.done.text;

  std::vector<store::Statement> batch;
  json::Array files;
  const auto count = static_cast<std::int64_t>(results_.size());
  for (std::size_t i = 0; i < results_.size(); ++i) {
    Kept& result = results_[i];
    const std::string_view port = asset_kind_of(kind);
    outputs[i == 0 ? std::string(port) : fmt::format("{}{}", port, i + 1)] = result.blob;
    json::Object file = result.facts.as_object();
    file["digest"] = result.blob.digest.hex();
    file["size_bytes"] = result.blob.size_bytes;
    if (parameters_.keeps) {
      store::Asset asset;
      asset.id = AssetId::make();
      asset.owner = row_.owner;
      asset.digest = result.blob.digest;
      asset.size_bytes = result.blob.size_bytes;
      asset.kind = asset_kind_of(kind);
      asset.media_type = result.blob.media_type;
      asset.name = name_of(i);
      asset.facts = result.facts;
      asset.created_ms = now;
      asset.origin = "run";
      asset.origin_id = step_.run.to_string();
      batch.push_back(store::Assets::insert(asset));
      store::AssetLineage lineage;
      lineage.asset = asset.id;
      lineage.provider = made.candidate.substr(0, made.candidate.find('/'));
      lineage.model = made.candidate.substr(std::min(made.candidate.size(), made.candidate.find('/') + 1));
      lineage.prompt = parameters_.request.prompt;
      lineage.parameters = model::to_json(parameters_.request);
      if (made.done.seed) lineage.seed = *made.done.seed + static_cast<std::int64_t>(i);
      if (made.cost) lineage.cost_picodollars = *made.cost / std::max<std::int64_t>(count, 1);
      lineage.run = step_.run.to_string();
      lineage.step = step_.node;
      lineage.created_ms = now;
      for (std::size_t at = 0; at < parameters_.sources.size() && at < parameters_.request.inputs.size(); ++at) {
        auto id = AssetId::parse(parameters_.sources[at]);
        if (!id) continue;
        store::AssetLineage::Source source{.asset = *id};
        source.role = to_string(parameters_.request.inputs[at].role);
        lineage.sources.push_back(std::move(source));
      }
      for (store::Statement& statement : store::AssetLineages::record(step_.principal, lineage))
        batch.push_back(std::move(statement));
      file["asset"] = asset.id.to_string();
    }
    files.push_back(std::move(file));
  }
  facts["files"] = std::move(files);
  if (kind == MediaKind::transcription) {
    const auto* text = made.done.text.if_contains("text");
    outputs["text"] = text != nullptr ? *text : json::Value("");
  }
  outputs["facts"] = json::Value(std::move(facts));

  store::MediaJobRow row = row_;
  row.state = MediaJobState::done;
  row.candidate = made.candidate;
  row.provider = made.candidate.substr(0, made.candidate.find('/'));
  row.cost = made.cost;
  row.result = json::write(to_json(outputs));
  row.updated_ms = now;
  batch.push_back(store::MediaJobs::put(row));
  crash_point("generate.before_done");
  auto written = co_await services_.database.write(std::move(batch));
  if (!written) co_return error_of(written);
  crash_point("generate.after_done");
  row_ = std::move(row);
  co_return outputs;
}

Task<Result<>> GenerateBook::give_up(MediaJobState state, std::string words) {
  store::MediaJobRow row = row_;
  row.state = state;
  row.words = std::move(words);
  co_return co_await write(std::move(row));
}

}  // namespace atelier::graph
