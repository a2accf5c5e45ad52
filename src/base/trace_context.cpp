#include "base/trace_context.hpp"

#include <algorithm>
#include <random>

namespace atelier {
namespace {

// version "-" trace id "-" parent id "-" flags
constexpr std::size_t kTraceAt = 3, kTraceDigits = 32, kParentAt = 36, kFlagsAt = 53, kTraceparentSize = 55;
constexpr std::size_t kSpanDigits = 16;
constexpr unsigned kSampledFlag = 1;

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;  // in lower case alone
}

std::optional<std::uint64_t> read_hex(std::string_view text) noexcept {
  std::uint64_t value = 0;
  for (const char c : text) {
    const int digit = hex_digit(c);
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<unsigned>(digit);
  }
  return value;
}

void append_hex(std::string& out, std::uint64_t bits) {
  for (unsigned shift = 64; shift > 0; shift -= 4) out += "0123456789abcdef"[(bits >> (shift - 4)) & 0xfU];
}

}  // namespace

std::string TraceContext::id() const {
  std::string text;
  if (is_none()) return text;
  text.reserve(kTraceDigits);
  append_hex(text, high);
  append_hex(text, low);
  return text;
}

SpanId make_span_id() noexcept {
  // One source for each thread, so that this asks nothing of the kernel.
  thread_local std::mt19937_64 source = [] {
    // By 64 bits: with 32, one of some ten thousand starts would make the ids of another once more.
    std::random_device device;
    return std::mt19937_64(static_cast<std::uint64_t>(device()) << 32 | device());
  }();
  return source() | 1U;  // an id of zeros is none
}

TraceContext make_trace(bool is_kept) {
  TraceContext context;
  context.high = make_span_id();
  context.low = make_span_id();
  context.is_kept = is_kept;
  return context;
}

std::string span_id_text(SpanId span) {
  std::string text;
  text.reserve(kSpanDigits);
  append_hex(text, span);
  return text;
}

std::optional<SpanId> parse_span_id(std::string_view text) noexcept {
  if (text.size() != kSpanDigits) return std::nullopt;
  return read_hex(text);
}

std::optional<TraceContext> parse_trace_id(std::string_view text) noexcept {
  if (text.size() != kTraceDigits) return std::nullopt;
  const auto high = read_hex(text.substr(0, kSpanDigits)), low = read_hex(text.substr(kSpanDigits));
  if (!high || !low || (*high == 0 && *low == 0)) return std::nullopt;
  TraceContext context;
  context.high = *high;
  context.low = *low;
  return context;
}

std::optional<TraceContext> parse_traceparent(std::string_view text) noexcept {
  if (text.size() < kTraceparentSize || text[2] != '-' || text[kParentAt - 1] != '-' || text[kFlagsAt - 1] != '-')
    return std::nullopt;
  const std::string_view version = text.substr(0, 2);
  const auto flags = read_hex(text.substr(kFlagsAt, 2));
  if (!read_hex(version) || version == "ff" || !flags) return std::nullopt;
  // Later versions may say more behind a further dash.
  if (text.size() > kTraceparentSize && (version == "00" || text[kTraceparentSize] != '-')) return std::nullopt;
  auto context = parse_trace_id(text.substr(kTraceAt, kTraceDigits));
  const auto span = parse_span_id(text.substr(kParentAt, kSpanDigits));
  if (!context || !span || *span == 0) return std::nullopt;
  context->span = *span;
  context->is_sampled = (*flags & kSampledFlag) != 0;
  return context;
}

std::string write_traceparent(const TraceContext& context) {
  std::string text;
  text.reserve(kTraceparentSize);
  text += "00-";
  append_hex(text, context.high);
  append_hex(text, context.low);
  text += '-';
  append_hex(text, context.span != 0 ? context.span : make_span_id());
  text += context.is_sampled ? "-01" : "-00";
  return text;
}

}  // namespace atelier
