#include "store/migrations.hpp"

namespace atelier::store::migration {

// What shows or uses an asset: messages and productions, whose JSON names it. Triggers note what may name others now
// (JSON itself cannot be read in a schema), so that no writer can forget it; studio/library follows and keeps
// asset_uses. What was read is deleted, and its position never given again:
// two who follow at once take nothing from each other.
const Migration kAssetUses{20, "asset uses", R"sql(
CREATE TABLE asset_uses (
  asset TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('thread', 'production')),
  subject TEXT NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (asset, kind, subject, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_uses_by_subject ON asset_uses (kind, subject, number);
CREATE TABLE asset_use_changes (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  number INTEGER NOT NULL
) STRICT;
CREATE TRIGGER message_assets_added AFTER INSERT ON message_texts WHEN instr(new.parts, '"asset_id"') > 0 BEGIN
  INSERT INTO asset_use_changes (kind, subject, number) VALUES ('thread', new.thread, new.number);
END;
CREATE TRIGGER message_assets_changed AFTER UPDATE OF parts ON message_texts
  WHEN old.parts <> new.parts AND instr(old.parts || new.parts, '"asset_id"') > 0 BEGIN
  INSERT INTO asset_use_changes (kind, subject, number) VALUES ('thread', new.thread, new.number);
END;
CREATE TRIGGER message_assets_deleted AFTER DELETE ON message_texts WHEN instr(old.parts, '"asset_id"') > 0 BEGIN
  INSERT INTO asset_use_changes (kind, subject, number) VALUES ('thread', old.thread, old.number);
END;
CREATE TRIGGER production_assets_added AFTER INSERT ON productions WHEN instr(new.document, '"asset_id"') > 0 BEGIN
  INSERT INTO asset_use_changes (kind, subject, number) VALUES ('production', new.id, 0);
END;
CREATE TRIGGER production_assets_changed AFTER UPDATE OF document, deleted_ms ON productions
  WHEN instr(old.document || new.document, '"asset_id"') > 0 BEGIN
  INSERT INTO asset_use_changes (kind, subject, number) VALUES ('production', new.id, 0);
END;
CREATE TRIGGER production_assets_deleted AFTER DELETE ON productions WHEN instr(old.document, '"asset_id"') > 0 BEGIN
  INSERT INTO asset_use_changes (kind, subject, number) VALUES ('production', old.id, 0);
END;
CREATE TRIGGER asset_uses_forgotten AFTER DELETE ON assets BEGIN
  DELETE FROM asset_uses WHERE asset = old.id;
END;
INSERT INTO asset_use_changes (kind, subject, number)
  SELECT 'thread', thread, number FROM message_texts WHERE instr(parts, '"asset_id"') > 0;
INSERT INTO asset_use_changes (kind, subject, number)
  SELECT 'production', id, 0 FROM productions WHERE deleted_ms IS NULL AND instr(document, '"asset_id"') > 0;
)sql"};

}  // namespace atelier::store::migration
