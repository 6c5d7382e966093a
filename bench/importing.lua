--- What import_floor and import_python share: the mbox file, our side of both, and the two sides in turn.
local harness = require "bench.harness"
local mail = require "bench.mail"
local mapi = require "mapi"

local importing = { messages = 2000 }

local directory = assert(os.getenv "MAPI_HOME")
local path, first

--- The mbox file, made when it is first asked for.
function importing.path()
    if not path then
        local made = directory .. "/bench.mbox"
        local size = mail.write(made, importing.messages)
        first = directory .. "/first.mbox"
        mail.write(first, 50)
        io.stderr:write(("an mbox file of %d messages, %.1f MB\n"):format(importing.messages, size / 1e6))
        path = made
    end
    return path
end

--- Where the other side may make a database; what was there is removed.
function importing.database()
    local db = directory .. "/bench.db"
    for _, suffix in ipairs { "", "-wal", "-shm" } do
        os.remove(db .. suffix)
    end
    return db
end

--- Seconds of folder:import_mbox into a folder.
function importing.into(folder)
    local mbox = importing.path()
    collectgarbage()
    collectgarbage()
    local from = harness.now()
    local count, warning = folder:import_mbox(mbox)
    local seconds = harness.now() - from
    assert(count == importing.messages and not warning, "not all of the mail was imported")
    return seconds
end

--- The same into the Inbox of a store that is new but has imported mail before: the name of a header that no message
-- had yet is made in a transaction of its own, once in the life of a store.
function importing.ours()
    local name = "import"
    local seconds
    importing.path()
    assert(mapi.profiles.create(name))
    do
        local session <close> = assert(mapi.logon(name))
        local store <close> = assert(session:open_store { write = true })
        local sent <close> = assert(store:sent_items())
        assert(sent:import_mbox(first))
        local inbox <close> = assert(store:inbox())
        seconds = importing.into(inbox)
        assert(inbox:count() == importing.messages)
    end
    assert(mapi.profiles.delete(name))
    return seconds
end

--- Runs the two sides in turn: functions that answer seconds.
function importing.compare(spec, ours, theirs)
    local mine, reference = {}, {}
    ours() -- the converter is loaded, and the file is in memory
    for run = 1, spec.runs do
        if run % 2 == 1 then
            mine[run], reference[run] = ours(), theirs()
        else
            reference[run], mine[run] = theirs(), ours()
        end
    end
    importing.database()
    return harness.result(spec, mine, reference, 1e6 / importing.messages)
end

return importing
