#include "watch/otlp/model_meter.hpp"

#include <chrono>

namespace atelier::watch::otlp {
namespace {

double seconds(std::chrono::steady_clock::duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

void ModelMeter::note(const model::CallReport& report) {
  for (const model::AttemptReport& attempt : report.attempts) {
    Key key{.operation = std::string(report.operation),
            .provider = std::string(attempt.provider()),
            .model = std::string(attempt.model()),
            .error = attempt.fault ? std::string(to_string(attempt.fault->kind)) : std::string()};
    Series& series = series_of(std::move(key));
    if (attempt.ended_at > attempt.began_at) series.duration_s.observe(seconds(attempt.ended_at - attempt.began_at));
    if (report.is_streamed && attempt.first_token) series.first_chunk_s.observe(seconds(*attempt.first_token));
    const auto count = [](Histogram& histogram, std::int64_t tokens) {
      if (tokens > 0) histogram.observe(static_cast<double>(tokens));
    };
    count(series.input_tokens, attempt.usage.input_total());
    count(series.output_tokens, attempt.usage.output_total());
  }
}

ModelMeter::Series& ModelMeter::series_of(Key key) {
  const std::lock_guard lock(mutex_);
  if (series_.size() >= kSeriesMax && !series_.contains(key)) {
    key.provider = key.error = "";
    key.model = "_other";
  }
  std::unique_ptr<Series>& series = series_[std::move(key)];
  if (!series) series = std::make_unique<Series>();
  return *series;
}

std::vector<ConventionalMetric> ModelMeter::metrics() const {
  // The bounds that the conventions advise are 0.01 s, doubled, and powers of four: ours are the powers of two nearby.
  constexpr HistogramBounds kTimes{-7, 7}, kTokens{0, 26};
  ConventionalMetric duration{.name = "gen_ai.client.operation.duration",
                              .unit = "s",
                              .description = "How long a request to a model took",
                              .bounds = kTimes};
  ConventionalMetric first{.name = "gen_ai.client.operation.time_to_first_chunk",
                           .unit = "s",
                           .description = "Until the first piece of a streamed answer came",
                           .bounds = kTimes};
  ConventionalMetric tokens{.name = "gen_ai.client.token.usage",
                            .unit = "{token}",
                            .description = "Tokens of a request and of its answer",
                            .bounds = kTokens,
                            .bound_step = 2};
  const std::lock_guard lock(mutex_);
  for (const auto& [key, series] : series_) {
    Attributes attributes{{"gen_ai.operation.name", key.operation}, {"gen_ai.request.model", key.model}};
    if (!key.provider.empty()) attributes.emplace_back("gen_ai.provider.name", key.provider);
    for (const auto& [type, values] : {std::pair("input", &series->input_tokens), {"output", &series->output_tokens}}) {
      tokens.series.push_back({attributes, values});
      tokens.series.back().attributes.emplace_back("gen_ai.token.type", type);
    }
    if (!key.error.empty()) attributes.emplace_back("error.type", key.error);
    duration.series.push_back({attributes, &series->duration_s});
    first.series.push_back({std::move(attributes), &series->first_chunk_s});
  }
  return {std::move(duration), std::move(first), std::move(tokens)};
}

}  // namespace atelier::watch::otlp
