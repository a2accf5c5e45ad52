#include "base/setting.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include <toml++/toml.h>

#include "base/text.hpp"

namespace atelier {
namespace {

std::unexpected<Error> refuse(std::string where, std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message),
              {.reason = "setting_invalid", .where = std::move(where)});
}

std::string kind_of(const SettingInfo& info) {
  if (std::holds_alternative<bool>(info.fallback)) return "true or false";
  if (std::holds_alternative<std::int64_t>(info.fallback))
    return fmt::format("a whole number from {} to {}", info.range.min, info.range.max);
  if (std::holds_alternative<double>(info.fallback))
    return fmt::format("a number from {} to {}", info.range.min, info.range.max);
  return "a text";
}

Result<SettingValue> check(const SettingInfo& info, SettingValue value, const std::string& where) {
  const auto wrong = [&] {
    return refuse(where, fmt::format("{} must be {}, not {}", info.name, kind_of(info), Settings::to_text(value)));
  };
  if (std::holds_alternative<double>(info.fallback) && std::holds_alternative<std::int64_t>(value))
    value = static_cast<double>(std::get<std::int64_t>(value));
  if (value.index() != info.fallback.index()) return wrong();
  if (const auto* integer = std::get_if<std::int64_t>(&value);
      integer && (*integer < info.range.min || *integer > info.range.max))
    return wrong();
  if (const auto* number = std::get_if<double>(&value);
      number && !(*number >= static_cast<double>(info.range.min) && *number <= static_cast<double>(info.range.max)))
    return wrong();
  return value;
}

Result<SettingValue> parse(const SettingInfo& info, const std::string& text, const std::string& where) {
  const auto wrong = [&] {
    return refuse(where, fmt::format("{} must be {}, not \"{}\"", info.name, kind_of(info), printable(text, 64)));
  };
  if (std::holds_alternative<bool>(info.fallback)) {
    if (text == "true" || text == "1") return SettingValue(true);
    if (text == "false" || text == "0") return SettingValue(false);
    return wrong();
  }
  if (std::holds_alternative<std::int64_t>(info.fallback)) {
    const auto number = parse_integer(text);
    return number ? check(info, *number, where) : wrong();
  }
  if (std::holds_alternative<double>(info.fallback)) {
    const auto number = parse_number(text);
    return number ? check(info, *number, where) : wrong();
  }
  return check(info, text, where);
}

class Loader {
 public:
  Loader(std::map<std::string_view, Settings::Entry>& entries, std::string_view file_name)
      : entries_(entries), file_name_(file_name) {}

  Result<> file(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string name = prefix + std::string(key.str());
      const std::string where = fmt::format("{}:{}", file_name_, key.source().begin.line);
      if (const toml::table* inner = node.as_table()) {
        if (auto done = file(*inner, name + "."); !done) return done;
        continue;
      }
      auto* entry = known(name);
      if (!entry) return unknown(name, where);
      SettingValue value;
      if (const auto* flag = node.as_boolean())
        value = flag->get();
      else if (const auto* integer = node.as_integer())
        value = integer->get();
      else if (const auto* number = node.as_floating_point())
        value = number->get();
      else if (const auto* text = node.as_string())
        value = text->get();
      else
        return refuse(where, fmt::format("{} must be {}, not a list or date", name, kind_of(*entry->info)));
      auto checked = check(*entry->info, std::move(value), where);
      if (!checked) return error_of(checked);
      entry->value = std::move(*checked);
      entry->source = where;
    }
    return {};
  }

  Result<> environment(const std::string& variable, const std::string& text) {
    for (auto& [name, entry] : entries_)
      if (environment_name(name) == variable) return set(entry, text, variable);
    std::vector<std::string> names;
    for (const auto& [name, entry] : entries_) names.push_back(environment_name(name));
    const std::vector<std::string_view> views(names.begin(), names.end());
    const auto meant = suggest(variable, views);
    return refuse(variable, fmt::format("no setting goes by this variable{}",
                                        meant ? fmt::format("; did you mean {}?", *meant) : ""));
  }

  Result<> flag(const std::string& name, const std::string& text) {
    auto* entry = known(name);
    if (!entry) return unknown(name, "--set " + name);
    return set(*entry, text, "--set " + name);
  }

 private:
  Settings::Entry* known(std::string_view name) {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : &found->second;
  }

  Result<> unknown(std::string_view name, const std::string& where) {
    std::vector<std::string_view> names;
    for (const auto& [known_name, entry] : entries_) names.push_back(known_name);
    const auto meant = suggest(name, names);
    return refuse(where, fmt::format("there is no setting \"{}\"{}", printable(name, 64),
                                     meant ? fmt::format("; did you mean {}?", *meant) : ""));
  }

  static Result<> set(Settings::Entry& entry, const std::string& text, const std::string& source) {
    auto value = parse(*entry.info, text, source);
    if (!value) return error_of(value);
    entry.value = std::move(*value);
    entry.source = source;
    return {};
  }

  std::map<std::string_view, Settings::Entry>& entries_;
  std::string_view file_name_;
};

}  // namespace

std::string environment_name(std::string_view setting_name) {
  std::string name = "ATELIER_";
  for (const char c : setting_name)
    name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

std::string Settings::to_text(const SettingValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return fmt::format("\"{}\"", printable(*text, 256));
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *integer);
  return fmt::format("{}", std::get<double>(value));
}

Result<Settings> Settings::load(const SettingSources& sources, std::span<const SettingInfo* const> declared) {
  Settings settings;
  settings.file_name_ = sources.file_name;
  for (const SettingInfo* info : declared) {
    Entry entry{.info = info, .value = {}, .source = "default"};
    std::visit(
        [&](const auto& fallback) {
          if constexpr (std::same_as<std::decay_t<decltype(fallback)>, std::string_view>)
            entry.value = std::string(fallback);
          else
            entry.value = fallback;
        },
        info->fallback);
    ensure(settings.entries_.emplace(info->name, std::move(entry)).second, "a setting is declared once");
  }
  Loader loader(settings.entries_, sources.file_name);
  if (!sources.file_text.empty()) {
    try {
      const toml::table table = toml::parse(sources.file_text, sources.file_name);
      if (auto done = loader.file(table, ""); !done) return error_of(done);
    } catch (const toml::parse_error& error) {
      return refuse(fmt::format("{}:{}:{}", sources.file_name, error.source().begin.line, error.source().begin.column),
                    fmt::format("not TOML: {}", error.description()));
    }
  }
  for (const auto& [variable, text] : sources.environment)
    if (auto done = loader.environment(variable, text); !done) return error_of(done);
  for (const auto& [name, text] : sources.flags)
    if (auto done = loader.flag(name, text); !done) return error_of(done);
  return settings;
}

const Settings::Entry& Settings::find(std::string_view name) const {
  const auto found = entries_.find(name);
  ensure(found != entries_.end(), "a setting that is read is in the list of declared ones");
  return found->second;
}

std::vector<Settings::Entry> Settings::all() const {
  std::vector<Entry> all;
  for (const auto& [name, entry] : entries_) all.push_back(entry);
  return all;
}

}  // namespace atelier
