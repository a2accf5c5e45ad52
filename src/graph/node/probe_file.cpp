#include "graph/node/probe_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/async.hpp"

namespace atelier::graph {
namespace {

constexpr std::uint64_t kProbeMemoryBytesMax = std::uint64_t{1} << 30;
constexpr std::chrono::seconds kProbeTimeout{60};

constexpr std::array<std::string_view, 4> kDeaths = {"worker_oom", "worker_timeout", "worker_crashed",
                                                     "worker_stalled"};

bool is_death(const Error& error) { return std::ranges::find(kDeaths, error.reason) != kDeaths.end(); }

enum class Look : std::uint8_t { at_head, at_all };

Task<Result<json::Value>> try_to_look(NodeServices* services, Digest digest, std::string name, Look look) {
  constexpr std::uint64_t kScrapBytesMax = std::uint64_t{1} << 20;
  constexpr std::int64_t kScrapSide = 64;
  auto blob = co_await services->blobs.open(digest);
  if (!blob) co_return error_of(blob);
  media::TaskRequest request{.type = look == Look::at_head ? "probe" : "shrink",
                             .parameters = {},
                             .inputs = {},
                             .outputs = {},
                             .timeout = kProbeTimeout,
                             .memory_bytes_max = kProbeMemoryBytesMax,
                             .output_bytes_max = kScrapBytesMax};
  std::unique_ptr<store::BlobWriter> scrap;  // what comes out of it is not kept
  if (look == Look::at_head) {
    request.parameters = json::Object{{"name", name}};
  } else {
    auto writer = co_await services->blobs.create(store::BlobKind::derived, kScrapBytesMax);
    if (!writer) co_return error_of(writer);
    scrap = std::move(*writer);
    request.parameters = json::Object{{"side_max", kScrapSide}};
    request.outputs.push_back({.name = "image", .fd = UniqueFd(::fcntl(scrap->fd(), F_DUPFD_CLOEXEC, 0))});
  }
  request.inputs.push_back({.name = "file", .fd = blob->fd.duplicate()});
  co_return co_await services->workers.run(std::move(request), nullptr);
}

Task<Result<json::Value>> look_at(NodeServices* services, Digest digest, std::string name, Look look) {
  // Of a worker's end nobody knows whether the file brought it about or somebody else, such as a kernel short of
  // memory: the file's fault is one that comes twice.
  auto facts = co_await try_to_look(services, digest, name, look);
  if (!facts && facts.error().reason == "worker_crashed") facts = co_await try_to_look(services, digest, name, look);
  if (facts || !is_death(facts.error())) co_return facts;
  const bool is_crash = facts.error().reason == "worker_crashed";
  co_return fail(ErrorCode::invalid_argument,
                 fmt::format("\"{}\" cannot be read: {}", name, files_fault_words(facts.error(), kProbeMemoryBytesMax)),
                 {.reason = is_crash ? "file_unreadable" : "file_too_complex", .where = {}});
}

}  // namespace

bool is_files_fault(const Error& error) {
  return error.code == ErrorCode::invalid_argument || error.code == ErrorCode::too_large || is_death(error);
}

std::string files_fault_words(const Error& error, std::uint64_t memory_bytes_max) {
  if (error.reason == "worker_oom") return fmt::format("it takes more than {} MiB to be read", memory_bytes_max >> 20);
  if (error.reason == "worker_timeout" || error.reason == "worker_stalled") return "it takes too long to be read";
  if (error.reason == "worker_crashed") return "it ends whatever reads it";
  return error.message;
}

Task<Result<json::Value>> probe_file(NodeServices* services, Digest digest, std::string name) {
  return look_at(services, digest, std::move(name), Look::at_head);
}

Task<Result<>> check_picture(NodeServices* services, Digest digest, std::string name) {
  auto looked = co_await look_at(services, digest, std::move(name), Look::at_all);
  if (!looked) co_return error_of(looked);
  co_return Result<>{};
}

}  // namespace atelier::graph
