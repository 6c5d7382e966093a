--- Search folders: made, told what to look for, read like any folder, and right whatever happens to the messages.
local mapi = require "mapi"
local support = require "spec.support"

describe("a search folder", function()
    local session, store, inbox, drafts, search

    before_each(function()
        session = support.logon()
        store = assert(session:open_store { write = true })
        inbox = assert(store:inbox())
        drafts = assert(store:folder "Drafts")
        local root <close> = assert(store:search_root())
        search = assert(root:create("Plans", { type = "search" }))
    end)

    after_each(function()
        session:close()
        support.forget_profiles()
    end)

    local function message(folder, subject, more)
        local new <close> = assert(folder:new_message { subject = subject })
        if more then
            more(new)
        end
        assert(new:save())
        return new:entryid()
    end

    local function subjects(folder, sort)
        local list = {}
        for row in folder:rows { columns = { "subject" }, sort = sort or "subject" } do
            list[#list + 1] = row.subject
        end
        return table.concat(list, " ")
    end

    local plans = { "subject", "contains", "plan" }

    it("is made in the search root, or wherever folders are", function()
        assert.equal("Plans", search:name())
        assert.equal(2, search:get "folder_type")
        assert.equal(0, search:count())
        local there <close> = assert(inbox:create("Here", { type = "search" }))
        assert.equal("Inbox/Here", there:path())
        local plain <close> = assert(inbox:create("Plain", { type = "generic" }))
        assert.equal(1, plain:get "folder_type")
        support.raises("'generic' or 'search' expected, got 'other'", inbox.create, inbox, "x", { type = "other" })
        support.raises("option 'type'", inbox.create, inbox, "x", { type = 2 })
    end)

    it("finds what is there, and what comes, changes and goes", function()
        message(inbox, "plan A")
        message(drafts, "Plan B")
        assert.is_true(search:set_search_criteria { where = plans, folders = { inbox, drafts } })
        assert.equal("plan A Plan B", subjects(search))
        local id = message(inbox, "lunch")
        assert.equal(2, search:count())
        local lunch <close> = store:open(id)
        assert(lunch:set("subject", "lunch plan"))
        assert(lunch:save())
        assert.equal("lunch plan plan A Plan B", subjects(search))
        assert.equal(3, search:unread())
        assert(inbox:set_read(id, true))
        assert.equal(2, search:unread())
        assert(inbox:delete_messages(id))
        assert.equal("plan A Plan B", subjects(search))
    end)

    it("looks into the folders below where it is told to", function()
        local deep <close> = assert(assert(inbox:create "Work"):create "Deep")
        message(deep, "plan deep")
        assert(search:set_search_criteria { where = plans, folders = inbox })
        assert.equal("", subjects(search))
        assert(search:set_search_criteria { recursive = true })
        assert.equal("plan deep", subjects(search))
        assert(search:set_search_criteria { recursive = false })
        assert.equal("", subjects(search))
    end)

    it("gives its criteria back as they can be given again", function()
        support.fails("folder:get_search_criteria", "MAPI_E_NOT_INITIALIZED", search:get_search_criteria())
        support.fails("folder:get_search_criteria", "MAPI_E_NOT_INITIALIZED", inbox:get_search_criteria())
        local where = {
            "and", { "subject", "contains", "plan" }, { "or", { "sender_name", "prefix", "Front" }, { "and" } },
            { "not", { "exists", "internet_message_id" } }, { "importance", ">=", 1 }, { "importance", "~=", 2 },
            { "message_flags", "&", 1 }, { "subject", "contains_exact", "P" }, { "subject", "prefix_exact", "Q" },
            { "message_delivery_time", ">=", 1600000000 }, { "message_delivery_time", "<", 1700000000 },
            { "any_recipient", { "display_name", "=", "Desk" } },
            { "any_attachment", { "attach_long_filename", "contains", ".pdf" } }, { "hasattach", "=", true },
            { "search_key", "=", "\0\1\255" },
        }
        assert(search:set_search_criteria { where = where, folders = { drafts, inbox:entryid() }, recursive = true,
            foreground = true })
        local criteria = assert(search:get_search_criteria())
        assert.same({ where = where, folders = { drafts:entryid(), inbox:entryid() }, running = true,
            recursive = true, foreground = true }, criteria)
        assert(search:set_search_criteria { where = criteria.where, folders = criteria.folders, foreground = false })
        assert.same(where, search:get_search_criteria().where)
        assert.is_false(search:get_search_criteria().foreground)
    end)

    it("says a comparison with a second as the moments it means", function()
        assert(search:set_search_criteria { where = { "message_delivery_time", "=", 1600000000 }, folders = inbox })
        assert.same({ "and", { "message_delivery_time", ">=", 1600000000 },
            { "message_delivery_time", "<", 1600000001 } }, search:get_search_criteria().where)
    end)

    it("knows a named property that nothing has yet", function()
        local name = "PS_PUBLIC_STRINGS:Project;unicode"
        assert(search:set_search_criteria { where = { name, "=", "Bridge" }, folders = inbox })
        message(inbox, "one", function(new) assert(new:set(name, "Bridge")) end)
        message(inbox, "two", function(new) assert(new:set(name, "Tunnel")) end)
        assert.equal("one", subjects(search))
        local where = search:get_search_criteria().where
        assert.equal("integer", math.type(where[1]))
        assert.same({ where[1], "=", "Bridge" }, where)
        assert(search:set_search_criteria { where = where })
        assert.equal("one", subjects(search))
    end)

    it("stops, keeps what it has, and starts again", function()
        message(inbox, "plan 1")
        assert(search:set_search_criteria { where = plans, folders = inbox })
        assert(search:set_search_criteria { stop = true })
        message(inbox, "plan 2")
        assert.equal("plan 1", subjects(search))
        assert.is_false(search:get_search_criteria().running)
        assert(search:set_search_criteria { restart = true })
        assert.equal("plan 1 plan 2", subjects(search))
        assert.is_true(search:get_search_criteria().running)
        support.fails("folder:set_search_criteria", "MAPI_E_INVALID_PARAMETER",
            search:set_search_criteria { stop = true, restart = true })
    end)

    it("refuses what it cannot do, and says why", function()
        local call = "folder:set_search_criteria"
        support.fails(call, "MAPI_E_NOT_INITIALIZED", search:set_search_criteria {})
        support.fails(call, "MAPI_E_NOT_INITIALIZED", search:set_search_criteria { where = plans })
        support.fails(call, "MAPI_E_INVALID_PARAMETER", search:set_search_criteria { where = plans, folders = {} })
        support.fails(call, "MAPI_E_TOO_COMPLEX", search:set_search_criteria { where = plans, folders = search })
        support.fails(call, "MAPI_E_NO_SUPPORT", inbox:set_search_criteria { where = plans, folders = inbox })
        assert(search:set_search_criteria { where = plans, folders = inbox })
        local id = message(inbox, "plan")
        support.fails("folder:new_message", "MAPI_E_NO_ACCESS", search:new_message { subject = "x" })
        support.fails("folder:import", "MAPI_E_NO_ACCESS", search:import "Subject: x\r\n\r\nx\r\n")
        support.fails("folder:create", "MAPI_E_NO_ACCESS", search:create "x")
        support.fails("folder:copy_messages", "MAPI_E_NO_ACCESS", inbox:copy_messages(id, search))
        support.fails("folder:move_messages", "MAPI_E_NO_ACCESS", inbox:move_messages(id, search))
        support.fails("folder:rename", "MAPI_E_NO_ACCESS", search:rename "x")
        assert.equal("plan", subjects(search))
    end)

    it("raises for misuse before anything changes", function()
        local set = search.set_search_criteria
        support.raises("unknown option 'folder'", set, search, { folder = inbox })
        support.raises("entry id, folder, row, or an array of them expected", set, search, { folders = 7 })
        support.raises("entry id, folder, row, or an array of them expected", set, search, { folders = { true } })
        support.raises("unknown operator", set, search,
            { where = { "or", { "PS_PUBLIC_STRINGS:New", "=", "x" }, { "subject", "is", "x" } }, folders = inbox })
        local new <close> = assert(inbox:new_message { subject = "x" })
        support.raises("entry id, folder", set, search, { where = plans, folders = new })
        local closed = assert(inbox:create "Closed")
        closed:close()
        support.raises("closed folder", set, search, { where = plans, folders = closed })
        support.fails("folder:get_search_criteria", "MAPI_E_NOT_INITIALIZED", search:get_search_criteria())
    end)

    it("is iterated, sorted and searched like any folder", function()
        for i = 1, 30 do
            message(i % 2 == 0 and inbox or drafts, ("plan %02d"):format(i))
        end
        assert(search:set_search_criteria { where = plans, folders = { inbox, drafts } })
        local names = {}
        for row in search:rows { columns = { "subject", "parent_display", "parent_entryid" }, sort = "-subject",
            limit = 2, offset = 1 } do
            names[#names + 1] = row.subject .. " in " .. row.parent_display
            assert.equal((row.parent_display == "Inbox" and inbox or drafts):entryid(), row.parent_entryid)
        end
        assert.same({ "plan 29 in Drafts", "plan 28 in Inbox" }, names)
        for each in search:messages { where = { "subject", "=", "plan 07" } } do
            assert.equal("Drafts", assert(each:folder()):name())
        end
        local rows <close> = assert(search:table { columns = { "subject" }, sort = "subject" })
        assert.equal(30, rows:count())
        assert.is_truthy(rows:find { "subject", "prefix", "plan 1" })
        assert.equal("plan 10", rows:rows(1)[1].subject)
        assert.equal(0, #assert(search:table { associated = true }):rows(5))
    end)

    it("lets the body of a loop do away with what it is given", function()
        for i = 1, 50 do
            message(inbox, "plan " .. i)
        end
        assert(search:set_search_criteria { where = plans, folders = inbox })
        local count = 0
        for row in search:rows { columns = { "subject" } } do
            count = count + 1
            assert(search:move_messages(row.entryid, drafts))
        end
        assert.equal(50, count)
        assert.equal(0, search:count())
        assert.equal(50, drafts:count())
    end)

    it("goes without its messages", function()
        message(inbox, "plan")
        assert(search:set_search_criteria { where = plans, folders = inbox })
        assert(search:delete())
        assert.equal(1, inbox:count())
    end)

    it("tells when it has searched, and when its counts change", function()
        local told = {}
        assert(store:advise(function(event) told[#told + 1] = event end, { events = { "search_complete" } }))
        assert(search:set_search_criteria { where = plans, folders = inbox })
        assert.equal(1, mapi.dispatch())
        assert.equal("search_complete", told[1].type)
        assert.equal(search:entryid(), told[1].entryid)
        local changed = 0
        assert(store:advise(function() changed = changed + 1 end,
            { events = { "object_modified" }, entryid = search:entryid() }))
        message(inbox, "plan")
        message(inbox, "lunch")
        assert.equal(1, mapi.dispatch())
        assert.equal(1, changed)
    end)
end)
