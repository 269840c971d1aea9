"""The databases of version 0.1.0, as SQLite recorded them when that version made them. Never edited."""

AUDIT = """
CREATE TABLE audit_event (idx INTEGER NOT NULL, time BIGINT NOT NULL, request_id VARCHAR NOT NULL,
  kind VARCHAR NOT NULL, subject VARCHAR NOT NULL, effect VARCHAR NOT NULL, sensitivity SMALLINT,
  leaf BLOB NOT NULL, event BLOB NOT NULL, PRIMARY KEY (idx));
CREATE INDEX audit_event_subject ON audit_event (subject, idx);
CREATE INDEX audit_event_request ON audit_event (request_id);
CREATE TABLE audit_node (level SMALLINT NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (level, idx)) WITHOUT ROWID;
CREATE TABLE audit_checkpoint (size INTEGER NOT NULL, note VARCHAR NOT NULL, PRIMARY KEY (size));
"""
HISTORY = """
CREATE TABLE history_labels (id INTEGER NOT NULL, digest BLOB NOT NULL, label TEXT NOT NULL, PRIMARY KEY (id),
  UNIQUE (digest));
CREATE TABLE history_shown (subject VARCHAR(255) NOT NULL, session VARCHAR(255) NOT NULL, label TEXT NOT NULL,
  seen FLOAT NOT NULL, PRIMARY KEY (subject, session));
CREATE INDEX ix_history_shown_seen ON history_shown (seen);
CREATE TABLE history_marks (subject VARCHAR(255) NOT NULL, mark BLOB NOT NULL, label INTEGER NOT NULL,
  seen FLOAT NOT NULL, PRIMARY KEY (subject, mark, label),
  FOREIGN KEY(label) REFERENCES history_labels (id)) WITHOUT ROWID;
CREATE INDEX ix_history_marks_seen ON history_marks (seen);
"""
INDEX = """
CREATE TABLE index_meta (name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name));
CREATE TABLE index_documents (id TEXT NOT NULL, connector TEXT NOT NULL, item TEXT NOT NULL, title TEXT NOT NULL,
  collection TEXT NOT NULL, revision TEXT NOT NULL, digest TEXT NOT NULL, source_readers TEXT NOT NULL,
  label TEXT NOT NULL, review TEXT NOT NULL, held BOOLEAN NOT NULL, seen TEXT NOT NULL,
  accepted_kinds TEXT NOT NULL, evidence TEXT NOT NULL, problem TEXT NOT NULL, notes TEXT NOT NULL,
  ruling TEXT NOT NULL, ruled_readers TEXT NOT NULL, held_chunks TEXT NOT NULL, generation TEXT NOT NULL,
  master TEXT NOT NULL, wrapped BLOB NOT NULL, change INTEGER NOT NULL, PRIMARY KEY (id));
CREATE TABLE index_payloads (id TEXT NOT NULL, columns BLOB NOT NULL, texts BLOB NOT NULL, PRIMARY KEY (id));
"""
ALL = {"audit": AUDIT, "history": HISTORY, "index": INDEX}
