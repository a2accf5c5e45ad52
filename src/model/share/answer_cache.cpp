#include "model/share/answer_cache.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>

#include "base/async.hpp"
#include "base/text.hpp"

namespace atelier::model {
namespace {

constexpr std::array<std::string_view, 1> kOutcome = {"outcome"};
constexpr Metric kLookups{"atelier_answer_cache_lookups_total", MetricKind::counter,
                          "Answers looked for in the cache, by outcome", kOutcome};
constexpr Metric kSaved{"atelier_answer_cache_saved_microdollars_total", MetricKind::counter,
                        "What the answers found in the cache cost the calls that brought them"};

constexpr std::string_view kForm = "atelier-answer-1";
constexpr int kFastest = 1;  // events repeat themselves: this makes them a thirtieth, at 150 MB/s
constexpr std::int64_t kPicodollarsInMicrodollar = 1'000'000;

std::string deflated(std::string_view bytes) {
  uLongf size = compressBound(static_cast<uLong>(bytes.size()));
  std::string out(size, '\0');
  const int done = compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
                             static_cast<uLong>(bytes.size()), kFastest);
  ensure(done == Z_OK, "there is room for what compress2 writes");
  out.resize(size);
  return out;
}

std::optional<std::string> inflated(std::string_view bytes, std::size_t size) {
  if (size > AnswerCache::kAnswerBytesMax) return std::nullopt;
  std::string out(size, '\0');
  uLongf got = static_cast<uLongf>(size);
  const int done = uncompress(reinterpret_cast<Bytef*>(out.data()), &got, reinterpret_cast<const Bytef*>(bytes.data()),
                              static_cast<uLong>(bytes.size()));
  return done == Z_OK && got == size ? std::optional(std::move(out)) : std::nullopt;
}

// Lines, then the bytes, deflated.
Bytes encoded(const KeptAnswer& answer) {
  const std::string cost = answer.cost ? std::to_string(*answer.cost) : std::string();
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", kForm, answer.kept_ms, cost, answer.candidate, answer.provider,
                     answer.model, answer.bytes.size(), deflated(answer.bytes));
}

std::optional<KeptAnswer> decoded(const Bytes& value) {
  std::string_view rest = value;
  const auto line = [&rest]() -> std::string_view {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view found = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return found;
  };
  if (line() != kForm) return std::nullopt;
  KeptAnswer answer;
  const auto kept_ms = parse_integer(line());
  if (!kept_ms) return std::nullopt;
  answer.kept_ms = *kept_ms;
  answer.cost = parse_integer(line());
  answer.candidate = line();
  answer.provider = line();
  answer.model = line();
  const auto size = parse_integer(line());
  auto bytes = size && *size >= 0 ? inflated(rest, static_cast<std::size_t>(*size)) : std::nullopt;
  if (!bytes) return std::nullopt;
  answer.bytes = std::move(*bytes);
  return answer;
}

}  // namespace

AnswerCache::AnswerCache(store::Cache& cache, const Clock& clock, Metrics& metrics)
    : cache_(cache),
      clock_(clock),
      hits_(metrics.counter(kLookups, {"hit"})),
      misses_(metrics.counter(kLookups, {"miss"})),
      unreachable_(metrics.counter(kLookups, {"unreachable"})),
      saved_microdollars_(metrics.counter(kSaved)) {}

Task<std::optional<KeptAnswer>> AnswerCache::find(std::string key, std::optional<std::chrono::seconds> age_max) {
  auto bytes = co_await cache_.get(std::move(key));
  if (!bytes) {
    unreachable_.add();
    co_return std::nullopt;
  }
  std::optional<KeptAnswer> answer;
  if (*bytes) answer = decoded(**bytes);
  const auto age = std::chrono::milliseconds(answer ? clock_.wall_ms() - answer->kept_ms : 0);
  if (!answer || (age_max && age > *age_max)) {
    misses_.add();
    co_return std::nullopt;
  }
  hits_.add();
  if (answer->cost && *answer->cost > 0)
    saved_microdollars_.add(static_cast<std::uint64_t>(*answer->cost / kPicodollarsInMicrodollar));
  co_return answer;
}

Task<> AnswerCache::keep(std::string key, KeptAnswer answer, std::chrono::seconds life) {
  if (answer.bytes.size() > kAnswerBytesMax) co_return;
  answer.kept_ms = clock_.wall_ms();
  auto kept = co_await cache_.put(std::move(key), encoded(answer), life);
  if (!kept) unreachable_.add();
}

}  // namespace atelier::model
