#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/double/client.hpp"
#include "tests/double/test/raw_client.hpp"

namespace atelier::doubles {

// One question to one protocol, and the answer as its client understands it.
class WireTest : public DoubleTest {
 protected:
  static constexpr std::string_view kPrompt = "one two three four five six seven";
  static constexpr std::string_view kAnswer = "Echo: one two three four five six seven";

  Reply put(const Asked& asked, std::chrono::milliseconds patience = 10s) const {
    return ask("POST", asked.path, asked.body, asked.fields, patience);
  }
  Reply put(Wire wire, Delivery delivery, std::string_view faults, std::chrono::milliseconds patience = 10s) const {
    return put(doubles::ask(wire, model_with(faults), kPrompt, delivery), patience);
  }
  Heard hear(Wire wire, Delivery delivery, std::string_view faults) const {
    return doubles::hear(wire, delivery, put(wire, delivery, faults).body);
  }
  static std::string model_with(std::string_view faults) {
    return faults.empty() ? "double" : fmt::format("double@{}", faults);
  }
};

inline std::string name_of(Wire wire, Delivery delivery) {
  return fmt::format("{}_{}", to_string(wire), delivery == Delivery::streamed ? "streamed" : "whole");
}
// A fault's spelling as the name of a test.
inline std::string as_name(std::string_view faults) {
  std::string name(faults.empty() ? "none" : faults);
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

}  // namespace atelier::doubles
