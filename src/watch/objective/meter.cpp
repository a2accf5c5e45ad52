#include "watch/objective/meter.hpp"

namespace atelier::watch {

class Meter::Visit final : public MetricVisitor {
 public:
  Visit(const Meter& meter, Reading& reading) : meter_(meter), reading_(reading) {}

  void counter(const Metric& metric, const std::string& labels, double value) override {
    each(metric, labels, [&](const Interest& one) {
      if (one.use == Use::budget)
        add_gauge(one, value);
      else
        add_events(one, value);
    });
  }
  void gauge(const Metric& metric, const std::string& labels, double value) override {
    each(metric, labels, [&](const Interest& one) {
      if (one.use == Use::budget) add_gauge(one, value);
    });
  }
  void histogram(const Metric& metric, const std::string& labels, const Histogram& histogram) override {
    Histogram::Snapshot snapshot;
    bool is_taken = false;
    each(metric, labels, [&](const Interest& one) {
      if (!is_taken) snapshot = histogram.snapshot();
      is_taken = true;
      if (one.use == Use::budget) {
        reading_.budgets[one.index].histogram.add(snapshot);
        return;
      }
      if (one.use != Use::timed) return add_events(one, static_cast<double>(snapshot.count()));
      const auto good = static_cast<double>(count_under(snapshot, meter_.definitions_.objectives[one.index].under));
      reading_.objectives[one.index].good += good;
      reading_.objectives[one.index].bad += static_cast<double>(snapshot.count()) - good;
    });
  }

 private:
  template <class Take>
  void each(const Metric& metric, const std::string& labels, Take take) {
    const auto found = meter_.interests_.find(metric.name);
    if (found == meter_.interests_.end()) return;
    for (const Interest& one : found->second)
      if (one.selector->matches(labels)) take(one);
  }
  void add_events(const Interest& one, double count) {
    if (one.use == Use::good) reading_.objectives[one.index].good += count;
    if (one.use == Use::bad) reading_.objectives[one.index].bad += count;
  }
  void add_gauge(const Interest& one, double value) {
    FigureReading& budget = reading_.budgets[one.index];
    // What cannot be read now is no figure.
    if (!(value >= 0 || value < 0)) return;
    budget.gauges += value;
    budget.has_gauge = true;
  }

  const Meter& meter_;
  Reading& reading_;
};

Meter::Meter(const ObjectiveDefinitions& definitions) : definitions_(definitions) {
  const auto add = [this](const std::vector<Selector>& selectors, Use use, std::size_t index) {
    for (const Selector& selector : selectors) interests_[selector.metric()].push_back({&selector, use, index});
  };
  for (std::size_t i = 0; i < definitions.objectives.size(); ++i) {
    add(definitions.objectives[i].good, Use::good, i);
    add(definitions.objectives[i].bad, Use::bad, i);
    add(definitions.objectives[i].events, Use::timed, i);
  }
  for (std::size_t i = 0; i < definitions.budgets.size(); ++i) add(definitions.budgets[i].of, Use::budget, i);
}

Meter::Reading Meter::read(const Metrics& metrics) const {
  Reading reading;
  reading.objectives.resize(definitions_.objectives.size());
  reading.budgets.resize(definitions_.budgets.size());
  Visit visit(*this, reading);
  metrics.visit(visit);
  return reading;
}

}  // namespace atelier::watch
