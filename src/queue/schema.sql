-- The queue: every job, and all that happened to it.  An index, never the truth about a
-- checkpoint: what a job restarts from is decided by the spool folders themselves.
CREATE TABLE IF NOT EXISTS clusters (
  cluster    INTEGER PRIMARY KEY AUTOINCREMENT,  -- a number is never given twice
  key        TEXT NOT NULL,                      -- the submit file, or folder and command
  created_ms INTEGER NOT NULL,
  runner     TEXT NOT NULL DEFAULT 'run',        -- who runs its jobs: run, engine, or a pool
  pool_id    TEXT,                               -- its number in that pool
  name       TEXT,                               -- for people: the batch name
  ad         TEXT NOT NULL DEFAULT ''            -- what the ads of its jobs have in common
);

CREATE INDEX IF NOT EXISTS clusters_by_key ON clusters (key, cluster);

CREATE TABLE IF NOT EXISTS jobs (
  cluster         INTEGER NOT NULL,
  proc            INTEGER NOT NULL,
  ad              TEXT NOT NULL,     -- as submitted, without what its cluster's ad says
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
  live            TEXT NOT NULL DEFAULT '',     -- attributes that the job's life changed
  wish            INTEGER NOT NULL DEFAULT 0,   -- Wish: what is to become of it when it has left
  wish_reason     TEXT NOT NULL DEFAULT '',
  priority        INTEGER NOT NULL DEFAULT 0,   -- JobPrio
  request_cpus    INTEGER NOT NULL DEFAULT 1,
  request_memory_mb INTEGER NOT NULL DEFAULT 0,
  request_disk_kb INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (cluster, proc)
) WITHOUT ROWID;

-- For who counts and chooses by state: the rows themselves lie behind their ads.
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, cluster, proc);

CREATE TABLE IF NOT EXISTS events (
  cluster    INTEGER NOT NULL,
  proc       INTEGER NOT NULL,
  seq        INTEGER NOT NULL,
  activation INTEGER NOT NULL,
  time_ms    INTEGER NOT NULL,  -- since 1970
  mark       INTEGER,           -- Mark, for the accounts of wall time
  text       TEXT NOT NULL,     -- for people
  PRIMARY KEY (cluster, proc, seq)
) WITHOUT ROWID;
