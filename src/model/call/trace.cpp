#include "model/call/trace.hpp"

#include <algorithm>
#include <random>

namespace atelier::model {
namespace {

// version "-" trace id "-" parent id "-" flags
constexpr std::size_t kTraceAt = 3, kTraceDigits = 32, kParentAt = 36, kParentDigits = 16, kFlagsAt = 53, kSize = 55;
constexpr unsigned kSampled = 1;

int digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;  // in lower case alone
}

bool is_hex(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return digit(c) >= 0; });
}

// An id of zeros is none.
bool is_id(std::string_view text) noexcept {
  return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

std::optional<Trace> parse(std::string_view text) {
  if (text.size() < kSize || text[2] != '-' || text[kParentAt - 1] != '-' || text[kFlagsAt - 1] != '-')
    return std::nullopt;
  const std::string_view version = text.substr(0, 2), flags = text.substr(kFlagsAt, 2);
  if (!is_hex(version) || version == "ff" || !is_hex(flags)) return std::nullopt;
  // Later versions may say more behind a further dash.
  if (text.size() > kSize && (version == "00" || text[kSize] != '-')) return std::nullopt;
  const std::string_view id = text.substr(kTraceAt, kTraceDigits);
  if (!is_id(id) || !is_id(text.substr(kParentAt, kParentDigits))) return std::nullopt;
  return Trace{.id = std::string(id), .is_sampled = (static_cast<unsigned>(digit(flags[1])) & kSampled) != 0};
}

// Ids must differ; nobody is kept from guessing them. One source for each thread, so that a call asks nothing of the
// kernel.
void append_id(std::string& out, std::size_t digits) {
  thread_local std::mt19937_64 source{std::random_device{}()};
  for (std::size_t done = 0; done < digits; done += 16) {
    const std::uint64_t bits = source() | 1U;  // an id of zeros is none
    for (unsigned shift = 64; shift > 0; shift -= 4) out += "0123456789abcdef"[(bits >> (shift - 4)) & 0xfU];
  }
}

}  // namespace

Trace trace_of(std::optional<std::string_view> traceparent) {
  if (traceparent)
    if (auto trace = parse(*traceparent)) return std::move(*trace);
  Trace made;
  append_id(made.id, kTraceDigits);
  return made;
}

std::string write_traceparent(const Trace& trace) {
  std::string out;
  out.reserve(kSize);
  out += "00-";
  out += trace.id;
  out += '-';
  append_id(out, kParentDigits);
  out += trace.is_sampled ? "-01" : "-00";
  return out;
}

void put_trace(WireRequest& request, const Trace& trace) {
  if (trace.id.empty()) return;
  const bool has_one =
      std::ranges::any_of(request.headers, [](const auto& field) { return field.first == kTraceHeader; });
  if (!has_one) request.headers.emplace_back(kTraceHeader, write_traceparent(trace));
}

}  // namespace atelier::model
