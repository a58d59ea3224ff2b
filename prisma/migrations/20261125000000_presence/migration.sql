-- Whether an account tells when it is online and when it was last seen, and whether it tells that it is typing. Both go both ways: who
-- does not tell is not told.
-- AlterTable
ALTER TABLE "users"
    ADD COLUMN "shares_presence" BOOLEAN NOT NULL DEFAULT true,
    ADD COLUMN "shares_typing" BOOLEAN NOT NULL DEFAULT true;

-- Who has a socket where. Nothing here outlives a crash of Postgres, which is right: the server processes write it again within seconds.
-- CreateTable
CREATE UNLOGGED TABLE "server_processes" (
    "process_id" UUID NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "server_processes_pkey" PRIMARY KEY ("process_id")
);

-- CreateTable
CREATE UNLOGGED TABLE "account_presence" (
    "user_id" UUID NOT NULL,
    "process_id" UUID NOT NULL,

    CONSTRAINT "account_presence_pkey" PRIMARY KEY ("user_id","process_id")
);

-- CreateIndex
CREATE INDEX "account_presence_process_id_idx" ON "account_presence"("process_id");

-- Of the accounts p_watched, those whose presence p_watcher may know: both share theirs, and they share a chat now. The one place that
-- decides it.
CREATE FUNCTION watchable_accounts(p_watcher uuid, p_watched uuid[]) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
  SELECT u.user_id
  FROM users w
  JOIN users u ON u.user_id = ANY (p_watched) AND u.user_id <> w.user_id AND u.shares_presence AND u.status = 'active'
  WHERE w.user_id = p_watcher AND w.shares_presence AND w.status = 'active'
    AND EXISTS (
      SELECT 1
      FROM chat_participants a
      JOIN chat_participants b ON b.chat_id = a.chat_id AND b.user_id = u.user_id AND b.left_seq IS NULL
      WHERE a.user_id = w.user_id AND a.left_seq IS NULL)
$$;

-- Tells every server process how these accounts stand: "account online", "account offline milliseconds" or "account hidden" for each.
CREATE FUNCTION notify_presence(p_user uuid[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_notify('parley_presence', e.lines)
  FROM (
    SELECT string_agg(x.line, ',' ORDER BY x.n) AS lines
    FROM (
      SELECT row_number() OVER (ORDER BY u.user_id) AS n, u.user_id || CASE
          WHEN NOT u.shares_presence OR u.status <> 'active' THEN ' hidden'
          WHEN EXISTS (SELECT 1 FROM account_presence a WHERE a.user_id = u.user_id) THEN ' online'
          ELSE ' offline' || coalesce(' ' || floor(extract(epoch FROM u.last_seen_at) * 1000)::bigint, '')
        END AS line
      FROM users u WHERE u.user_id = ANY (p_user)
    ) x
    GROUP BY (x.n - 1) / 100
    ORDER BY (x.n - 1) / 100
  ) e;
END $$;

-- Ends accounts' stays in processes. Who has none left was last seen at p_seen (the later of both, where something else saw it since), and
-- that is told. The caller holds the accounts' rows.
CREATE FUNCTION end_presence(p_user uuid[], p_process uuid[], p_seen timestamptz[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_user uuid[];
  v_seen timestamptz[];
  v_told uuid[];
BEGIN
  WITH ended AS (
    DELETE FROM account_presence a
    USING unnest(p_user, p_process, p_seen) AS x(user_id, process_id, seen_at)
    WHERE a.user_id = x.user_id AND a.process_id = x.process_id
    RETURNING a.user_id, x.seen_at)
  SELECT array_agg(e.user_id), array_agg(e.seen_at) INTO v_user, v_seen
  FROM (SELECT ended.user_id, max(ended.seen_at) AS seen_at FROM ended GROUP BY ended.user_id) e;
  WITH gone AS (
    UPDATE users u
    SET last_seen_at = CASE WHEN u.status = 'active' THEN greatest(u.last_seen_at, x.seen_at) END
    FROM unnest(v_user, v_seen) AS x(user_id, seen_at)
    WHERE u.user_id = x.user_id AND NOT EXISTS (SELECT 1 FROM account_presence a WHERE a.user_id = u.user_id)
    RETURNING u.user_id, u.shares_presence)
  SELECT array_agg(g.user_id) INTO v_told FROM gone g WHERE g.shares_presence;
  PERFORM notify_presence(v_told);
END $$;

-- What changed in a process: accounts that have a socket there, and accounts whose last one went so many milliseconds ago. Which of these
-- are changes of the account is decided over all processes, and those are told. Returns false, and does nothing, when the process is not
-- (or no longer) registered: it then has to register and name all its accounts.
-- The first statements wait for the accounts; those that judge have a NEW snapshot each (volatile function, READ COMMITTED). Do not merge
-- them. No account may be in both lists.
CREATE FUNCTION change_presence(p_process uuid, p_here uuid[], p_left uuid[], p_left_ms_ago bigint[]) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
DECLARE
  v_came uuid[];
BEGIN
  PERFORM 1 FROM server_processes p WHERE p.process_id = p_process FOR KEY SHARE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM 1 FROM users u WHERE u.user_id = ANY (p_here || p_left) ORDER BY u.user_id FOR NO KEY UPDATE;
  SELECT array_agg(u.user_id) INTO v_came
  FROM users u
  WHERE u.user_id = ANY (p_here) AND u.status = 'active' AND u.shares_presence
    AND NOT EXISTS (SELECT 1 FROM account_presence a WHERE a.user_id = u.user_id);
  INSERT INTO account_presence (user_id, process_id)
  SELECT u.user_id, p_process FROM users u WHERE u.user_id = ANY (p_here) AND u.status = 'active'
  ON CONFLICT DO NOTHING;
  PERFORM notify_presence(v_came);
  PERFORM end_presence(x.users, array_fill(p_process, ARRAY[cardinality(x.users)]), x.seen)
  FROM (
    SELECT array_agg(l.user_id) AS users, array_agg(now() - l.ms_ago * interval '1 millisecond') AS seen
    FROM unnest(p_left, p_left_ms_ago) AS l(user_id, ms_ago)
  ) x
  WHERE x.users IS NOT NULL;
  RETURN true;
END $$;

-- Ends the stays in processes that gave no sign of life any more, in the order in which change_presence() takes its rows.
CREATE FUNCTION sweep_presence() RETURNS void LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
DECLARE
  v_process uuid[];
BEGIN
  SELECT array_agg(x.process_id) INTO v_process
  FROM (SELECT p.process_id FROM server_processes p WHERE p.expires_at <= now() FOR UPDATE SKIP LOCKED) x;
  IF v_process IS NULL THEN
    RETURN;
  END IF;
  PERFORM 1 FROM users u
  WHERE u.user_id IN (SELECT a.user_id FROM account_presence a WHERE a.process_id = ANY (v_process))
  ORDER BY u.user_id FOR NO KEY UPDATE;
  PERFORM end_presence(x.users, x.processes, x.seen)
  FROM (
    SELECT array_agg(a.user_id) AS users, array_agg(a.process_id) AS processes, array_agg(p.seen_at) AS seen
    FROM account_presence a JOIN server_processes p ON p.process_id = a.process_id
    WHERE p.process_id = ANY (v_process)
  ) x
  WHERE x.users IS NOT NULL;
  DELETE FROM server_processes p WHERE p.process_id = ANY (v_process);
END $$;

-- Changes what an account shares; null leaves it as it is. Tells all its devices, and whoever watches it: for the last time where it
-- ends, how the account stands where it begins.
CREATE FUNCTION set_privacy(p_user uuid, p_shares_presence boolean, p_shares_typing boolean)
RETURNS TABLE (shares_presence boolean, shares_typing boolean) LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
#variable_conflict use_column
DECLARE
  v_before boolean;
BEGIN
  SELECT u.shares_presence INTO v_before FROM users u WHERE u.user_id = p_user FOR NO KEY UPDATE;
  RETURN QUERY
  UPDATE users u
  SET shares_presence = coalesce(p_shares_presence, u.shares_presence), shares_typing = coalesce(p_shares_typing, u.shares_typing)
  WHERE u.user_id = p_user
  RETURNING u.shares_presence, u.shares_typing;
  PERFORM pg_notify('parley_privacy', u.user_id || ' ' || u.shares_presence || ' ' || u.shares_typing) FROM users u WHERE u.user_id = p_user;
  IF v_before <> p_shares_presence THEN
    PERFORM notify_presence(ARRAY[p_user]);
  END IF;
END $$;
