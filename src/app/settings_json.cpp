#include "app/settings_json.hpp"

#include <algorithm>

#include "app/json_fields.hpp"
#include "app/options.hpp"

namespace atelier::app {

json::Value to_json(const SettingValue& value) {
  return std::visit([](const auto& each) { return json::Value(each); }, value);
}

json::Value to_json(const Settings& settings) {
  json::Array items;
  for (const Settings::Entry& entry : settings.all())
    items.push_back(
        json::Object{{"name", entry.info->name}, {"value", to_json(entry.value)}, {"source", entry.source}});
  return json::Object{{"items", std::move(items)}, {"file", settings.file_name()}};
}

Result<Settings> settings_from(const json::Value& told) {
  const json::Value* items = told.is_object() ? told.get_object().if_contains("items") : nullptr;
  if (items == nullptr || !items->is_array())
    return fail(ErrorCode::unavailable, "the studio tells its settings in a form that is not known");
  SettingSources sources{.file_text = {}, .file_name = text_at(told, "file"), .environment = {}, .flags = {}};
  for (const json::Value& item : items->get_array()) {
    std::string name = text_at(item, "name");
    const auto is_it = [&](const SettingInfo* info) { return info->name == name; };
    if (!std::ranges::any_of(all_settings(), is_it)) continue;
    const json::Value* value = item.get_object().if_contains("value");
    if (value == nullptr) return fail(ErrorCode::unavailable, "the studio tells \"" + name + "\" without a value");
    sources.flags.emplace_back(std::move(name),
                               value->is_string() ? std::string(value->get_string()) : json::write(*value));
  }
  return Settings::load(sources, all_settings());
}

}  // namespace atelier::app
