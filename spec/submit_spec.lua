--- Submission: message:submit, store:abort_submit, and the store as the program has it that sends.
local mapi = require "mapi"
local support = require "spec.support"

describe("submission", function()
    local session, store, spooler

    before_each(function()
        session = support.logon()
        store = assert(session:open_store { write = true })
        spooler = assert(session:open_store { write = true, spooler = true })
    end)

    after_each(function()
        session:close()
        support.forget_profiles()
    end)

    local function submit(subject, properties)
        local message <close> = assert(store:outbox():new_message { subject = subject })
        assert(message:set_recipients { { type = "to", name = "Front Desk", address = "desk@example.org" } })
        if properties then assert(message:set(properties)) end
        assert(message:save())
        local id = message:entryid()
        assert(message:submit())
        return id
    end

    local function queued()
        local queue <close> = assert(spooler:outgoing_queue())
        local list = {}
        for i, row in ipairs(assert(queue:rows(100))) do list[i] = row.subject .. row.submit_flags end
        return table.concat(list, " ")
    end

    it("queues, takes back, locks and finishes", function()
        local first, second = submit "first", submit "second"
        assert.equal("first0 second0", queued())
        assert.is_true(store:abort_submit(second))
        support.fails("store:abort_submit", "MAPI_E_NOT_IN_QUEUE", store:abort_submit(second))
        local message = assert(spooler:open(first))
        assert.is_true(spooler:set_lock_state(message, true))
        assert.equal("first1", queued())
        support.fails("store:abort_submit", "MAPI_E_UNABLE_TO_ABORT", store:abort_submit(first))
        message:close()
        assert.is_true(spooler:finished_msg(first))
        assert.equal("", queued())
        assert.equal(0, assert(store:open(first)):get "message_flags" & 0xC)
    end)

    it("files what has been sent", function()
        local sent = store:sent_items()
        local id = submit("filed", { sentmail_entryid = sent:entryid() })
        local gone = submit("gone", { delete_after_submit = true })
        assert.is_true(spooler:finished_msg(id))
        assert.is_true(spooler:finished_msg(gone))
        assert.equal(1, sent:count())
        assert.equal(0, sent:unread())
        assert.equal(0, store:outbox():count())
    end)

    it("tells the spooler", function()
        local queue <close> = assert(spooler:outgoing_queue { columns = { "subject" } })
        local heard = {}
        assert(queue:advise(function(event)
            heard[#heard + 1] = event.event .. ":" .. tostring(event.row and event.row.subject)
        end))
        local id = submit "a"
        mapi.dispatch()
        assert(store:abort_submit(id))
        mapi.dispatch()
        assert.equal("row_added:a row_deleted:nil", table.concat(heard, " "))
    end)

    it("keeps the spooler's calls from others", function()
        local id = submit "a"
        support.fails("store:outgoing_queue", "MAPI_E_NO_SUPPORT", store:outgoing_queue())
        support.fails("store:finished_msg", "MAPI_E_NO_SUPPORT", store:finished_msg(id))
        local message <close> = assert(store:open(id))
        support.fails("store:set_lock_state", "MAPI_E_NO_SUPPORT", store:set_lock_state(message, true))
        support.raises("an entry id expected", store.abort_submit, store, "")
        support.raises("message expected", spooler.set_lock_state, spooler, id, true)
    end)

    it("knows where messages of a class arrive", function()
        local reports = assert(assert(store:folder ""):create "Reports")
        local folder, class = store:receive_folder "REPORT.IPM.Note"
        assert.equal(store:inbox():entryid(), assert(folder):entryid())
        assert.equal("", class)
        assert.is_true(store:set_receive_folder("REPORT", reports))
        folder, class = store:receive_folder "REPORT.IPM.Note"
        assert.equal(reports:entryid(), assert(folder):entryid())
        assert.equal("REPORT", class)
        local classes = {}
        for each in store:receive_folders() do
            classes[each.message_class] = each.entryid
        end
        assert.equal(reports:entryid(), classes.REPORT)
        assert.is_true(store:set_receive_folder("REPORT", nil))
        folder = store:receive_folder "REPORT.IPM.Note"
        assert.equal(store:inbox():entryid(), assert(folder):entryid())
        support.fails("store:set_receive_folder", "MAPI_E_INVALID_PARAMETER", store:set_receive_folder("", nil))
    end)
end)
