--- A generated store: some messages made as a client makes them, then multiplied by SQL to as many as are wanted.
--
-- What SQL adds has the very columns and properties that the store wrote for the first ones; subject, sender, dates,
-- size and identifiers are made anew for each. Dates go up and down, so that the order by date is not the order of the
-- rows. One subject in a thousand has the word "invoice" in it.
local harness = require "bench.harness"
local mapi = require "mapi"
local raw = require "mapi.raw"

local generated = {}

local MADE = 100
local DAY = 864000000000

local function make(folder)
    for i = 1, MADE do
        local message <close> = assert(folder:new_message {
            subject = "made", sender_name = "made", sender_email_address = "made@example.org",
            message_delivery_time = 1700000000, client_submit_time = 1700000000,
            internet_message_id = "<made@example.org>", importance = i % 3, message_class = "IPM.Note",
            in_reply_to_id = "<" .. i .. "@example.org>",
            body = ("This is what message number %d says. "):rep(3):format(i, i, i),
        })
        assert(message:set_recipients { { name = "List of people", address = "list@example.org" } })
        assert(message:save())
    end
end

--- The path of the store's file that has a folder with `made` messages in it, and the row of the folder.
local function find_file()
    local pipe <close> = assert(io.popen("ls -t '" .. os.getenv "MAPI_HOME" .. "/stores/'*.db"))
    local path = assert(pipe:read(), "no store was made")
    local db = raw.open(path)
    local folder = db:first("SELECT id FROM folder WHERE name = 'Inbox' AND content_count = " .. MADE)
    return path, assert(folder, "the store that was made was not found"), db
end

local columns = {
    "folder", "associated", "version", "flags", "status", "size", "delivery_time", "submit_time", "created", "modified",
    "importance", "message_class", "subject", "prefix", "sender_name", "sender_address", "representing_name",
    "representing_address", "display_to", "display_cc", "display_bcc", "internet_message_id", "search_key", "props",
}

--- The columns that differ from message to message; i is the message's number.
local made_anew = {
    flags = "CASE i % 3 WHEN 0 THEN flags | 1 ELSE flags & ~1 END",
    size = "size + i % 5000",
    delivery_time = ("delivery_time + (i * 7919 %% 3650) * %d + i"):format(DAY),
    submit_time = ("submit_time + (i * 7919 %% 3650) * %d"):format(DAY),
    subject = [[CASE WHEN i % 1000 = 7 THEN 'Your invoice number ' ELSE 'About matter number ' END || i]],
    sender_name = "'Sender number ' || i % 997",
    sender_address = "'s' || i % 997 || '@example.org'",
    internet_message_id = "'<' || i || '@generated.example.org>'",
    search_key = "randomblob(16)",
}

local function multiply(db, folder, count)
    local values = {}
    for n, name in ipairs(columns) do
        values[n] = made_anew[name] or name
    end
    db:execute "PRAGMA synchronous = OFF"
    db:execute "PRAGMA cache_size = -400000"
    db:execute "BEGIN"
    db:execute(("CREATE TEMP TABLE made AS SELECT * FROM message WHERE folder = %d"):format(folder))
    db:execute [[CREATE TEMP TABLE made_recipient AS
        SELECT recipient.* FROM recipient JOIN made ON recipient.message = made.id]]
    db:execute(([[
        WITH RECURSIVE number (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM number WHERE i < %d)
        INSERT INTO message (%s) SELECT %s FROM number CROSS JOIN made ON made.rowid = i %% %d + 1]]):format(
        MADE + 1, count, table.concat(columns, ", "), table.concat(values, ", "), MADE))
    db:execute(([[
        INSERT INTO recipient (message, row, type, name, address, props)
        SELECT message.id, made_recipient.row, type, name, address, made_recipient.props
        FROM message CROSS JOIN (SELECT * FROM made_recipient LIMIT 1) AS made_recipient
        WHERE message.folder = %d AND message.id > (SELECT max(id) FROM made)]]):format(folder))
    db:execute "COMMIT"
    db:execute "PRAGMA wal_checkpoint(TRUNCATE)"
end

--- Makes a store of `count` messages and logs on to it.
-- @return { session, store, inbox, db (mapi.raw), folder (its row), count, seconds }; close with generated.close
function generated.make(count)
    local from = harness.now()
    local name = "generated " .. count
    assert(mapi.profiles.create(name))
    do
        local session <close> = assert(mapi.logon(name))
        local store <close> = assert(session:open_store { write = true })
        local inbox <close> = assert(store:inbox())
        make(inbox)
    end
    local path, folder, db = find_file()
    if count > MADE then
        multiply(db, folder, count)
    end
    db:close()
    local made = { count = count, folder = folder, path = path, name = name, seconds = harness.now() - from }
    made.db = raw.open(path)
    made.db:execute "PRAGMA cache_size = -16000" -- as much as the store has
    made.session = assert(mapi.logon(name))
    made.store = assert(made.session:open_store())
    made.inbox = assert(made.store:inbox())
    return made
end

function generated.close(made)
    made.db:close()
    made.session:logoff { ui = false }
    assert(mapi.profiles.delete(made.name))
end

local million

--- The store of a million messages, made when it is first asked for and kept.
function generated.million()
    if not million then
        io.stderr:write("making a store of a million messages\n")
        million = generated.make(1000000)
        io.stderr:write(("it took %.1f seconds\n"):format(million.seconds))
    end
    return million
end

return generated
