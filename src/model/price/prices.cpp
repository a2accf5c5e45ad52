#include "model/price/prices.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.hpp"
#include "model/price/default_prices.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kFileBytesMax = 32 << 20;

}  // namespace

Result<std::string> read_price_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return fail_errno(errno, "cannot open the price table " + path);
  std::string text;
  for (;;) {
    constexpr std::size_t kPiece = 256 << 10;
    const std::size_t size = text.size();
    text.resize(size + kPiece);
    const ssize_t count = ::read(file.get(), text.data() + size, kPiece);
    if (count < 0 && errno == EINTR) {
      text.resize(size);
      continue;
    }
    if (count < 0) return fail_errno(errno, "cannot read the price table " + path);
    text.resize(size + static_cast<std::size_t>(count));
    if (count == 0) return text;
    if (text.size() > kFileBytesMax)
      return fail(ErrorCode::too_large,
                  fmt::format("the price table {} has more than {} MiB", path, kFileBytesMax >> 20));
  }
}

Prices::Prices() : table_(std::make_shared<const PriceTable>()) {}

Result<std::vector<std::string>> Prices::load(const std::vector<std::string>& paths) {
  PriceTable all = default_prices();
  for (const std::string& path : paths) {
    auto text = read_price_file(path);
    if (!text) return error_of(std::move(text));
    auto table = PriceTable::parse(*text);
    if (!table) {
      Error error = std::move(table).error();
      error.where = path;
      return std::unexpected(std::move(error));
    }
    all.overlay(std::move(*table));
  }
  std::vector<std::string> complaints = all.complaints();
  replace(std::move(all));
  return complaints;
}

void Prices::replace(PriceTable table) {
  auto next = std::make_shared<const PriceTable>(std::move(table));
  {
    const std::lock_guard lock(mutex_);
    table_.swap(next);
  }
  revision_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const PriceTable> Prices::table() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

std::shared_ptr<const ModelPrice> Prices::find(const PricedModel& model) const {
  auto table = this->table();
  const ModelPrice* price = table->find(model);
  if (price == nullptr) return nullptr;
  return {std::move(table), price};
}

}  // namespace atelier::model
