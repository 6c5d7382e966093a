-- What holds in every store, whatever has happened to the processes that had it open: spec/c/support/store_check.c and
-- spec/support/store_check.lua run it. Each statement answers with a row for each thing that is wrong, which says what.

SELECT 'SQLite: ' || integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok';

SELECT 'a row of ' || "table" || ' has lost what it belongs to' FROM pragma_foreign_key_check;

SELECT 'a standard folder is missing: ' || name FROM meta
WHERE name LIKE 'folder.%' AND value NOT IN (SELECT id FROM folder);

-- The counts that triggers keep, and those of search folders.
SELECT 'folder ' || id || ' counts ' || content_count || ' messages' FROM folder
WHERE content_count <> (SELECT count(*) FROM message WHERE folder = folder.id AND associated = 0)
    + (SELECT count(*) FROM found WHERE search = folder.id);

SELECT 'folder ' || id || ' counts ' || unread_count || ' unread messages' FROM folder
WHERE unread_count <> (SELECT count(*) FROM message WHERE folder = folder.id AND associated = 0 AND flags & 1 = 0)
    + (SELECT count(*) FROM found WHERE search = folder.id AND unread);

SELECT 'folder ' || id || ' counts ' || associated_count || ' associated messages' FROM folder
WHERE associated_count <> (SELECT count(*) FROM message WHERE folder = folder.id AND associated <> 0);

-- Everything has its place.
WITH RECURSIVE reached (id) AS (SELECT id FROM folder WHERE parent = 0
    UNION SELECT folder.id FROM folder JOIN reached ON folder.parent = reached.id)
SELECT 'folder ' || id || ' is below no other' FROM folder WHERE id NOT IN (SELECT id FROM reached);

SELECT 'the receive folder of "' || class || '" is missing' FROM receive_folder
WHERE folder NOT IN (SELECT id FROM folder);

SELECT 'message ' || id || ' is nowhere, or in two places' FROM message WHERE (folder IS NULL) = (attachment IS NULL);

SELECT 'message ' || id || ' is in a folder that does not exist' FROM message
WHERE folder IS NOT NULL AND folder NOT IN (SELECT id FROM folder);

SELECT 'message ' || id || ' is in an attachment that does not exist' FROM message
WHERE attachment IS NOT NULL AND attachment NOT IN (SELECT id FROM attachment);

SELECT 'attachment ' || attachment || ' holds two messages' FROM message
WHERE attachment IS NOT NULL GROUP BY attachment HAVING count(*) > 1;

SELECT 'a recipient is left of message ' || message FROM recipient WHERE message NOT IN (SELECT id FROM message);

SELECT 'attachment ' || id || ' is left of message ' || message FROM attachment
WHERE message NOT IN (SELECT id FROM message);

SELECT 'message ' || id || ' says it has attachments, or none, and it is not so' FROM message
WHERE (flags >> 4 & 1) <> EXISTS (SELECT 1 FROM attachment WHERE message = message.id);

-- What has been submitted is in the queue, and nothing else.
SELECT 'message ' || id || ' has been submitted, and is not in the queue' FROM message
WHERE (flags >> 2 & 1) <> 0 AND folder IS NOT NULL AND id NOT IN (SELECT message FROM outgoing);

SELECT 'message ' || message || ' is in the queue, and has not been submitted' FROM outgoing
WHERE message NOT IN (SELECT id FROM message WHERE (flags >> 2 & 1) <> 0);

-- Large values: of something that is there, from the first piece to the last, and all but the last of full size. What
-- comes before the first is the mark of a value with several pieces.
SELECT 'a piece of a large value is left: kind ' || kind || ', row ' || owner FROM chunk
WHERE (kind = 1 AND owner NOT IN (SELECT id FROM folder)) OR (kind = 2 AND owner NOT IN (SELECT id FROM message))
    OR (kind = 3 AND owner NOT IN (SELECT id FROM attachment)) OR kind NOT IN (1, 2, 3, 4);

SELECT 'a large value has a hole: kind ' || kind || ', row ' || owner || ', tag ' || tag FROM chunk
GROUP BY kind, owner, tag HAVING sum(seq >= 0) <> max(seq) + 1;

SELECT 'a piece of a large value is short: kind ' || kind || ', row ' || owner || ', tag ' || tag FROM chunk
WHERE seq >= 0 AND length(data) <> 65536 AND EXISTS (SELECT 1 FROM chunk AS later WHERE later.kind = chunk.kind
    AND later.owner = chunk.owner AND later.tag = chunk.tag AND later.seq > chunk.seq);

-- What searches have found is there, as it is, and nothing of a search is left without its folder.
SELECT 'search ' || search || ' has found message ' || message || ', and not as it is' FROM found
WHERE NOT EXISTS (SELECT 1 FROM message WHERE id = found.message AND associated = 0 AND folder IS NOT NULL
    AND delivery_time = received AND (flags & 1 = 0) = unread);

SELECT 'search ' || search || ' has not the same messages by their dates' FROM (SELECT search, message, received FROM found
    EXCEPT SELECT search, message, received FROM found_date)
UNION ALL SELECT 'search ' || search || ' has other messages by their dates' FROM (SELECT search, message, received
    FROM found_date EXCEPT SELECT search, message, received FROM found);

SELECT 'search ' || search || ' has found messages, and is none' FROM found
WHERE search NOT IN (SELECT folder FROM search);

SELECT 'search ' || folder || ' is of no search folder' FROM search
WHERE folder NOT IN (SELECT id FROM folder WHERE kind = 2);

SELECT 'a folder to be searched is left: ' || folder || ', of search ' || search FROM search_root
WHERE search NOT IN (SELECT folder FROM search) OR folder NOT IN (SELECT id FROM folder);

SELECT 'a folder that is searched is left: ' || folder || ', of search ' || search FROM search_scope
WHERE search NOT IN (SELECT folder FROM search) OR folder NOT IN (SELECT id FROM folder);

SELECT 'message ' || message.id || ' is in a search folder' FROM message JOIN folder ON folder.id = message.folder
WHERE folder.kind = 2;
