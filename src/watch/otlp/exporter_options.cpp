#include <fmt/format.h>

#include "base/text.hpp"
#include "base/version.hpp"
#include "net/url.hpp"
#include "watch/otlp/exporter.hpp"

namespace atelier::watch::otlp {
namespace {

constexpr std::string_view kPrefix = "OTEL_EXPORTER_OTLP_";

std::unexpected<Error> refuse_variable(std::string_view name, std::string_view why) {
  return fail(ErrorCode::invalid_argument, fmt::format("{} {}", name, why),
              {.reason = "setting_invalid", .where = std::string(name)});
}

class Reader {
 public:
  explicit Reader(const Variables& variables) : variables_(variables) {}

  // A signal's own form of it goes before the general one.
  std::string of_signal(std::string_view signal, std::string_view name) const {
    const std::string own = get(fmt::format("{}{}_{}", kPrefix, signal, name));
    return own.empty() ? get(fmt::format("{}{}", kPrefix, name)) : own;
  }
  std::string get(std::string_view name) const {
    const auto found = variables_.find(name);
    return found == variables_.end() ? std::string() : std::string(trim(found->second));
  }
  Result<> read_ms(std::string_view name, std::chrono::milliseconds* value) const {
    const std::string text = get(name);
    if (text.empty()) return {};
    const auto number = parse_integer(text);
    if (!number || *number <= 0 || *number > 86'400'000) return refuse_variable(name, "is no number of milliseconds");
    *value = std::chrono::milliseconds(*number);
    return {};
  }
  Result<> read_count(std::string_view name, std::size_t* value) const {
    const std::string text = get(name);
    if (text.empty()) return {};
    const auto number = parse_integer(text);
    if (!number || *number <= 0 || *number > 1'000'000) return refuse_variable(name, "is no count up to a million");
    *value = static_cast<std::size_t>(*number);
    return {};
  }

 private:
  const Variables& variables_;
};

Result<Target> target_for(const Reader& reader, const std::string& endpoint, std::string_view signal,
                          std::string_view path) {
  Target target;
  // The URL of a signal is used as it stands; to a base the signal's path is added.
  const std::string own_name = fmt::format("{}{}_ENDPOINT", kPrefix, signal);
  const std::string own = reader.get(own_name);
  std::string base = endpoint.empty() ? reader.get("OTEL_EXPORTER_OTLP_ENDPOINT") : endpoint;
  if (own.empty() && base.empty()) return target;
  while (base.ends_with('/')) base.pop_back();
  target.url = own.empty() ? base + std::string(path) : own;
  const std::string_view named = own.empty()
                                     ? (endpoint.empty() ? "OTEL_EXPORTER_OTLP_ENDPOINT" : "watch.otlp_endpoint")
                                     : std::string_view(own_name);
  if (!net::Url::parse(target.url)) return refuse_variable(named, "is no URL such as http://localhost:4318");
  const std::string protocol = reader.of_signal(signal, "PROTOCOL");
  if (!protocol.empty() && protocol != "http/json")
    return refuse_variable("OTEL_EXPORTER_OTLP_PROTOCOL", "must be http/json, the one form that is spoken here");
  target.headers = parse_pairs(reader.of_signal(signal, "HEADERS"));
  const std::string compression = reader.of_signal(signal, "COMPRESSION");
  if (!compression.empty() && compression != "gzip" && compression != "none")
    return refuse_variable("OTEL_EXPORTER_OTLP_COMPRESSION", "is gzip or none");
  target.is_compressed = compression == "gzip";
  if (auto read = reader.read_ms("OTEL_EXPORTER_OTLP_TIMEOUT", &target.timeout); !read) return error_of(read);
  if (auto read = reader.read_ms(fmt::format("{}{}_TIMEOUT", kPrefix, signal), &target.timeout); !read)
    return error_of(read);
  return target;
}

// Whether a trace is recorded goes by what came of it (base/trace.hpp); this is what of it is told to others. A
// parent's word counts for no more than our own: from outside nobody switches it on.
Result<> read_sampler(const Reader& reader, double* share) {
  constexpr std::string_view kName = "OTEL_TRACES_SAMPLER", kArgument = "OTEL_TRACES_SAMPLER_ARG";
  constexpr std::string_view kParent = "parentbased_";
  const std::string text = reader.get(kName);
  std::string_view sampler = text;
  if (sampler.starts_with(kParent)) sampler.remove_prefix(kParent.size());
  if (sampler.empty() || sampler == "always_on") return {};
  if (sampler != "always_off" && sampler != "traceidratio")
    return refuse_variable(kName, "is always_on, always_off or traceidratio, or one of these behind parentbased_");
  *share = 0;
  if (sampler == "always_off") return {};
  const std::string argument = reader.get(kArgument);
  *share = argument.empty() ? 1 : parse_number(argument).value_or(-1);
  if (!(*share >= 0 && *share <= 1)) return refuse_variable(kArgument, "is no share from 0 to 1");
  return {};
}

Attributes resource_of(const Reader& reader) {
  Attributes resource = parse_pairs(reader.get("OTEL_RESOURCE_ATTRIBUTES"));
  const std::string name = reader.get("OTEL_SERVICE_NAME");
  std::erase_if(resource, [&](const auto& pair) { return pair.first == "service.name" && !name.empty(); });
  const bool is_named = std::ranges::any_of(resource, [](const auto& pair) { return pair.first == "service.name"; });
  if (!is_named) resource.emplace_back("service.name", name.empty() ? "atelier" : name);
  resource.emplace_back("service.version", kVersion);
  resource.emplace_back("telemetry.sdk.name", "atelier");
  resource.emplace_back("telemetry.sdk.language", "cpp");
  resource.emplace_back("telemetry.sdk.version", kVersion);
  return resource;
}

}  // namespace

Result<ExporterOptions> exporter_options(const std::string& endpoint, const Variables& environment) {
  const Reader reader(environment);
  ExporterOptions options;
  if (reader.get("OTEL_SDK_DISABLED") == "true") return options;
  auto traces = target_for(reader, endpoint, "TRACES", "/v1/traces");
  if (!traces) return error_of(traces);
  auto metrics = target_for(reader, endpoint, "METRICS", "/v1/metrics");
  if (!metrics) return error_of(metrics);
  auto logs = target_for(reader, endpoint, "LOGS", "/v1/logs");
  if (!logs) return error_of(logs);
  options.traces = std::move(*traces);
  options.metrics = std::move(*metrics);
  options.logs = std::move(*logs);
  if (!options.is_on()) return options;
  options.resource = resource_of(reader);
  for (const Result<>& read : {read_sampler(reader, &options.traces_share),
                               reader.read_ms("OTEL_METRIC_EXPORT_INTERVAL", &options.metrics_every),
                               reader.read_ms("OTEL_BSP_SCHEDULE_DELAY", &options.spans_every),
                               reader.read_ms("OTEL_BLRP_SCHEDULE_DELAY", &options.logs_every),
                               reader.read_count("OTEL_BSP_MAX_QUEUE_SIZE", &options.spans_max),
                               reader.read_count("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", &options.spans_batch),
                               reader.read_count("OTEL_BLRP_MAX_QUEUE_SIZE", &options.logs_max),
                               reader.read_count("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", &options.logs_batch)})
    if (!read) return error_of(read);
  return options;
}

}  // namespace atelier::watch::otlp
