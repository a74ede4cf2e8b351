-- A queue as version 1 wrote it: a cluster that is over, and one that was being run.
-- The queue: every job, and all that happened to it.  An index, never the truth about a
-- checkpoint: what a job restarts from is decided by the spool folders themselves.
CREATE TABLE clusters (
  cluster    INTEGER PRIMARY KEY AUTOINCREMENT,  -- a number is never given twice
  key        TEXT NOT NULL,                      -- the submit file, or folder and command
  created_ms INTEGER NOT NULL
);

CREATE INDEX clusters_by_key ON clusters (key, cluster);

CREATE TABLE jobs (
  cluster         INTEGER NOT NULL,
  proc            INTEGER NOT NULL,
  ad              TEXT NOT NULL,     -- as submitted
  state           TEXT NOT NULL,     -- JobState
  activation      INTEGER NOT NULL,  -- of its sandbox; 0 before the first
  next_checkpoint INTEGER NOT NULL,  -- failed ones use a number up, too
  last_checkpoint INTEGER,           -- newest spooled one
  crashes         INTEGER NOT NULL,  -- since the last spooled checkpoint
  evictions       INTEGER NOT NULL,  -- likewise
  completions     INTEGER NOT NULL,  -- ordinary exits
  exit_by_signal  INTEGER,           -- the last exit
  exit_value      INTEGER,
  hold_code       INTEGER,
  hold_subcode    INTEGER,
  hold_reason     TEXT,
  user_ms         INTEGER NOT NULL,  -- CPU time of all executions
  system_ms       INTEGER NOT NULL,
  sent_bytes      INTEGER NOT NULL,  -- by the job
  received_bytes  INTEGER NOT NULL,
  PRIMARY KEY (cluster, proc)
) WITHOUT ROWID;

CREATE TABLE events (
  cluster    INTEGER NOT NULL,
  proc       INTEGER NOT NULL,
  seq        INTEGER NOT NULL,
  activation INTEGER NOT NULL,
  time_ms    INTEGER NOT NULL,  -- since 1970
  mark       INTEGER,           -- Mark, for the accounts of wall time
  text       TEXT NOT NULL,     -- for people
  PRIMARY KEY (cluster, proc, seq)
) WITHOUT ROWID;

INSERT INTO clusters (key, created_ms) VALUES ('/home/u/old.sub', 7000), ('/home/u/sweep.sub', 8000);
INSERT INTO jobs (cluster, proc, ad, state, activation, next_checkpoint, last_checkpoint, crashes, evictions,
                  completions, exit_by_signal, exit_value, hold_code, hold_subcode, hold_reason,
                  user_ms, system_ms, sent_bytes, received_bytes) VALUES
  (1, 0, 'Arguments = "old"' || char(10) || 'ClusterId = 1' || char(10) || 'ProcId = 0' || char(10),
   'completed', 1, 2, 1, 0, 0, 1, 0, 3, NULL, NULL, NULL, 1500, 20, 300, 400),
  (2, 0, 'Arguments = "0"' || char(10) || 'ClusterId = 2' || char(10) || 'ProcId = 0' || char(10),
   'running', 3, 5, 4, 1, 2, 0, 1, 9, NULL, NULL, NULL, 90, 10, 100, 200),
  (2, 1, 'Arguments = "1"' || char(10) || 'ClusterId = 2' || char(10) || 'ProcId = 1' || char(10),
   'held', 1, 0, NULL, 0, 0, 0, NULL, NULL, 13, 2, 'no such file', 0, 0, 0, 0);
INSERT INTO events (cluster, proc, seq, activation, time_ms, mark, text) VALUES
  (2, 0, 1, 0, 8000, 0, 'submitted'),
  (2, 0, 2, 1, 8100, NULL, 'start: on slot1@host from the beginning');
PRAGMA user_version = 1;
