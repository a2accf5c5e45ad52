#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"

// The times of spoken words, as providers tell them in pieces of words.
namespace atelier::model {

// A finite number that is not negative.
std::optional<double> seconds_of(const json::Value& value);

// Puts pieces together to [{"text", "start", "end"}], in seconds.
class WordTimes {
 public:
  // Goes on with the word that is being made, or begins one.
  void add(std::string_view piece, double start, double end);
  void end_word();
  json::Array take();  // ends the last word

 private:
  std::string text_;
  double start_ = 0, end_ = 0;
  json::Array words_;
};

// "de" of "de-AT".
std::string_view primary_language(std::string_view tag) noexcept;

}  // namespace atelier::model
