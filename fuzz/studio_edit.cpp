// An edit of a production's settings, and a stored document.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "studio/produce/production.hpp"

using namespace atelier;
using namespace atelier::studio;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = json::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!value) return 0;
  ProductionSettings settings;
  if (const auto merged = merge_settings(*value, "/settings", settings); !merged) {
    ensure(settings == ProductionSettings(), "a refused edit changes nothing");
    ensure(merged.error().where.starts_with("/settings"), "a refusal names the field");
  }
  ProductionSettings stored;
  ensure(merge_settings(to_json(settings), "", stored).has_value() && stored == settings,
         "settings are stored as they are");
  const auto document = document_from_json(*value);
  if (!document) return 0;
  const auto again = document_from_json(to_json(*document));
  ensure(again && *again == *document, "a document is stored as it is");
  return 0;
}
