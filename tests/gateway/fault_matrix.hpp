#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tests/gateway/fault_rows.hpp"
#include "tests/gateway/house.hpp"

namespace atelier::gateway {

// Every fault, of every called protocol, under every served one, streamed and whole, with a second candidate that is
// well and without.
class FaultMatrix {
 public:
  enum class Candidates : std::uint8_t { two, one };
  struct Case {
    const FaultRow* row = nullptr;
    Wire face = Wire::openai_chat, called = Wire::openai_chat;
    Delivery delivery = Delivery::whole;
    Candidates candidates = Candidates::two;
    Order order;
    Outcome outcome;
    std::string name() const;
  };

  FaultMatrix();
  // Calls them all, once.
  void measure();
  const std::vector<Case>& cases() const noexcept { return cases_; }

  // Whether the caller was answered.
  static bool is_answer(const Case& one);
  // Why this outcome is not what a caller may expect; empty: it is.
  static std::string complain(const Case& one);
  // In a word or two, as the table has it.
  static std::string verdict(const Case& one);
  // Markdown.
  std::string table() const;

 private:
  const ProviderDouble& double_for(doubles::Connects connects) const;
  void add(const FaultRow& row, Wire face, Wire called, Delivery delivery, Candidates candidates);
  std::string cell(const FaultRow& row, Delivery delivery, Candidates candidates) const;

  std::vector<std::pair<doubles::Connects, std::unique_ptr<ProviderDouble>>>
      doubles_;  // the first behaves when connected to
  std::vector<model::Provider> providers_;
  std::vector<model::Route> routes_;
  std::vector<Case> cases_;
};

}  // namespace atelier::gateway
