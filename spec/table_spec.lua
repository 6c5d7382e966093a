--- folder:table: a contents table with a cursor.
local mapi = require "mapi"
local support = require "spec.support"

describe("folder:table", function()
    local session, inbox

    before_each(function()
        session = support.logon()
        inbox = assert(session:open_store({ write = true }):inbox())
        for i = 1, 10 do
            local message <close> = assert(inbox:new_message { subject = ("s%02d"):format(i), importance = i % 3 })
            assert(message:save())
        end
    end)

    after_each(function()
        session:close()
        support.forget_profiles()
    end)

    local function subjects(rows)
        local list = {}
        for i, row in ipairs(rows) do
            list[i] = row.subject
        end
        return table.concat(list, " ")
    end

    it("counts and reads rows from a cursor", function()
        local rows <close> = assert(inbox:table { columns = { "subject" }, sort = "subject" })
        assert.equal("table", mapi.type(rows))
        assert.equal(10, rows:count())
        assert.equal("s01 s02 s03", subjects(assert(rows:rows(3))))
        assert.equal("s04", subjects(assert(rows:rows(1))))
        assert.equal("s03 s04", subjects(assert(rows:rows(-2))))
        assert.equal(6, #assert(rows:rows(100)))
        assert.same({}, rows:rows(5))
    end)

    it("seeks from both ends and to bookmarks", function()
        local rows <close> = assert(inbox:table { columns = { "subject" }, sort = "subject" })
        assert.equal(4, rows:seek(5))
        local mark = assert(rows:bookmark())
        assert.equal("s05", subjects(assert(rows:rows(1))))
        assert.truthy(rows:seek(-1))
        assert.equal("s10", subjects(assert(rows:rows(1))))
        assert.truthy(rows:seek(mark))
        assert.equal("s05", subjects(assert(rows:rows(1))))
        support.raises("counted from 1", rows.seek, rows, 0)
        support.raises("number of rows", rows.rows, rows, 0)
    end)

    it("finds, restricts and sorts", function()
        local rows <close> = assert(inbox:table { columns = { "subject", "importance" }, sort = "-subject" })
        assert.is_true(rows:find { "subject", "prefix", "S07" })
        assert.equal("s07", subjects(assert(rows:rows(1))))
        support.fails("table:find", "MAPI_E_NOT_FOUND", rows:find { "subject", "=", "s09" })
        assert.is_true(rows:find({ "subject", "=", "s09" }, { backward = true }))
        assert.is_true(rows:restrict { "importance", "=", 2 })
        assert.equal(3, rows:count())
        assert.is_true(rows:sort "subject")
        assert.equal("s02 s05 s08", subjects(assert(rows:rows(10))))
        assert.is_true(rows:restrict(nil))
        assert.equal(10, rows:count())
        support.raises("unknown property", rows.sort, rows, "subjekt")
        -- The page said 16, the message 32.
        local keys = {}
        for i = 1, 16 do
            keys[i] = "-subject"
        end
        assert.is_true(rows:sort(keys))
        keys[17] = "subject"
        support.raises("at most 16", rows.sort, rows, keys)
        assert.is_true(rows:sort "subject")
        support.raises("where", rows.find, rows, { "x" })
    end)

    it("takes where, and refuses what it does not know", function()
        local rows <close> = assert(inbox:table { where = { "importance", "=", 0 } })
        assert.equal(3, rows:count())
        support.raises("unknown option 'limit'", inbox.table, inbox, { limit = 1 })
    end)

    -- Only the folder could tell what a named property is called here, so that nothing worked without it.
    it("goes on when its folder is closed", function()
        local rows <close> = assert(inbox:table { columns = { "subject" }, sort = "subject" })
        inbox:close()
        assert.is_true(rows:restrict { "importance", "=", 2 })
        assert.is_true(rows:sort "-subject")
        assert.is_true(rows:find { "subject", "=", "s05" })
        assert.equal("s05", subjects(assert(rows:rows(1))))
        assert.is_true(rows:restrict { "PS_PUBLIC_STRINGS:nobody knows", "=", 1 })
        assert.equal(0, rows:count())
    end)

    -- As IMAPITable::QueryRows: back, then forward over what is handed out.
    it("leaves the cursor where it is when it reads rows before it", function()
        local rows <close> = assert(inbox:table { columns = { "subject" }, sort = "subject" })
        assert(rows:seek(5))
        assert.equal("s03 s04", subjects(assert(rows:rows(-2))))
        assert.equal("s03 s04", subjects(assert(rows:rows(-2))))
        assert.equal("s05", subjects(assert(rows:rows(1))))
        assert(rows:seek(1))
        assert.same({}, rows:rows(-3))
    end)

    it("says that the row of a bookmark is gone", function()
        local rows <close> = assert(inbox:table { columns = { "subject" }, sort = "subject" })
        assert(rows:seek(3))
        local mark = assert(rows:bookmark())
        assert(inbox:delete_messages(rows:rows(1)[1]))
        local _, warning = rows:seek(mark)
        assert.equal("MAPI_W_POSITION_CHANGED", warning)
        assert.equal("s04", subjects(assert(rows:rows(1))))
    end)

    it("sees what is deleted", function()
        local rows <close> = assert(inbox:table { columns = { "subject" }, sort = "subject" })
        local first = assert(rows:rows(2))
        assert(inbox:delete_messages { first[1].entryid, first[2].entryid })
        assert.equal("s03", subjects(assert(rows:rows(1))))
    end)
end)
