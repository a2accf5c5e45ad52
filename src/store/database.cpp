#include "store/database.hpp"

#include "base/async.hpp"

namespace atelier::store {
namespace {

const std::string kEmptyText;
const Bytes kEmptyBytes;

}  // namespace

const Value& Rows::at(std::size_t row, std::size_t column) const {
  ensure(column < column_count_ && row < size(), "a row or column is read that the statement did not give");
  return values_[row * column_count_ + column];
}

bool Rows::is_null(std::size_t row, std::size_t column) const {
  return std::holds_alternative<std::monostate>(at(row, column));
}

std::int64_t Rows::integer(std::size_t row, std::size_t column) const {
  const Value& value = at(row, column);
  if (std::holds_alternative<std::monostate>(value)) return 0;
  const auto* integer = std::get_if<std::int64_t>(&value);
  ensure(integer != nullptr, "a column is read as an integer that holds none");
  return *integer;
}

double Rows::number(std::size_t row, std::size_t column) const {
  const Value& value = at(row, column);
  if (std::holds_alternative<std::monostate>(value)) return 0;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  const auto* number = std::get_if<double>(&value);
  ensure(number != nullptr, "a column is read as a number that holds none");
  return *number;
}

const std::string& Rows::text(std::size_t row, std::size_t column) const {
  const Value& value = at(row, column);
  if (std::holds_alternative<std::monostate>(value)) return kEmptyText;
  const auto* text = std::get_if<std::string>(&value);
  ensure(text != nullptr, "a column is read as text that holds none");
  return *text;
}

const Bytes& Rows::bytes(std::size_t row, std::size_t column) const {
  const Value& value = at(row, column);
  if (std::holds_alternative<std::monostate>(value)) return kEmptyBytes;
  const auto* blob = std::get_if<Blob>(&value);
  ensure(blob != nullptr, "a column is read as bytes that holds none");
  return blob->bytes;
}

Task<Result<Rows>> Database::read(Statement statement) {
  std::vector<Statement> batch;
  batch.push_back(std::move(statement));
  auto rows = co_await read_all(std::move(batch));
  if (!rows) co_return error_of(std::move(rows));
  co_return std::move(rows->front());
}

}  // namespace atelier::store
