#include "store/migrations.hpp"

namespace atelier::store::migration {

// What happened in which trace (watch/trace/traces.hpp). A trace is read whole; lists are of entries alone, by time or
// by length; what is old is found by its beginning.
const Migration kTraces{11, "traces", R"sql(
CREATE TABLE trace_spans (
  trace TEXT NOT NULL,
  span TEXT NOT NULL,
  parent TEXT NOT NULL,
  name TEXT NOT NULL,
  kind INTEGER NOT NULL,
  is_entry INTEGER NOT NULL,
  began_us INTEGER NOT NULL,
  took_us INTEGER NOT NULL,
  fault TEXT NOT NULL,
  facts TEXT NOT NULL,
  PRIMARY KEY (trace, span)
) STRICT, WITHOUT ROWID;
CREATE INDEX trace_spans_by_age ON trace_spans (began_us);
CREATE INDEX trace_entries ON trace_spans (began_us) WHERE is_entry = 1;
)sql"};

}  // namespace atelier::store::migration
