#include "watch/error/occurrence.hpp"

#include <algorithm>
#include <array>

#include "base/hash.hpp"
#include "base/scrub.hpp"
#include "base/text.hpp"

namespace atelier::watch {
namespace {

// Fields that hold ids of what people see ids of.
constexpr std::array<std::string_view, 9> kReferences = {"run",      "step",   "generation", "thread", "message_id",
                                                         "endpoint", "answer", "production", "asset"};

json::Object to_json(const ErrorFields& fields) {
  json::Object object;
  for (const auto& [name, value] : fields) object[name] = value;
  return object;
}

json::Array to_json(const std::vector<Breadcrumb>& breadcrumbs, std::size_t skipped) {
  json::Array array;
  for (std::size_t i = skipped; i < breadcrumbs.size(); ++i) {
    const Breadcrumb& one = breadcrumbs[i];
    array.push_back(json::Object{
        {"time_ms", one.time_ms}, {"level", one.level}, {"message", one.message}, {"fields", to_json(one.fields)}});
  }
  return array;
}

}  // namespace

std::string_view to_string(Severity severity) noexcept {
  constexpr std::array<std::string_view, 3> kNames = {"warning", "error", "fatal"};
  return kNames[static_cast<std::size_t>(severity)];
}

std::string_view to_string(ErrorOrigin origin) noexcept {
  constexpr std::array<std::string_view, 3> kNames = {"server", "page", "crash"};
  return kNames[static_cast<std::size_t>(origin)];
}

std::string Occurrence::fingerprint() const {
  Sha256 hash;
  for (const std::string_view part : {to_string(origin), std::string_view(message), std::string_view(code),
                                      std::string_view(place), std::string_view(route)}) {
    hash.update(part);
    hash.update(std::string_view("\0", 1));
  }
  return hash.finish().hex().substr(0, 16);
}

std::vector<std::string> Occurrence::references() const {
  std::vector<std::string> all{id.to_string()};
  const auto add = [&](const std::string& text) {
    if (!text.empty() && std::ranges::find(all, text) == all.end()) all.push_back(text);
  };
  add(request_id);
  add(trace);
  for (const auto& [name, value] : fields)
    if (std::ranges::find(kReferences, name) != kReferences.end()) add(value);
  return all;
}

std::string Occurrence::detail() const {
  json::Array frame_list, addresses;
  for (const std::string& frame : frames) frame_list.push_back(json::Value(frame));
  for (const std::uint64_t address : stack) addresses.push_back(json::Value(address));
  json::Object object{{"fields", to_json(fields)}, {"frames", std::move(frame_list)}, {"stack", std::move(addresses)}};
  std::string text;
  for (std::size_t skipped = 0; skipped <= breadcrumbs.size(); skipped += 4) {
    object["breadcrumbs"] = to_json(breadcrumbs, skipped);
    text = json::write(object);
    if (text.size() <= kDetailBytesMax) return text;
  }
  object["breadcrumbs"] = json::Array();
  object["fields"] = json::Object();
  return json::write(object);
}

std::string as_kept(std::string_view text) { return printable(scrub_start(text, kValueBytesMax), kValueBytesMax); }

}  // namespace atelier::watch
