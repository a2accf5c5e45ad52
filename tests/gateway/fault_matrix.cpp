#include "tests/gateway/fault_matrix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "net/problem.hpp"

namespace atelier::gateway {
namespace {

using doubles::Connects;

constexpr std::string_view kPrompt = "one two three four five six seven eight nine ten eleven twelve";
constexpr std::string_view kAnswer = "Echo: one two three four five six seven eight nine ten eleven twelve";
constexpr std::string_view kCountingPrompt = "[say 6]", kBegun = "t1 t2", kRest = " t3 t4 t5 t6";
constexpr std::size_t kAtOnce = 192;
// One candidate is asked again until its caller's patience ends: enough for two repeats, and the time a busy machine
// takes.
constexpr std::chrono::milliseconds kPatienceForOne{3'500}, kPatienceForTwo{15'000};
// An expiry is seen up to 50 ms late; the rest is for a busy machine.
constexpr std::chrono::milliseconds kSlack{1'000};

std::string provider_name(Wire called, Connects connects) {
  return fmt::format("{}-{}", to_string(called), to_string(connects));
}
std::string healthy_name(Wire called) { return fmt::format("{}-well", to_string(called)); }

bool is_right_text(const FaultRow& row, std::string_view text) {
  if (row.is_prefilled) return text == kRest || text == kRest.substr(1);
  if (row.due == Due::filtered) return !text.empty() && kAnswer.starts_with(text);
  if (row.has_text) return text == kAnswer;
  return text.size() > std::size_t{1} << 20 && text.starts_with("Echo: one") && text.ends_with("twelve");
}

Order make_order(const FaultRow& row, Wire face, Delivery delivery, std::string_view model) {
  Order order;
  order.face = face;
  order.delivery = delivery;
  const std::string_view more = row.faults.find("temperature") == std::string_view::npos ? "" : R"(,"temperature":0.5)";
  order.body = row.is_prefilled ? doubles::ask_prefilled(face, model, kCountingPrompt, kBegun, delivery).body
                                : doubles::ask(face, model, kPrompt, delivery, more).body;
  return order;
}

}  // namespace

std::string FaultMatrix::Case::name() const {
  return fmt::format("{} ({}{}), {} calling {}, {}, {}", row->what, row->faults,
                     row->connects == Connects::normal ? "" : to_string(row->connects), to_string(face),
                     to_string(called), delivery == Delivery::streamed ? "streamed" : "whole",
                     candidates == Candidates::two ? "with a second candidate" : "alone");
}

FaultMatrix::FaultMatrix() {
  for (const Connects connects :
       {Connects::normal, Connects::refuse, Connects::reset, Connects::hang, Connects::late, Connects::silent}) {
    doubles_.emplace_back(connects, std::make_unique<ProviderDouble>());
    doubles_.back().second->set_connects(connects);
    for (const Wire called : doubles::all_wires()) {
      providers_.push_back(provider_of(called, provider_name(called, connects), *doubles_.back().second));
      providers_.back().connect_timeout = 800ms;
    }
  }
  for (const Wire called : doubles::all_wires())
    providers_.push_back(provider_of(called, healthy_name(called), *doubles_.front().second, 10s, 10s));
  for (const FaultRow& row : fault_rows())
    for (const Candidates candidates : {Candidates::two, Candidates::one})
      for (const Delivery delivery : {Delivery::streamed, Delivery::whole})
        for (const Wire face : kFaces)
          for (const Wire called : doubles::all_wires()) add(row, face, called, delivery, candidates);
}

void FaultMatrix::add(const FaultRow& row, Wire face, Wire called, Delivery delivery, Candidates candidates) {
  const std::size_t number = cases_.size();
  // A model of its own for each case, so that no breaker knows of another.
  const std::string model = fmt::format("m{}{}{}", number, row.faults.empty() ? "" : "@", row.faults);
  model::Route route;
  route.name = fmt::format("case-{}", number);
  route.targets.push_back({provider_name(called, row.connects), model});
  if (candidates == Candidates::two) route.targets.push_back({healthy_name(called), fmt::format("m{}", number)});
  Order order = make_order(row, face, delivery, route.name);
  order.patience = candidates == Candidates::two ? kPatienceForTwo : kPatienceForOne;
  routes_.push_back(std::move(route));
  cases_.push_back({.row = &row,
                    .face = face,
                    .called = called,
                    .delivery = delivery,
                    .candidates = candidates,
                    .order = std::move(order),
                    .outcome = {}});
}

void FaultMatrix::measure() {
  House house(providers_, routes_);
  std::vector<Order> orders;
  for (const Case& one : cases_) orders.push_back(one.order);
  auto outcomes = house.call_all(std::move(orders), kAtOnce);
  for (std::size_t i = 0; i < cases_.size(); ++i) cases_[i].outcome = std::move(outcomes[i]);
}

bool FaultMatrix::is_answer(const Case& one) {
  const Outcome& outcome = one.outcome;
  if (!one.row->may_lack_finish || one.delivery == Delivery::streamed || outcome.error)
    return outcome.is_whole_answer();
  return outcome.heard.end_count == 1 && outcome.heard.errors.empty() && outcome.heard.complaints.empty();
}

std::string FaultMatrix::complain(const Case& one) {
  const Outcome& outcome = one.outcome;
  if (outcome.took > one.order.patience + kSlack) return "it came after its deadline";
  if (outcome.told_count != 1) return fmt::format("its end was told {} times", outcome.told_count);
  const bool is_mute = one.row->may_be_mute && one.candidates == Candidates::one && outcome.heard.text.empty();
  if (is_answer(one)) {
    if (!is_mute && !is_right_text(*one.row, outcome.heard.text)) return "another text than was asked for";
    if (one.delivery == Delivery::streamed && outcome.heard.start_count != 1) return "not exactly one start";
    const bool is_joined = outcome.attempts_unseen < outcome.report.attempts.size();
    if (is_joined && outcome.heard.ids.size() != 1) return "an answer of two attempts under two ids";
    if (outcome.report.error) return "an answered call was told of as failed";
    return {};
  }
  if (!outcome.is_one_error()) return "neither a whole answer nor one explicit error";
  if (!outcome.report.error) return "a failed call was told of as answered";
  if (outcome.report.is_aborted) return "its caller was there";
  if (one.candidates == Candidates::two && one.row->due != Due::error)
    return "an error, though the second candidate is well";
  return {};
}

std::string FaultMatrix::verdict(const Case& one) {
  const Outcome& outcome = one.outcome;
  if (!complain(one).empty()) return "**wrong**";
  if (is_answer(one)) {
    const std::string_view cut = outcome.heard.text.empty()      ? ", saying nothing"
                                 : one.row->due == Due::filtered ? ", cut"
                                                                 : "";
    if (outcome.report.attempts.size() == 1) return fmt::format("itself{}", cut);
    if (one.candidates == Candidates::one) return fmt::format("again{}", cut);
    return outcome.attempts_unseen < outcome.report.attempts.size() ? "joined" : "next";
  }
  const Error& told = *outcome.report.error;
  return fmt::format("{} {}{}", net::status_of(told), told.stable_code(), outcome.error ? "" : " in the stream");
}

std::string FaultMatrix::cell(const FaultRow& row, Delivery delivery, Candidates candidates) const {
  std::vector<const Case*> all;
  for (const Case& one : cases_)
    if (one.row == &row && one.delivery == delivery && one.candidates == candidates) all.push_back(&one);
  std::map<std::string, std::size_t> counts;
  for (const Case* one : all) ++counts[verdict(*one)];
  const auto usual = std::max_element(counts.begin(), counts.end(),
                                      [](const auto& left, const auto& right) { return left.second < right.second; });
  std::string out = usual->first;
  // The exceptions, in the fewest words that tell them: by the protocol called, by whether it is relayed, or one by
  // one.
  using Key = std::function<std::string(const Case&)>;
  const Key keys[] = {
      [](const Case& one) { return std::string(to_string(one.called)); },
      [](const Case& one) { return std::string(one.face == one.called ? "relayed" : "translated"); },
      [](const Case& one) { return fmt::format("to {}", to_string(one.face)); },
      [](const Case& one) { return fmt::format("{} to {}", to_string(one.called), to_string(one.face)); }};
  for (const Key& key : keys) {
    std::map<std::string, std::string> by_key;
    const bool tells = std::ranges::all_of(
        all, [&](const Case* one) { return by_key.emplace(key(*one), verdict(*one)).first->second == verdict(*one); });
    if (!tells) continue;
    std::map<std::string, std::string> groups;  // verdict: keys
    for (const auto& [name, what] : by_key)
      if (what != usual->first) groups[what] += (groups[what].empty() ? "" : ", ") + name;
    for (const auto& [what, names] : groups) out += fmt::format("; {}: {}", names, what);
    break;
  }
  return out;
}

std::string FaultMatrix::table() const {
  std::string out;
  std::string_view group;
  for (const FaultRow& row : fault_rows()) {
    if (row.group != group) {
      group = row.group;
      out += fmt::format(
          "\n### {}\n\n| fault of the first candidate | double | streamed, second well | whole, second well | "
          "streamed, alone | whole, alone |\n| --- | --- | --- | --- | --- | --- |\n",
          group);
    }
    const std::string spelled = row.connects == Connects::normal ? std::string(row.faults)
                                                                 : fmt::format("connects: {}", to_string(row.connects));
    out += fmt::format("| {} | `{}` | {} | {} | {} | {} |\n", row.what, spelled,
                       cell(row, Delivery::streamed, Candidates::two), cell(row, Delivery::whole, Candidates::two),
                       cell(row, Delivery::streamed, Candidates::one), cell(row, Delivery::whole, Candidates::one));
  }
  return out;
}

}  // namespace atelier::gateway
