-- CreateTable
CREATE TABLE "device_owners" (
    "device_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,

    CONSTRAINT "device_owners_pkey" PRIMARY KEY ("device_id")
);

-- CreateTable
CREATE TABLE "spent_prekeys" (
    "user_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "key_type" TEXT NOT NULL,
    "key_id" INTEGER NOT NULL,
    "spent_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "spent_prekeys_pkey" PRIMARY KEY ("user_id","device_id","key_type","key_id")
);

-- Storage. Rows that change all the time keep room for HOT updates and are vacuumed early; ciphertext does not compress.
ALTER TABLE "chats" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE "chat_participants" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE "device_cursors" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE "message_parts" SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0, autovacuum_vacuum_insert_scale_factor = 0.5);
ALTER TABLE "one_time_prekeys" SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500);
ALTER TABLE "messages" ALTER COLUMN "encrypted_content" SET STORAGE EXTERNAL;
ALTER TABLE "message_parts" ALTER COLUMN "ciphertext" SET STORAGE EXTERNAL;

-- A chat's control and manifest entries, however long its log.
CREATE INDEX "messages_statements_idx" ON "messages" ("chat_id", "seq") WHERE "kind" IN (2, 3);

-- What no fault of the program may store.
ALTER TABLE "users"
    ADD CONSTRAINT "users_username_check" CHECK ("username" ~ '^[a-z0-9._]{3,32}$'),
    ADD CONSTRAINT "users_phone_number_check" CHECK ("phone_number" IS NULL),
    ADD CONSTRAINT "users_account_key_check" CHECK (octet_length("account_key") = 32),
    ADD CONSTRAINT "users_status_check" CHECK ("status" IN ('active', 'suspended', 'deleted'));
ALTER TABLE "devices"
    ADD CONSTRAINT "devices_identity_key_check" CHECK (octet_length("identity_key") = 33);
ALTER TABLE "device_manifests"
    ADD CONSTRAINT "device_manifests_place_check" CHECK ("generation" >= 1 AND "version" >= 1),
    ADD CONSTRAINT "device_manifests_size_check" CHECK (octet_length("manifest") BETWEEN 1 AND 8192),
    ADD CONSTRAINT "device_manifests_signature_check" CHECK (octet_length("signature") = 64 AND octet_length("recovery_signature") = 64),
    ADD CONSTRAINT "device_manifests_previous_hash_check" CHECK (octet_length("previous_hash") = 32);
ALTER TABLE "encryption_keys"
    ADD CONSTRAINT "encryption_keys_check" CHECK (
        octet_length("signature") = 64
        AND (("key_type" = 'signed_prekey' AND octet_length("public_key") = 33)
            OR ("key_type" = 'kem_last_resort' AND octet_length("public_key") = 1569)));
ALTER TABLE "one_time_prekeys"
    ADD CONSTRAINT "one_time_prekeys_check" CHECK (
        ("key_type" = 'ec' AND octet_length("public_key") = 33 AND "signature" IS NULL)
        OR ("key_type" = 'kem' AND octet_length("public_key") = 1569 AND "signature" IS NOT NULL AND octet_length("signature") = 64));
ALTER TABLE "chats"
    ADD CONSTRAINT "chats_chat_type_check" CHECK ("chat_type" IN (1, 2)),
    ADD CONSTRAINT "chats_seq_check" CHECK ("floor_seq" BETWEEN 0 AND "last_seq" AND "audience_seq" BETWEEN 0 AND "last_seq");
ALTER TABLE "chat_participants"
    ADD CONSTRAINT "chat_participants_role_check" CHECK ("role" IN ('owner', 'admin', 'member')),
    ADD CONSTRAINT "chat_participants_seq_check" CHECK ("joined_seq" >= 0 AND "left_seq" >= "joined_seq"),
    ADD CONSTRAINT "chat_participants_watermark_check" CHECK ("read_seq" BETWEEN 0 AND "delivered_seq");
ALTER TABLE "messages"
    ADD CONSTRAINT "messages_seq_check" CHECK ("seq" >= 1),
    ADD CONSTRAINT "messages_kind_check" CHECK ("kind" BETWEEN 1 AND 4 AND ("statement" IS NOT NULL) = ("kind" IN (2, 3))),
    ADD CONSTRAINT "messages_size_check" CHECK (octet_length("statement") <= 65536 AND octet_length("encrypted_content") <= 65536);
ALTER TABLE "message_parts"
    ADD CONSTRAINT "message_parts_seq_check" CHECK ("seq" >= 1),
    ADD CONSTRAINT "message_parts_size_check" CHECK (octet_length("ciphertext") BETWEEN 1 AND 65536);
ALTER TABLE "device_cursors"
    ADD CONSTRAINT "device_cursors_seq_check" CHECK ("start_seq" >= 0 AND "acknowledged_seq" >= "start_seq" AND "send_counter" >= 0);

-- Tells every server process which entries are new; it arrives with the commit. One payload may hold 8,000 bytes at most.
CREATE FUNCTION notify_entries(p_chat uuid[], p_seq bigint[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_notify('parley_entries', e.pairs)
  FROM (
    SELECT string_agg(x.chat_id || ' ' || x.seq, ',' ORDER BY x.n) AS pairs
    FROM unnest(p_chat, p_seq) WITH ORDINALITY AS x(chat_id, seq, n)
    GROUP BY (x.n - 1) / 100
    ORDER BY (x.n - 1) / 100
  ) e;
END $$;

-- Tells every server process which watermarks rose, and whom that concerns: "chat account delivered read member…" for each.
CREATE FUNCTION notify_watermarks(p_line text[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_notify('parley_watermarks', e.lines)
  FROM (
    SELECT string_agg(x.line, ',' ORDER BY x.n) AS lines
    FROM unnest(p_line) WITH ORDINALITY AS x(line, n)
    GROUP BY (x.n - 1) / 40
    ORDER BY (x.n - 1) / 40
  ) e;
END $$;

-- Tells every server process which session ended, whatever ended it: its sockets must not outlive it in any of them.
CREATE FUNCTION notify_ended_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('parley_ended_sessions', OLD.session_id);
  RETURN NULL;
END $$;
CREATE TRIGGER "sessions_ended" AFTER DELETE ON "sessions" FOR EACH ROW EXECUTE FUNCTION notify_ended_session();

-- Takes entries of many calls at once, locks their chats in id order, judges each, and writes those that are accepted.
-- Outcomes: 0 accepted, 1 known already (same device; answered with its seq), 2 not a member, 3 stale audience, 4 device revoked,
-- 5 messageId of another device, 6 held back: an earlier entry of the same call and chat was refused for good, so this one may be sent again.
-- The first statement waits for the chats; the one that judges has a NEW snapshot (volatile function, READ COMMITTED) and so sees
-- whatever the previous holder of each lock committed. Do not merge them. No pair (chat, messageId) may occur twice in one call.
CREATE FUNCTION send_entries(
  p_call integer[], p_chat uuid[], p_message uuid[], p_user uuid[], p_device uuid[], p_kind smallint[], p_audience bigint[],
  p_counter bigint[], p_body bytea[], p_part_of integer[], p_part_device uuid[], p_part bytea[])
RETURNS TABLE (ord integer, outcome integer, seq bigint, sent_at timestamptz, audience_seq bigint)
LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz;
  v_row record;
  v_chats uuid[] := '{}';
  v_seqs bigint[] := '{}';
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'send_entries needs READ COMMITTED';
  END IF;
  PERFORM 1 FROM chats c WHERE c.chat_id = ANY (p_chat) ORDER BY c.chat_id FOR NO KEY UPDATE;
  -- In the order in which acknowledge() takes them.
  PERFORM 1 FROM device_cursors k
    JOIN (SELECT DISTINCT x.chat_id, x.device_id FROM unnest(p_chat, p_device) AS x(chat_id, device_id)) x USING (chat_id, device_id)
    ORDER BY k.chat_id, k.device_id FOR NO KEY UPDATE OF k;
  v_now := date_trunc('milliseconds', clock_timestamp());
  FOR v_row IN
    WITH req AS (
      SELECT r.* FROM unnest(p_call, p_chat, p_message, p_user, p_device, p_kind, p_audience, p_counter, p_body) WITH ORDINALITY
        AS r(call, chat_id, message_id, user_id, device_id, kind, audience, counter, body, ord)
    ), judged AS (
      SELECT r.*, c.last_seq, c.audience_seq AS current_audience, m.seq AS old_seq, m.timestamp AS old_at,
        CASE WHEN m.seq IS NOT NULL AND m.sender_device_id = r.device_id THEN 1
             WHEN m.seq IS NOT NULL THEN 5
             WHEN d.device_id IS NULL THEN 4
             WHEN c.chat_id IS NULL OR u.user_id IS NULL OR k.device_id IS NULL THEN 2
             WHEN r.audience <> c.audience_seq THEN 3
             ELSE 0 END AS verdict
      FROM req r
      LEFT JOIN chats c ON c.chat_id = r.chat_id
      LEFT JOIN chat_participants u ON u.chat_id = r.chat_id AND u.user_id = r.user_id AND u.left_seq IS NULL
      LEFT JOIN devices d ON d.user_id = r.user_id AND d.device_id = r.device_id AND d.revoked_at IS NULL
      LEFT JOIN device_cursors k ON k.chat_id = r.chat_id AND k.device_id = r.device_id
      LEFT JOIN messages m ON m.chat_id = r.chat_id AND m.message_id = r.message_id
    ), refused AS (
      SELECT DISTINCT ON (call, chat_id) call, chat_id, ord AS refused_ord, verdict AS refused_as
      FROM judged WHERE verdict > 1 ORDER BY call, chat_id, ord
    ), chained AS (
      SELECT j.*, CASE WHEN j.verdict = 0 AND j.ord > f.refused_ord THEN CASE f.refused_as WHEN 5 THEN 6 ELSE f.refused_as END ELSE j.verdict END AS what
      FROM judged j LEFT JOIN refused f ON f.call = j.call AND f.chat_id = j.chat_id
    ), numbered AS (
      SELECT c.*, CASE WHEN what = 0 THEN last_seq + count(*) FILTER (WHERE what = 0) OVER (PARTITION BY chat_id ORDER BY ord) END AS new_seq
      FROM chained c
    ), inserted AS (
      INSERT INTO messages (chat_id, seq, message_id, sender_id, sender_device_id, kind, encrypted_content, timestamp)
      SELECT chat_id, new_seq, message_id, user_id, device_id, kind, body, v_now FROM numbered WHERE what = 0
    ), parted AS (
      -- Only for devices of the audience; whatever else a client names is dropped.
      INSERT INTO message_parts (chat_id, device_id, seq, ciphertext)
      SELECT n.chat_id, x.device_id, n.new_seq, x.part
      FROM unnest(p_part_of, p_part_device, p_part) AS x(part_of, device_id, part)
      JOIN numbered n ON n.ord = x.part_of AND n.what = 0 AND n.device_id <> x.device_id
      JOIN device_cursors k ON k.chat_id = n.chat_id AND k.device_id = x.device_id AND k.start_seq < n.new_seq
      ON CONFLICT DO NOTHING
    ), counted AS (
      UPDATE device_cursors k SET send_counter = n.top
      FROM (SELECT chat_id, device_id, max(counter) AS top FROM numbered WHERE what = 0 GROUP BY chat_id, device_id) n
      WHERE k.chat_id = n.chat_id AND k.device_id = n.device_id AND k.send_counter < n.top
    ), raised AS (
      UPDATE chats c SET last_seq = n.top, last_message_at = CASE WHEN n.shown THEN v_now ELSE c.last_message_at END
      FROM (SELECT chat_id, max(new_seq) AS top, bool_or(kind = 1) AS shown FROM numbered WHERE what = 0 GROUP BY chat_id) n
      WHERE c.chat_id = n.chat_id
    )
    SELECT n.ord, n.chat_id, n.what, coalesce(n.old_seq, n.new_seq) AS at_seq, coalesce(n.old_at, v_now) AS at_time, n.current_audience
    FROM numbered n ORDER BY n.ord
  LOOP
    ord := v_row.ord;
    outcome := v_row.what;
    seq := v_row.at_seq;
    sent_at := v_row.at_time;
    audience_seq := v_row.current_audience;
    IF v_row.what = 0 THEN
      v_chats := v_chats || v_row.chat_id;
      v_seqs := v_seqs || v_row.at_seq;
    END IF;
    RETURN NEXT;
  END LOOP;
  PERFORM notify_entries(v_chats, v_seqs);
END $$;

-- Raises what devices stored and people saw, deletes the parts that are no longer needed, and tells the watermarks that rose: to both
-- members of an individual chat, else to the account itself. Rows are taken in key order; nothing is lowered, nothing above the log's end
-- is believed.
CREATE FUNCTION acknowledge(p_chat uuid[], p_user uuid[], p_device uuid[], p_delivered bigint[], p_read bigint[])
RETURNS void LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
DECLARE
  v_risen text[];
BEGIN
  -- A lost acknowledgement costs a repeated pull, never a message.
  PERFORM set_config('synchronous_commit', 'off', true);
  PERFORM 1 FROM device_cursors k
    JOIN (SELECT DISTINCT x.chat_id, x.device_id FROM unnest(p_chat, p_device) AS x(chat_id, device_id)) x USING (chat_id, device_id)
    ORDER BY k.chat_id, k.device_id FOR NO KEY UPDATE OF k;
  WITH asked AS (
    SELECT x.chat_id, x.device_id, x.user_id, max(coalesce(x.delivered, 0)) AS delivered
    FROM unnest(p_chat, p_device, p_user, p_delivered) AS x(chat_id, device_id, user_id, delivered) GROUP BY 1, 2, 3
  ), stored AS (
    UPDATE device_cursors k SET acknowledged_seq = least(a.delivered, t.left_seq, c.last_seq)
    FROM asked a JOIN chats c ON c.chat_id = a.chat_id JOIN chat_participants t ON t.chat_id = a.chat_id AND t.user_id = a.user_id
    WHERE k.chat_id = a.chat_id AND k.device_id = a.device_id AND least(a.delivered, t.left_seq, c.last_seq) > k.acknowledged_seq
    RETURNING k.chat_id, k.device_id, k.acknowledged_seq
  )
  DELETE FROM message_parts p USING stored s WHERE p.chat_id = s.chat_id AND p.device_id = s.device_id AND p.seq <= s.acknowledged_seq;
  PERFORM 1 FROM chat_participants t
    JOIN (SELECT DISTINCT x.chat_id, x.user_id FROM unnest(p_chat, p_user) AS x(chat_id, user_id)) x USING (chat_id, user_id)
    ORDER BY t.chat_id, t.user_id FOR NO KEY UPDATE OF t;
  WITH asked AS (
    SELECT x.chat_id, x.user_id, max(coalesce(x.delivered, 0)) AS delivered, max(coalesce(x.read, 0)) AS read
    -- A device that was revoked has no cursor and says nothing any more.
    FROM unnest(p_chat, p_device, p_user, p_delivered, p_read) AS x(chat_id, device_id, user_id, delivered, read)
    JOIN device_cursors k ON k.chat_id = x.chat_id AND k.device_id = x.device_id
    GROUP BY 1, 2
  ), wanted AS (
    SELECT t.chat_id, t.user_id, c.chat_type,
      greatest(t.delivered_seq, least(greatest(a.delivered, a.read), t.left_seq, c.last_seq)) AS delivered,
      greatest(t.read_seq, least(a.read, t.left_seq, c.last_seq)) AS read
    FROM asked a JOIN chat_participants t ON t.chat_id = a.chat_id AND t.user_id = a.user_id JOIN chats c ON c.chat_id = a.chat_id
  ), risen AS (
    UPDATE chat_participants t SET delivered_seq = w.delivered, read_seq = w.read FROM wanted w
    WHERE t.chat_id = w.chat_id AND t.user_id = w.user_id AND (w.delivered > t.delivered_seq OR w.read > t.read_seq)
    RETURNING t.chat_id, t.user_id, t.delivered_seq, t.read_seq, w.chat_type
  )
  SELECT array_agg(concat_ws(' ', r.chat_id, r.user_id, r.delivered_seq, r.read_seq,
    CASE WHEN r.chat_type = 1 THEN (SELECT string_agg(t.user_id::text, ' ') FROM chat_participants t WHERE t.chat_id = r.chat_id)
      ELSE r.user_id::text END))
  INTO v_risen FROM risen r;
  PERFORM notify_watermarks(v_risen);
END $$;

-- Stores prekeys of a device that is not revoked: keys whose ids were used before are left alone. `p_replace` withdraws the one-time
-- keys that are not in the upload. Returns false if there is no such device; raises check_violation above p_most keys of a type.
CREATE FUNCTION store_prekeys(
  p_user uuid, p_device uuid, p_replace boolean, p_most_ec integer, p_most_kem integer,
  p_type text[], p_id integer[], p_key bytea[], p_signature bytea[], p_created timestamptz[])
RETURNS boolean LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
BEGIN
  -- Waits for claims under way (they hold the row FOR KEY SHARE), so that the next statement sees what they spent.
  PERFORM 1 FROM devices d WHERE d.user_id = p_user AND d.device_id = p_device AND d.revoked_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF p_replace THEN
    WITH withdrawn AS (
      DELETE FROM one_time_prekeys k WHERE k.user_id = p_user AND k.device_id = p_device
        AND NOT EXISTS (SELECT 1 FROM unnest(p_type, p_id) AS x(key_type, key_id) WHERE x.key_type = k.key_type AND x.key_id = k.key_id)
      RETURNING k.key_type, k.key_id)
    INSERT INTO spent_prekeys (user_id, device_id, key_type, key_id)
    SELECT p_user, p_device, w.key_type, w.key_id FROM withdrawn w ON CONFLICT DO NOTHING;
  END IF;
  INSERT INTO one_time_prekeys (user_id, device_id, key_type, key_id, public_key, signature, created_at)
  SELECT p_user, p_device, x.key_type, x.key_id, x.key, x.signature, x.created
  FROM unnest(p_type, p_id, p_key, p_signature, p_created) AS x(key_type, key_id, key, signature, created)
  WHERE x.key_type IN ('ec', 'kem') AND NOT EXISTS (
    SELECT 1 FROM spent_prekeys s
    WHERE s.user_id = p_user AND s.device_id = p_device AND s.key_type = x.key_type AND s.key_id = x.key_id)
  ON CONFLICT DO NOTHING;
  -- The last upload counts, not the latest date: a device's clock may have been wrong.
  WITH fresh AS (
    SELECT x.* FROM unnest(p_type, p_id, p_key, p_signature, p_created) AS x(key_type, key_id, key, signature, created)
    WHERE x.key_type IN ('signed_prekey', 'kem_last_resort')
      AND NOT EXISTS (
        SELECT 1 FROM spent_prekeys s
        WHERE s.user_id = p_user AND s.device_id = p_device AND s.key_type = x.key_type AND s.key_id = x.key_id)
      AND NOT EXISTS (
        SELECT 1 FROM encryption_keys k
        WHERE k.user_id = p_user AND k.device_id = p_device AND k.key_type = x.key_type AND k.key_id = x.key_id)
  ), replaced AS (
    DELETE FROM encryption_keys k USING fresh f WHERE k.user_id = p_user AND k.device_id = p_device AND k.key_type = f.key_type
    RETURNING k.key_type, k.key_id
  ), spent AS (
    INSERT INTO spent_prekeys (user_id, device_id, key_type, key_id) SELECT p_user, p_device, r.key_type, r.key_id FROM replaced r
  )
  INSERT INTO encryption_keys (user_id, device_id, key_type, key_id, public_key, signature, created_at, expires_at)
  SELECT p_user, p_device, f.key_type, f.key_id, f.key, f.signature, f.created, f.created + interval '37 days' FROM fresh f;
  IF EXISTS (
    SELECT 1 FROM one_time_prekeys k WHERE k.user_id = p_user AND k.device_id = p_device
    GROUP BY k.key_type HAVING count(*) > CASE k.key_type WHEN 'ec' THEN p_most_ec ELSE p_most_kem END
  ) THEN
    RAISE EXCEPTION 'too many one-time prekeys' USING ERRCODE = 'check_violation';
  END IF;
  RETURN true;
END $$;

-- One bundle per device that is not revoked and has its lasting keys; with one-time keys where p_one_time says so and some are left.
-- Each one-time key leaves the table once; SKIP LOCKED spreads those who claim at the same time.
CREATE FUNCTION claim_prekeys(p_user uuid, p_device uuid[], p_one_time boolean[])
RETURNS TABLE (
  device_id uuid, signed_id integer, signed_key bytea, signed_signature bytea, signed_created timestamptz,
  ec_id integer, ec_key bytea, kem_id integer, kem_key bytea, kem_signature bytea, kem_created timestamptz, kem_is_last_resort boolean)
LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
#variable_conflict use_column
DECLARE
  v_one_time boolean;
BEGIN
  FOR device_id, v_one_time IN
    SELECT d.device_id, x.one_time FROM (SELECT a.device_id, bool_and(a.one_time) AS one_time FROM unnest(p_device, p_one_time) AS a(device_id, one_time) GROUP BY 1) x
    JOIN devices d ON d.user_id = p_user AND d.device_id = x.device_id AND d.revoked_at IS NULL
    ORDER BY d.device_id FOR KEY SHARE OF d
  LOOP
    SELECT k.key_id, k.public_key, k.signature, k.created_at INTO signed_id, signed_key, signed_signature, signed_created
      FROM encryption_keys k WHERE k.user_id = p_user AND k.device_id = claim_prekeys.device_id AND k.key_type = 'signed_prekey';
    CONTINUE WHEN NOT FOUND;
    SELECT k.key_id, k.public_key, k.signature, k.created_at, true INTO kem_id, kem_key, kem_signature, kem_created, kem_is_last_resort
      FROM encryption_keys k WHERE k.user_id = p_user AND k.device_id = claim_prekeys.device_id AND k.key_type = 'kem_last_resort';
    CONTINUE WHEN NOT FOUND;
    ec_id := NULL;
    ec_key := NULL;
    IF v_one_time THEN
      WITH claimed AS (
        DELETE FROM one_time_prekeys k WHERE (k.user_id, k.device_id, k.key_type, k.key_id) = (
          SELECT x.user_id, x.device_id, x.key_type, x.key_id FROM one_time_prekeys x
          WHERE x.user_id = p_user AND x.device_id = claim_prekeys.device_id AND x.key_type = 'ec'
          ORDER BY x.key_id LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING k.key_id, k.public_key
      ), spent AS (
        INSERT INTO spent_prekeys (user_id, device_id, key_type, key_id) SELECT p_user, claim_prekeys.device_id, 'ec', c.key_id FROM claimed c
      )
      SELECT c.key_id, c.public_key INTO ec_id, ec_key FROM claimed c;
      WITH claimed AS (
        DELETE FROM one_time_prekeys k WHERE (k.user_id, k.device_id, k.key_type, k.key_id) = (
          SELECT x.user_id, x.device_id, x.key_type, x.key_id FROM one_time_prekeys x
          WHERE x.user_id = p_user AND x.device_id = claim_prekeys.device_id AND x.key_type = 'kem'
          ORDER BY x.key_id LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING k.key_id, k.public_key, k.signature, k.created_at
      ), spent AS (
        INSERT INTO spent_prekeys (user_id, device_id, key_type, key_id) SELECT p_user, claim_prekeys.device_id, 'kem', c.key_id FROM claimed c
      )
      SELECT c.key_id, c.public_key, c.signature, c.created_at, false
        FROM claimed c UNION ALL SELECT kem_id, kem_key, kem_signature, kem_created, true LIMIT 1
        INTO kem_id, kem_key, kem_signature, kem_created, kem_is_last_resort;
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;

-- Ends devices: nothing more can be sent by or to them. The caller holds the account's row and the locks of its chats.
CREATE FUNCTION revoke_devices(p_user uuid, p_device uuid[]) RETURNS text[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_sessions text[];
BEGIN
  UPDATE devices d SET revoked_at = clock_timestamp() WHERE d.user_id = p_user AND d.device_id = ANY (p_device) AND d.revoked_at IS NULL;
  PERFORM 1 FROM device_cursors k WHERE k.device_id = ANY (p_device) ORDER BY k.chat_id, k.device_id FOR UPDATE;
  DELETE FROM message_parts p USING device_cursors k WHERE k.device_id = ANY (p_device) AND p.chat_id = k.chat_id AND p.device_id = k.device_id;
  DELETE FROM device_cursors k WHERE k.device_id = ANY (p_device);
  DELETE FROM one_time_prekeys k WHERE k.user_id = p_user AND k.device_id = ANY (p_device);
  DELETE FROM encryption_keys k WHERE k.user_id = p_user AND k.device_id = ANY (p_device);
  DELETE FROM spent_prekeys k WHERE k.user_id = p_user AND k.device_id = ANY (p_device);
  WITH ended AS (DELETE FROM sessions s WHERE s.user_id = p_user AND s.device_id = ANY (p_device) RETURNING s.session_id)
  SELECT coalesce(array_agg(e.session_id), '{}') INTO v_sessions FROM ended e;
  RETURN v_sessions;
END $$;

-- Ends all devices of an account. Returns the sessions that ended with them.
CREATE FUNCTION revoke_all_devices(p_user uuid) RETURNS text[] LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
BEGIN
  PERFORM 1 FROM users u WHERE u.user_id = p_user FOR NO KEY UPDATE;
  PERFORM 1 FROM chats c WHERE c.chat_id IN (SELECT t.chat_id FROM chat_participants t WHERE t.user_id = p_user)
    ORDER BY c.chat_id FOR NO KEY UPDATE;
  RETURN revoke_devices(p_user, ARRAY(SELECT d.device_id FROM devices d WHERE d.user_id = p_user AND d.revoked_at IS NULL));
END $$;

-- Deletes what the server has of an account but its name, its manifests and the entries it wrote. If it was the only administrator, the
-- oldest active account becomes one: nobody can name a successor, and a server with accounts must not be without. Returns the sessions
-- that ended.
CREATE FUNCTION delete_account(p_user uuid) RETURNS text[] LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
DECLARE
  v_heir uuid;
  v_sessions text[];
  v_others text[];
BEGIN
  -- One deletion at a time, and no sign-up beside it: both look at who else is there.
  PERFORM pg_advisory_xact_lock(hashtext('parley sign-up'));
  IF EXISTS (SELECT 1 FROM users u WHERE u.user_id = p_user AND u.is_admin)
    AND NOT EXISTS (SELECT 1 FROM users u WHERE u.user_id <> p_user AND u.is_admin AND u.status = 'active') THEN
    SELECT u.user_id INTO v_heir FROM users u WHERE u.user_id <> p_user AND u.status = 'active' ORDER BY u.created_at, u.user_id LIMIT 1;
  END IF;
  -- In the order in which open_individual_chat() takes them, and before the chats, as in publish_manifest().
  PERFORM 1 FROM users u WHERE u.user_id IN (p_user, v_heir) ORDER BY u.user_id FOR NO KEY UPDATE;
  UPDATE users u SET status = 'deleted', is_admin = false, last_seen_at = NULL WHERE u.user_id = p_user;
  UPDATE users u SET is_admin = true WHERE u.user_id = v_heir;
  v_sessions := revoke_all_devices(p_user);
  -- Claims under way hold these rows, in this order.
  PERFORM 1 FROM devices d WHERE d.user_id = p_user ORDER BY d.device_id FOR UPDATE;
  DELETE FROM devices d WHERE d.user_id = p_user;
  DELETE FROM credentials c WHERE c.user_id = p_user;
  WITH ended AS (DELETE FROM sessions s WHERE s.user_id = p_user RETURNING s.session_id)
  SELECT array_agg(e.session_id) INTO v_others FROM ended e;
  RETURN v_sessions || coalesce(v_others, '{}');
END $$;

-- Accepts a manifest that was judged against the one at (p_after_generation, p_after_version), 0 and 0 for none: writes it, tells it to
-- each of the account's chats, adds the new device (with its prekeys), revokes those that the manifest no longer lists.
-- Outcomes: published; stale (another manifest came first); not_active; device_taken (the id is or was some device's);
-- not_a_device (the publishing device was revoked meanwhile).
CREATE FUNCTION publish_manifest(
  p_user uuid, p_session text, p_publisher uuid, p_after_generation integer, p_after_version integer,
  p_generation integer, p_version integer, p_manifest bytea, p_signature bytea, p_recovery_signature bytea, p_previous_hash bytea,
  p_account_key bytea, p_statement bytea, p_devices uuid[], p_self_chat uuid,
  p_new_device uuid, p_new_identity_key bytea, p_most_ec integer, p_most_kem integer,
  p_key_type text[], p_key_id integer[], p_key bytea[], p_key_signature bytea[], p_key_created timestamptz[])
RETURNS TABLE (outcome text, revoked uuid[], ended_sessions text[])
LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
#variable_conflict use_column
DECLARE
  v_generation integer := 0;
  v_version integer := 0;
  v_now timestamptz;
  v_chats uuid[];
  v_seqs bigint[];
BEGIN
  PERFORM 1 FROM users u WHERE u.user_id = p_user AND u.status = 'active' FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'not_active'::text, NULL::uuid[], NULL::text[];
    RETURN;
  END IF;
  SELECT m.generation, m.version INTO v_generation, v_version
    FROM device_manifests m WHERE m.user_id = p_user ORDER BY m.generation DESC, m.version DESC LIMIT 1;
  IF coalesce(v_generation, 0) <> p_after_generation OR coalesce(v_version, 0) <> p_after_version THEN
    RETURN QUERY SELECT 'stale'::text, NULL::uuid[], NULL::text[];
    RETURN;
  END IF;
  IF p_new_device IS NULL THEN
    PERFORM 1 FROM devices d WHERE d.user_id = p_user AND d.device_id = p_publisher AND d.revoked_at IS NULL;
    IF NOT FOUND THEN
      RETURN QUERY SELECT 'not_a_device'::text, NULL::uuid[], NULL::text[];
      RETURN;
    END IF;
  ELSE
    INSERT INTO device_owners (device_id, user_id) VALUES (p_new_device, p_user) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      RETURN QUERY SELECT 'device_taken'::text, NULL::uuid[], NULL::text[];
      RETURN;
    END IF;
    INSERT INTO devices (user_id, device_id, identity_key, created_at) VALUES (p_user, p_new_device, p_new_identity_key, clock_timestamp());
    UPDATE sessions s SET device_id = p_new_device WHERE s.session_id = p_session AND s.user_id = p_user;
    PERFORM store_prekeys(p_user, p_new_device, false, p_most_ec, p_most_kem, p_key_type, p_key_id, p_key, p_key_signature, p_key_created);
  END IF;

  INSERT INTO device_manifests (user_id, generation, version, manifest, signature, recovery_signature, previous_hash, created_at)
  VALUES (p_user, p_generation, p_version, p_manifest, p_signature, p_recovery_signature, p_previous_hash, clock_timestamp());
  UPDATE users u SET account_key = p_account_key WHERE u.user_id = p_user AND u.account_key IS DISTINCT FROM p_account_key;
  INSERT INTO chats (chat_id, chat_type, created_at) VALUES (p_self_chat, 1, clock_timestamp()) ON CONFLICT DO NOTHING;
  INSERT INTO chat_participants (chat_id, user_id, joined_at) VALUES (p_self_chat, p_user, clock_timestamp()) ON CONFLICT DO NOTHING;

  PERFORM 1 FROM chats c WHERE c.chat_id IN (SELECT t.chat_id FROM chat_participants t WHERE t.user_id = p_user AND t.left_seq IS NULL)
    ORDER BY c.chat_id FOR NO KEY UPDATE;
  v_now := date_trunc('milliseconds', clock_timestamp());
  revoked := ARRAY(SELECT d.device_id FROM devices d WHERE d.user_id = p_user AND d.revoked_at IS NULL AND d.device_id <> ALL (p_devices));
  ended_sessions := revoke_devices(p_user, revoked);
  WITH raised AS (
    UPDATE chats c SET last_seq = c.last_seq + 1, audience_seq = c.last_seq + 1
    FROM chat_participants t WHERE t.user_id = p_user AND t.left_seq IS NULL AND c.chat_id = t.chat_id
    RETURNING c.chat_id, c.last_seq
  ), told AS (
    INSERT INTO messages (chat_id, seq, message_id, sender_id, sender_device_id, kind, statement, timestamp)
    SELECT r.chat_id, r.last_seq, gen_random_uuid(), p_user, p_publisher, 3, p_statement, v_now FROM raised r
  ), started AS (
    INSERT INTO device_cursors (chat_id, device_id, start_seq, acknowledged_seq)
    SELECT r.chat_id, p_new_device, r.last_seq, r.last_seq FROM raised r WHERE p_new_device IS NOT NULL
  )
  SELECT coalesce(array_agg(r.chat_id), '{}'), coalesce(array_agg(r.last_seq), '{}') INTO v_chats, v_seqs FROM raised r;
  PERFORM notify_entries(v_chats, v_seqs);
  outcome := 'published';
  RETURN NEXT;
END $$;

-- Opens the chat of two people whose newest manifests are the ones given, and tells them to its log.
-- Outcomes: opened, exists, not_found (one of them is no active account), stale (a manifest came meanwhile).
CREATE FUNCTION open_individual_chat(p_chat uuid, p_user uuid[], p_generation integer[], p_version integer[], p_statement bytea[])
RETURNS text LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
DECLARE
  v_count integer := cardinality(p_user);
BEGIN
  IF EXISTS (SELECT 1 FROM chats c WHERE c.chat_id = p_chat) THEN
    RETURN 'exists';
  END IF;
  -- Holds off new manifests of both; publish_manifest() takes these rows first, too.
  PERFORM 1 FROM users u WHERE u.user_id = ANY (p_user) ORDER BY u.user_id FOR SHARE;
  IF (SELECT count(*) FROM users u WHERE u.user_id = ANY (p_user) AND u.status = 'active') <> v_count THEN
    RETURN 'not_found';
  END IF;
  IF EXISTS (
    SELECT 1 FROM unnest(p_user, p_generation, p_version) AS x(user_id, generation, version)
    LEFT JOIN LATERAL (
      SELECT m.generation, m.version FROM device_manifests m WHERE m.user_id = x.user_id ORDER BY m.generation DESC, m.version DESC LIMIT 1) m ON true
    WHERE m.generation IS DISTINCT FROM x.generation OR m.version IS DISTINCT FROM x.version
  ) THEN
    RETURN 'stale';
  END IF;
  INSERT INTO chats (chat_id, chat_type, created_at, last_seq, audience_seq)
  VALUES (p_chat, 1, clock_timestamp(), v_count, v_count) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RETURN 'exists';
  END IF;
  INSERT INTO chat_participants (chat_id, user_id, joined_at) SELECT p_chat, x.user_id, clock_timestamp() FROM unnest(p_user) AS x(user_id);
  INSERT INTO device_cursors (chat_id, device_id, start_seq, acknowledged_seq)
  SELECT p_chat, d.device_id, 0, 0 FROM devices d WHERE d.user_id = ANY (p_user) AND d.revoked_at IS NULL;
  INSERT INTO messages (chat_id, seq, message_id, sender_id, sender_device_id, kind, statement, timestamp)
  SELECT p_chat, x.n, gen_random_uuid(), x.user_id,
    (SELECT d.device_id FROM devices d WHERE d.user_id = x.user_id ORDER BY d.revoked_at DESC NULLS FIRST, d.device_id LIMIT 1),
    3, x.statement, date_trunc('milliseconds', clock_timestamp())
  FROM unnest(p_user, p_statement) WITH ORDINALITY AS x(user_id, statement, n);
  PERFORM notify_entries(array_fill(p_chat, ARRAY[v_count]), ARRAY(SELECT generate_series(1, v_count)::bigint));
  RETURN 'opened';
END $$;

-- Removes the oldest message and device entries of a chat, with what is left of their parts, up to the first entry that is not older
-- than p_before: at most p_limit entries. floor_seq rises with them; statements stay. Returns how many were removed and whether more is to do.
CREATE FUNCTION remove_old_entries(p_chat uuid, p_before timestamptz, p_limit integer)
RETURNS TABLE (removed integer, unfinished boolean) LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
#variable_conflict use_column
DECLARE
  v_top bigint;
  v_seen integer;
  v_old integer;
BEGIN
  PERFORM 1 FROM chats c WHERE c.chat_id = p_chat FOR NO KEY UPDATE;
  SELECT max(h.seq) FILTER (WHERE h.old), count(*), count(*) FILTER (WHERE h.old) INTO v_top, v_seen, v_old
  FROM (
    SELECT e.seq, bool_and(e.timestamp < p_before) OVER (ORDER BY e.seq) AS old
    FROM (
      SELECT m.seq, m.timestamp FROM messages m
      WHERE m.chat_id = p_chat AND m.seq > (SELECT c.floor_seq FROM chats c WHERE c.chat_id = p_chat)
      ORDER BY m.seq LIMIT p_limit) e) h;
  WITH raised AS (
    UPDATE chats c SET floor_seq = v_top WHERE c.chat_id = p_chat AND v_top IS NOT NULL RETURNING c.chat_id
  ), parts AS (
    -- NOTE: parts that are locked are being acknowledged, and so deleted, right now.
    DELETE FROM message_parts p USING (
      SELECT x.device_id, x.seq FROM message_parts x WHERE x.chat_id = p_chat AND x.seq <= v_top ORDER BY x.device_id, x.seq FOR UPDATE SKIP LOCKED) x
    WHERE p.chat_id = p_chat AND p.device_id = x.device_id AND p.seq = x.seq
  ), gone AS (
    DELETE FROM messages m WHERE m.chat_id = p_chat AND m.seq <= v_top AND m.kind IN (1, 4) RETURNING m.seq
  )
  SELECT count(*)::integer INTO removed FROM gone;
  unfinished := v_seen = p_limit AND v_old = v_seen;
  RETURN NEXT;
END $$;
