#include "tests/double/job_shape.hpp"

#include <cmath>
#include <cstdlib>

namespace atelier::doubles {

Answer refuse_field(std::string_view field, std::string_view message, std::string_view type) {
  Answer answer = json_answer(
      {{"detail", json::Array{json::Object{{"loc", json::Array{"body", field}}, {"msg", message}, {"type", type}}}}});
  answer.status = 422;
  return answer;
}

std::string text_in(const json::Object& body, std::string_view name) {
  const json::Value* value = body.if_contains(name);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(*text) : std::string();
}

std::int64_t number_in(const json::Object& body, std::string_view name, std::int64_t otherwise) {
  const json::Value* value = body.if_contains(name);
  return value && value->is_int64() ? value->get_int64() : otherwise;
}

void take_ratio(std::string_view ratio, Job& job) {
  const std::size_t colon = ratio.find(':');
  if (colon == std::string_view::npos) return;
  const double across = std::atof(std::string(ratio.substr(0, colon)).c_str());
  const double up = std::atof(std::string(ratio.substr(colon + 1)).c_str());
  if (across <= 0 || up <= 0) return;
  constexpr double kPixels = 1024.0 * 1024.0;
  job.width = static_cast<int>(std::sqrt(kPixels * across / up));
  job.height = static_cast<int>(std::sqrt(kPixels * up / across));
}

}  // namespace atelier::doubles
