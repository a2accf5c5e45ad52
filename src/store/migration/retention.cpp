#include "store/migrations.hpp"

namespace atelier::store::migration {

// What finds the old: runs by when they ended, and topics by their last event that was trimmed.
const Migration kRetention{6, "retention", R"sql(
CREATE INDEX runs_by_end ON runs (ended_ms, owner, id) WHERE state <> 'running';
ALTER TABLE event_topics ADD COLUMN last_position INTEGER NOT NULL DEFAULT 0;
CREATE INDEX event_topics_by_age ON event_topics (last_position);
)sql"};

const Migration kThreadRetention{11, "thread retention", R"sql(
CREATE INDEX threads_by_last_use ON threads (used_ms) WHERE is_pinned = 0 AND deleted_ms IS NULL;
)sql"};

}  // namespace atelier::store::migration
