// Range and conditional headers, parted by line feeds.
#include <cstdint>
#include <string_view>

#include "net/conditional.hpp"
#include "net/encoding.hpp"

using namespace atelier;
using namespace atelier::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint64_t file_bytes = static_cast<std::uint64_t>(data[0]) * data[1];
  std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto next = [&]() -> std::optional<std::string> {
    if (rest.empty()) return std::nullopt;
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    return std::string(line);
  };
  Conditions conditions;
  conditions.range = next();
  conditions.if_range = next();
  conditions.if_none_match = next();
  conditions.if_match = next();
  conditions.if_modified_since = next();
  conditions.if_unmodified_since = next();
  const Representation file{"\"abc\"", "Sun, 06 Nov 1994 08:49:37 GMT", file_bytes};
  (void)check_preconditions(conditions, file);
  const RangeAnswer answer = choose_range(conditions, file);
  ensure(answer.ranges.size() <= 4, "at most four ranges");
  ensure((answer.kind == RangeAnswer::Kind::partial) == !answer.ranges.empty(), "ranges belong to a partial answer");
  std::uint64_t after = 0;
  for (const ByteRange& range : answer.ranges) {
    ensure(range.first >= after && range.first <= range.last && range.last < file_bytes, "ranges rise within the file");
    after = range.last + 1;
  }
  (void)choose_coding(conditions.range.value_or(""), true, true);
  return 0;
}
