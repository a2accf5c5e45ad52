#include "store/sqlite/full_text.hpp"

#include <sqlite3.h>

#include <charconv>
#include <memory>
#include <string_view>
#include <vector>

namespace atelier::store::sqlite {
namespace {

// Robertson's, as SQLite's bm25() has them.
constexpr double kSaturation = 1.2, kLengthShare = 0.75;

fts5_api* full_text_of(sqlite3* connection) {
  fts5_api* api = nullptr;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(connection, "SELECT fts5(?1)", -1, &statement, nullptr) == SQLITE_OK) {
    sqlite3_bind_pointer(statement, 1, static_cast<void*>(&api), "fts5_api_ptr", nullptr);
    (void)sqlite3_step(statement);
  }
  sqlite3_finalize(statement);
  return api;
}

// What holds for a query: read once.
struct Query {
  std::vector<double> weights;
  std::vector<double> frequencies;  // of the row at hand
  double length_average = 1;
};

std::unique_ptr<Query> read_query(const Fts5ExtensionApi* api, Fts5Context* context, sqlite3_value* weights) {
  auto query = std::make_unique<Query>();
  const auto* begin = reinterpret_cast<const char*>(sqlite3_value_text(weights));
  const char* end = begin + sqlite3_value_bytes(weights);
  for (const char* at = begin; at != nullptr && at < end; ++at) {
    double weight = 0;
    const auto [stop, error] = std::from_chars(at, end, weight);
    if (error != std::errc()) break;
    query->weights.push_back(weight);
    at = stop;
  }
  query->weights.resize(static_cast<std::size_t>(api->xPhraseCount(context)), 1);
  query->frequencies.resize(query->weights.size());
  sqlite3_int64 row_count = 0, word_count = 0;
  if (api->xRowCount(context, &row_count) == SQLITE_OK &&
      api->xColumnTotalSize(context, -1, &word_count) == SQLITE_OK && row_count > 0 && word_count > 0)
    query->length_average = static_cast<double>(word_count) / static_cast<double>(row_count);
  return query;
}

void weighted_score(const Fts5ExtensionApi* api, Fts5Context* context, sqlite3_context* answer, int value_count,
                    sqlite3_value** values) {
  if (value_count != 1) return sqlite3_result_error(answer, "weighted_score takes the weights", -1);
  auto* query = static_cast<Query*>(api->xGetAuxdata(context, 0));
  if (query == nullptr) {
    query = read_query(api, context, values[0]).release();
    const int code = api->xSetAuxdata(context, query, [](void* owned) { delete static_cast<Query*>(owned); });
    if (code != SQLITE_OK) return sqlite3_result_error_code(answer, code);
  }
  std::fill(query->frequencies.begin(), query->frequencies.end(), 0.0);
  int instance_count = 0, length = 0;
  int code = api->xInstCount(context, &instance_count);
  for (int index = 0; code == SQLITE_OK && index < instance_count; ++index) {
    int phrase = 0, column = 0, offset = 0;
    code = api->xInst(context, index, &phrase, &column, &offset);
    if (code == SQLITE_OK) query->frequencies[static_cast<std::size_t>(phrase)] += 1;
  }
  if (code == SQLITE_OK) code = api->xColumnSize(context, -1, &length);
  if (code != SQLITE_OK) return sqlite3_result_error_code(answer, code);
  const double long_as = 1 - kLengthShare + kLengthShare * static_cast<double>(length) / query->length_average;
  double score = 0;
  for (std::size_t phrase = 0; phrase < query->weights.size(); ++phrase) {
    const double frequency = query->frequencies[phrase];
    score += query->weights[phrase] * frequency * (kSaturation + 1) / (frequency + kSaturation * long_as);
  }
  sqlite3_result_double(answer, score);
}

}  // namespace

fts5_api* full_text_of_process() {
  static fts5_api* const api = [] {
    sqlite3* connection = nullptr;
    return sqlite3_open(":memory:", &connection) == SQLITE_OK ? full_text_of(connection) : nullptr;
  }();
  return api;
}

Result<> add_weighted_score(sqlite3* connection) {
  fts5_api* api = full_text_of(connection);
  if (api == nullptr || api->xCreateFunction(api, "weighted_score", nullptr, weighted_score, nullptr) != SQLITE_OK)
    return fail(ErrorCode::internal, "this SQLite was built without full-text search (FTS5)");
  return {};
}

}  // namespace atelier::store::sqlite
