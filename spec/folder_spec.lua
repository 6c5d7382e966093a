--- Folders: making, renaming and deleting them; copying, moving, deleting and marking messages.
local mapi = require "mapi"
local support = require "spec.support"

describe("a folder", function()
    local session, store, inbox

    before_each(function()
        session = support.logon()
        store = assert(session:open_store { write = true })
        inbox = assert(store:inbox())
    end)

    after_each(function()
        session:close()
        support.forget_profiles()
    end)

    local function message(subject)
        local new <close> = assert(inbox:new_message { subject = subject })
        assert(new:save())
        return new:entryid()
    end

    local function subjects(folder)
        local list = {}
        for row in folder:rows { columns = { "subject" }, sort = "subject" } do
            list[#list + 1] = row.subject
        end
        return table.concat(list, " ")
    end

    it("knows its name, place and counts", function()
        assert.equal("Inbox", inbox:name())
        assert.equal("Inbox", inbox:path())
        assert.equal(0, inbox:count())
        assert.equal(0, inbox:unread())
        message "one"
        assert.equal(1, inbox:count())
        local parent <close> = assert(inbox:parent())
        assert.equal("", parent:path())
        local root <close> = store:root()
        support.fails("folder:parent", "MAPI_E_NOT_FOUND", root:parent())
        support.fails("folder:path", "MAPI_E_NOT_FOUND", root:path())
    end)

    it("creates folders, with a name and once", function()
        local work <close> = assert(inbox:create "Work")
        assert.equal("Work", work:name())
        support.fails("folder:create", "MAPI_E_COLLISION", inbox:create "Work")
        local again <close> = assert(inbox:create("Work", { open_if_exists = true }))
        assert.equal(work:entryid(), again:entryid())
        support.raises("NUL", inbox.create, inbox, "a\0b")
        support.raises("UTF-8", inbox.create, inbox, "\xff")
        support.raises("string expected", inbox.create, inbox, 12)
        support.raises("unknown option 'wrong'", inbox.create, inbox, "x", { wrong = 1 })
    end)

    it("is renamed, unless the name is taken", function()
        local work <close> = assert(inbox:create "Work")
        local play <close> = assert(inbox:create "Play")
        assert.is_true(work:rename "Arbeit")
        assert.equal("Arbeit", work:name())
        support.fails("folder:rename", "MAPI_E_COLLISION", play:rename "Arbeit")
        assert.equal("Play", play:name())
    end)

    it("is deleted when empty, or recursively", function()
        local work = assert(inbox:create "Work")
        local deep = assert(work:create "Deep")
        support.fails("folder:delete", "MAPI_E_HAS_FOLDERS", work:delete())
        deep:close()
        assert.is_true(work:delete { recursive = true })
        support.fails("store:folder", "MAPI_E_NOT_FOUND", store:folder "Inbox/Work")
        local full <close> = assert(inbox:create "Full")
        assert(full:import "Subject: x\n\nx")
        support.fails("folder:delete", "MAPI_E_HAS_MESSAGES", full:delete())
        assert.is_true(full:delete { recursive = true })
        local value, _, name = inbox:delete { recursive = true }
        assert.is_nil(value)
        assert.equal("MAPI_E_NO_ACCESS", name)
        local root <close> = store:root()
        assert.is_nil((root:delete()))
    end)

    it("lists its folders, flat or with all below", function()
        for _, name in ipairs { "b", "a", "c" } do
            local made <close> = assert(inbox:create(name))
            local below <close> = assert(made:create("below " .. name))
            assert.equal("below " .. name, below:name())
        end
        local names = {}
        for folder in inbox:folders { sort = "display_name" } do
            names[#names + 1] = folder:name()
        end
        assert.equal("a b c", table.concat(names, " "))
        names = {}
        for folder in inbox:folders { recursive = true } do
            names[#names + 1] = folder:path()
        end
        table.sort(names)
        assert.equal(6, #names)
        assert.equal("Inbox/a/below a", names[2])
        names = {}
        for folder in inbox:folders { where = { "display_name", "prefix", "B" } } do
            names[#names + 1] = folder:name()
        end
        assert.equal("b", table.concat(names, " "))
    end)

    it("copies, moves and deletes messages by their ids", function()
        local work <close> = assert(inbox:create "Work")
        local one, two, three = message "one", message "two", message "three"
        assert.is_true(inbox:copy_messages({ one, two }, work))
        assert.equal("one two", subjects(work))
        assert.equal("one three two", subjects(inbox))
        assert.is_true(inbox:move_messages(three, work))
        assert.equal("one three two", subjects(work))
        assert.equal("one two", subjects(inbox))
        assert.is_true(inbox:delete_messages { one, two })
        assert.equal("", subjects(inbox))
        assert.equal("one three two", subjects(work))
        assert.is_true(inbox:delete_messages {})
    end)

    it("takes messages for their ids", function()
        message "one"
        for each in inbox:messages() do
            assert.is_true(inbox:delete_messages(each))
            each:close()
        end
        assert.equal(0, inbox:count())
        local unsaved <close> = inbox:new_message()
        support.raises("has not been saved", inbox.delete_messages, inbox, unsaved)
    end)

    it("says when only a part could be done", function()
        local one = message "one"
        local gone = message "two"
        assert.is_true(inbox:delete_messages(gone))
        local ok, warning = inbox:delete_messages { one, gone }
        assert.is_true(ok)
        assert.equal("MAPI_W_PARTIAL_COMPLETION", warning)
        assert.equal(0, inbox:count())
    end)

    it("refuses ids that are none", function()
        support.raises("entry id, message, row, or an array", inbox.delete_messages, inbox, 12)
        support.raises("entry id, message, row, or an array", inbox.delete_messages, inbox, { true })
        support.raises("entry id, message, row, or an array", inbox.delete_messages, inbox)
        support.raises("mapi.folder", inbox.copy_messages, inbox, {}, "Inbox")
        local work = inbox:create "Work"
        work:close()
        support.raises("attempt to use a closed folder", inbox.copy_messages, inbox, {}, work)
    end)

    it("marks messages read and unread", function()
        local one = message "one"
        assert.is_true(inbox:set_read(one, true))
        assert.equal(0, inbox:unread())
        assert.is_true(inbox:set_read({ one }, false))
        assert.equal(1, inbox:unread())
        support.raises("boolean expected", inbox.set_read, inbox, one)
    end)

    it("makes new messages with properties", function()
        local new <close> = assert(inbox:new_message { subject = "Grüße", importance = 2, body = "Hallo" })
        assert.equal(0, inbox:count())
        assert(new:save())
        assert.equal(1, inbox:count())
        assert.same({ subject = "Grüße", importance = 2 }, new:get { "subject", "importance" })
        support.raises("unknown property 'subjekt'", inbox.new_message, inbox, { subjekt = "x" })
        support.fails("folder:new_message", "MAPI_E_COMPUTED", inbox:new_message { entryid = "x" })
        support.raises("table expected", inbox.new_message, inbox, "x")
        assert.equal(1, inbox:count())
    end)

    it("answers that it is gone when it was deleted meanwhile", function()
        local work = assert(inbox:create "Work")
        local same = assert(store:folder "Inbox/Work")
        assert(work:delete())
        local value, message_text, name = same:create "x"
        assert.is_nil(value)
        assert.truthy(message_text)
        assert.truthy(name == "MAPI_E_OBJECT_DELETED" or name == "MAPI_E_NOT_FOUND", name)
    end)

    -- Its rows used to be those of an empty folder: a script that filed mail elsewhere found nothing and said nothing.
    it("has no rows, messages or folders to iterate once it was deleted, and says so", function()
        local work = assert(inbox:create "Work")
        assert(work:delete())
        for _, method in ipairs { "rows", "messages", "folders" } do
            local made, problem = pcall(work[method], work)
            assert.is_false(made)
            assert.matches("folder:" .. method .. ": MAPI_E_OBJECT_DELETED: ", problem, 1, true)
        end
        support.fails("folder:table", "MAPI_E_OBJECT_DELETED", work:table())
    end)

    -- It was MAPI_E_NOT_FOUND, as if a message were missing.
    it("takes no messages once it was deleted, and says that it was", function()
        local one = message "one"
        local work = assert(inbox:create "Work")
        assert(work:delete())
        support.fails("folder:copy_messages", "MAPI_E_OBJECT_DELETED", inbox:copy_messages(one, work))
        support.fails("folder:move_messages", "MAPI_E_OBJECT_DELETED", inbox:move_messages(one, work))
        assert.equal("one", subjects(inbox))
    end)

    -- Names were a store's own numbers to it: the copy had other properties, or none of them.
    it("copies named properties, large ones and attachments' to a folder of another store", function()
        local other = support.logon()
        local there = assert(other:open_store { write = true })
        local target = assert(there:inbox())
        -- So that the same number means something else there.
        local first <close> = assert(target:new_message { ["PS_PUBLIC_STRINGS:in the way;long"] = 1 })
        local new <close> = assert(inbox:new_message {
            subject = "x", ["PS_PUBLIC_STRINGS:Words;mv_unicode"] = { "a", "b" },
            ["PSETID_Common:0x8580;unicode"] = "by number", ["PS_PUBLIC_STRINGS:Big;binary"] = ("z"):rep(200000),
        })
        do
            local attachment <close> = assert(new:attach { name = "a.txt", data = "a" })
            assert(attachment:set("PS_PUBLIC_STRINGS:Note", "of the attachment"))
            assert(attachment:save())
        end
        assert(new:save())
        assert.is_true(inbox:copy_messages(new, target))
        assert.is_true(inbox:move_messages(new, target))
        local count = 0
        for copy in target:messages() do
            count = count + 1
            assert.same({ "a", "b" }, copy:get "PS_PUBLIC_STRINGS:Words")
            assert.equal("by number", copy:get "PSETID_Common:0x8580")
            assert.equal(200000, #copy:get "PS_PUBLIC_STRINGS:Big")
            support.fails("message:get", "MAPI_E_NOT_FOUND", copy:get "PS_PUBLIC_STRINGS:in the way")
            for each in copy:attachments() do
                assert.equal("of the attachment", each:get "PS_PUBLIC_STRINGS:Note")
            end
            copy:close()
        end
        assert.equal(2, count)
        first:close()
        other:close()
    end)

    it("takes rows for their ids", function()
        message "one"
        message "two"
        local rows = {}
        for row in inbox:rows { columns = { "subject" } } do
            rows[#rows + 1] = row
        end
        assert.is_true(inbox:set_read(rows[1], true))
        assert.is_true(inbox:set_read(rows, true))
        assert.equal(0, inbox:unread())
        assert.is_true(inbox:delete_messages(rows))
        assert.equal(0, inbox:count())
    end)

    -- A table with names for keys was an empty list, and true the answer.
    it("refuses tables that are no arrays of ids", function()
        for _, wrong in ipairs { { subject = "x" }, { id = "x" }, { entryid = 1 }, { { subject = "x" } } } do
            support.raises("entry id, message, row, or an array of them expected", inbox.delete_messages, inbox, wrong)
        end
    end)

    -- It said "got table" whatever it was, as C compilers work out the arguments of a call in whatever order they like.
    it("says what it got instead of ids", function()
        support.raises("expected, got boolean", inbox.delete_messages, inbox, true)
        support.raises("expected, got nil", inbox.delete_messages, inbox, nil)
        support.raises("expected, got number", inbox.delete_messages, inbox, { 7 })
    end)

    -- The name of the type that was pushed for the message took the place of what was missing: "got string".
    it("says that an object is missing", function()
        support.raises("mapi.folder expected, got no value", inbox.count)
        support.raises("mapi.folder expected, got no value", inbox.move_messages, inbox, {})
        support.raises("mapi.folder expected, got nil", inbox.move_messages, inbox, {}, nil)
        support.raises("mapi.folder expected, got mapi.store", inbox.count, store)
    end)

    it("makes associated messages, which only those who ask for them see", function()
        local hidden <close> = assert(inbox:new_message({ subject = "settings" }, { associated = true }))
        assert(hidden:save())
        message "seen"
        assert.equal("seen", subjects(inbox))
        local found = {}
        for row in inbox:rows { columns = { "subject" }, associated = true } do
            found[#found + 1] = row.subject
        end
        assert.same({ "settings" }, found)
        for each in inbox:messages { associated = true } do
            assert.equal("settings", each:get "subject")
            each:close()
        end
        local rows <close> = assert(inbox:table { associated = true })
        assert.equal(1, rows:count())
        assert.equal(1, inbox:count())
        support.raises("unknown option 'hidden'", inbox.new_message, inbox, {}, { hidden = true })
    end)

    -- The sentence named a flag of C.
    it("says which option deletes a folder that is not empty", function()
        local work = assert(inbox:create "Work")
        assert(work:create "Deep"):close()
        local text = support.fails("folder:delete", "MAPI_E_HAS_FOLDERS", work:delete())
        assert.truthy(text:find("recursive = true", 1, true))
    end)

    it("releases everything", function()
        inbox:create("Work"):close()
        message "x"
        session:logoff { ui = false }
        assert.equal("closed folder", mapi.type(inbox))
        session, store, inbox = support.logon(), nil, nil
        session:logoff { ui = false }
        support.nothing_left()
    end)
end)
